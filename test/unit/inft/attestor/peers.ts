import { expect } from "chai";
import { TypedDataEncoder } from "ethers";

import { checksum, fromHex, toHex, type Address, type Hex } from "../../../../lib/hex.ts";
import { requestDigest, type AttestorRequest, type Reencryption } from "../../../../lib/inft/attestor/protocol.ts";
import { reencrypt, type AttestorContext } from "../../../../lib/inft/attestor/reencrypt.ts";
import { openSeed, shareSeed, type SharedSeed } from "../../../../lib/inft/attestor/seed.ts";
import type { ProofPlace } from "../../../../lib/inft/proof.ts";
import { openKey, sealKey } from "../../../../lib/sealing/index.ts";
import {
  attestorOf,
  BUYER,
  caught,
  countingBytes,
  openAttestation,
  privateKeyOf,
  SELLER,
  STRANGER,
  type Attestation,
} from "./support/attestation.ts";

const [FIRST, SECOND, THIRD] = [attestorOf(10), attestorOf(11), attestorOf(12)];

/** Three attestors of one verifier, each with a store of its own. */
function openThree(count = 2) {
  const attestation = openAttestation({ count });
  for (const { address } of [SECOND, THIRD]) attestation.state.attestors.add(address);
  const [first, second, third] = [FIRST, SECOND, THIRD].map((key) => attestation.contextOf(key)) as [
    AttestorContext,
    AttestorContext,
    AttestorContext,
  ];
  const lead = async (change: Partial<AttestorRequest> = {}) =>
    attestation.request({ attestor: FIRST, change: { peers: [SECOND.publicKey, THIRD.publicKey], ...change } });
  const follow = async (key: typeof SECOND, seed: SharedSeed | undefined, request?: Partial<AttestorRequest>) =>
    attestation.request({ attestor: key, change: { ...(seed === undefined ? {} : { seed }), ...request } });
  return { attestation, first, second, third, lead, follow };
}

const seedOf = ({ sealedSeeds }: Reencryption, index: number): SharedSeed => {
  const seed = sealedSeeds[index];
  if (seed === undefined) throw new Error(`no seed ${index}`);
  return seed;
};

/** What all of them make alike: each signs for itself, and the first alone has seeds and ciphertexts to send. */
const alike = ({ signature: _, sealedSeeds: __, ciphertexts: ___, ...made }: Reencryption) => made;

/** What an attestor signs of a seed, as docs/attestor.md has it. */
function seedDigest({ chainId, contract }: ProofPlace, request: Hex, attestor: Address, sealedSeed: Hex): Hex {
  const field = (name: string, type: string) => ({ name, type });
  return TypedDataEncoder.hash(
    { name: "ERC-7857", version: "1", chainId, verifyingContract: contract },
    { SharedSeed: [field("request", "bytes32"), field("attestor", "address"), field("sealedSeed", "bytes")] },
    { request, attestor, sealedSeed },
  ) as Hex;
}

/** Nothing was opened, drawn or signed. */
function expectUntouched({ touched }: Attestation): void {
  expect(touched).to.deep.equal([]);
}

