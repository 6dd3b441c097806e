import { expect } from "chai";
import { SigningKey, Wallet, keccak256, toUtf8Bytes } from "ethers";

import { checksum, type Address, type Hex } from "../../../lib/hex.ts";
import {
  AccessProofExpiredError,
  AccessProofKeyError,
  AccessProofMalformedError,
  AccessProofMismatchError,
  AccessProofSignerError,
} from "../../../lib/inft/proof-errors.ts";
import {
  openHashes,
  parseAccessProof,
  requireAccessFor,
  sealingKeyOf,
  serializeAccessProof,
  signAccessProof,
  verifyAccessProof,
  type AccessChain,
  type AccessProof,
} from "../../../lib/inft/proof-access.ts";
import { OPEN_HASH, accessDigest, type AccessMessage } from "../../../lib/inft/proof.ts";

const walletOf = (name: string) => new Wallet(keccak256(toUtf8Bytes(name)));
const hash = (text: string) => keccak256(toUtf8Bytes(text)) as Hex;
const receiver = walletOf("the receiver");
const delegate = walletOf("the delegate");
const thief = walletOf("a thief");
const CONTRACT: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const PLACE = { chainId: 16602, contract: CONTRACT } as const;
const KEY: Hex = `0x${receiver.signingKey.publicKey.slice(4)}`;
const MESSAGE: AccessMessage = {
  action: "transfer",
  tokenId: 2n ** 256n - 1n,
  sequence: 7n,
  to: checksum(receiver.address),
  deadline: 1_800_000_000n,
  oldDataHashes: [hash("old 0"), hash("old 1")],
  newDataHashes: openHashes(2),
  encryptedPubKey: "0x",
};

const signed = async (message: Partial<AccessMessage> = {}, by = receiver) =>
  signAccessProof(by, PLACE, { ...MESSAGE, ...message });

/** A chain with one delegate and some contracts that answer for what they signed. */
function chainWith(answers: { delegate?: Wallet | Address; contracts?: readonly string[] } = {}) {
  const asked: string[] = [];
  const chain: AccessChain = {
    delegateOf: async (of) => {
      asked.push(`delegate of ${of}`);
      const named = answers.delegate;
      return named === undefined ? undefined : checksum(typeof named === "string" ? named : named.address);
    },
    isValidSignature: async (account, digest, signature) => {
      asked.push(`${account} about ${digest} and ${signature}`);
      return answers.contracts?.includes(account) ?? false;
    },
  };
  return { chain, asked };
}

