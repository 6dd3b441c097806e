import { expect } from "chai";
import { AbiCoder, ZeroAddress, concat, dataSlice, type Wallet } from "ethers";
import { network } from "hardhat";

import { checksum, type Hex } from "../../lib/hex.ts";
import { verifyAccessProof } from "../../lib/inft/proof-access.ts";
import { AccessProofSignerError } from "../../lib/inft/proof-errors.ts";
import { assembleProofs, ownershipDigest } from "../../lib/inft/proof.ts";
import { joinAttestorSignatures, recoverSigner } from "../../lib/inft/proof-signatures.ts";
import { malleate } from "./support/inft-fixture.ts";
import { compact, deployVerifierFixture, keyOf, walletOf } from "./support/verifier-fixture.ts";

/** As the enum of the mock numbers them. */
const ANSWER = {
  magic: 0,
  refusal: 1,
  tooShort: 2,
  dirtyMagic: 3,
  revert: 4,
  revertWithMagic: 5,
  burnGas: 6,
} as const;

describe("TransferVerifier's check of the receiver's signature", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    const f = await deployVerifierFixture(connection);
    const { ethers, networkHelpers, caller, verifier, place, signing, sides } = f;
    const wallet = await ethers.deployContract("Wallet__MockForTransferVerifier");
    const secondWallet = await ethers.deployContract("Wallet__MockForTransferVerifier");

    /** Both sides of a transfer to `to`, with the attestors' signatures; the receiver's is put in by the test. */
    async function transferTo(to: string) {
      const encryptedPubKey = keyOf(walletOf("an encryption key"));
      const terms = { to: checksum(to), encryptedPubKey };
      const { access, ownership } = await sides({ access: terms, ownership: terms });
      const { digests } = await f.signed({ access: terms, ownership: terms });
      const signatures = joinAttestorSignatures(
        digests.ownership,
        signing.map((by) => by.signingKey.sign(ownershipDigest(place, ownership)).serialized as Hex),
      );
      const digest = digests.access;

      /** Both entries and the library, one after the other, with `signature` as the receiver's. */
      async function verify(signature: Hex) {
        const proofs = assembleProofs({ ...access, signature }, { ...ownership, signatures });
        const context = { action: 1, tokenId: access.tokenId, sequence: access.sequence, to };
        return {
          direct: () => caller.verifyFor(context, proofs, { gasLimit: 16_000_000 }),
          outputs: () => caller.verifyTransferValidity.staticCall(proofs, { gasLimit: 16_000_000 }),
          signatures: () =>
            caller.verifySignatures(to, digest, signature, digests.ownership, signatures, { gasLimit: 16_000_000 }),
          library: async () => verifyAccessProof({ ...access, ...place, signature }, await chain()),
        };
      }
      async function expectSignedBy(signer: string, by: "receiver" | "delegate", signature: Hex) {
        const { direct, outputs, signatures: alone, library } = await verify(signature);
        await direct();
        await alone();
        const [output] = await outputs();
        expect(output?.accessAssistant).to.equal(signer);
        const found = await library();
        expect(found.signer).to.equal(signer);
        expect(found.by).to.equal(by);
      }
      async function expectRefused(signature: Hex, { delegate = ZeroAddress, signer = ZeroAddress } = {}) {
        const { direct, outputs, signatures: alone, library } = await verify(signature);
        for (const call of [direct(), outputs(), alone()]) {
          await expect(call)
            .to.be.revertedWithCustomError(verifier, "AccessSignerMismatch")
            .withArgs(to, delegate, signer);
        }
        const error = await library().catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(AccessProofSignerError);
        expect((error as AccessProofSignerError).details).to.deep.equal({
          receiver: to,
          ...(delegate === ZeroAddress ? {} : { delegate }),
          ...(signer === ZeroAddress ? {} : { signer }),
        });
      }
      const sign = (by: Wallet) => by.signingKey.sign(digest).serialized as Hex;
      return { digest, sign, expectSignedBy, expectRefused };
    }

    /** What the library asks, answered by the same contracts. */
    async function chain(): Promise<Parameters<typeof verifyAccessProof>[1]> {
      return {
        delegateOf: async (receiver) => {
          const answer = await caller.getDelegateAccess(receiver).catch(() => ZeroAddress);
          return answer === ZeroAddress ? undefined : checksum(answer);
        },
        isValidSignature: async (account, digest, signature) => {
          if ((await ethers.provider.getCode(account)) === "0x") return false;
          const data = wallet.interface.encodeFunctionData("isValidSignature", [digest, signature]);
          const answer = await ethers.provider.call({ to: account, data }).catch(() => "0x");
          return answer === `0x1626ba7e${"00".repeat(28)}`;
        },
      };
    }
    const nameDelegate = (delegate: string) =>
      caller.answerDelegate(AbiCoder.defaultAbiCoder().encode(["address"], [delegate]));

    return {
      ...f,
      networkHelpers,
      wallet,
      secondWallet,
      walletAddress: await wallet.getAddress(),
      secondWalletAddress: await secondWallet.getAddress(),
      delegate: walletOf("the delegate"),
      thief: walletOf("a thief"),
      transferTo,
      nameDelegate,
    };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("by the receiver's own key", () => {
    it("is accepted in 65 bytes and in the 64 of ERC-2098", async () => {
      const { receiver, transferTo } = await deploy();
      const { sign, expectSignedBy } = await transferTo(receiver.address);
      await expectSignedBy(receiver.address, "receiver", sign(receiver));
      await expectSignedBy(receiver.address, "receiver", compact(sign(receiver)));
    });

    it("needs no delegate to be known: the token may not even have the question", async () => {
      const { receiver, caller, transferTo } = await deploy();
      await caller.refuseDelegate("0x");
      const { sign, expectSignedBy } = await transferTo(receiver.address);
      await expectSignedBy(receiver.address, "receiver", sign(receiver));
    });

    it("asks nobody who the delegate is", async () => {
      const { ethers, receiver, caller, context, proofs } = await deploy();
      const data = caller.interface.encodeFunctionData("verifyTransferValidity", [await proofs()]);
      const [sender] = await ethers.getSigners();
      const { hash } = await sender!.sendTransaction({ to: await caller.getAddress(), data });
      const trace = (await ethers.provider.send("debug_traceTransaction", [hash, {}])) as {
        structLogs: { op: string; depth: number; stack: string[] }[];
      };
      const called = trace.structLogs
        .filter(({ op, depth }) => depth === 2 && op === "STATICCALL")
        .map(({ stack }) => BigInt(`0x${stack.at(-2)!.replace("0x", "")}`));
      // What coverage adds calls an address of its own.
      expect(called.filter((address) => address === 1n)).to.have.length(3);
      expect(called).to.not.include(BigInt(await caller.getAddress()));
      expect(context.to).to.equal(receiver.address);
    });

    it("is accepted for an account that carries code (EIP-7702), without asking it", async () => {
      const { networkHelpers, ethers, receiver, wallet, walletAddress, transferTo } = await deploy();
      await networkHelpers.setCode(receiver.address, await ethers.provider.getCode(walletAddress));
      await wallet.answerWith(ANSWER.revert);
      const { sign, expectSignedBy } = await transferTo(receiver.address);
      await expectSignedBy(receiver.address, "receiver", sign(receiver));
    });

    it("is not another's", async () => {
      const { receiver, thief, transferTo } = await deploy();
      const { sign, expectRefused } = await transferTo(receiver.address);
      await expectRefused(sign(thief), { signer: thief.address });
    });

    it("is not good in a form with another length, a high s, another v, or without r", async () => {
      const { receiver, transferTo } = await deploy();
      const { sign, expectRefused } = await transferTo(receiver.address);
      const signature = sign(receiver);
      const [rs, v] = [dataSlice(signature, 0, 64) as Hex, signature.slice(130)];
      const flippedParity = compact(`${rs}${v === "1b" ? "1c" : "1b"}`);
      const highS = malleate(signature);
      const others: Hex[] = [
        "0x",
        dataSlice(signature, 0, 63) as Hex,
        concat([signature, "0x00"]) as Hex,
        concat([signature, signature]) as Hex,
        highS,
        ...["00", "01", "1a", "1d", "ff"].map((other): Hex => `${rs}${other}`),
        `0x${"00".repeat(32)}${signature.slice(66)}`,
        `0x${signature.slice(2, 66)}${"00".repeat(32)}${v}`,
      ];
      for (const other of others) await expectRefused(other);
      // Its parity turned round, a signature is somebody else's.
      const { digest } = await transferTo(receiver.address);
      await expectRefused(flippedParity, { signer: recoverSigner(digest, flippedParity)! });
    });

    it("cannot be had of the zero address by a signature of nobody", async () => {
      const { transferTo } = await deploy();
      const { expectRefused } = await transferTo(ZeroAddress);
      await expectRefused(`0x${"00".repeat(65)}`);
      await expectRefused("0x");
    });
  });

  describe("by its delegate's key", () => {
    it("is accepted, and the delegate is named as the one who assisted", async () => {
      const { receiver, delegate, nameDelegate, transferTo } = await deploy();
      await nameDelegate(delegate.address);
      const { sign, expectSignedBy } = await transferTo(receiver.address);
      await expectSignedBy(delegate.address, "delegate", sign(delegate));
      await expectSignedBy(delegate.address, "delegate", compact(sign(delegate)));
      await expectSignedBy(receiver.address, "receiver", sign(receiver));
    });

    it("is accepted for a receiver that is a contract whose own answer would burn all gas", async () => {
      const { wallet, walletAddress, delegate, nameDelegate, transferTo } = await deploy();
      await nameDelegate(delegate.address);
      const { digest, sign, expectSignedBy } = await transferTo(walletAddress);
      await wallet.sign(digest, sign(delegate));
      await wallet.answerWith(ANSWER.burnGas);
      await expectSignedBy(delegate.address, "delegate", sign(delegate));
    });

    it("is no longer good when the receiver named another, or nobody", async () => {
      const { receiver, delegate, thief, nameDelegate, transferTo } = await deploy();
      const { sign, expectRefused } = await transferTo(receiver.address);
      await expectRefused(sign(delegate), { signer: delegate.address });
      await nameDelegate(thief.address);
      await expectRefused(sign(delegate), { delegate: thief.address, signer: delegate.address });
    });

    it("is not good when the token refuses the question, answers too little, or with more than an address", async () => {
      const { receiver, delegate, caller, transferTo } = await deploy();
      const { sign, expectRefused } = await transferTo(receiver.address);
      const word = AbiCoder.defaultAbiCoder().encode(["address"], [delegate.address]);
      const answers = ["0x", dataSlice(word, 1), `0x01${word.slice(4)}`];
      for (const answer of answers) {
        await caller.answerDelegate(answer);
        await expectRefused(sign(delegate), { signer: delegate.address });
      }
      for (const reason of ["0x", word]) {
        await caller.refuseDelegate(reason);
        await expectRefused(sign(delegate), { signer: delegate.address });
      }
    });

    it("is not had by a signature of nobody while there is no delegate", async () => {
      const { receiver, transferTo } = await deploy();
      const { expectRefused } = await transferTo(receiver.address);
      await expectRefused(`0x${"00".repeat(65)}`);
    });

    it("can be asked of the token only by a token: any other caller has no delegates", async () => {
      const { ethers, verifier, receiver, delegate, ownerAddress, signed } = await deploy();
      // A caller without code, for which the domain is its own address.
      const place = { contract: checksum(ownerAddress) };
      const { digests, access, ownership } = await signed({ place, signer: delegate });
      const context = { action: 1, tokenId: access.tokenId, sequence: access.sequence, to: receiver.address };
      await expect(verifier.verifyFor(context, assembleProofs(access, ownership)))
        .to.be.revertedWithCustomError(verifier, "AccessSignerMismatch")
        .withArgs(receiver.address, ZeroAddress, delegate.address);
      const own = await signed({ place });
      await verifier.verifyFor(context, assembleProofs(own.access, own.ownership));
      expect(await ethers.provider.getCode(ownerAddress)).to.equal("0x");
      expect(digests.access).to.equal(own.digests.access);
    });
  });

  describe("by a contract (ERC-1271)", () => {
    const signatureOfAnyLength: Hex[] = ["0x", "0x01", `0x${"ab".repeat(65)}`, `0x${"cd".repeat(300)}`];

    it("is accepted of the receiver, with a signature of any form", async () => {
      const { wallet, walletAddress, transferTo } = await deploy();
      const { digest, expectSignedBy } = await transferTo(walletAddress);
      for (const signature of signatureOfAnyLength.slice(1)) {
        await wallet.sign(digest, signature);
        await expectSignedBy(walletAddress, "receiver", signature);
      }
    });

    it("is accepted of the receiver's delegate", async () => {
      const { receiver, wallet, walletAddress, nameDelegate, transferTo } = await deploy();
      await nameDelegate(walletAddress);
      const { digest, expectSignedBy } = await transferTo(receiver.address);
      await wallet.sign(digest, "0x0102");
      await expectSignedBy(walletAddress, "delegate", "0x0102");
    });

    it("is accepted of a contract that a contract named as its delegate", async () => {
      const { walletAddress, secondWallet, secondWalletAddress, nameDelegate, transferTo } = await deploy();
      await nameDelegate(secondWalletAddress);
      const { digest, expectSignedBy } = await transferTo(walletAddress);
      await secondWallet.sign(digest, "0x0102");
      await expectSignedBy(secondWalletAddress, "delegate", "0x0102");
    });

    for (const [name, answer] of Object.entries(ANSWER)) {
      if (name === "magic") continue;
      it(`is not good with an answer of ${name}`, async () => {
        const { wallet, walletAddress, secondWallet, secondWalletAddress, nameDelegate, transferTo } = await deploy();
        const { digest, expectRefused } = await transferTo(walletAddress);
        await wallet.sign(digest, "0x0102");
        await wallet.answerWith(answer);
        await expectRefused("0x0102");

        // As much for a delegate, after a receiver that only says no.
        await nameDelegate(secondWalletAddress);
        await wallet.answerWith(ANSWER.refusal);
        await secondWallet.sign(digest, "0x0102");
        await secondWallet.answerWith(answer);
        await expectRefused("0x0102", { delegate: secondWalletAddress });
      });
    }

    it("is not good for another digest or another signature", async () => {
      const { wallet, walletAddress, transferTo } = await deploy();
      const { digest, expectRefused } = await transferTo(walletAddress);
      await wallet.sign(`0x${"01".repeat(32)}`, "0x0102");
      await expectRefused("0x0102");
      await wallet.sign(digest, "0x0103");
      await expectRefused("0x0102");
    });

    it("is not had of an account without code, whatever the signature", async () => {
      const { receiver, transferTo } = await deploy();
      const { expectRefused } = await transferTo(receiver.address);
      for (const signature of ["0x01", `0x${"cd".repeat(300)}`] as Hex[]) await expectRefused(signature);
    });

    for (const precompile of [1, 2, 3, 4, 5, 8, 9]) {
      it(`is not had of precompile ${precompile}`, async () => {
        const { transferTo } = await deploy();
        const { expectRefused } = await transferTo(`0x${precompile.toString(16).padStart(40, "0")}`);
        await expectRefused("0x0102");
      });
    }
  });

  it("is checked after the attestors', so that no contract is asked about a proof that nobody vouches for", async () => {
    const { caller, verifier, walletAddress } = await deploy();
    const digest: Hex = `0x${"01".repeat(32)}`;
    await expect(caller.verifySignatures(walletAddress, digest, "0x", digest, "0x"))
      .to.be.revertedWithCustomError(verifier, "AttestorSignatureCount")
      .withArgs(0, 2);
  });
});
