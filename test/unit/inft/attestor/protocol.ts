import { expect } from "chai";
import { TypedDataEncoder, Wallet, concat, keccak256, toBeHex, toUtf8Bytes, verifyTypedData } from "ethers";

import { fromHex, toHex, type Hex } from "../../../../lib/hex.ts";
import { openForAttestor, sealForAttestor } from "../../../../lib/inft/attestor/box.ts";
import { attestorKey } from "../../../../lib/inft/attestor/key.ts";
import { DEFAULT_ATTESTOR_LIMITS } from "../../../../lib/inft/attestor/limits.ts";
import {
  maxBodyBytes,
  parseRequest,
  requestDigest,
  requestTypedData,
  serializeRequest,
} from "../../../../lib/inft/attestor/protocol.ts";
import type { SharedSeed } from "../../../../lib/inft/attestor/seed.ts";
import { accessDigest } from "../../../../lib/inft/proof.ts";
import { openKey } from "../../../../lib/sealing/index.ts";
import { attestorOf, caught, countingBytes, openAttestation, SELLER } from "./support/attestation.ts";

describe("a request to an attestor", () => {
  it("reads back as it was written", async () => {
    const attestation = openAttestation({ count: 2 });
    const request = await attestation.request();
    expect(parseRequest(JSON.parse(serializeRequest(request)))).to.deep.equal(request);
  });

  it("reads back with a seed, peers, and a ciphertext left out", async () => {
    const attestation = openAttestation();
    const seed: SharedSeed = {
      attestor: attestorOf(11).address,
      sealedSeed: `0x${"04".repeat(129)}`,
      signature: `0x${"1b".repeat(65)}`,
    };
    const change = { ciphertexts: [undefined], peers: [attestorOf(12).publicKey], seed };
    const request = await attestation.request({ change });
    expect(parseRequest(JSON.parse(serializeRequest(request)))).to.deep.equal(request);
  });

  it("fits into the body that its limit allows", async () => {
    const attestation = openAttestation();
    const ciphertexts = [new Uint8Array(DEFAULT_ATTESTOR_LIMITS.maxBytes)];
    const body = serializeRequest(await attestation.request({ change: { ciphertexts } }));
    expect(body.length).to.be.lessThan(maxBodyBytes(DEFAULT_ATTESTOR_LIMITS));
    expect(parseRequest(JSON.parse(body)).ciphertexts[0]).to.have.length(DEFAULT_ATTESTOR_LIMITS.maxBytes);
  });

  it("is what the owner signs: everything that the access proof says, in the token's domain", async () => {
    const attestation = openAttestation();
    const access = await attestation.accept();
    const { domain, types, message } = requestTypedData(access);
    expect(TypedDataEncoder.hash(domain, types, message)).to.equal(requestDigest(access));
    expect(TypedDataEncoder.from(types).encodeType("ReencryptionRequest")).to.equal(
      "ReencryptionRequest(uint8 action,uint256 tokenId,uint256 sequence,address to," +
        "bytes32[] dataHashes,bytes32 accessDigest,uint256 deadline)",
    );
    expect(message).to.deep.include({ dataHashes: access.oldDataHashes, accessDigest: accessDigest(access, access) });
    const { signature } = await attestation.request({ access });
    expect(verifyTypedData(domain, types, message, signature)).to.equal(SELLER.address);
  });

  describe("is refused when it has another form:", () => {
    const request = async () =>
      JSON.parse(serializeRequest(await openAttestation().request())) as Record<string, unknown>;
    const longer = (bytes: number) => `0x${"00".repeat(bytes)}`;

    for (const [what, change, code] of [
      ["no object at all", undefined, "ZG_ATTESTOR_REQUEST"],
      ["an unknown field", { extra: 1 }, "ZG_ATTESTOR_REQUEST"],
      ["no access proof", { access: undefined }, "ZG_ATTESTOR_REQUEST"],
      ["an access proof of another kind", { access: { kind: "other" } }, "ZG_ACCESS_PROOF"],
      ["no signature", { signature: undefined }, "ZG_ATTESTOR_REQUEST"],
      ["an empty signature", { signature: "0x" }, "ZG_ATTESTOR_REQUEST"],
      ["a signature without end", { signature: longer(16_385) }, "ZG_ATTESTOR_REQUEST"],
      ["a box of 128 bytes", { boxes: [longer(128)] }, "ZG_ATTESTOR_REQUEST"],
      ["a box of 130 bytes", { boxes: [longer(130)] }, "ZG_ATTESTOR_REQUEST"],
      ["a box that is no hexadecimal", { boxes: ["box"] }, "ZG_ATTESTOR_REQUEST"],
      ["more boxes than a token has data", { boxes: Array(256).fill(longer(129)) }, "ZG_ATTESTOR_REQUEST"],
      ["a ciphertext that is no base64", { ciphertexts: ["*&%$"] }, "ZG_ATTESTOR_REQUEST"],
      ["a ciphertext in base64 that was cut", { ciphertexts: ["AAAAA"] }, "ZG_ATTESTOR_REQUEST"],
      ["a ciphertext that is a number", { ciphertexts: [1] }, "ZG_ATTESTOR_REQUEST"],
      ["a peer's key of 32 bytes", { peers: [longer(32)] }, "ZG_ATTESTOR_REQUEST"],
      [
        "a seed without a signature",
        { seed: { attestor: longer(20), sealedSeed: longer(129) } },
        "ZG_ATTESTOR_REQUEST",
      ],
    ] as const) {
      it(what, async () => {
        const body = change === undefined ? [] : { ...(await request()), ...change };
        const error = await caught(Promise.resolve().then(() => parseRequest(JSON.parse(JSON.stringify(body)))));
        expect(error).to.include({ code });
      });
    }
  });
});

describe("a box for an attestor", () => {
  const key = attestorOf(10);
  const request: Hex = `0x${"ab".repeat(32)}`;
  const dataKey = new Uint8Array(32).map((_, position) => position);
  const box = sealForAttestor(dataKey, fromHex(key.publicKey), request, 3, countingBytes("owner"));

  it("opens for that attestor, request and datum", () => {
    expect(openForAttestor(box, key.privateKey, request, 3)).to.deep.equal(dataKey);
  });

  it("gives another key for another request or datum", () => {
    expect(openForAttestor(box, key.privateKey, request, 4)).not.to.deep.equal(dataKey);
    expect(openForAttestor(box, key.privateKey, `0x${"ac".repeat(32)}`, 3)).not.to.deep.equal(dataKey);
  });

  it("holds the data key masked with the hash of label, request and index", () => {
    const mask = fromHex(keccak256(concat([toUtf8Bytes("0g-attestor-box-v1"), request, toBeHex(3, 4)])) as Hex);
    const inside = openKey(fromHex(box), key.privateKey);
    expect(toHex(inside.map((byte, position) => byte ^ (mask[position] ?? 0)))).to.equal(toHex(dataKey));
  });
});

describe("an attestor's key", () => {
  it("has the address and public key of its account, and signs as it", () => {
    const { privateKey, address, signingKey } = new Wallet(`0x${"17".repeat(32)}`);
    const key = attestorKey(privateKey as Hex);
    expect(key).to.include({ address, publicKey: signingKey.publicKey });
    const digest: Hex = `0x${"ab".repeat(32)}`;
    expect(key.sign(digest)).to.equal(signingKey.sign(digest).serialized);
  });
});
