import { expect } from "chai";
import { TypedDataEncoder, Wallet, getBytes, keccak256, solidityPackedKeccak256, toUtf8Bytes } from "ethers";

import { DEVELOPMENT_MNEMONIC } from "../../../lib/chain/development-mnemonic.ts";
import type { Hex } from "../../../lib/hex.ts";
import { ProofSidesDifferError } from "../../../lib/inft/proof-errors.ts";
import {
  OPEN_HASH,
  PROOF_ACTION,
  accessDigest,
  accessTypedData,
  assembleProofs,
  decodeProofNonce,
  ownershipDigest,
  ownershipTypedData,
  proofNonce,
  reencryptionRequestDigest,
  reencryptionRequestTypedData,
  type SignedAccess,
  type SignedOwnership,
} from "../../../lib/inft/proof.ts";

const PLACE = { chainId: 16602, contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3" } as const;
const TERMS = {
  action: "clone",
  tokenId: 0x1234n,
  sequence: 7n,
  to: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  deadline: 1_800_000_000n,
} as const;
const hash = (text: string) => keccak256(toUtf8Bytes(text)) as Hex;
const KEY: Hex = `0x${"ab".repeat(64)}`;

function sides(): { access: SignedAccess; ownership: SignedOwnership } {
  const oldDataHashes = [hash("old 0"), hash("old 1")];
  const newDataHashes = [hash("new 0"), hash("new 1")];
  return {
    access: { ...TERMS, oldDataHashes, newDataHashes, encryptedPubKey: "0x", signature: "0xaa" },
    ownership: {
      ...TERMS,
      oldDataHashes,
      newDataHashes,
      sealedKeys: ["0x01", "0x0203"],
      encryptedPubKey: KEY,
      signatures: "0xbb",
    },
  };
}

describe("proofs of transfer and clone", () => {
  it("number their actions as the contract does", () => {
    expect(PROOF_ACTION).to.deep.equal({ transfer: 1, clone: 2 });
  });

  describe("proofNonce", () => {
    it("lays action, deadline, sequence, receiver and token out in 62 bytes", () => {
      expect(proofNonce(TERMS)).to.equal(
        "0x02" +
          "00006b49d200" +
          "000007" +
          "70997970c51812dc3a010c7d01b50e0d17dc79c8" +
          "0000000000000000000000000000000000000000000000000000000000001234",
      );
    });

    it("is read back", () => {
      expect(decodeProofNonce(proofNonce(TERMS))).to.deep.equal(TERMS);
      const largest = { ...TERMS, action: "transfer", sequence: 2n ** 24n - 1n, deadline: 2n ** 48n - 1n } as const;
      expect(decodeProofNonce(proofNonce({ ...largest, tokenId: 2n ** 256n - 1n }))).to.deep.equal({
        ...largest,
        tokenId: 2n ** 256n - 1n,
      });
    });

    it("is nothing when it is of another length or action", () => {
      const nonce = proofNonce(TERMS);
      const others = [nonce.slice(0, -2), `${nonce}00`, nonce.replace("0x02", "0x03"), nonce.replace("0x02", "0x00")];
      for (const other of [...others, "0x"]) expect(decodeProofNonce(other as Hex), other).to.equal(undefined);
    });

    it("takes no number that does not fit", () => {
      expect(() => proofNonce({ ...TERMS, sequence: 2n ** 24n })).to.throw(/exceeds width/);
      expect(() => proofNonce({ ...TERMS, deadline: 2n ** 48n })).to.throw(/exceeds width/);
    });
  });

  describe("typed data", () => {
    // The type strings as ITransferVerifier.sol states them.
    const ACCESS =
      "AccessProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes encryptedPubKey,uint256 deadline)";
    const OWNERSHIP =
      "OwnershipProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes[] sealedKeys,bytes encryptedPubKey,uint256 deadline)";
    const REQUEST =
      "ReencryptionRequest(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] dataHashes,bytes32 accessDigest,uint256 deadline)";
    const request = { ...TERMS, dataHashes: [hash("old 0")], accessDigest: hash("access") };

    it("has the types the contract hashes", () => {
      const { access, ownership } = sides();
      const typeOf = (types: Parameters<typeof TypedDataEncoder.from>[0], name: string) =>
        TypedDataEncoder.from(types).encodeType(name);
      expect(typeOf(accessTypedData(PLACE, access).types, "AccessProof")).to.equal(ACCESS);
      expect(typeOf(ownershipTypedData(PLACE, ownership).types, "OwnershipProof")).to.equal(OWNERSHIP);
      expect(typeOf(reencryptionRequestTypedData(PLACE, request).types, "ReencryptionRequest")).to.equal(REQUEST);
    });

    it("is of the token's own domain, and holds only what the type names", () => {
      const { access } = sides();
      const { domain, message } = accessTypedData(PLACE, access);
      expect(domain).to.deep.equal({
        name: "ERC-7857",
        version: "1",
        chainId: 16602,
        verifyingContract: PLACE.contract,
      });
      expect(message).to.not.have.property("signature");
      expect(message["action"]).to.equal(2);
    });

    it("has known digests", () => {
      const { access, ownership } = sides();
      expect({
        access: accessDigest(PLACE, access),
        ownership: ownershipDigest(PLACE, ownership),
        request: reencryptionRequestDigest(PLACE, request),
      }).to.deep.equal({
        access: "0x343a01edb63fee7bbcf67f37289e6cd510018a15b0d68ac97bd4160125dde141",
        ownership: "0x768ece7ae76514a9b1982fa5a18187da019c1c723c9d19080588fbab3ae4e249",
        request: "0x02e33ce47fc134348d4cf724bd2f54e7403492ecf889b6a12855a6313a83901e",
      });
    });

    it("is signed like any other typed data", async () => {
      const { access } = sides();
      const wallet = Wallet.fromPhrase(DEVELOPMENT_MNEMONIC);
      const { domain, types, message } = accessTypedData(PLACE, access);
      const signature = await wallet.signTypedData(domain, types, message);
      expect(signature).to.equal(wallet.signingKey.sign(accessDigest(PLACE, access)).serialized);
    });

    it("is what EIP-712 says, computed by hand", () => {
      const { access } = sides();
      const domain = solidityPackedKeccak256(
        ["bytes32", "bytes32", "bytes32", "uint256", "uint256"],
        [
          keccak256(toUtf8Bytes("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
          keccak256(toUtf8Bytes("ERC-7857")),
          keccak256(toUtf8Bytes("1")),
          16602,
          BigInt(PLACE.contract),
        ],
      );
      const list = (hashes: readonly Hex[]) => solidityPackedKeccak256(["bytes32[]"], [hashes]);
      const struct = solidityPackedKeccak256(
        ["bytes32", "uint256", "uint256", "uint256", "uint256", "bytes32", "bytes32", "bytes32", "uint256"],
        [
          keccak256(toUtf8Bytes(ACCESS)),
          2,
          TERMS.tokenId,
          TERMS.sequence,
          BigInt(TERMS.to),
          list(access.oldDataHashes),
          list(access.newDataHashes),
          keccak256(getBytes(access.encryptedPubKey)),
          TERMS.deadline,
        ],
      );
      expect(accessDigest(PLACE, access)).to.equal(
        solidityPackedKeccak256(["bytes2", "bytes32", "bytes32"], ["0x1901", domain, struct]),
      );
    });
  });

  describe("assembleProofs", () => {
    it("puts nonce, key and signature of each side into the first entry only", () => {
      const { access, ownership } = sides();
      const nonce = proofNonce(TERMS);
      expect(assembleProofs(access, ownership)).to.deep.equal([
        {
          accessProof: {
            oldDataHash: hash("old 0"),
            newDataHash: hash("new 0"),
            nonce,
            encryptedPubKey: "0x",
            proof: "0xaa",
          },
          ownershipProof: {
            oracleType: 0,
            oldDataHash: hash("old 0"),
            newDataHash: hash("new 0"),
            sealedKey: "0x01",
            encryptedPubKey: KEY,
            nonce,
            proof: "0xbb",
          },
        },
        {
          accessProof: {
            oldDataHash: hash("old 1"),
            newDataHash: hash("new 1"),
            nonce: "0x",
            encryptedPubKey: "0x",
            proof: "0x",
          },
          ownershipProof: {
            oracleType: 0,
            oldDataHash: hash("old 1"),
            newDataHash: hash("new 1"),
            sealedKey: "0x0203",
            encryptedPubKey: "0x",
            nonce: "0x",
            proof: "0x",
          },
        },
      ]);
    });

    it("keeps a new hash that the receiver left open", () => {
      const { access, ownership } = sides();
      const [first] = assembleProofs({ ...access, newDataHashes: [OPEN_HASH, hash("new 1")] }, ownership);
      expect(first?.accessProof.newDataHash).to.equal(OPEN_HASH);
      expect(first?.ownershipProof.newDataHash).to.equal(hash("new 0"));
    });

    const differing: [string, Partial<SignedAccess>, Partial<SignedOwnership>, string, string, string][] = [
      ["action", { action: "transfer" }, {}, "action", "transfer", "clone"],
      ["token", { tokenId: 5n }, {}, "tokenId", "5", "4660"],
      ["sequence", {}, { sequence: 8n }, "sequence", "7", "8"],
      ["receiver", {}, { to: PLACE.contract }, "to", TERMS.to, PLACE.contract],
      ["deadline", { deadline: 1n }, {}, "deadline", "1", "1800000000"],
      ["data", { oldDataHashes: [] }, {}, "number of data", "0", "2"],
      ["number of wanted hashes", { newDataHashes: [OPEN_HASH] }, {}, "number of newDataHashes", "1", "2"],
      ["number of made hashes", {}, { newDataHashes: [OPEN_HASH] }, "number of newDataHashes", "2", "1"],
      ["number of old hashes", {}, { oldDataHashes: [OPEN_HASH] }, "number of oldDataHashes", "2", "1"],
      ["number of keys", {}, { sealedKeys: [] }, "number of sealedKeys", "2", "0"],
      ["old hash", {}, { oldDataHashes: [hash("old 0"), hash("x")] }, "oldDataHashes[1]", hash("old 1"), hash("x")],
      ["new hash", { newDataHashes: [OPEN_HASH, hash("x")] }, {}, "newDataHashes[1]", hash("x"), hash("new 1")],
    ];
    for (const [what, accessChange, ownershipChange, field, signed, vouched] of differing) {
      it(`refuses sides that differ in ${what}`, () => {
        const { access, ownership } = sides();
        expect(() => assembleProofs({ ...access, ...accessChange }, { ...ownership, ...ownershipChange }))
          .to.throw(ProofSidesDifferError)
          .with.property("details")
          .that.deep.equals({ field, access: signed, ownership: vouched });
      });
    }
  });
});
