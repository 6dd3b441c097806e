import { expect } from "chai";
import fc from "fast-check";
import { ZeroHash, concat, dataSlice, hexlify, toBeHex, type Result } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import {
  OPEN_HASH,
  PROOF_ACTION,
  decodeProofNonce,
  proofNonce,
  type ProofTerms,
  type TransferValidityProof,
} from "../../lib/inft/proof.ts";
import { addressOf, deployVerifierFixture, hashOf, keyOf, walletOf, type Changes } from "./support/verifier-fixture.ts";

type Access = TransferValidityProof["accessProof"];
type Ownership = TransferValidityProof["ownershipProof"];

/** A set of proofs with one entry changed after it was signed. */
function tampered(
  proofs: readonly TransferValidityProof[],
  changes: { access?: Partial<Access>; ownership?: Partial<Ownership> },
  index = 0,
): TransferValidityProof[] {
  return proofs.map((proof, i) =>
    i === index
      ? {
          accessProof: { ...proof.accessProof, ...changes.access },
          ownershipProof: { ...proof.ownershipProof, ...changes.ownership },
        }
      : proof,
  );
}

describe("TransferVerifier's check of proofs", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    const f = await deployVerifierFixture(connection);
    const { caller, verifier, context, proofs } = f;

    /** Both entries must refuse `given`, and say the same. */
    async function expectRefused(given: TransferValidityProof[], error: string, ...args: unknown[]) {
      const calls = [caller.verifyFor(context, given), caller.verifyTransferValidity.staticCall(given)];
      for (const call of calls) {
        await expect(call)
          .to.be.revertedWithCustomError(verifier, error)
          .withArgs(...args);
      }
    }
    async function expectAccepted(given: TransferValidityProof[], about: object = context) {
      await caller.verifyFor({ ...context, ...about }, given);
      await caller.verifyTransferValidity.staticCall(given);
    }
    /** The genuine set with the field of one side of the first entry changed. */
    async function refusedWhen(
      changes: { access?: Partial<Access>; ownership?: Partial<Ownership> },
      error: string,
      ...args: unknown[]
    ) {
      await expectRefused(tampered(await proofs(), changes), error, ...args);
    }
    return { ...f, expectRefused, expectAccepted, refusedWhen };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const anything = () => true;

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("fits in 6.7 kB", async () => {
    const { ethers, verifier } = await deploy();
    const code = await ethers.provider.getCode(await verifier.getAddress());
    expect((code.length - 2) / 2).to.be.lessThan(6_700);
  });

  it("announces by ERC-165 the final standard's interface, its own, and that of its attestors", async () => {
    const { verifier } = await deploy();
    const idOf = (...names: Parameters<typeof verifier.interface.getFunction>[0][]) => {
      const id = names.reduce((xor, name) => xor ^ BigInt(verifier.interface.getFunction(name).selector), 0n);
      return toBeHex(id, 4);
    };
    const ids = [
      idOf("supportsInterface"),
      idOf("verifyTransferValidity"),
      idOf("verifyFor", "verifySignatures"),
      idOf(
        "threshold",
        "ROTATION_DELAY",
        "attestors",
        "attestorOf",
        "isAttestor",
        "scheduleAttestor",
        "removeAttestor",
      ),
    ];
    expect(ids.slice(0, 2)).to.deep.equal(["0x01ffc9a7", "0xdf630116"]);
    for (const id of ids) expect(await verifier.supportsInterface(id), id).to.equal(true);
    for (const id of ["0xffffffff", "0x00000000"]) expect(await verifier.supportsInterface(id), id).to.equal(false);
  });

  describe("a genuine set of proofs", () => {
    for (const count of [1, 2, 3, 255]) {
      it(`is accepted at both entries for ${count} data`, async () => {
        const { proofs, expectAccepted } = await deploy();
        await expectAccepted(await proofs({ count }));
      });
    }

    it("is accepted for a clone", async () => {
      const { proofs, expectAccepted } = await deploy();
      const clone = { action: "clone" } as const;
      await expectAccepted(await proofs({ access: clone, ownership: clone }), { action: PROOF_ACTION.clone });
    });

    it("is accepted when the receiver knows the new hashes, or some of them", async () => {
      const { proofs, expectAccepted } = await deploy();
      const newDataHashes = [hashOf("new 0"), OPEN_HASH];
      await expectAccepted(await proofs({ count: 2, access: { newDataHashes } }));
    });

    it("is accepted when the data is sealed to a key the receiver named", async () => {
      const { proofs, expectAccepted } = await deploy();
      const encryptedPubKey = keyOf(walletOf("an encryption key"));
      await expectAccepted(await proofs({ access: { encryptedPubKey }, ownership: { encryptedPubKey } }));
    });

    it("is accepted with sealed keys of any length", async () => {
      const { proofs, expectAccepted } = await deploy();
      const sealedKeys = ["0x", "0x01", hexlify(new Uint8Array(1000).fill(9)) as Hex] as const;
      await expectAccepted(await proofs({ count: 3, ownership: { sealedKeys } }));
    });

    it("comes back from the final standard's entry, with what the first entry says for all in every output", async () => {
      const { caller, receiver, proofs } = await deploy();
      const given = await proofs({ count: 2 });
      const [first] = given;
      const outputs = await caller.verifyTransferValidity.staticCall(given);
      expect(outputs.map((output) => (output as unknown as Result).toObject())).to.deep.equal(
        given.map(({ ownershipProof: { oldDataHash, newDataHash, sealedKey } }) => ({
          oldDataHash,
          newDataHash,
          sealedKey,
          encryptedPubKey: keyOf(receiver),
          wantedKey: "0x",
          accessAssistant: receiver.address,
          accessProofNonce: first!.accessProof.nonce,
          ownershipProofNonce: first!.ownershipProof.nonce,
        })),
      );
    });

    it("comes back with the key that the receiver named", async () => {
      const { caller, proofs } = await deploy();
      const encryptedPubKey = keyOf(walletOf("an encryption key"));
      const given = await proofs({ access: { encryptedPubKey }, ownership: { encryptedPubKey } });
      const [output] = await caller.verifyTransferValidity.staticCall(given);
      expect(output?.wantedKey).to.equal(encryptedPubKey);
      expect(output?.encryptedPubKey).to.equal(encryptedPubKey);
    });

    it("is as good after a stranger verified it as before: verifying changes nothing", async () => {
      const { ethers, verifier, caller, stranger, context, proofs } = await deploy();
      const given = await proofs();
      const data = caller.interface.encodeFunctionData("verifyTransferValidity", [given]);
      const transaction = await stranger.sendTransaction({ to: await caller.getAddress(), data });
      expect((await transaction.wait())?.status).to.equal(1);
      const trace = (await ethers.provider.send("debug_traceTransaction", [transaction.hash, {}])) as {
        structLogs: { op: string }[];
      };
      const writing = trace.structLogs.filter(({ op }) => /^(SSTORE|TSTORE|CREATE2?|LOG\d|SELFDESTRUCT)$/.test(op));
      expect(writing).to.deep.equal([]);
      await caller.verifyFor(context, given);
      for (const name of ["verifyFor", "verifyTransferValidity", "verifySignatures"] as const) {
        expect(verifier.interface.getFunction(name).stateMutability).to.equal("view");
      }
    });
  });

  describe("the digests", () => {
    const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => hexlify(b) as Hex);
    const integer = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });

    it("are ethers' EIP-712 digests, for any terms, hashes, sealed keys and key", async () => {
      const { caller, receiver, proofs } = await deploy();
      const datum = fc.record({
        old: hex(32),
        new: hex(32),
        open: fc.boolean(),
        key: fc.uint8Array({ maxLength: 200 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            action: fc.constantFrom("transfer" as const, "clone" as const),
            tokenId: integer(256),
            sequence: integer(24),
            datas: fc.array(datum, { minLength: 1, maxLength: 5 }),
            named: fc.option(hex(64), { nil: undefined }),
          }),
          async ({ action, tokenId, sequence, datas, named }) => {
            const terms = { action, tokenId, sequence, oldDataHashes: datas.map((d) => d.old) };
            const given = await proofs({
              access: {
                ...terms,
                newDataHashes: datas.map((d) => (d.open ? OPEN_HASH : d.new)),
                encryptedPubKey: named ?? "0x",
              },
              ownership: {
                ...terms,
                newDataHashes: datas.map((d) => d.new),
                sealedKeys: datas.map((d) => hexlify(d.key) as Hex),
                encryptedPubKey: named ?? keyOf(receiver),
              },
            });
            const context = { action: PROOF_ACTION[action], tokenId, sequence, to: receiver.address };
            await caller.verifyFor(context, given);
          },
        ),
        { numRuns: 40, seed: 7857 },
      );
    });

    const elsewhere: [string, Changes["place"]][] = [
      ["another chain", { chainId: 16661 }],
      ["another token contract", { contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3" }],
    ];
    for (const [where, place] of elsewhere) {
      it(`are none of ${where}`, async () => {
        const { proofs, expectRefused } = await deploy();
        await expectRefused(await proofs({ place }), "AttestorNotActive", anything, 0, 0, anything);
      });

      it(`are none of ${where} on the receiver's side alone`, async () => {
        const { receiver, proofs, expectRefused } = await deploy();
        const [[here], [there]] = [await proofs(), await proofs({ place })];
        const mixed = tampered([here!], { access: { proof: there!.accessProof.proof } });
        await expectRefused(mixed, "AccessSignerMismatch", receiver.address, anything, anything);
      });
    }
  });

  describe("the nonce", () => {
    const others: [string, Partial<ProofTerms>, object][] = [
      ["action", { action: "clone" }, { action: PROOF_ACTION.clone }],
      ["token", { tokenId: 8n }, { tokenId: 8n }],
      ["sequence", { sequence: 4n }, { sequence: 4n }],
      ["receiver", { to: addressOf(walletOf("somebody else")) }, { to: walletOf("somebody else").address }],
    ];
    for (const [what, terms, about] of others) {
      it(`must be of the ${what} that the caller knows`, async () => {
        const { caller, verifier, context, proofs } = await deploy();
        const given = await proofs();
        const { nonce } = given[0]!.accessProof;
        const expected = proofNonce({ ...decodeProofNonce(nonce)!, ...terms });
        await expect(caller.verifyFor({ ...context, ...about }, given))
          .to.be.revertedWithCustomError(verifier, "ProofNonceMismatch")
          .withArgs(0, nonce, expected);
      });

      it(`cannot be moved to another ${what}`, async () => {
        const { proofs, caller, verifier, context } = await deploy();
        const given = await proofs();
        const nonce = proofNonce({ ...decodeProofNonce(given[0]!.accessProof.nonce)!, ...terms });
        const moved = tampered(given, { access: { nonce }, ownership: { nonce } });
        const error = what === "receiver" ? "PublicKeyMismatch" : "AttestorNotActive";
        await expect(caller.verifyFor({ ...context, ...about }, moved)).to.be.revertedWithCustomError(verifier, error);
        await expect(caller.verifyTransferValidity.staticCall(moved)).to.be.revertedWithCustomError(verifier, error);
      });
    }

    it("must be of the caller's sequence in full, not of its last three bytes", async () => {
      const { caller, verifier, context, proofs } = await deploy();
      const given = await proofs();
      await expect(caller.verifyFor({ ...context, sequence: 3n + (1n << 24n) }, given))
        .to.be.revertedWithCustomError(verifier, "ProofNonceMismatch")
        .withArgs(0, given[0]!.accessProof.nonce, given[0]!.accessProof.nonce);
    });

    for (const length of [0, 1, 61, 63, 255]) {
      it(`must not be of ${length} bytes`, async () => {
        const { proofs, expectRefused } = await deploy();
        const given = await proofs();
        const padded = concat([given[0]!.accessProof.nonce, new Uint8Array(255)]);
        const nonce = dataSlice(padded, 0, length) as Hex;
        const zeros = hexlify(new Uint8Array(62));
        await expectRefused(
          tampered(given, { access: { nonce }, ownership: { nonce } }),
          "ProofNonceMismatch",
          0,
          nonce,
          zeros,
        );
      });
    }

    it("must be the same on both sides", async () => {
      const { proofs, expectRefused } = await deploy();
      const given = await proofs();
      const { nonce } = given[0]!.accessProof;
      for (const other of ["0x", `${nonce}00`, `${nonce.slice(0, -2)}08`] as Hex[]) {
        await expectRefused(tampered(given, { ownership: { nonce: other } }), "ProofNonceMismatch", 0, other, nonce);
      }
    });
  });

  describe("the deadline", () => {
    const boundaries: [string, bigint, boolean][] = [
      ["one second before it", -1n, true],
      ["in its very second", 0n, true],
      ["one second after it", 1n, false],
    ];
    for (const [when, offset, good] of boundaries) {
      it(`${good ? "holds" : "is over"} ${when}`, async () => {
        const { caller, verifier, networkHelpers, context, proofs } = await deploy();
        const deadline = BigInt(await networkHelpers.time.latest()) + 1000n;
        const given = await proofs({ access: { deadline }, ownership: { deadline } });
        await networkHelpers.time.setNextBlockTimestamp(deadline + offset);
        const call = caller.verifyTransferValidity(given);
        if (good) await call;
        else {
          await expect(call)
            .to.be.revertedWithCustomError(verifier, "ProofExpired")
            .withArgs(deadline, deadline + offset);
        }
        await networkHelpers.time.increaseTo(deadline + 1n);
        await expect(caller.verifyFor(context, given)).to.be.revertedWithCustomError(verifier, "ProofExpired");
      });
    }

    it("cannot be put off", async () => {
      const { proofs, expectRefused } = await deploy();
      const given = await proofs();
      const terms = decodeProofNonce(given[0]!.accessProof.nonce)!;
      const nonce = proofNonce({ ...terms, deadline: terms.deadline + 1n });
      const later = tampered(given, { access: { nonce }, ownership: { nonce } });
      await expectRefused(later, "AttestorNotActive", anything, 0, 0, anything);
    });
  });

  describe("the data", () => {
    it("must be proven at all", async () => {
      const { expectRefused } = await deploy();
      await expectRefused([], "ProofMissing");
    });

    it("must be the same old ones on both sides", async () => {
      const { proofs, expectRefused } = await deploy();
      const given = tampered(await proofs({ count: 2 }), { access: { oldDataHash: hashOf("x") } }, 1);
      await expectRefused(given, "ProofHashMismatch", 1, hashOf("x"), hashOf("old 1"));
    });

    it("must be the new ones that the receiver named, where it named any", async () => {
      const { proofs, expectRefused } = await deploy();
      const genuine = await proofs({ count: 2 });
      await expectRefused(
        tampered(genuine, { access: { newDataHash: hashOf("x") } }, 1),
        "ProofHashMismatch",
        1,
        hashOf("x"),
        hashOf("new 1"),
      );
    });

    it("cannot be swapped for others on both sides", async () => {
      const { proofs, expectRefused } = await deploy();
      const [genuine] = [await proofs()];
      const oldDataHash = hashOf("another token's");
      await expectRefused(
        tampered(genuine, { access: { oldDataHash }, ownership: { oldDataHash } }),
        "AttestorNotActive",
        anything,
        0,
        0,
        anything,
      );
    });

    it("cannot be re-encrypted to other ciphertexts than the attestors', nor sealed with other keys", async () => {
      const { refusedWhen } = await deploy();
      const refusal = ["AttestorNotActive", anything, 0, 0, anything] as const;
      await refusedWhen({ ownership: { newDataHash: hashOf("x") } }, ...refusal);
      await refusedWhen({ ownership: { newDataHash: ZeroHash as Hex } }, ...refusal);
      await refusedWhen({ ownership: { sealedKey: "0x" } }, ...refusal);
      await refusedWhen({ ownership: { sealedKey: hexlify(new Uint8Array(130).fill(1)) as Hex } }, ...refusal);
    });

    it("cannot be named in the receiver's place, nor left open when it named them", async () => {
      const { receiver, proofs, expectRefused } = await deploy();
      const refusal = ["AccessSignerMismatch", receiver.address, anything, anything] as const;
      const newDataHash = hashOf("new 0");
      await expectRefused(tampered(await proofs(), { access: { newDataHash } }), ...refusal);
      const named = await proofs({ access: { newDataHashes: [newDataHash] } });
      await expectRefused(tampered(named, { access: { newDataHash: OPEN_HASH } }), ...refusal);
    });

    it("must be vouched for by a TEE: there is no verifier for ZKP", async () => {
      const { proofs, expectRefused } = await deploy();
      const genuine = await proofs({ count: 2 });
      const [first, second] = genuine as [TransferValidityProof, TransferValidityProof];
      const zkp = { ...second, ownershipProof: { ...second.ownershipProof, oracleType: 1 } };
      await expectRefused([first, zkp as never], "OracleTypeUnsupported", 1, 1);
    });

    it("must be vouched for by a kind that exists", async () => {
      const { ethers, caller, verifier, context, proofs } = await deploy();
      const given = await proofs();
      const call = verifier.interface.encodeFunctionData("verifyFor", [context, given]);
      // The kind is the word before the old hash of the attestors' side, which is the last one.
      const at = call.lastIndexOf(given[0]!.ownershipProof.oldDataHash.slice(2)) - 1;
      const forged = `${call.slice(0, at)}2${call.slice(at + 1)}`;
      const send = async (data: string) =>
        ethers.provider.call({ from: await caller.getAddress(), to: await verifier.getAddress(), data });
      expect(await send(call)).to.equal("0x");
      await expect(send(forged)).to.be.revertedWithoutReason(ethers);
    });
  });

  describe("entries", () => {
    it("cannot change places", async () => {
      const { proofs, expectRefused } = await deploy();
      const [a, b, c] = (await proofs({ count: 3 })) as [
        TransferValidityProof,
        TransferValidityProof,
        TransferValidityProof,
      ];
      await expectRefused([a, c, b], "AttestorNotActive", anything, 0, 0, anything);
      await expectRefused([b, a, c], "ProofNonceMismatch", 0, "0x", hexlify(new Uint8Array(62)));
      // Keys and signatures moved to the front with the data swapped behind them.
      const front = {
        accessProof: { ...b.accessProof, ...pick(a.accessProof, "nonce", "encryptedPubKey", "proof") },
        ownershipProof: { ...b.ownershipProof, ...pick(a.ownershipProof, "nonce", "encryptedPubKey", "proof") },
      } as TransferValidityProof;
      const back = {
        accessProof: { ...a.accessProof, ...pick(b.accessProof, "nonce", "encryptedPubKey", "proof") },
        ownershipProof: { ...a.ownershipProof, ...pick(b.ownershipProof, "nonce", "encryptedPubKey", "proof") },
      } as TransferValidityProof;
      await expectRefused([front, back, c], "AttestorNotActive", anything, 0, 0, anything);
    });

    it("cannot be left out, repeated or added", async () => {
      const { proofs, expectRefused } = await deploy();
      const genuine = await proofs({ count: 3 });
      const last = genuine.at(-1)!;
      const refusal = ["AttestorNotActive", anything, 0, 0, anything] as const;
      await expectRefused(genuine.slice(0, 2), ...refusal);
      await expectRefused(genuine.slice(0, 1), ...refusal);
      await expectRefused([...genuine, last], ...refusal);
      await expectRefused([...genuine, ...Array.from({ length: 252 }, () => last)], ...refusal);
      await expectRefused(genuine.slice(1), "ProofNonceMismatch", 0, "0x", hexlify(new Uint8Array(62)));
    });

    const fillings: [string, { access?: Partial<Access>; ownership?: Partial<Ownership> }][] = [
      ["a nonce of the receiver's side", { access: { nonce: "0x00" } }],
      ["a key the receiver wants", { access: { encryptedPubKey: "0x00" } }],
      ["a signature of the receiver's side", { access: { proof: "0x00" } }],
      ["a nonce of the attestors' side", { ownership: { nonce: "0x00" } }],
      ["a key sealed to", { ownership: { encryptedPubKey: "0x00" } }],
      ["a signature of the attestors' side", { ownership: { proof: "0x00" } }],
    ];
    for (const [what, changes] of fillings) {
      it(`after the first must not carry ${what}, which nobody would have signed`, async () => {
        const { proofs, expectRefused } = await deploy();
        const genuine = await proofs({ count: 3 });
        await expectRefused(tampered(genuine, changes, 2), "ProofEntryNotEmpty", 2);
      });
    }

    it("may carry a nonce, keys and signatures only in the first: what the first lacks is missed", async () => {
      const { receiver, refusedWhen } = await deploy();
      await refusedWhen({ access: { proof: "0x" } }, "AccessSignerMismatch", receiver.address, anything, anything);
      await refusedWhen({ ownership: { proof: "0x" } }, "AttestorSignatureCount", 0, 2);
      await refusedWhen({ ownership: { encryptedPubKey: "0x" } }, "PublicKeyLength", 0);
    });
  });

  describe("the key sealed to", () => {
    for (const length of [0, 32, 33, 63, 65, 255]) {
      it(`must not be of ${length} bytes`, async () => {
        const { proofs, expectRefused } = await deploy();
        const encryptedPubKey = hexlify(new Uint8Array(length).fill(4)) as Hex;
        const given = await proofs({ access: { encryptedPubKey }, ownership: { encryptedPubKey } });
        await expectRefused(given, "PublicKeyLength", length);
      });
    }

    it("must be the receiver's own when it names none", async () => {
      const { receiver, proofs, expectRefused } = await deploy();
      const key = keyOf(walletOf("the seller"));
      const given = await proofs({ ownership: { encryptedPubKey: key } });
      await expectRefused(given, "PublicKeyMismatch", receiver.address, key, "0x");
    });

    it("must be the one the receiver names", async () => {
      const { receiver, proofs, expectRefused } = await deploy();
      const named = keyOf(walletOf("an encryption key"));
      const given = await proofs({ access: { encryptedPubKey: named } });
      await expectRefused(given, "PublicKeyMismatch", receiver.address, keyOf(receiver), named);
    });

    for (const length of [33, 63, 65]) {
      it(`is never the one of ${length} bytes that the receiver names`, async () => {
        const { receiver, proofs, expectRefused } = await deploy();
        const padded = concat([keyOf(receiver), "0x00"]);
        const named = dataSlice(padded, 0, length) as Hex;
        const given = await proofs({ access: { encryptedPubKey: named } });
        await expectRefused(given, "PublicKeyMismatch", receiver.address, keyOf(receiver), named);
      });
    }

    it("cannot be replaced by one that the receiver did not sign for", async () => {
      const { receiver, proofs, expectRefused } = await deploy();
      const key = keyOf(walletOf("the seller"));
      const given = await proofs({ ownership: { encryptedPubKey: key } });
      // The attestors sealed to the seller's key, and the seller says the receiver wanted that.
      const forged = tampered(given, { access: { encryptedPubKey: key } });
      await expectRefused(forged, "AccessSignerMismatch", receiver.address, anything, anything);
    });

    it("cannot give a byte to the sealed key before it, or take one of it", async () => {
      const { proofs, expectRefused } = await deploy();
      const key = keyOf(walletOf("an encryption key"));
      const [genuine] = await proofs({ access: { encryptedPubKey: key }, ownership: { encryptedPubKey: key } });
      const { sealedKey } = genuine!.ownershipProof;
      const shorter = tampered([genuine!], {
        ownership: {
          sealedKey: concat([sealedKey, dataSlice(key, 0, 1)]) as Hex,
          encryptedPubKey: dataSlice(key, 1) as Hex,
        },
      });
      await expectRefused(shorter, "PublicKeyLength", 63);
      const moved = concat([dataSlice(sealedKey, 128), dataSlice(key, 0, 63)]) as Hex;
      const shifted = tampered([genuine!], {
        access: { encryptedPubKey: moved },
        ownership: { sealedKey: dataSlice(sealedKey, 0, 128) as Hex, encryptedPubKey: moved },
      });
      await expectRefused(shifted, "AttestorNotActive", anything, 0, 0, anything);
    });

    it("leaves no byte of one sealed key to the next", async () => {
      const { proofs, expectRefused } = await deploy();
      const genuine = await proofs({ count: 2, ownership: { sealedKeys: ["0x0102", "0x0304"] } });
      const once = tampered(genuine, { ownership: { sealedKey: "0x01" } });
      const twice = tampered(once, { ownership: { sealedKey: "0x020304" } }, 1);
      await expectRefused(twice, "AttestorNotActive", anything, 0, 0, anything);
    });
  });
});

function pick<T extends object, K extends keyof T>(from: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}