describe("several attestors", () => {
  it("make one ciphertext and one sealed key, each for itself, from the first one's seed", async () => {
    const { first, second, third, lead, follow } = openThree();
    const led = await reencrypt(first, await lead());
    for (const [index, context] of [second, third].entries()) {
      const followed = await reencrypt(context, await follow(context.key, seedOf(led, index)));
      expect(alike(followed)).to.deep.equal(alike(led));
      expect([led.ciphertexts.length, followed.ciphertexts.length]).to.deep.equal([led.newDataHashes.length, 0]);
      expect(followed.signature).not.to.equal(led.signature);
      for (const hash of led.newDataHashes) {
        expect(await context.objects.get(hash)).to.deep.equal(await first.objects.get(hash));
      }
    }
  });

  it("make the same again when asked again with the same seed", async () => {
    const { first, second, lead, follow } = openThree();
    const seed = seedOf(await reencrypt(first, await lead()), 0);
    const request = await follow(SECOND, seed);
    expect(await reencrypt(second, request)).to.deep.equal(await reencrypt(second, request));
  });

  it("share a seed that opens for the one it is for, and for neither seller nor buyer", async () => {
    const { first, lead } = openThree();
    const [forSecond, forThird] = (await reencrypt(first, await lead())).sealedSeeds;
    expect(forSecond?.attestor).to.equal(SECOND.address);
    expect(forThird?.attestor).to.equal(THIRD.address);
    const box = fromHex(forSecond?.sealedSeed ?? "0x");
    expect(openKey(box, SECOND.privateKey)).to.have.length(32);
    for (const stranger of [privateKeyOf(SELLER), privateKeyOf(BUYER), THIRD.privateKey]) {
      expect(() => openKey(box, stranger)).to.throw();
    }
  });

  describe("give no seed", () => {
    it("to a key that the verifier does not list, the seller's for one", async () => {
      const { attestation, first, lead } = openThree();
      const peers = [SECOND.publicKey, SELLER.signingKey.publicKey as Hex];
      const error = await caught(reencrypt(first, await lead({ peers })));
      expect(error).to.include({ code: "ZG_ATTESTOR_PEER" });
      expect(error.details).to.include({ peer: SELLER.address });
      expectUntouched(attestation);
    });

    it("to an attestor that was removed or is not active yet", async () => {
      const { attestation, first, lead } = openThree();
      attestation.state.attestors.delete(THIRD.address);
      const error = await caught(reencrypt(first, await lead()));
      expect(error).to.include({ code: "ZG_ATTESTOR_PEER" });
      expect(error.details).to.include({ peer: THIRD.address });
      expectUntouched(attestation);
    });

    for (const [what, peers] of [
      ["twice to one attestor", [SECOND.publicKey, SECOND.publicKey]],
      ["to itself", [FIRST.publicKey]],
    ] as const) {
      it(what, async () => {
        const { attestation, first, lead } = openThree();
        expect(await caught(reencrypt(first, await lead({ peers })))).to.include({ code: "ZG_ATTESTOR_REQUEST" });
        expectUntouched(attestation);
      });
    }

    it("to what is no public key", async () => {
      const { attestation, first, lead } = openThree();
      const error = await caught(reencrypt(first, await lead({ peers: [`0x04${"11".repeat(64)}`] })));
      expect(error).to.include({ code: "ZG_PUBLIC_KEY" });
      expectUntouched(attestation);
    });
  });

  describe("take no seed", () => {
    /** A seed the seller knows, presented as well as it can. */
    async function chosen(attestation: Attestation, key: typeof FIRST): Promise<SharedSeed> {
      const place = await attestation.accept();
      const of = { place, request: requestDigest(place), key };
      return shareSeed(new Uint8Array(32).fill(1), fromHex(SECOND.publicKey), of, countingBytes("forger"));
    }

    it("that the seller chose and signed itself: it would know the keys of what it sold", async () => {
      const { attestation, second, follow } = openThree();
      const seller = attestorOf(1);
      expect(seller.address).to.equal(SELLER.address);
      const error = await caught(reencrypt(second, await follow(SECOND, await chosen(attestation, seller))));
      expect(error).to.include({ code: "ZG_ATTESTOR_SEED" });
      expect(error.details).to.deep.include({ attestor: SECOND.address, signer: SELLER.address });
      expectUntouched(attestation);
    });

    it("of an attestor that was removed", async () => {
      const { attestation, first, second, lead, follow } = openThree();
      const seed = seedOf(await reencrypt(first, await lead()), 0);
      attestation.state.attestors.delete(FIRST.address);
      attestation.touched.length = 0;
      expect(await caught(reencrypt(second, await follow(SECOND, seed)))).to.include({ code: "ZG_ATTESTOR_SEED" });
      expectUntouched(attestation);
    });

    it("that another box replaced under the first one's signature", async () => {
      const { attestation, first, second, lead, follow } = openThree();
      const genuine = seedOf(await reencrypt(first, await lead()), 0);
      const own = sealKey(new Uint8Array(32).fill(1), fromHex(SECOND.publicKey), countingBytes("forger"));
      attestation.touched.length = 0;
      const request = await follow(SECOND, { ...genuine, sealedSeed: toHex(own) });
      expect(await caught(reencrypt(second, request))).to.include({ code: "ZG_ATTESTOR_SEED" });
      expectUntouched(attestation);
    });

    it("of another request", async () => {
      const { attestation, first, second, lead, follow } = openThree();
      const seed = seedOf(await reencrypt(first, await lead()), 0);
      const other = await attestation.accept({ to: checksum(STRANGER.address) }, STRANGER);
      attestation.touched.length = 0;
      const request = await attestation.request({ access: other, attestor: SECOND, change: { seed } });
      expect(await caught(reencrypt(second, request))).to.include({ code: "ZG_ATTESTOR_SEED" });
      expect(await caught(reencrypt(second, { ...(await follow(SECOND, seed)), access: other }))).to.have.property(
        "code",
      );
      expectUntouched(attestation);
    });

    it("meant for another attestor", async () => {
      const { attestation, first, second, lead, follow } = openThree();
      const forThird = seedOf(await reencrypt(first, await lead()), 1);
      attestation.touched.length = 0;
      for (const seed of [forThird, { ...forThird, attestor: SECOND.address }]) {
        expect(await caught(reencrypt(second, await follow(SECOND, seed)))).to.include({ code: "ZG_ATTESTOR_SEED" });
      }
      expectUntouched(attestation);
    });

    it("that it signed itself: what comes back is not another attestor's word", async () => {
      const { attestation, second, follow } = openThree();
      const seed = await chosen(attestation, SECOND);
      expect(await caught(reencrypt(second, await follow(SECOND, seed)))).to.include({ code: "ZG_ATTESTOR_SEED" });
      expectUntouched(attestation);
    });

    it("with a request to share one: which seed would count?", async () => {
      const { attestation, first, second, lead, follow } = openThree();
      const seed = seedOf(await reencrypt(first, await lead()), 0);
      attestation.touched.length = 0;
      const request = await follow(SECOND, seed, { peers: [THIRD.publicKey] });
      expect(await caught(reencrypt(second, request))).to.include({ code: "ZG_ATTESTOR_REQUEST" });
      expectUntouched(attestation);
    });

    it("that does not open, though an attestor signed it", async () => {
      const { attestation, second, follow } = openThree();
      const place = await attestation.accept();
      const request = requestDigest(place);
      // A first attestor that is broken, or evil: it signs for the second what only the third can open.
      const sealedSeed = toHex(sealKey(new Uint8Array(32), fromHex(THIRD.publicKey), countingBytes("first")));
      const signature = FIRST.sign(seedDigest(place, request, SECOND.address, sealedSeed));
      const relabelled = { attestor: SECOND.address, sealedSeed, signature };
      const error = await caught(reencrypt(second, await follow(SECOND, relabelled)));
      expect(error).to.include({ code: "ZG_ATTESTOR_SEED" });
      expect(error.details).to.deep.include({ problem: "it does not open" });
      expect(attestation.touched).to.not.include("signature");
    });
  });

  it("keep what is sealed to them to themselves: openSeed gives the shared bytes", async () => {
    const attestation = openAttestation();
    const place = await attestation.accept();
    const seed = new Uint8Array(32).fill(3);
    const shared = shareSeed(
      seed,
      fromHex(SECOND.publicKey),
      { place, request: requestDigest(place), key: FIRST },
      countingBytes("first"),
    );
    expect(openSeed(shared, SECOND)).to.deep.equal(seed);
  });
});
