import { expect } from "chai";
import { Wallet } from "ethers";

import { SignatureMalformedError } from "../../../lib/protocol/errors.ts";
import { parseSignedText, recoverTextSigner, sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { vector } from "./vectors.ts";

interface ResponseVector {
  teePrivateKey: string;
  teeSigner: string;
  requestBytes: string;
  responseBytes: string;
  text: string;
  signature: string;
}

describe("signed text", () => {
  const known = vector<ResponseVector>("response-signature");
  const a = "a".repeat(64);
  const b = "b".repeat(64);
  const c = "c".repeat(64);

  it("joins the vector's hashes to the vector's text, signed as the vector is", async () => {
    const text = signedText(sha256Hex(known.requestBytes), sha256Hex(Buffer.from(known.responseBytes)));
    expect(text).to.equal(known.text);
    expect(await new Wallet(known.teePrivateKey).signMessage(text)).to.equal(known.signature);
  });

  it("recovers the vector's signer, and somebody else from another text", () => {
    expect(recoverTextSigner(known.text, known.signature)).to.equal(known.teeSigner);
    expect(recoverTextSigner(`${known.text} `, known.signature)).to.not.equal(known.teeSigner);
  });

  it("refuses a signature no key can have made", () => {
    // r is 5, which is no x coordinate on secp256k1.
    const impossible = `0x${"5".padStart(64, "0")}${"1".padStart(64, "0")}1b`;
    expect(() => recoverTextSigner(known.text, impossible)).to.throw(SignatureMalformedError);
  });

  it("tells two hashes from a routing proof and from images", () => {
    expect(parseSignedText(`${a}:${b}`)).to.deep.equal({ form: "two-field", requestHash: a, responseHash: b });
    expect(parseSignedText(`${a}:${b}:centralized:https://api.example.org:${c}`)).to.deep.equal({
      form: "routing-proof",
      requestHash: a,
      responseHash: b,
      providerType: "centralized",
      providerIdentity: "https://api.example.org",
      certificateHash: c,
    });
    expect(parseSignedText(`${a}:${b},${c}`)).to.deep.equal({ form: "images", requestHash: a, imageHashes: [b, c] });
  });

  it("takes nothing else for one of these", () => {
    const others = [
      "",
      a,
      `0x${a}:${b}`,
      `${a.toUpperCase()}:${b}`,
      `${a}:${b}\n`,
      ` ${a}:${b}`,
      `${a}:${b}:centralized`,
      `${a}:${b},`,
      `zg-sig-v1/e2ee-ct:${a}:${b}`,
    ];
    for (const text of others) expect(parseSignedText(text), JSON.stringify(text)).to.deep.equal({ form: "unknown" });
  });
});
