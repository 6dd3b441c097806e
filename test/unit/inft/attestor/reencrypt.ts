import { expect } from "chai";
import { ZeroHash, type Wallet } from "ethers";

import { checksum, fromHex, toHex, type Address, type Hex } from "../../../../lib/hex.ts";
import { reencrypt } from "../../../../lib/inft/attestor/reencrypt.ts";
import { requestDigest, type AttestorRequest, type Reencryption } from "../../../../lib/inft/attestor/protocol.ts";
import { recoverSigner } from "../../../../lib/inft/proof-signatures.ts";
import { ownershipDigest, type AccessMessage } from "../../../../lib/inft/proof.ts";
import { decryptData, encryptData, envelopeToken, openKey, sealKey } from "../../../../lib/sealing/index.ts";
import { WrongDataKeyError } from "../../../../lib/sealing/errors.ts";
import { storageRoot } from "../../../../lib/storage/merkle.ts";
import {
  at,
  attestorOf,
  BUYER,
  caught,
  CHAIN_ID,
  CONTRACT,
  countingBytes,
  DEADLINE,
  NOW,
  openAttestation,
  privateKeyOf,
  SELLER,
  SEQUENCE,
  STRANGER,
  TOKEN_ID,
  tokenBytes,
  VERIFIER,
  wallet,
  xyOf,
  type Attestation,
} from "./support/attestation.ts";

/** Opens datum `index` of what an attestor answered. */
async function openNew(
  { contextOf: _, context }: Attestation,
  answer: Reencryption,
  index: number,
  reader: Wallet,
): Promise<{ plaintext: string; token: Hex }> {
  const ciphertext = await context.objects.get(at(answer.newDataHashes, index));
  if (ciphertext === undefined) throw new Error("the new ciphertext is not kept");
  const dataKey = openKey(fromHex(at(answer.sealedKeys, index)), privateKeyOf(reader));
  const plaintext = decryptData(ciphertext, dataKey, { chainId: CHAIN_ID, contract: CONTRACT, index });
  return { plaintext: new TextDecoder().decode(plaintext), token: envelopeToken(ciphertext) };
}

