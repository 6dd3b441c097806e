import { expect } from "chai";

import { checksum, type Hex } from "../../../lib/hex.ts";
import { serveAttestor, type ServedAttestor } from "../../../lib/inft/attestor/server.ts";
import { attestorChain } from "../../../lib/inft/attestor/chain.ts";
import { describeAttestor, findAttestors } from "../../../lib/inft/attestor/client.ts";
import { attestorKey } from "../../../lib/inft/attestor/key.ts";
import { DEFAULT_ATTESTOR_LIMITS } from "../../../lib/inft/attestor/limits.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { WrongDataKeyError } from "../../../lib/sealing/errors.ts";
import { decryptData } from "../../../lib/sealing/index.ts";
import { MemoryObjectStore } from "../../../lib/storage/object-store.ts";
import { caught } from "../../unit/inft/attestor/support/attestation.ts";
import { NETWORK, openMarket, random, type Market } from "./support/market.ts";

describe("a token whose data are re-encrypted by the embedded attestor", () => {
  let market: Market;

  before(async () => {
    market = await openMarket();
  });

  after(async () => {
    await market.connection.close();
  });

  it("reaches the buyer, who reads the data; the seller's key does not open them any more", async () => {
    const { mint, accept, reencrypted, describeOwn, inft, buyer, seller, own, texts, place } = market;
    const holding = await mint(["a secret prompt", "and its weights"]);
    const { proofs, ciphertexts } = await reencrypted(holding, await accept(holding.tokenId), [await describeOwn()]);

    const moved = inft.connect(seller.signer).iTransfer(buyer.address, holding.tokenId, proofs);
    await expect(moved).to.emit(inft, "Transferred").withArgs(holding.tokenId, seller.address, buyer.address);

    expect(await inft.ownerOf(holding.tokenId)).to.equal(buyer.address);
    expect(await texts(holding.tokenId, buyer.signer, own.url)).to.deep.equal(["a secret prompt", "and its weights"]);
    ciphertexts.forEach((ciphertext, index) => {
      for (const dataKey of holding.dataKeys) {
        expect(() => decryptData(ciphertext, dataKey, { ...place, index })).to.throw(WrongDataKeyError);
      }
    });
  });

  it("goes on to the next buyer, with the keys of the one before", async () => {
    const { mint, accept, reencrypted, describeOwn, inft, buyer, seller, stranger, own, keysOf, texts } = market;
    const holding = await mint(["passed on"]);
    const { proofs, ciphertexts } = await reencrypted(holding, await accept(holding.tokenId), [await describeOwn()]);
    await inft.connect(seller.signer).iTransfer(buyer.address, holding.tokenId, proofs);

    const dataKeys = await keysOf(holding.tokenId, buyer.signer);
    const held = { tokenId: holding.tokenId, owner: buyer.signer, ciphertexts, dataKeys };
    const access = await accept(holding.tokenId, {}, stranger.signer);
    const again = await reencrypted(held, access, [await describeOwn()]);
    await inft.connect(buyer.signer).iTransfer(stranger.address, holding.tokenId, again.proofs);
    expect(await texts(holding.tokenId, stranger.signer, own.url)).to.deep.equal(["passed on"]);
  });

  it("is cloned: both owners read, each with keys of its own", async () => {
    const { mint, accept, reencrypted, describeOwn, inft, buyer, seller, own, texts } = market;
    const holding = await mint(["for two"]);
    const access = await accept(holding.tokenId, { action: "clone" });
    const { proofs } = await reencrypted(holding, access, [await describeOwn()]);
    const cloned = await inft.connect(seller.signer).iClone(buyer.address, holding.tokenId, proofs);
    const [event] = await inft.queryFilter(inft.filters.Cloned(holding.tokenId), cloned.blockNumber ?? undefined);
    const newTokenId = event?.args.newTokenId ?? 0n;
    expect(await inft.ownerOf(newTokenId)).to.equal(buyer.address);
    expect(await texts(newTokenId, buyer.signer, own.url)).to.deep.equal(["for two"]);
    expect(await inft.ownerOf(holding.tokenId)).to.equal(seller.address);
  });

  it("stays where it is when the proof is for another buyer, action or moment", async () => {
    const { mint, accept, reencrypted, describeOwn, inft, verifier, buyer, seller, stranger } = market;
    const holding = await mint(["stays"]);
    const { proofs } = await reencrypted(holding, await accept(holding.tokenId), [await describeOwn()]);
    const asSeller = inft.connect(seller.signer);
    await expect(asSeller.iTransfer(stranger.address, holding.tokenId, proofs)).to.be.revertedWithCustomError(
      verifier,
      "ProofNonceMismatch",
    );
    await expect(asSeller.iClone(buyer.address, holding.tokenId, proofs)).to.be.revertedWithCustomError(
      verifier,
      "ProofNonceMismatch",
    );
    await asSeller.iTransfer(buyer.address, holding.tokenId, proofs);
    await expect(
      inft.connect(buyer.signer).iTransfer(buyer.address, holding.tokenId, proofs),
    ).to.be.revertedWithCustomError(verifier, "ProofNonceMismatch");
  });

  describe("is refused by the attestor", () => {
    it("when the token changed since the buyer signed", async () => {
      const { mint, accept, reencrypted, describeOwn, inft, seller } = market;
      const holding = await mint(["changed"]);
      const access = await accept(holding.tokenId);
      await inft.connect(seller.signer).updateHashes(holding.tokenId, [`0x${"77".repeat(32)}`], []);
      const error = await caught(reencrypted(holding, access, [await describeOwn()]));
      expect(error).to.include({ code: "ZG_ATTESTOR_REFUSED" });
      expect(error.details).to.include({ code: "ZG_ACCESS_PROOF_MISMATCH" });
    });

    it("when somebody else than the owner asks", async () => {
      const { mint, accept, reencrypted, describeOwn, stranger } = market;
      const holding = { ...(await mint(["not yours"])), owner: stranger.signer };
      const error = await caught(reencrypted(holding, await accept(holding.tokenId), [await describeOwn()]));
      expect(error.details).to.include({ code: "ZG_ATTESTOR_OWNER" });
    });

    it("when the buyer signed neither itself nor through its delegate, until it names one", async () => {
      const { mint, accept, reencrypted, describeOwn, inft, buyer, seller, stranger, own, texts } = market;
      const holding = await mint(["by a delegate"]);
      const encryptedPubKey: Hex = `0x${buyer.signer.signingKey.publicKey.slice(4)}`;
      const signed = async () =>
        accept(holding.tokenId, { to: checksum(buyer.address), encryptedPubKey }, stranger.signer);
      const error = await caught(reencrypted(holding, await signed(), [await describeOwn()]));
      expect(error.details).to.include({ code: "ZG_ACCESS_PROOF_SIGNER" });

      await inft.connect(buyer.signer).delegateAccess(stranger.address);
      const { proofs } = await reencrypted(holding, await signed(), [await describeOwn()]);
      await inft.connect(seller.signer).iTransfer(buyer.address, holding.tokenId, proofs);
      expect(await texts(holding.tokenId, buyer.signer, own.url)).to.deep.equal(["by a delegate"]);
      await inft.connect(buyer.signer).delegateAccess(`0x${"00".repeat(20)}`);
    });

    it("when the deadline is over by the chain's clock, which a test may have moved", async () => {
      const { mint, accept, reencrypted, describeOwn, connection } = market;
      const holding = await mint(["late"]);
      const access = await accept(holding.tokenId);
      await connection.networkHelpers.time.increase(3601);
      const error = await caught(reencrypted(holding, access, [await describeOwn()]));
      expect(error.details).to.include({ code: "ZG_ACCESS_PROOF_EXPIRED" });
    });

    it("when the collection's verifier removed it, from the next request on", async () => {
      const { mint, accept, reencrypted, describeOwn, verifier, own, deployer, connection } = market;
      const holding = await mint(["no more"]);
      const access = await accept(holding.tokenId);
      const snapshot = await connection.networkHelpers.takeSnapshot();
      await verifier.connect(deployer).removeAttestor(own.address);
      const error = await caught(reencrypted(holding, access, [await describeOwn()]));
      expect(error.details).to.include({ code: "ZG_ATTESTOR_UNTRUSTED" });
      await snapshot.restore();
      expect((await reencrypted(holding, access, [await describeOwn()])).proofs).to.have.length(1);
    });

    it("when no contract stands there, or one of another kind", async () => {
      const { mint, accept, reencrypted, describeOwn, verifierAddress } = market;
      const holding = await mint(["nowhere"]);
      const access = await accept(holding.tokenId);
      for (const contract of [verifierAddress, checksum(`0x${"12".repeat(20)}`)]) {
        const error = await caught(reencrypted(holding, { ...access, contract }, [await describeOwn()]));
        expect(error.details, contract).to.include({ code: "ZG_ATTESTOR_UNTRUSTED" });
      }
    });
  });
});

