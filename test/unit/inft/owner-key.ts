import { expect } from "chai";
import { AbstractSigner, SigningKey, Wallet, type Provider, type TypedDataDomain } from "ethers";

import { DEVELOPMENT_ACCOUNTS, developmentAccount } from "../../../lib/chain/development-keys.ts";
import { UsageError } from "../../../lib/errors.ts";
import { toHex } from "../../../lib/hex.ts";
import { PublicKeyUnavailableError } from "../../../lib/inft/errors.ts";
import { ownerPublicKey, parsePublicKey, publicKeyMessage, recoverPublicKey } from "../../../lib/inft/owner-key.ts";

const ACCOUNT = developmentAccount(0);
const OTHER = developmentAccount(DEVELOPMENT_ACCOUNTS - 1);
const PUBLIC_KEY = new SigningKey(ACCOUNT.privateKey).publicKey;

/** A signer without a key of its own, as a hardware wallet or a node's account is. */
class RemoteSigner extends AbstractSigner {
  readonly wallet: Wallet;
  readonly says: string;

  constructor(wallet: Wallet, says: string) {
    super();
    this.wallet = wallet;
    this.says = says;
  }
  override async getAddress(): Promise<string> {
    return this.says;
  }
  override async signMessage(message: string): Promise<string> {
    return this.wallet.signMessage(message);
  }
  override connect(_provider: Provider | null): this {
    return this;
  }
  override async signTransaction(): Promise<string> {
    throw new Error("not asked for");
  }
  override async signTypedData(_domain: TypedDataDomain): Promise<string> {
    throw new Error("not asked for");
  }
}

describe("the public key of an owner", () => {
  it("comes from a local private key without a signature", async () => {
    expect(toHex(await ownerPublicKey(new Wallet(ACCOUNT.privateKey)))).to.equal(PUBLIC_KEY);
  });

  it("is recovered from what a remote account signs", async () => {
    const signer = new RemoteSigner(new Wallet(ACCOUNT.privateKey), ACCOUNT.address);
    expect(toHex(await ownerPublicKey(signer))).to.equal(PUBLIC_KEY);
  });

  it("is refused when another key signed, as a contract account's owner would", async () => {
    const signer = new RemoteSigner(new Wallet(ACCOUNT.privateKey), OTHER.address);
    const error = await ownerPublicKey(signer).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error)
      .to.be.instanceOf(PublicKeyUnavailableError)
      .with.property("details")
      .that.has.property("address", OTHER.address);
  });

  it("is refused when the account does not sign", async () => {
    const signer = new RemoteSigner(new Wallet(ACCOUNT.privateKey), ACCOUNT.address);
    signer.signMessage = async () => {
      throw new Error("rejected by the user");
    };
    const error = await ownerPublicKey(signer).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(PublicKeyUnavailableError).with.property("code", "ZG_OWNER_KEY");
    expect(error).to.have.property("cause").that.has.property("message", "rejected by the user");
  });

  it("is not read out of what is no signature", async () => {
    expect(() => recoverPublicKey(ACCOUNT.address, "0x1234")).to.throw(PublicKeyUnavailableError);
    const signature = await new Wallet(ACCOUNT.privateKey).signMessage(publicKeyMessage(ACCOUNT.address));
    expect(toHex(recoverPublicKey(ACCOUNT.address, signature))).to.equal(PUBLIC_KEY);
  });

  it("can be given, in each of its forms, if it is the account's", () => {
    const xy = `0x${PUBLIC_KEY.slice(4)}`;
    for (const given of [PUBLIC_KEY, SigningKey.computePublicKey(PUBLIC_KEY, true), xy]) {
      expect(toHex(parsePublicKey(given, ACCOUNT.address))).to.equal(PUBLIC_KEY);
    }
    expect(() => parsePublicKey(PUBLIC_KEY, OTHER.address)).to.throw(UsageError, ACCOUNT.address);
    for (const wrong of ["", "key", ACCOUNT.privateKey, "0x04", `${PUBLIC_KEY}00`, `0x04${"00".repeat(64)}`]) {
      expect(() => parsePublicKey(wrong, ACCOUNT.address), wrong)
        .to.throw(UsageError, "not a public key")
        .that.satisfies((error: UsageError) => !JSON.stringify(error.details).includes(ACCOUNT.privateKey));
    }
  });
});
