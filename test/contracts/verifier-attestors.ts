import { expect } from "chai";
import { ZeroAddress, concat, dataSlice, type Wallet } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import { assembleProofs, type TransferValidityProof } from "../../lib/inft/proof.ts";
import { malleate } from "./support/inft-fixture.ts";
import { ROTATION_DELAY, VALID_FOR, compact, deployVerifierFixture, walletOf } from "./support/verifier-fixture.ts";

const ENDPOINT = "https://attestor.example/a/rather/long/path/that/does/not/fit/into/one/word";

describe("TransferVerifier's attestors", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    const f = await deployVerifierFixture(connection);
    const { ethers, networkHelpers, caller, verifier, context, attestors, ownerAddress } = f;
    const [owner, stranger] = [f.owner, f.stranger];
    const newcomer = walletOf("a newcomer");
    const ascending = [...attestors].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
    const later = async () => BigInt(await networkHelpers.time.latest()) + ROTATION_DELAY + VALID_FOR;

    /** A genuine transfer whose ownership side carries `signatures` of these, in this very order. */
    async function signedBy(...signers: readonly Wallet[]): Promise<TransferValidityProof[]> {
      const { access, ownership, digests } = await f.signed();
      const signatures = concat(signers.map((by) => by.signingKey.sign(digests.ownership).serialized)) as Hex;
      return assembleProofs(access, { ...ownership, signatures });
    }
    async function withSignatures(change: (signatures: Hex) => string): Promise<TransferValidityProof[]> {
      const { access, ownership } = await f.signed();
      return assembleProofs(access, { ...ownership, signatures: change(ownership.signatures) as Hex });
    }
    async function expectRefused(given: TransferValidityProof[], error: string, ...args: unknown[]) {
      for (const call of [caller.verifyFor(context, given), caller.verifyTransferValidity.staticCall(given)]) {
        await expect(call)
          .to.be.revertedWithCustomError(verifier, error)
          .withArgs(...args);
      }
    }
    const expectAccepted = async (given: TransferValidityProof[]) => caller.verifyFor(context, given);
    const schedule = async (attestor: string, validUntil: bigint, endpoint = ENDPOINT, by = owner) =>
      verifier.connect(by).scheduleAttestor(attestor, validUntil, endpoint);
    const remove = async (attestor: string, by = owner) => verifier.connect(by).removeAttestor(attestor);
    const deployWith = async (threshold: number, list: { attestor: string; validUntil: bigint; endpoint: string }[]) =>
      ethers.deployContract("TransferVerifier", [ownerAddress, threshold, ROTATION_DELAY, list]);

    return {
      ...f,
      newcomer,
      stranger,
      ascending: ascending as [Wallet, Wallet, Wallet],
      later,
      signedBy,
      withSignatures,
      expectRefused,
      expectAccepted,
      schedule,
      remove,
      deployWith,
    };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const now = (timestamp: bigint) => timestamp > 1_700_000_000n;

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("the signatures", () => {
    it("of any two of three are enough, in the order of their addresses", async () => {
      const { ascending, signedBy, expectAccepted } = await deploy();
      const [a, b, c] = ascending;
      for (const pair of [
        [a, b],
        [a, c],
        [b, c],
      ]) {
        await expectAccepted(await signedBy(...pair));
      }
    });

    it("in another order are refused", async () => {
      const { ascending, signedBy, expectRefused } = await deploy();
      const [a, b] = ascending;
      await expectRefused(await signedBy(b, a), "AttestorOrder", b.address, a.address);
    });

    it("of one attestor count once", async () => {
      const { ascending, signedBy, expectRefused } = await deploy();
      const [a] = ascending;
      await expectRefused(await signedBy(a, a), "AttestorOrder", a.address, a.address);
    });

    it("must be exactly as many as the threshold, to the byte", async () => {
      const { ascending, signedBy, withSignatures, expectRefused } = await deploy();
      const [a, b, c] = ascending;
      await expectRefused(await signedBy(), "AttestorSignatureCount", 0, 2);
      await expectRefused(await signedBy(a), "AttestorSignatureCount", 65, 2);
      await expectRefused(await signedBy(a, b, c), "AttestorSignatureCount", 195, 2);
      await expectRefused(await withSignatures((s) => dataSlice(s, 0, 129)), "AttestorSignatureCount", 129, 2);
      await expectRefused(await withSignatures((s) => `${s}00`), "AttestorSignatureCount", 131, 2);
      const short = (s: Hex) => concat([compact(dataSlice(s, 0, 65) as Hex), compact(dataSlice(s, 65) as Hex)]);
      await expectRefused(await withSignatures(short), "AttestorSignatureCount", 128, 2);
    });

    it("of a stranger do not count", async () => {
      const { ascending, newcomer, signedBy, expectRefused } = await deploy();
      const [a] = ascending;
      const pair = [a, newcomer].sort((x, y) => (BigInt(x.address) < BigInt(y.address) ? -1 : 1));
      await expectRefused(await signedBy(...pair), "AttestorNotActive", newcomer.address, 0, 0, now);
    });

    it("with a high s, another v or no r are nobody's", async () => {
      const { withSignatures, expectRefused } = await deploy();
      const changes: ((signature: Hex) => string)[] = [
        malleate,
        ...["00", "01", "1a", "1d"].map((v) => (s: Hex) => `${s.slice(0, -2)}${v}`),
        (s) => `0x${"00".repeat(32)}${s.slice(66)}`,
        () => `0x${"00".repeat(65)}`,
      ];
      for (const change of changes) {
        const first = await withSignatures((s) => concat([change(dataSlice(s, 0, 65) as Hex), dataSlice(s, 65)]));
        await expectRefused(first, "AttestorNotActive", ZeroAddress, 0, 0, now);
        const second = await withSignatures((s) => concat([dataSlice(s, 0, 65), change(dataSlice(s, 65) as Hex)]));
        await expectRefused(second, "AttestorNotActive", ZeroAddress, 0, 0, now);
      }
    });

    it("are also those of older proof formats' digests", async () => {
      const { caller, verifier, receiver, ascending } = await deploy();
      const [a, b] = ascending;
      const [accessDigest, ownershipDigest]: [Hex, Hex] = [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`];
      const sign = (by: Wallet, digest: Hex) => by.signingKey.sign(digest).serialized;
      const both = concat([sign(a, ownershipDigest), sign(b, ownershipDigest)]);
      const access = sign(receiver, accessDigest);
      await caller.verifySignatures(receiver.address, accessDigest, access, ownershipDigest, both);
      await expect(
        caller.verifySignatures(receiver.address, accessDigest, access, ownershipDigest, sign(a, ownershipDigest)),
      )
        .to.be.revertedWithCustomError(verifier, "AttestorSignatureCount")
        .withArgs(65, 2);
      await expect(
        caller.verifySignatures(receiver.address, accessDigest, access, accessDigest, both),
      ).to.be.revertedWithCustomError(verifier, "AttestorNotActive");
    });

    it("cost at most 7,500 gas each, with their calldata", async () => {
      const costs: bigint[] = [];
      for (const threshold of [1, 2, 3]) {
        const { caller, context, proofs } = await deployVerifierFixture(connection, threshold);
        costs.push(await caller.gasOfVerifyFor(context, await proofs()));
      }
      const calldata = 65n * 16n;
      for (const i of [1, 2]) expect(Number(costs[i]! - costs[i - 1]! + calldata)).to.be.at.most(7_500);
    });
  });

  describe("given at the deployment", () => {
    it("count at once, and say where they serve", async () => {
      const { networkHelpers, verifier, attestors, validUntil } = await deploy();
      expect(await verifier.threshold()).to.equal(2);
      expect(await verifier.ROTATION_DELAY()).to.equal(ROTATION_DELAY);
      expect(await verifier.attestors()).to.deep.equal(attestors.map(({ address }) => address));
      const [first, second] = attestors;
      const { timestamp } = (await verifier.deploymentTransaction()!.getBlock())!;
      expect(await verifier.attestorOf(first!.address)).to.deep.equal([timestamp, validUntil, "http://127.0.0.1:3090"]);
      expect(await verifier.attestorOf(second!.address)).to.deep.equal([timestamp, validUntil, ""]);
      expect(await verifier.isAttestor(first!.address)).to.equal(true);
      expect(BigInt(await networkHelpers.time.latest())).to.be.lessThan(validUntil);
    });

    it("are announced", async () => {
      const { verifier, attestors, validUntil } = await deploy();
      const deployment = verifier.deploymentTransaction()!;
      const { timestamp } = (await deployment.getBlock())!;
      await expect(deployment)
        .to.emit(verifier, "AttestorScheduled")
        .withArgs(attestors[0]!.address, timestamp, validUntil, "http://127.0.0.1:3090");
    });

    it("may be fewer than the threshold; then nothing is verified yet", async () => {
      const { ethers, deployWith, context, proofs } = await deploy();
      const verifier = await deployWith(2, []);
      expect(await verifier.attestors()).to.deep.equal([]);
      const caller = await ethers.deployContract("ProofCaller__MockForTransferVerifier", [await verifier.getAddress()]);
      await expect(caller.verifyFor(context, await proofs())).to.be.revertedWithCustomError(
        verifier,
        "AttestorNotActive",
      );
    });

    it("cannot be needed in the number of none", async () => {
      const { ethers, verifier, ownerAddress } = await deploy();
      await expect(ethers.deployContract("TransferVerifier", [ownerAddress, 0, ROTATION_DELAY, []]))
        .to.be.revertedWithCustomError(verifier, "AttestorThresholdZero")
        .withArgs();
    });

    it("cannot be nobody, one twice, or over already", async () => {
      const { networkHelpers, verifier, deployWith, newcomer, later } = await deploy();
      const validUntil = await later();
      const config = { attestor: newcomer.address, validUntil, endpoint: "" };
      await expect(deployWith(1, [{ ...config, attestor: ZeroAddress }]))
        .to.be.revertedWithCustomError(verifier, "AttestorInvalid")
        .withArgs(ZeroAddress, validUntil);
      await expect(deployWith(1, [config, config]))
        .to.be.revertedWithCustomError(verifier, "AttestorKnown")
        .withArgs(newcomer.address);
      const next = BigInt(await networkHelpers.time.latest()) + 100n;
      await networkHelpers.time.setNextBlockTimestamp(next);
      await expect(deployWith(1, [{ ...config, validUntil: next }]))
        .to.be.revertedWithCustomError(verifier, "AttestorInvalid")
        .withArgs(newcomer.address, next);
    });
  });

  describe("scheduleAttestor", () => {
    it("lets an attestor count from the delay on, to the second", async () => {
      const {
        networkHelpers,
        verifier,
        ascending,
        newcomer,
        later,
        schedule,
        signedBy,
        expectAccepted,
        expectRefused,
      } = await deploy();
      const validUntil = await later();
      const transaction = await schedule(newcomer.address, validUntil);
      const activeFrom = BigInt((await transaction.getBlock())!.timestamp) + ROTATION_DELAY;
      await expect(transaction)
        .to.emit(verifier, "AttestorScheduled")
        .withArgs(newcomer.address, activeFrom, validUntil, ENDPOINT);
      expect(await verifier.attestorOf(newcomer.address)).to.deep.equal([activeFrom, validUntil, ENDPOINT]);
      expect(await verifier.attestors()).to.include(newcomer.address);
      expect(await verifier.isAttestor(newcomer.address)).to.equal(false);

      const pair = [ascending[0], newcomer].sort((x, y) => (BigInt(x.address) < BigInt(y.address) ? -1 : 1));
      await networkHelpers.time.increaseTo(activeFrom - 1n);
      await expectRefused(
        await signedBy(...pair),
        "AttestorNotActive",
        newcomer.address,
        activeFrom,
        validUntil,
        (t: bigint) => t < activeFrom + 5n,
      );
      await networkHelpers.time.increaseTo(activeFrom);
      await expectAccepted(await signedBy(...pair));
      expect(await verifier.isAttestor(newcomer.address)).to.equal(true);
    });

    it("is the owner's", async () => {
      const { verifier, stranger, strangerAddress, newcomer, later, schedule } = await deploy();
      await expect(schedule(newcomer.address, await later(), "", stranger))
        .to.be.revertedWithCustomError(verifier, "OwnableUnauthorizedAccount")
        .withArgs(strangerAddress);
    });

    it("takes nobody twice, expired ones included", async () => {
      const { networkHelpers, verifier, attestors, newcomer, later, schedule } = await deploy();
      const known = attestors[0]!.address;
      await expect(schedule(known, await later()))
        .to.be.revertedWithCustomError(verifier, "AttestorKnown")
        .withArgs(known);
      await schedule(newcomer.address, await later());
      await expect(schedule(newcomer.address, await later()))
        .to.be.revertedWithCustomError(verifier, "AttestorKnown")
        .withArgs(newcomer.address);
      await networkHelpers.time.increase(VALID_FOR + 1n);
      await expect(schedule(known, await later())).to.be.revertedWithCustomError(verifier, "AttestorKnown");
    });

    it("takes neither nobody nor one that would be over before it counts", async () => {
      const { networkHelpers, verifier, newcomer, later, schedule } = await deploy();
      const validUntil = await later();
      await expect(schedule(ZeroAddress, validUntil))
        .to.be.revertedWithCustomError(verifier, "AttestorInvalid")
        .withArgs(ZeroAddress, validUntil);
      const next = BigInt(await networkHelpers.time.latest()) + 100n;
      await networkHelpers.time.setNextBlockTimestamp(next);
      await expect(schedule(newcomer.address, next + ROTATION_DELAY))
        .to.be.revertedWithCustomError(verifier, "AttestorInvalid")
        .withArgs(newcomer.address, next + ROTATION_DELAY);
      await networkHelpers.time.setNextBlockTimestamp(next + 1n);
      await schedule(newcomer.address, next + 2n + ROTATION_DELAY);
    });

    it("keeps an endpoint of any length up to 2,048 bytes", async () => {
      const { verifier, later, schedule } = await deploy();
      const lengths = [0, 1, 31, 32, 33, 1_000, 2_048];
      for (const length of lengths) {
        const attestor = walletOf(`attestor of ${length}`).address;
        await schedule(attestor, await later(), "\u00ff".repeat(length / 2) + "x".repeat(length % 2));
        const [, , endpoint] = await verifier.attestorOf(attestor);
        expect(endpoint).to.equal("\u00ff".repeat(length / 2) + "x".repeat(length % 2));
      }
    });

    it("refuses a longer endpoint", async () => {
      const { verifier, newcomer, later, schedule } = await deploy();
      await expect(schedule(newcomer.address, await later(), "x".repeat(2_049)))
        .to.be.revertedWithCustomError(verifier, "AttestorEndpointTooLong")
        .withArgs(2_049, 2_048);
      expect(await verifier.attestors()).to.not.include(newcomer.address);
    });
  });

  describe("the validity", () => {
    it("ends in the second it names", async () => {
      const { networkHelpers, verifier, ascending, validUntil, signedBy, caller, context, expectRefused } =
        await deploy();
      const [a, b] = ascending;
      await networkHelpers.time.increaseTo(validUntil - 100n);
      const given = await signedBy(a, b);
      await networkHelpers.time.setNextBlockTimestamp(validUntil - 1n);
      await caller.verifyTransferValidity(given);
      expect(await verifier.isAttestor(a.address)).to.equal(true);
      await networkHelpers.time.increaseTo(validUntil);
      const [activeFrom] = await verifier.attestorOf(a.address);
      await expectRefused(
        given,
        "AttestorNotActive",
        a.address,
        activeFrom,
        validUntil,
        (t: bigint) => t >= validUntil,
      );
      expect(await verifier.isAttestor(a.address)).to.equal(false);
      expect(await verifier.attestors()).to.include(a.address);
      expect(context.action).to.equal(1);
    });
  });

  describe("removeAttestor", () => {
    it("ends an attestor at once, by the owner", async () => {
      const { verifier, ownerAddress, ascending, remove, signedBy, expectAccepted, expectRefused } = await deploy();
      const [a, b, c] = ascending;
      await expect(remove(b.address)).to.emit(verifier, "AttestorRemoved").withArgs(b.address, ownerAddress);
      await expectRefused(await signedBy(a, b), "AttestorNotActive", b.address, 0, 0, now);
      await expectAccepted(await signedBy(a, c));
      expect(await verifier.isAttestor(b.address)).to.equal(false);
      expect(await verifier.attestorOf(b.address)).to.deep.equal([0, 0, ""]);
    });

    it("ends an attestor by itself, for a key that is lost to somebody", async () => {
      const { ethers, networkHelpers, verifier, attestors, remove } = await deploy();
      const lost = attestors[0]!;
      await networkHelpers.setBalance(lost.address, 10n ** 18n);
      await expect(remove(lost.address, lost.connect(ethers.provider)))
        .to.emit(verifier, "AttestorRemoved")
        .withArgs(lost.address, lost.address);
    });

    it("ends one that does not count yet, and one that no longer does", async () => {
      const { networkHelpers, verifier, newcomer, attestors, later, schedule, remove } = await deploy();
      await schedule(newcomer.address, await later());
      await remove(newcomer.address);
      expect(await verifier.attestors()).to.not.include(newcomer.address);
      await networkHelpers.time.increase(ROTATION_DELAY + 1n);
      expect(await verifier.isAttestor(newcomer.address)).to.equal(false);
      await networkHelpers.time.increase(VALID_FOR);
      await remove(attestors[0]!.address);
    });

    it("keeps the others in the list, whichever of them goes", async () => {
      for (const goes of [0, 1, 2]) {
        const { verifier, attestors, remove } = await deploy();
        await remove(attestors[goes]!.address);
        const stay = attestors.filter((_, i) => i !== goes).map(({ address }) => address);
        expect([...(await verifier.attestors())].sort()).to.deep.equal(stay.sort());
        for (const address of stay) expect(await verifier.isAttestor(address)).to.equal(true);
      }
      const { verifier, attestors, remove } = await deploy();
      for (const { address } of attestors) await remove(address);
      expect(await verifier.attestors()).to.deep.equal([]);
    });

    it("lets it come back only through the delay", async () => {
      const { verifier, attestors, later, schedule, remove } = await deploy();
      const { address } = attestors[0]!;
      await remove(address);
      await schedule(address, await later(), "http://127.0.0.1:1");
      expect(await verifier.isAttestor(address)).to.equal(false);
      expect((await verifier.attestorOf(address)).endpoint).to.equal("http://127.0.0.1:1");
      expect(await verifier.attestors()).to.have.length(3);
    });

    it("is nobody else's, not even another attestor's", async () => {
      const { ethers, networkHelpers, verifier, attestors, stranger, strangerAddress, remove } = await deploy();
      const [a, b] = attestors as [Wallet, Wallet];
      await expect(remove(a.address, stranger))
        .to.be.revertedWithCustomError(verifier, "AttestorRemovalUnauthorized")
        .withArgs(strangerAddress, a.address);
      await networkHelpers.setBalance(b.address, 10n ** 18n);
      await expect(remove(a.address, b.connect(ethers.provider)))
        .to.be.revertedWithCustomError(verifier, "AttestorRemovalUnauthorized")
        .withArgs(b.address, a.address);
    });

    it("finds nobody to remove where there is none", async () => {
      const { verifier, newcomer, stranger, strangerAddress, attestors, remove } = await deploy();
      await expect(remove(newcomer.address))
        .to.be.revertedWithCustomError(verifier, "AttestorUnknown")
        .withArgs(newcomer.address);
      await expect(remove(strangerAddress, stranger))
        .to.be.revertedWithCustomError(verifier, "AttestorUnknown")
        .withArgs(strangerAddress);
      await remove(attestors[0]!.address);
      await expect(remove(attestors[0]!.address)).to.be.revertedWithCustomError(verifier, "AttestorUnknown");
    });
  });

  describe("the owner", () => {
    it("hands over in two steps", async () => {
      const { verifier, stranger, strangerAddress, ownerAddress, newcomer, later, schedule } = await deploy();
      await verifier.transferOwnership(strangerAddress);
      expect(await verifier.owner()).to.equal(ownerAddress);
      expect(await verifier.pendingOwner()).to.equal(strangerAddress);
      await verifier.connect(stranger).acceptOwnership();
      expect(await verifier.owner()).to.equal(strangerAddress);
      await expect(schedule(newcomer.address, await later())).to.be.revertedWithCustomError(
        verifier,
        "OwnableUnauthorizedAccount",
      );
    });

    it("may leave for good; then attestors can only go", async () => {
      const { ethers, networkHelpers, verifier, ownerAddress, attestors, newcomer, later, schedule, remove } =
        await deploy();
      await verifier.renounceOwnership();
      await expect(schedule(newcomer.address, await later()))
        .to.be.revertedWithCustomError(verifier, "OwnableUnauthorizedAccount")
        .withArgs(ownerAddress);
      const goes = attestors[0]!;
      await expect(remove(goes.address))
        .to.be.revertedWithCustomError(verifier, "AttestorRemovalUnauthorized")
        .withArgs(ownerAddress, goes.address);
      await networkHelpers.setBalance(goes.address, 10n ** 18n);
      await remove(goes.address, goes.connect(ethers.provider));
      expect(await verifier.attestors()).to.have.length(2);
    });
  });
});