describe("two attestors, of which both must sign", () => {
  let market: Market;
  let second: ServedAttestor;
  const key = attestorKey(developmentAccount(19).privateKey);

  before(async () => {
    const probe = await openMarket({ threshold: 2, attestors: [{ address: key.address }] });
    market = probe;
    const { verifier, deployer, own, read } = market;
    await verifier.connect(deployer).scheduleAttestor(own.address, 2n ** 40n, own.url);
    second = await serveAttestor({
      attestor: {
        chainId: NETWORK.chainId,
        key,
        chain: attestorChain(read),
        objects: new MemoryObjectStore(),
        randomBytes: random,
        limits: DEFAULT_ATTESTOR_LIMITS,
      },
      host: "127.0.0.1",
      port: 0,
    });
  });

  after(async () => {
    await second.close();
    await market.connection.close();
  });

  it("are found, agree, and are believed by the contract", async () => {
    const { mint, accept, reencrypted, inft, buyer, seller, own, texts, read, verifierAddress } = market;
    const found = await findAttestors(read, {}, { verifier: verifierAddress, named: [], known: [second.url] });
    expect(found.map(({ address }) => address)).to.deep.equal([key.address, own.address]);
    const holding = await mint(["two saw it", "and one buyer reads it"]);
    const { proofs } = await reencrypted(holding, await accept(holding.tokenId), found);
    await inft.connect(seller.signer).iTransfer(buyer.address, holding.tokenId, proofs);
    for (const url of [own.url, second.url]) {
      expect(await texts(holding.tokenId, buyer.signer, url)).to.deep.equal(["two saw it", "and one buyer reads it"]);
    }
  });

  it("are not enough when one of them is missing", async () => {
    const { mint, accept, reencrypted, inft, verifier, buyer, seller } = market;
    const holding = await mint(["one is not two"]);
    const alone = [await describeAttestor({}, second.url)];
    const { proofs } = await reencrypted(holding, await accept(holding.tokenId), alone);
    await expect(inft.connect(seller.signer).iTransfer(buyer.address, holding.tokenId, proofs))
      .to.be.revertedWithCustomError(verifier, "AttestorSignatureCount")
      .withArgs(65n, 2n);
  });
});
