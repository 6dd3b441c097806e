/** The signer of a provider that the token remembers, so that a mint need not ask InferenceServing. */

import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { network } from "hardhat";

import { deployClaimsFixture } from "./support/claims-fixture.ts";
import { SERVICE_UPDATED_AT } from "./support/inft-fixture.ts";

describe("the remembered signers", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  const fixture = async () => deployClaimsFixture(connection);
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const now = async () => BigInt(await connection.networkHelpers.time.latest());

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("syncSigner", () => {
    it("remembers the listed signer and when it was read, for anybody, and says so", async () => {
      const { inft, stranger, tee, providerAddress } = await deploy();
      expect(await inft.cachedSignerOf(providerAddress)).to.deep.equal([ZeroAddress, 0n]);
      expect(await inft.connect(stranger).syncSigner.staticCall(providerAddress)).to.equal(tee.address);
      await expect(inft.connect(stranger).syncSigner(providerAddress))
        .to.emit(inft, "SignerSynced")
        .withArgs(providerAddress, tee.address, SERVICE_UPDATED_AT);
      expect(await inft.cachedSignerOf(providerAddress)).to.deep.equal([tee.address, await now()]);
    });

    it("takes another's signer for no other provider", async () => {
      const { inft, strangerAddress, providerAddress } = await deploy();
      await inft.syncSigner(providerAddress);
      expect(await inft.cachedSignerOf(strangerAddress)).to.deep.equal([ZeroAddress, 0n]);
    });

    it("refuses a provider without a signer, with one that is not endorsed, and one that is unknown", async () => {
      const { inft, realErrors, listService, tee, providerAddress, strangerAddress } = await deploy();
      await listService({ teeSignerAddress: ZeroAddress });
      await expect(inft.syncSigner(providerAddress))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMissing")
        .withArgs(providerAddress);
      await listService({ teeSignerAcknowledged: false });
      await expect(inft.syncSigner(providerAddress))
        .to.be.revertedWithCustomError(inft, "InferenceSignerNotEndorsed")
        .withArgs(providerAddress, tee.address);
      await expect(inft.syncSigner(strangerAddress))
        .to.be.revertedWithCustomError(realErrors, "ServiceNotExist")
        .withArgs(strangerAddress);
      expect(await inft.cachedSignerOf(providerAddress)).to.deep.equal([ZeroAddress, 0n]);
    });

    it("reads again, however fresh what is remembered", async () => {
      const { inft, listService, otherTee, providerAddress } = await deploy();
      await inft.syncSigner(providerAddress);
      await listService({ teeSignerAddress: otherTee.address });
      await inft.syncSigner(providerAddress);
      expect((await inft.cachedSignerOf(providerAddress))[0]).to.equal(otherTee.address);
    });
  });

  describe("a remembered signer", () => {
    /** A provider that was read and then left: a mint that asks InferenceServing fails. */
    async function remembered() {
      const shop = await deploy();
      await shop.inft.syncSigner(shop.providerAddress);
      const syncedAt = await now();
      await shop.serving.removeService(shop.providerAddress);
      const maxAge = await shop.inft.SIGNER_MAX_AGE();
      return { ...shop, syncedAt, maxAge };
    }

    it("counts without InferenceServing being asked, and the record says when it was", async () => {
      const { inft, minter, claim, open, networkHelpers, syncedAt } = await remembered();
      await networkHelpers.time.increase(600n);
      await open(minter, await claim());
      const [minted] = await inft.queryFilter(inft.filters.InferenceMinted());
      expect(minted?.args.signerReadAt).to.equal(syncedAt);
    });

    it("counts for an hour, to the second", async () => {
      const { inft, realErrors, minter, claim, open, networkHelpers, syncedAt, maxAge, idOfClaim, ...shop } =
        await remembered();
      expect(maxAge).to.equal(3600n);
      const claimed = await claim();
      const snapshot = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(syncedAt + maxAge);
      await open(minter, claimed);
      expect(await inft.ownerOf(await idOfClaim(claimed))).to.equal(shop.ownerAddress);
      await snapshot.restore();
      await networkHelpers.time.setNextBlockTimestamp(syncedAt + maxAge + 1n);
      await expect(open(minter, claimed))
        .to.be.revertedWithCustomError(realErrors, "ServiceNotExist")
        .withArgs(shop.providerAddress);
    });

    it("gives way to the listed one when it is too old, of which nothing is remembered", async () => {
      const { inft, minter, listService, claimOf, open, networkHelpers, syncedAt, maxAge, ...shop } =
        await remembered();
      const { tee, otherTee, providerAddress } = shop;
      await listService({ teeSignerAddress: otherTee.address });
      await networkHelpers.time.setNextBlockTimestamp(syncedAt + maxAge + 1n);
      await open(minter, await claimOf("request", otherTee));
      const [minted] = await inft.queryFilter(inft.filters.InferenceMinted());
      expect([minted?.args.provenance.teeSigner, minted?.args.signerReadAt]).to.deep.equal([
        otherTee.address,
        syncedAt + maxAge + 1n,
      ]);
      expect(await inft.cachedSignerOf(providerAddress)).to.deep.equal([tee.address, syncedAt]);
      await expect(open(minter, await claimOf("another request")))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMismatch")
        .withArgs(providerAddress, otherTee.address, tee.address);
    });

    it("outlasts a rotation until somebody reads the new one; until then that one does not count", async () => {
      const { inft, minter, stranger, listService, claimOf, open, tee, otherTee, providerAddress, ...shop } =
        await remembered();
      await listService({ teeSignerAddress: otherTee.address });
      await open(minter, await claimOf("first request"));
      expect(await inft.ownerOf(await shop.idOfClaim(await claimOf("first request")))).to.equal(shop.ownerAddress);
      const rotated = await claimOf("second request", otherTee);
      await expect(open(minter, rotated))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMismatch")
        .withArgs(providerAddress, tee.address, otherTee.address);
      await inft.connect(stranger).syncSigner(providerAddress);
      await open(minter, rotated);
      await expect(open(minter, await claimOf("third request")))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMismatch")
        .withArgs(providerAddress, otherTee.address, tee.address);
    });

    it("is not what isSignerListed answers with, which asks InferenceServing", async () => {
      const { inft, claim, provenanceOf } = await remembered();
      expect(await inft.isSignerListed(provenanceOf(await claim()))).to.equal(false);
    });
  });
});