describe("an attestor", () => {
  describe("asked by the owner, with the buyer's consent", () => {
    it("hands the data to the buyer under fresh keys, bound to the token", async () => {
      const attestation = openAttestation({ count: 3 });
      const answer = await reencrypt(attestation.context, await attestation.request());
      for (const index of [0, 1, 2]) {
        const { plaintext, token } = await openNew(attestation, answer, index, BUYER);
        expect(plaintext).to.equal(`private datum ${index}`);
        expect(token).to.equal(tokenBytes(TOKEN_ID));
      }
      expect(answer.encryptedPubKey).to.equal(xyOf(BUYER));
      expect(answer.sealedSeeds).to.deep.equal([]);
    });

    it("signs exactly what it made", async () => {
      const attestation = openAttestation({ count: 2 });
      const request = await attestation.request();
      const answer = await reencrypt(attestation.context, request);
      const { newDataHashes, sealedKeys, encryptedPubKey, signature } = answer;
      const digest = ownershipDigest(request.access, { ...request.access, newDataHashes, sealedKeys, encryptedPubKey });
      expect(recoverSigner(digest, signature)).to.equal(attestation.key.address);
    });

    it("leaves the seller's key without use", async () => {
      const attestation = openAttestation();
      const answer = await reencrypt(attestation.context, await attestation.request());
      const ciphertext = await attestation.context.objects.get(at(answer.newDataHashes, 0));
      const [old] = attestation.data;
      if (ciphertext === undefined || old === undefined) throw new Error("no datum");
      expect(() => decryptData(ciphertext, old.dataKey, { chainId: CHAIN_ID, contract: CONTRACT, index: 0 })).to.throw(
        WrongDataKeyError,
      );
      expect(() => openKey(fromHex(at(answer.sealedKeys, 0)), privateKeyOf(SELLER))).to.throw();
    });

    it("seals to the key the buyer named", async () => {
      const attestation = openAttestation();
      const other = wallet(9);
      const access = await attestation.accept({ encryptedPubKey: xyOf(other) });
      const answer = await reencrypt(attestation.context, await attestation.request({ access }));
      expect(answer.encryptedPubKey).to.equal(xyOf(other));
      expect((await openNew(attestation, answer, 0, other)).plaintext).to.equal("private datum 0");
    });

    it("binds a clone's data to the request, because its id is not known yet", async () => {
      const attestation = openAttestation();
      const access = await attestation.accept({ action: "clone" });
      const answer = await reencrypt(attestation.context, await attestation.request({ access }));
      const { plaintext, token } = await openNew(attestation, answer, 0, BUYER);
      expect(plaintext).to.equal("private datum 0");
      expect(token).to.equal(requestDigest(access));
    });

    it("takes a ciphertext that it keeps, when none is sent", async () => {
      const attestation = openAttestation();
      const [datum] = attestation.data;
      if (datum === undefined) throw new Error("no datum");
      await attestation.context.objects.put(datum.dataHash, datum.ciphertext);
      const request = await attestation.request({ change: { ciphertexts: [undefined] } });
      const answer = await reencrypt(attestation.context, request);
      expect((await openNew(attestation, answer, 0, BUYER)).plaintext).to.equal("private datum 0");
    });

    it("takes other keys each time, so that two requests share nothing", async () => {
      const attestation = openAttestation();
      const request = await attestation.request();
      const [one, two] = [await reencrypt(attestation.context, request), await reencrypt(attestation.context, request)];
      expect(one.newDataHashes).not.to.deep.equal(two.newDataHashes);
      expect(one.sealedKeys).not.to.deep.equal(two.sealedKeys);
    });

    it("has stored the ciphertext before it signs", async () => {
      const attestation = openAttestation();
      const order: string[] = [];
      const { context } = attestation;
      const { objects, key } = context;
      const answer = reencrypt(
        {
          ...context,
          objects: {
            get: async (root) => objects.get(root),
            put: async (root, bytes) => {
              await objects.put(root, bytes);
              order.push("stored");
            },
          },
          key: {
            ...attestation.key,
            privateKey: attestation.key.privateKey,
            sign: (digest) => {
              order.push("signed");
              return key.sign(digest);
            },
          },
        },
        await attestation.request(),
      );
      await answer;
      expect(order).to.deep.equal(["stored", "signed"]);
    });

    it("answers nothing when the ciphertext cannot be stored", async () => {
      const attestation = openAttestation();
      const full = {
        get: async () => Promise.resolve(undefined),
        put: async () => Promise.reject(new Error("disk full")),
      };
      const error = await caught(reencrypt({ ...attestation.context, objects: full }, await attestation.request()));
      expect(error.message).to.equal("disk full");
      expect(attestation.touched).not.to.include("signature");
    });

    it("says in its log what it signed, and no secret", async () => {
      const attestation = openAttestation();
      const answer = await reencrypt(attestation.context, await attestation.request());
      expect(attestation.lines).to.have.length(1);
      expect(attestation.lines[0]).to.include(answer.newDataHashes[0]);
      const [datum] = attestation.data;
      for (const secret of [toHex(datum?.dataKey ?? new Uint8Array()), "private datum", attestation.key.privateKey]) {
        expect(attestation.lines[0]).not.to.include(secret.toString());
      }
    });
  });

  describe("takes the word of", () => {
    const CONTRACT_ACCOUNT: Address = "0x00000000000000000000000000000000000C0DE0";

    it("an owner that is a contract and agrees (ERC-1271)", async () => {
      const attestation = openAttestation();
      attestation.state.owner = CONTRACT_ACCOUNT;
      attestation.state.agreeable.add(CONTRACT_ACCOUNT);
      const answer = await reencrypt(attestation.context, await attestation.request({ seller: STRANGER }));
      expect(answer.newDataHashes).to.have.length(1);
    });

    it("a receiver that is a contract, agrees, and names a key", async () => {
      const attestation = openAttestation();
      attestation.state.agreeable.add(CONTRACT_ACCOUNT);
      const access = await attestation.accept({ to: CONTRACT_ACCOUNT, encryptedPubKey: xyOf(wallet(9)) }, STRANGER);
      const answer = await reencrypt(attestation.context, await attestation.request({ access }));
      expect((await openNew(attestation, answer, 0, wallet(9))).plaintext).to.equal("private datum 0");
    });

    it("the receiver's delegate, when a key is named", async () => {
      const attestation = openAttestation();
      attestation.state.delegates.set(checksum(BUYER.address), checksum(STRANGER.address));
      const access = await attestation.accept({ encryptedPubKey: xyOf(BUYER) }, STRANGER);
      const answer = await reencrypt(attestation.context, await attestation.request({ access }));
      expect((await openNew(attestation, answer, 0, BUYER)).plaintext).to.equal("private datum 0");
    });
  });

  describe("refuses, before it touches a key or a plaintext,", () => {
    /** A request that must fail with this code, however it is made. */
    const cases: readonly {
      readonly what: string;
      readonly code: string;
      readonly details?: Record<string, unknown>;
      readonly make: (attestation: Attestation) => Promise<AttestorRequest>;
      /** What had been asked of the chain by then. */
      readonly asked?: readonly string[];
      readonly count?: number;
    }[] = [
      {
        what: "fewer boxes than data",
        code: "ZG_ATTESTOR_REQUEST",
        make: async (a) => a.request({ change: { boxes: [] } }),
        asked: [],
      },
      {
        what: "more ciphertexts than data",
        code: "ZG_ATTESTOR_REQUEST",
        make: async (a) => a.request({ change: { ciphertexts: [undefined, undefined] } }),
        asked: [],
      },
      {
        what: "a request with more bytes than it takes",
        code: "ZG_ATTESTOR_LIMIT",
        details: { limit: 10 * 1024 * 1024 },
        make: async (a) => a.request({ change: { ciphertexts: [new Uint8Array(10 * 1024 * 1024 + 1)] } }),
        asked: [],
      },
      {
        what: "more peers than it shares a seed with",
        code: "ZG_ATTESTOR_LIMIT",
        details: { what: "peers", given: 16, limit: 15 },
        make: async (a) =>
          a.request({ change: { peers: Array.from({ length: 16 }, (_, i) => attestorOf(20 + i).publicKey) } }),
        asked: [],
      },
      {
        what: "new hashes that the buyer chose",
        code: "ZG_ATTESTOR_HASHES",
        make: async (a) => a.request({ access: await a.accept({ newDataHashes: [`0x${"11".repeat(32)}`] }) }),
        asked: [],
      },
      {
        what: "a request for another chain",
        code: "ZG_ATTESTOR_CHAIN",
        details: { asked: 16661, served: CHAIN_ID },
        make: async (a) => {
          const access = await a.accept();
          return { ...(await a.request()), access: { ...access, chainId: 16661 } };
        },
        asked: [],
      },
      {
        what: "a contract that has no verifier",
        code: "ZG_ATTESTOR_UNTRUSTED",
        details: { contract: CONTRACT },
        make: async (a) => {
          a.state.verifier = undefined;
          return a.request();
        },
        asked: ["verifier"],
      },
      {
        what: "a contract whose verifier does not list it",
        code: "ZG_ATTESTOR_UNTRUSTED",
        details: { verifier: VERIFIER },
        make: async (a) => {
          a.state.attestors.clear();
          return a.request();
        },
      },
      {
        what: "a deadline further off than it signs for",
        code: "ZG_ATTESTOR_DEADLINE",
        details: { latest: NOW + 2_592_000n },
        make: async (a) => a.request({ access: await a.accept({ deadline: NOW + 2_592_001n }) }),
      },
      {
        what: "a deadline that is over",
        code: "ZG_ACCESS_PROOF_EXPIRED",
        details: { deadline: DEADLINE, now: DEADLINE + 1n },
        make: async (a) => {
          a.state.now = DEADLINE + 1n;
          return a.request();
        },
      },
      {
        what: "a token that does not exist",
        code: "ZG_TOKEN_MISSING",
        details: { tokenId: TOKEN_ID },
        make: async (a) => {
          a.state.exists = false;
          return a.request();
        },
      },
      {
        what: "a sequence that is not the token's",
        code: "ZG_ACCESS_PROOF_MISMATCH",
        details: { field: "sequence", signed: "3", expected: "4" },
        make: async (a) => {
          a.state.sequence = SEQUENCE + 1n;
          return a.request();
        },
      },
      {
        what: "hashes that are not the token's",
        code: "ZG_ACCESS_PROOF_MISMATCH",
        make: async (a) => {
          const request = await a.request();
          a.state.dataHashes = [`0x${"22".repeat(32)}`];
          return request;
        },
      },
      {
        what: "fewer data than the token has",
        code: "ZG_ACCESS_PROOF_MISMATCH",
        details: { field: "number of data" },
        make: async (a) => {
          const request = await a.request();
          a.state.dataHashes = [...a.state.dataHashes, `0x${"22".repeat(32)}`];
          return request;
        },
      },
      {
        what: "a request that somebody else signed",
        code: "ZG_ATTESTOR_OWNER",
        details: { owner: SELLER.address, signer: STRANGER.address },
        make: async (a) => a.request({ seller: STRANGER }),
      },
      {
        what: "a request that the buyer signed in the owner's place",
        code: "ZG_ATTESTOR_OWNER",
        make: async (a) => a.request({ seller: BUYER }),
      },
      {
        what: "a request of an owner who sold the token since",
        code: "ZG_ATTESTOR_OWNER",
        make: async (a) => {
          a.state.owner = checksum(STRANGER.address);
          return a.request();
        },
      },
      {
        what: "a signature of the owner that is for another buyer's consent",
        code: "ZG_ATTESTOR_OWNER",
        make: async (a) => {
          const { signature } = await a.request();
          const theirs = await a.accept({ to: checksum(STRANGER.address) }, STRANGER);
          return { ...(await a.request({ access: theirs })), signature };
        },
      },
      {
        what: "an access proof that the receiver did not sign",
        code: "ZG_ACCESS_PROOF_SIGNER",
        details: { receiver: BUYER.address, signer: SELLER.address },
        make: async (a) => a.request({ access: await a.accept({}, SELLER) }),
      },
      {
        what: "an access proof whose key was exchanged",
        code: "ZG_ACCESS_PROOF_SIGNER",
        make: async (a) => {
          const access = await a.accept();
          return a.request({ access: { ...access, encryptedPubKey: xyOf(SELLER) } });
        },
      },
      {
        what: "a delegate's access proof that names no key",
        code: "ZG_ACCESS_PROOF_KEY",
        make: async (a) => {
          a.state.delegates.set(checksum(BUYER.address), checksum(STRANGER.address));
          return a.request({ access: await a.accept({}, STRANGER) });
        },
      },
      {
        what: "a key to seal to that is no point of the curve",
        code: "ZG_PUBLIC_KEY",
        make: async (a) => a.request({ access: await a.accept({ encryptedPubKey: `0x${"11".repeat(64)}` }) }),
      },
      {
        what: "a ciphertext that is not the token's",
        code: "ZG_STORAGE_ROOT",
        make: async (a) => {
          const forged = Uint8Array.from(a.data[0]?.ciphertext ?? []);
          forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
          return a.request({ change: { ciphertexts: [forged] } });
        },
      },
      {
        what: "an empty ciphertext",
        code: "ZG_ATTESTOR_CIPHERTEXT",
        make: async (a) => a.request({ change: { ciphertexts: [new Uint8Array()] } }),
      },
      {
        what: "a ciphertext that is neither sent nor kept",
        code: "ZG_ATTESTOR_CIPHERTEXT",
        details: { index: 1 },
        make: async (a) => a.request({ change: { ciphertexts: [a.data[0]?.ciphertext, undefined] } }),
        count: 2,
      },
    ];

    for (const { what, code, details, make, asked, count = 1 } of cases) {
      it(what, async () => {
        const attestation = openAttestation({ count });
        const request = await make(attestation);
        const error = await caught(reencrypt(attestation.context, request));
        expect(error).to.include({ code });
        if (details !== undefined) expect(error.details).to.deep.include(details);
        expect(attestation.touched).to.deep.equal([]);
        if (asked !== undefined) expect(attestation.asked).to.deep.equal(asked);
      });
    }

    it("a contract that its operator did not name", async () => {
      const attestation = openAttestation();
      const context = { ...attestation.context, contracts: [VERIFIER] };
      const error = await caught(reencrypt(context, await attestation.request()));
      expect(error).to.include({ code: "ZG_ATTESTOR_CONTRACT" });
      expect(error.details).to.deep.equal({ contract: CONTRACT, served: [VERIFIER] });
      expect([attestation.touched, attestation.asked]).to.deep.equal([[], []]);
    });

    it("data that together are more than it takes, though it keeps them itself", async () => {
      const attestation = openAttestation({ count: 2 });
      const maxBytes = (attestation.data[0]?.ciphertext.length ?? 0) + 1;
      const context = attestation.contextOf(attestation.key, { maxBytes });
      for (const { dataHash, ciphertext } of attestation.data) await context.objects.put(dataHash, ciphertext);
      const request = await attestation.request({ change: { ciphertexts: [undefined, undefined] } });
      expect(await caught(reencrypt(context, request))).to.include({ code: "ZG_ATTESTOR_LIMIT" });
      expect(attestation.touched).to.deep.equal([]);
    });

    it("data that name another token", async () => {
      const attestation = openAttestation({ token: tokenBytes(TOKEN_ID + 1n) });
      const error = await caught(reencrypt(attestation.context, await attestation.request()));
      expect(error).to.include({ code: "ZG_CONTENT_TOKEN" });
      expect(attestation.touched).to.deep.equal([]);
    });

    it("any field of the access proof that was changed after the signatures", async () => {
      const changes: readonly Partial<AccessMessage>[] = [
        { action: "clone" },
        { tokenId: TOKEN_ID + 1n },
        { sequence: SEQUENCE + 1n },
        { to: checksum(STRANGER.address) },
        { deadline: DEADLINE + 1n },
        { oldDataHashes: [`0x${"33".repeat(32)}`] },
        { newDataHashes: [ZeroHash as Hex, ZeroHash as Hex] },
        { encryptedPubKey: xyOf(STRANGER) },
      ];
      for (const change of changes) {
        const attestation = openAttestation();
        const request = await attestation.request();
        const altered = { ...request, access: { ...request.access, ...change } };
        const error = await caught(reencrypt(attestation.context, altered));
        expect(error, Object.keys(change).join()).to.have.property("code");
        expect(attestation.touched, Object.keys(change).join()).to.deep.equal([]);
      }
    });

    it("nothing, when the node does not answer: an outage is no refusal", async () => {
      const attestation = openAttestation();
      const outage = new Error("the node is away");
      const chain = { ...attestation.context.chain, tokenOf: async () => Promise.reject(outage) };
      expect(await caught(reencrypt({ ...attestation.context, chain }, await attestation.request()))).to.equal(outage);
      expect(attestation.touched).to.deep.equal([]);
    });
  });

  describe("opens no box but the owner's own, for this very request:", () => {
    it("not one of another request of the same owner", async () => {
      const attestation = openAttestation();
      const earlier = requestDigest(await attestation.accept({ deadline: DEADLINE - 1n }));
      const error = await caught(reencrypt(attestation.context, await attestation.request({ digest: earlier })));
      expect(error).to.include({ code: "ZG_ATTESTOR_BOX" });
      expect(error.details).to.deep.equal({ index: 0, attestor: attestation.key.address });
    });

    it("not one that a thief replays for a token of his own with the same public hash", async () => {
      const attestation = openAttestation();
      const stolen = (await attestation.request()).boxes;
      // Anybody can mint the same hash; the thief sells it to himself.
      attestation.state.owner = checksum(STRANGER.address);
      const access = await attestation.accept({ to: checksum(STRANGER.address) }, STRANGER);
      const request = await attestation.request({ access, seller: STRANGER, change: { boxes: stolen } });
      expect(await caught(reencrypt(attestation.context, request))).to.include({ code: "ZG_ATTESTOR_BOX" });
      expect(attestation.touched).not.to.include("signature");
    });

    it("not a data key as tokens publish them, even if the attestor owned the token", async () => {
      const attestation = openAttestation();
      const [datum] = attestation.data;
      const published = sealKey(
        datum?.dataKey ?? new Uint8Array(32),
        fromHex(attestation.key.publicKey),
        countingBytes("mint"),
      );
      const request = await attestation.request({ change: { boxes: [toHex(published)] } });
      expect(await caught(reencrypt(attestation.context, request))).to.include({ code: "ZG_ATTESTOR_BOX" });
    });

    it("not one sealed to another attestor", async () => {
      const attestation = openAttestation();
      const request = await attestation.request({ attestor: attestorOf(11) });
      expect(await caught(reencrypt(attestation.context, request))).to.include({ code: "ZG_ATTESTOR_BOX" });
    });

    it("not the box of another datum", async () => {
      const attestation = openAttestation({ count: 2 });
      const request = await attestation.request();
      const swapped = { ...request, boxes: [at(request.boxes, 1), at(request.boxes, 0)] };
      expect(await caught(reencrypt(attestation.context, swapped))).to.include({ code: "ZG_ATTESTOR_BOX" });
    });

    it("and signs nothing for data of another contract that the token lists", async () => {
      const attestation = openAttestation();
      const place = { chainId: CHAIN_ID, contract: VERIFIER, token: `0x${"5a".repeat(32)}`, index: 0 } as const;
      const { envelope, dataKey } = encryptData(new Uint8Array(9), place, countingBytes("elsewhere"));
      attestation.state.dataHashes = [storageRoot(envelope)];
      attestation.data[0] = {
        plaintext: new Uint8Array(9),
        ciphertext: envelope,
        dataHash: storageRoot(envelope),
        dataKey,
      };
      const error = await caught(reencrypt(attestation.context, await attestation.request()));
      expect(error).to.include({ code: "ZG_ENVELOPE_TAMPERED" });
      expect(attestation.touched).not.to.include("signature");
    });
  });
});