async function refusal(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("an access proof as a file", () => {
  it("is read as it was written", async () => {
    const proof = await signed({ encryptedPubKey: KEY, newDataHashes: [OPEN_HASH, hash("new 1")] });
    const text = serializeAccessProof(proof);
    expect(text.endsWith("}\n")).to.equal(true);
    expect(parseAccessProof(text)).to.deep.equal(proof);
  });

  it("says what it is, and holds numbers as decimal strings", async () => {
    const document = JSON.parse(serializeAccessProof(await signed())) as Record<string, unknown>;
    expect(document).to.deep.include({
      kind: "erc7857-access-proof",
      version: 1,
      chainId: 16602,
      tokenId: (2n ** 256n - 1n).toString(),
      sequence: "7",
      deadline: "1800000000",
    });
  });

  it("takes addresses in any casing whose checksum is right", async () => {
    const proof = await signed();
    const text = serializeAccessProof(proof).replaceAll(CONTRACT, CONTRACT.toLowerCase());
    expect(parseAccessProof(text).contract).to.equal(CONTRACT);
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ["another kind", { kind: "0g-inference-receipt" }, /kind/],
    ["another version", { version: 2 }, /version/],
    ["a field too many", { note: "hello" }, /note/],
    ["a chain id of 0", { chainId: 0 }, /chainId/],
    ["a chain id that is no integer", { chainId: 1.5 }, /chainId/],
    ["a contract that is no address", { contract: "0x12" }, /contract/],
    ["a contract with a wrong checksum", { contract: "0x5fbDB2315678afecb367f032d93F642f64180aa3" }, /contract/],
    ["an unknown action", { action: "burn" }, /action/],
    ["a token id that is a number", { tokenId: 1 }, /tokenId/],
    ["a token id with leading zeros", { tokenId: "01" }, /tokenId/],
    ["a negative token id", { tokenId: "-1" }, /tokenId/],
    ["a token id beyond 256 bits", { tokenId: (2n ** 256n).toString() }, /tokenId/],
    ["a sequence beyond 24 bits", { sequence: (2n ** 24n).toString() }, /sequence/],
    ["a deadline beyond 48 bits", { deadline: (2n ** 48n).toString() }, /deadline/],
    ["a receiver that is no address", { to: "me" }, /to/],
    ["no old hashes", { oldDataHashes: [] }, /oldDataHashes/],
    ["an old hash of 31 bytes", { oldDataHashes: [`0x${"00".repeat(31)}`, OPEN_HASH] }, /oldDataHashes/],
    ["too many hashes", { oldDataHashes: openHashes(256), newDataHashes: openHashes(256) }, /oldDataHashes/],
    ["fewer new hashes than old", { newDataHashes: openHashes(1) }, /newDataHashes/],
    ["a key of 65 bytes", { encryptedPubKey: `0x${"04".repeat(65)}` }, /encryptedPubKey/],
    ["a key that is no hexadecimal", { encryptedPubKey: "none" }, /encryptedPubKey/],
    ["an empty signature", { signature: "0x" }, /signature/],
    ["half a byte of signature", { signature: "0x123" }, /signature/],
    ["no signature", { signature: undefined }, /signature/],
  ];
  for (const [what, changes, problem] of wrong) {
    it(`is refused with ${what}`, async () => {
      const document = JSON.parse(serializeAccessProof(await signed())) as Record<string, unknown>;
      expect(() => parseAccessProof(JSON.stringify({ ...document, ...changes })))
        .to.throw(AccessProofMalformedError)
        .with.property("message")
        .that.matches(problem);
    });
  }

  it("is refused when it is not JSON", () => {
    expect(() => parseAccessProof("-----BEGIN")).to.throw(AccessProofMalformedError, "it is not JSON");
  });
});

describe("requireAccessFor", () => {
  const EXPECTED = { ...PLACE, ...MESSAGE };

  it("accepts a proof of this very transfer up to its deadline", async () => {
    const proof = await signed();
    requireAccessFor(proof, EXPECTED, MESSAGE.deadline);
    expect(() => requireAccessFor(proof, EXPECTED, MESSAGE.deadline + 1n))
      .to.throw(AccessProofExpiredError)
      .with.property("details")
      .that.deep.equals({ deadline: MESSAGE.deadline, now: MESSAGE.deadline + 1n });
  });

  it("can say a deadline that no calendar reaches", async () => {
    const proof = await signed({ deadline: 2n ** 48n - 1n });
    expect(() => requireAccessFor(proof, EXPECTED, 2n ** 48n)).to.throw(
      AccessProofExpiredError,
      /second 281474976710655/,
    );
  });

  const others: [string, Partial<typeof EXPECTED>, string, string, string][] = [
    ["chain", { chainId: 16661 as 16602 }, "chainId", "16602", "16661"],
    ["contract", { contract: MESSAGE.to }, "contract", CONTRACT, MESSAGE.to],
    ["action", { action: "clone" }, "action", "transfer", "clone"],
    ["token", { tokenId: 1n }, "tokenId", String(MESSAGE.tokenId), "1"],
    ["sequence", { sequence: 8n }, "sequence", "7", "8"],
    ["receiver", { to: CONTRACT }, "to", MESSAGE.to, CONTRACT],
    ["number of data", { oldDataHashes: [hash("old 0")] }, "number of data", "2", "1"],
    ["datum", { oldDataHashes: [hash("old 0"), hash("x")] }, "oldDataHashes[1]", hash("old 1"), hash("x")],
  ];
  for (const [what, changes, field, was, expected] of others) {
    it(`refuses one of another ${what}, with both values`, async () => {
      const proof = await signed();
      expect(() => requireAccessFor(proof, { ...EXPECTED, ...changes }, 0n))
        .to.throw(AccessProofMismatchError)
        .with.property("details")
        .that.deep.equals({ field, signed: was, expected });
    });
  }
});

describe("verifyAccessProof", () => {
  it("finds the receiver's own key, without asking the chain", async () => {
    const { chain, asked } = chainWith();
    expect(await verifyAccessProof(await signed(), chain)).to.deep.equal({
      signer: receiver.address,
      by: "receiver",
      scheme: "ecdsa",
    });
    expect(asked).to.deep.equal([]);
  });

  it("finds the delegate's key, without asking a contract", async () => {
    const { chain, asked } = chainWith({ delegate });
    expect(await verifyAccessProof(await signed({}, delegate), chain)).to.deep.equal({
      signer: delegate.address,
      by: "delegate",
      scheme: "ecdsa",
    });
    expect(asked).to.deep.equal([`delegate of ${receiver.address}`]);
  });

  it("asks the receiver's contract, then its delegate's, for signatures of any form", async () => {
    const proof: AccessProof = { ...(await signed()), signature: "0x0102" };
    const about = `about ${accessDigest(PLACE, MESSAGE)} and 0x0102`;
    const own = chainWith({ delegate: CONTRACT, contracts: [receiver.address] });
    expect(await verifyAccessProof(proof, own.chain)).to.deep.equal({
      signer: receiver.address,
      by: "receiver",
      scheme: "erc1271",
    });
    expect(own.asked.slice(1)).to.deep.equal([`${receiver.address} ${about}`]);
    const others = chainWith({ delegate: CONTRACT, contracts: [CONTRACT] });
    expect(await verifyAccessProof(proof, others.chain)).to.deep.equal({
      signer: CONTRACT,
      by: "delegate",
      scheme: "erc1271",
    });
    expect(others.asked.slice(1)).to.deep.equal([`${receiver.address} ${about}`, `${CONTRACT} ${about}`]);
  });

  it("refuses anybody else's signature, naming who signed and who might have", async () => {
    const error = await refusal(verifyAccessProof(await signed({}, thief), chainWith({ delegate }).chain));
    expect(error).to.be.instanceOf(AccessProofSignerError);
    expect((error as AccessProofSignerError).details).to.deep.equal({
      receiver: receiver.address,
      delegate: delegate.address,
      signer: thief.address,
    });
  });

  it("refuses what nobody signed", async () => {
    const proof: AccessProof = { ...(await signed()), signature: `0x${"00".repeat(65)}` };
    const error = await refusal(verifyAccessProof(proof, chainWith().chain));
    expect(error).to.be.instanceOf(AccessProofSignerError);
    expect((error as AccessProofSignerError).message).to.include("is signed by nobody");
    expect((error as AccessProofSignerError).details).to.deep.equal({ receiver: receiver.address });
  });

  it("finds another signer once any field is changed", async () => {
    const proof = await signed();
    const changes: Partial<AccessProof>[] = [
      { chainId: 1 },
      { contract: checksum(thief.address) },
      { action: "clone" },
      { tokenId: 1n },
      { sequence: 8n },
      { deadline: proof.deadline + 1n },
      { oldDataHashes: [hash("old 1"), hash("old 0")] },
      { newDataHashes: [hash("new 0"), OPEN_HASH] },
      { encryptedPubKey: KEY },
    ];
    for (const change of changes) {
      const error = await refusal(verifyAccessProof({ ...proof, ...change }, chainWith().chain));
      expect(error, JSON.stringify(Object.keys(change))).to.be.instanceOf(AccessProofSignerError);
    }
  });

  it("passes an outage on", async () => {
    const outage = new Error("down");
    const chain: AccessChain = { ...chainWith().chain, delegateOf: async () => Promise.reject(outage) };
    expect(await refusal(verifyAccessProof(await signed({}, thief), chain))).to.equal(outage);
  });
});

describe("sealingKeyOf", () => {
  it("is the key that the receiver names", async () => {
    const named: Hex = `0x${walletOf("an encryption key").signingKey.publicKey.slice(4)}`;
    expect(sealingKeyOf(await signed({ encryptedPubKey: named }))).to.equal(named);
  });

  it("is the receiver's own, learnt from its signature, when it names none", async () => {
    const proof = await signed();
    expect(sealingKeyOf(proof)).to.equal(KEY);
    const { compactSerialized } = new SigningKey(receiver.privateKey).sign(accessDigest(PLACE, MESSAGE));
    expect(sealingKeyOf({ ...proof, signature: compactSerialized as Hex })).to.equal(KEY);
  });

  it("is not known when a delegate or a contract signed and none is named", async () => {
    expect(() => sealingKeyOf({ ...MESSAGE, ...PLACE, signature: "0x0102" }))
      .to.throw(AccessProofKeyError)
      .with.property("details")
      .that.deep.equals({ receiver: receiver.address });
    const byDelegate = await signed({}, delegate);
    expect(() => sealingKeyOf(byDelegate))
      .to.throw(AccessProofKeyError)
      .with.property("details")
      .that.deep.equals({ receiver: receiver.address, signer: delegate.address });
  });
});
