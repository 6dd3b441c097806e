import { expect } from "chai";
import { Signature } from "ethers";

import {
  NotEndorsedError,
  NotMintableError,
  SignatureInvalidError,
  SignatureUnboundError,
  SignerMismatchError,
} from "../../../lib/compute/errors.ts";
import {
  assertMintable,
  assertVerified,
  verifyInference,
  type Verification,
  type VerifyParams,
} from "../../../lib/compute/verify.ts";
import { sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { caught } from "./support/caught.ts";
import { bytes, provider, service, sign, strangerWallet, teeWallet } from "./support/fixtures.ts";

const requestBytes = bytes('{"messages":[{"content":"hi","role":"user"}],"model":"m"}');
const responseBytes = bytes('{"id":"chatcmpl-1","choices":[]}');
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

async function verify(changes: Partial<VerifyParams> = {}): Promise<Verification> {
  const signature = await sign(requestBytes, responseBytes);
  return verifyInference({ service: service(), requestBytes, responseBytes, signature, ...changes });
}

function failures(verification: Verification): string[] {
  return verification.checks.filter(({ passed }) => !passed).map(({ name }) => name);
}

async function signText(text: string, wallet = teeWallet) {
  return { text, signature: await wallet.signMessage(text) };
}

describe("verifyInference", () => {
  it("verifies an honest answer, check by check", async () => {
    const verification = await verify();
    expect(verification.checks.map(({ name }) => name)).to.deep.equal(["signature", "signer", "response", "request"]);
    expect(failures(verification)).to.deep.equal([]);
    expect(verification).to.deep.include({
      status: "verified",
      signer: teeWallet.address,
      topology: "broker",
      mintable: true,
    });
  });

  it("verifies the protocol sheet's vector", () => {
    const verification = verifyInference({
      service: service({ teeSignerAddress: "0x325744be57db298C2652c672B32Eb12875d92D83" }),
      requestBytes,
      responseBytes,
      signature: {
        text: "6d139f1403cd84518768857efed6c375c0e3fe1af3f250cd3a5c59ea87a0323c:d2116d26462bb15039ee4473113fe3f30bfc7d8bc2b159243b41e5c67e8933d2",
        signature:
          "0x45dc2e417d0e7fa4a7c88eccf30da0b8e98721f1287576ea1a7d6a9aa721204e26015b0c4477b20932e61747a05c150d0196282aeca4c7d8bf1d75063268d8d41c",
      },
    });
    expect(verification.status).to.equal("verified");
  });

  it("names a changed response, in a single bit", async () => {
    const altered = responseBytes.slice();
    altered[5] = (altered[5] ?? 0) ^ 1;
    const verification = await verify({ responseBytes: altered });
    expect(verification).to.deep.include({ status: "rejected", failed: "response", mintable: false });
    expect(failures(verification)).to.deep.equal(["response"]);
  });

  it("names a request that is not the one sent", async () => {
    const verification = await verify({ requestBytes: bytes("{}") });
    expect(failures(verification)).to.deep.equal(["request"]);
  });

  it("does not take the hashes in each other's place", async () => {
    const signature = await signText(signedText(sha256Hex(responseBytes), sha256Hex(requestBytes)));
    expect(failures(await verify({ signature }))).to.deep.equal(["response", "request"]);
  });

  it("names a stranger's signature over the right text", async () => {
    const verification = await verify({ signature: await sign(requestBytes, responseBytes, strangerWallet) });
    expect(failures(verification)).to.deep.equal(["signer"]);
    expect(verification).to.deep.include({ status: "rejected", failed: "signer", signer: strangerWallet.address });
  });

  it("believes nothing the document says about its signer", async () => {
    const signature = {
      ...(await sign(requestBytes, responseBytes, strangerWallet)),
      signing_address: teeWallet.address,
      signingAddress: teeWallet.address,
    };
    expect(failures(await verify({ signature }))).to.deep.equal(["signer"]);
  });

  it("rejects an old signature of the right signer over another answer", async () => {
    const signature = await sign(bytes("{}"), bytes("{}"));
    expect(failures(await verify({ signature }))).to.deep.equal(["response", "request"]);
  });

  it("rejects a text that was changed after it was signed", async () => {
    const { signature } = await sign(bytes("{}"), bytes("{}"));
    const { text } = await sign(requestBytes, responseBytes);
    expect(failures(await verify({ signature: { text, signature } }))).to.deep.equal(["signer"]);
  });

  it("refuses signatures that the contract would not take", async () => {
    const { text, signature } = await sign(requestBytes, responseBytes);
    const { r, s, yParity } = Signature.from(signature);
    const highS = `0x${(CURVE_ORDER - BigInt(s)).toString(16).padStart(64, "0")}`;
    const malleated = `${r}${highS.slice(2)}${yParity === 0 ? "1c" : "1b"}`;
    const compact = Signature.from(signature).compactSerialized;
    const v0 = `${signature.slice(0, -2)}0${yParity}`;
    for (const bad of [malleated, compact, v0, "0x", "", "nonsense", `${signature}00`, `0x${"00".repeat(65)}`]) {
      const verification = await verify({ signature: { text, signature: bad } });
      expect(verification, bad).to.deep.include({ status: "rejected", failed: "signature" });
      expect(failures(verification), bad).to.deep.equal(["signature", "signer"]);
      expect(verification).not.to.have.property("signer");
    }
  });

  it("rejects texts of another form than the service signs", async () => {
    const hashes = signedText(sha256Hex(requestBytes), sha256Hex(responseBytes));
    for (const text of [
      `${hashes}:centralized:openai:${"0".repeat(64)}`,
      `zg-sig-v1/e2ee-ct:${hashes}`,
      hashes.toUpperCase(),
      `0x${hashes}`,
      `${hashes} `,
      `${hashes}\n`,
      "hello",
    ]) {
      const verification = await verify({ signature: await signText(text) });
      expect(failures(verification), text).to.deep.equal(["response", "request"]);
      expect(verification).to.deep.include({ status: "rejected", mintable: false });
    }
  });

  it("verifies without calling it mintable when the owner does not endorse the signer", async () => {
    const verification = await verify({ service: service({ endorsed: false }) });
    expect(verification).to.deep.include({ status: "verified", mintable: false });
  });

  describe("by the rule of its topology", () => {
    const separated = JSON.stringify({ TargetSeparated: true, TargetTeeAddress: strangerWallet.address });
    const centralized = JSON.stringify({ ProviderType: "centralized", ProviderIdentity: "openai" });
    const proof = (identity: string, type = "centralized") =>
      `${signedText(sha256Hex(requestBytes), sha256Hex(responseBytes))}:${type}:${identity}:${"a".repeat(64)}`;

    it("expects a separated service's node to sign, not its broker", async () => {
      const theirs = service({ additionalInfo: separated });
      const ours = await verify({ service: theirs });
      expect(failures(ours)).to.deep.equal(["signer"]);
      const verification = await verify({
        service: theirs,
        signature: await sign(requestBytes, responseBytes, strangerWallet),
      });
      expect(verification).to.deep.include({ status: "verified", topology: "separated", mintable: false });
    });

    it("checks a central provider's routing proof, by name", async () => {
      const theirs = service({ additionalInfo: centralized });
      const verification = await verify({ service: theirs, signature: await signText(proof("openai")) });
      expect(verification).to.deep.include({ status: "verified", topology: "centralized", mintable: false });
      expect(verification.checks.map(({ name }) => name)).to.include("routing");
      const elsewhere = await verify({ service: theirs, signature: await signText(proof("other")) });
      expect(failures(elsewhere)).to.deep.equal(["routing"]);
      const wrongType = await verify({ service: theirs, signature: await signText(proof("openai", "standard")) });
      expect(failures(wrongType)).to.deep.equal(["routing"]);
      const plain = await verify({ service: theirs });
      expect(failures(plain)).to.deep.equal(["response", "request", "routing"]);
    });

    it("checks each image of an image service, in order", async () => {
      const theirs = service({ serviceType: "text-to-image" });
      const images = [bytes("first"), bytes("second")];
      const data = images.map((image) => ({ b64_json: Buffer.from(image).toString("base64") }));
      const body = bytes(JSON.stringify({ created: 1, data }));
      const hashes = images.map((image) => sha256Hex(image));
      const check = async (signed: readonly string[], received = body) =>
        verify({
          service: theirs,
          responseBytes: received,
          signature: await signText(`${sha256Hex(requestBytes)}:${signed.join(",")}`),
        });
      expect(await check(hashes)).to.deep.include({ status: "verified", mintable: false });
      expect(failures(await check([...hashes].reverse()))).to.deep.equal(["response"]);
      expect(failures(await check(hashes.slice(0, 1)))).to.deep.equal(["response"]);
      expect(failures(await check(hashes, bytes("not json")))).to.deep.equal(["response"]);
      expect(failures(await check(hashes, bytes("null")))).to.deep.equal(["response"]);
      const one = bytes(JSON.stringify({ data: data.slice(0, 1) }));
      expect((await check(hashes.slice(0, 1), one)).status).to.equal("verified");
      expect((await check([sha256Hex(one)], one)).status).to.equal("verified");
    });

    it("verifies nothing where nobody signs", async () => {
      for (const changes of [{ verifiability: "standard" }, { additionalInfo: "" }, { additionalInfo: "{" }]) {
        const verification = await verify({ service: service(changes) });
        expect(verification).to.deep.include({ status: "rejected", failed: "signer", mintable: false });
      }
    });
  });
});

describe("assertVerified", () => {
  it("gives each failed check its error", async () => {
    const wrong = await verify({ signature: { text: "x", signature: "0x" } });
    await caught(SignatureInvalidError, () => {
      assertVerified(provider, wrong);
    });
    const foreign = await verify({ signature: await sign(requestBytes, responseBytes, strangerWallet) });
    await caught(SignerMismatchError, () => {
      assertVerified(provider, foreign);
    });
    const altered = await verify({ responseBytes: bytes("{}") });
    const error = await caught(SignatureUnboundError, () => {
      assertVerified(provider, altered);
    });
    expect(error.message).to.contain(sha256Hex(bytes("{}")));
    assertVerified(provider, await verify());
  });
});

describe("assertMintable", () => {
  it("lets an endorsed broker-signed chat service pass, and says why others do not", async () => {
    assertMintable(service());
    await caught(NotEndorsedError, () => {
      assertMintable(service({ endorsed: false }));
    });
    const error = await caught(NotMintableError, () => {
      assertMintable(service({ additionalInfo: '{"TargetSeparated":true}' }));
    });
    expect(error.message).to.contain("the node behind its broker signs");
  });
});
