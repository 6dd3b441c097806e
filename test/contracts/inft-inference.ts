import { expect } from "chai";
import { network } from "hardhat";
import { ZeroAddress, ZeroHash, encodeBytes32String, hashMessage, keccak256, AbiCoder, recoverAddress } from "ethers";

import { MODE, deployInftFixture, hashOf, malleate, textOf } from "./support/inft-fixture.ts";

describe("INFT.mintInference", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    return deployInftFixture(connection);
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("a signed result", () => {
    it("becomes a token of the recipient, whose id is the hash of the record", async () => {
      const { inft, minter, ownerAddress, mintArguments, mint, serving, tee, providerAddress, dataOf } = await deploy();
      const args = await mintArguments();
      await mint(minter, args);
      const id = keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ["uint256", "address", "address", "address", "bytes32", "bytes32"],
          [
            (await connection.ethers.provider.getNetwork()).chainId,
            await serving.getAddress(),
            providerAddress,
            tee.address,
            hashOf("request"),
            hashOf("response"),
          ],
        ),
      );
      expect(await inft.ownerOf(id)).to.equal(ownerAddress);
      expect(await inft.isProven(id)).to.equal(true);
      expect(await dataOf(id)).to.deep.equal(args.datas);
    });

    it("publishes the whole record, from which anyone recovers the signer", async () => {
      const { inft, minter, minterAddress, mintArguments, mint, idOf, tee, providerAddress } = await deploy();
      const args = await mintArguments();
      const { claim, datas } = args;
      const id = await idOf(args);
      const provenance = [providerAddress, tee.address, claim.requestHash, claim.responseHash, claim.signature];
      const transaction = await mint(minter, args);
      await expect(transaction)
        .to.emit(inft, "InferenceMinted")
        .withArgs(
          id,
          providerAddress,
          minterAddress,
          provenance,
          "chat-1",
          await connection.networkHelpers.time.latest(),
          datas[0]?.dataHash,
          MODE.local,
        );
      const [minted] = await inft.queryFilter(inft.filters.InferenceMinted(id));
      const record = minted?.args.provenance;
      const text = textOf(record?.requestHash ?? "", record?.responseHash ?? "");
      expect(recoverAddress(hashMessage(text), record?.signature ?? "")).to.equal(tee.address);
    });

    it("publishes the sealed keys to the recipient", async () => {
      const { inft, minter, ownerAddress, mintArguments, mint, idOf } = await deploy();
      const args = await mintArguments();
      await expect(mint(minter, args))
        .to.emit(inft, "PublishedSealedKey")
        .withArgs(ownerAddress, await idOf(args), args.sealedKeys);
    });

    for (const [name, mode] of Object.entries(MODE)) {
      it(`may be declared ${name}, and says so`, async () => {
        const { inft, minter, claim, mintArguments, mint } = await deploy();
        await mint(minter, await mintArguments({ claim: await claim({ mode }) }));
        const [minted] = await inft.queryFilter(inft.filters.InferenceMinted());
        expect(minted?.args.mode).to.equal(BigInt(mode));
      });
    }

    it("uses up the commitment", async () => {
      const { inft, minter, minterAddress, mintArguments, mint, commitmentOf } = await deploy();
      const args = await mintArguments();
      await mint(minter, args);
      expect(await inft.commitmentOf(minterAddress, await commitmentOf(minter, args))).to.deep.equal([0n, 0n]);
    });
  });

  describe("refuses", () => {
    it("a result that is a token already, whoever mints it and under whatever chat id", async () => {
      const { inft, minter, stranger, claim, mintArguments, mint, idOf } = await deploy();
      const args = await mintArguments();
      await mint(minter, args);
      const again = await mintArguments({ claim: await claim({ chatId: "chat-2" }) });
      for (const by of [minter, stranger]) {
        await expect(mint(by, again))
          .to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted")
          .withArgs(await idOf(args));
      }
    });

    it("a signature by anyone but the signer the provider lists", async () => {
      const { inft, minter, claim, mintArguments, mint, tee, otherTee, providerAddress } = await deploy();
      await expect(mint(minter, await mintArguments({ claim: await claim({ signer: otherTee }) })))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMismatch")
        .withArgs(providerAddress, tee.address, otherTee.address);
    });

    it("a signer that changed between commitment and mint", async () => {
      const { inft, minter, mintArguments, commit, reveal, listService, tee, otherTee, providerAddress } =
        await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      await listService({ teeSignerAddress: otherTee.address });
      await expect(reveal(minter, args))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMismatch")
        .withArgs(providerAddress, otherTee.address, tee.address);
    });

    for (const field of ["requestHash", "responseHash"] as const) {
      it(`a ${field} other than the signed one`, async () => {
        const { inft, minter, claim, mintArguments, mint } = await deploy();
        const forged = await mintArguments({ claim: await claim({ [field]: hashOf("something else") }) });
        await expect(mint(minter, forged)).to.be.revertedWithCustomError(inft, "InferenceSignerMismatch");
      });
    }

    it("a signer the owner of InferenceServing has not endorsed", async () => {
      const { inft, minter, mintArguments, mint, listService, tee, providerAddress } = await deploy();
      await listService({ teeSignerAcknowledged: false });
      await expect(mint(minter, await mintArguments()))
        .to.be.revertedWithCustomError(inft, "InferenceSignerNotEndorsed")
        .withArgs(providerAddress, tee.address);
    });

    it("a provider that lists no signer, endorsed or not", async () => {
      const { inft, minter, mintArguments, mint, listService, providerAddress } = await deploy();
      await listService({ teeSignerAddress: ZeroAddress });
      await expect(mint(minter, await mintArguments()))
        .to.be.revertedWithCustomError(inft, "InferenceSignerMissing")
        .withArgs(providerAddress);
    });

    it("an unknown provider, with InferenceServing's own error", async () => {
      const { serving, minter, claim, mintArguments, mint, strangerAddress } = await deploy();
      // Made first: nothing may be awaited between the transaction and its expectation.
      const realErrors = await asServing(await serving.getAddress());
      await expect(mint(minter, await mintArguments({ claim: await claim({ provider: strangerAddress }) })))
        .to.be.revertedWithCustomError(realErrors, "ServiceNotExist")
        .withArgs(strangerAddress);
    });

    it("the other form of a signature (high s)", async () => {
      const { inft, minter, claim, mintArguments, mint } = await deploy();
      const right = await claim();
      const forged = await mintArguments({ claim: { ...right, signature: malleate(right.signature) } });
      await expect(mint(minter, forged)).to.be.revertedWithCustomError(inft, "ECDSAInvalidSignatureS");
    });

    for (const [what, change] of [
      ["too short", (signature: string) => signature.slice(0, -2)],
      ["too long", (signature: string) => `${signature}00`],
      ["empty", () => "0x"],
    ] as const) {
      it(`a signature that is ${what}`, async () => {
        const { inft, minter, claim, mintArguments, mint } = await deploy();
        const right = await claim();
        const signature = change(right.signature);
        await expect(mint(minter, await mintArguments({ claim: { ...right, signature } })))
          .to.be.revertedWithCustomError(inft, "ECDSAInvalidSignatureLength")
          .withArgs((signature.length - 2) / 2);
      });
    }

    it("a signature nobody can have made", async () => {
      const { inft, minter, claim, mintArguments, mint } = await deploy();
      const signature = `${ZeroHash}${ZeroHash.slice(2)}1b`;
      await expect(mint(minter, await mintArguments({ claim: { ...(await claim()), signature } })))
        .to.be.revertedWithCustomError(inft, "ECDSAInvalidSignature")
        .withArgs();
    });

    for (const mode of [0, 5, 255]) {
      it(`mode ${mode}`, async () => {
        const { inft, minter, claim, mintArguments, mint } = await deploy();
        await expect(mint(minter, await mintArguments({ claim: await claim({ mode }) })))
          .to.be.revertedWithCustomError(inft, "InferenceModeInvalid")
          .withArgs(mode);
      });
    }

    it("a mint without data", async () => {
      const { inft, minter, mintArguments, mint } = await deploy();
      const args = { ...(await mintArguments()), datas: [], sealedKeys: [] };
      await expect(mint(minter, args)).to.be.revertedWithCustomError(inft, "InferenceWithoutData").withArgs();
    });

    it("more or fewer sealed keys than data", async () => {
      const { inft, minter, mintArguments, mint } = await deploy();
      for (const sealedKeys of [[], ["0x01", "0x02"]]) {
        await expect(mint(minter, { ...(await mintArguments()), sealedKeys }))
          .to.be.revertedWithCustomError(inft, "ERC7857SealedKeyCount")
          .withArgs(sealedKeys.length, 1);
      }
    });

    it("the zero address as recipient", async () => {
      const { inft, minter, mintArguments, mint } = await deploy();
      await expect(mint(minter, await mintArguments({ to: ZeroAddress })))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("a deployment on an address without code", async () => {
      const { inft, ethers, verifier, strangerAddress } = await deploy();
      const args = ["Name", "SYM", strangerAddress, await verifier.getAddress(), ZeroAddress, 0n] as const;
      await expect(ethers.deployContract("INFT", [...args]))
        .to.be.revertedWithCustomError(inft, "InferenceServingWithoutCode")
        .withArgs(strangerAddress);
    });
  });

  describe("verifyProvenance", () => {
    async function minted() {
      const base = await deploy();
      const args = await base.mintArguments();
      await base.mint(base.minter, args);
      const { provider, requestHash, responseHash, signature } = args.claim;
      const provenance = { provider, teeSigner: base.tee.address, requestHash, responseHash, signature };
      return { ...base, args, id: await base.idOf(args), provenance };
    }

    it("confirms the record of a minted token, also after the signer was rotated and the provider left", async () => {
      const { inft, serving, id, provenance, providerAddress, listService, otherTee } = await minted();
      expect(await inft.verifyProvenance(id, provenance)).to.equal(true);
      await listService({ teeSignerAddress: otherTee.address });
      expect(await inft.verifyProvenance(id, provenance)).to.equal(true);
      await serving.removeService(providerAddress);
      expect(await inft.verifyProvenance(id, provenance)).to.equal(true);
    });

    it("denies a record that differs in any field", async () => {
      const { inft, id, provenance, strangerAddress, otherTee } = await minted();
      const signature = await otherTee.signMessage(textOf(provenance.requestHash, provenance.responseHash));
      for (const change of [
        { provider: strangerAddress },
        { teeSigner: otherTee.address, signature },
        { requestHash: hashOf("x") },
        { responseHash: hashOf("x") },
        { signature },
        { signature: "0x" },
        { signature: malleate(provenance.signature) },
      ]) {
        expect(await inft.verifyProvenance(id, { ...provenance, ...change }), JSON.stringify(change)).to.equal(false);
      }
    });

    it("denies a record nobody minted, even when its signature is right", async () => {
      const { inft, mintArguments, idOf, tee } = await deploy();
      const args = await mintArguments();
      const { provider, requestHash, responseHash, signature } = args.claim;
      const provenance = { provider, teeSigner: tee.address, requestHash, responseHash, signature };
      expect(await inft.verifyProvenance(await idOf(args), provenance)).to.equal(false);
    });

    it("denies the zero signer, to which a broken signature recovers", async () => {
      const { inft, provenance, idOf, args } = await minted();
      const id = await idOf(args, ZeroAddress);
      const forged = { ...provenance, teeSigner: ZeroAddress, signature: "0x" };
      expect(await inft.verifyProvenance(id, forged)).to.equal(false);
    });

    it("denies an unproven token", async () => {
      const { inft, provenance, ownerAddress, datas } = await minted();
      await inft.mint(datas, ownerAddress);
      expect(await inft.verifyProvenance(1n, provenance)).to.equal(false);
    });
  });

  describe("isSignerListed", () => {
    it("follows what InferenceServing lists and endorses now", async () => {
      const { inft, serving, mintArguments, tee, otherTee, listService, providerAddress } = await deploy();
      const { provider, requestHash, responseHash, signature } = (await mintArguments()).claim;
      const provenance = { provider, teeSigner: tee.address, requestHash, responseHash, signature };
      expect(await inft.isSignerListed(provenance)).to.equal(true);
      await listService({ teeSignerAcknowledged: false });
      expect(await inft.isSignerListed(provenance)).to.equal(false);
      await listService({ teeSignerAddress: otherTee.address });
      expect(await inft.isSignerListed(provenance)).to.equal(false);
      await serving.removeService(providerAddress);
      expect(await inft.isSignerListed(provenance)).to.equal(false);
    });
  });

  describe("commit and reveal", () => {
    const DAY = 86_400n;

    it("records who committed to what, and when", async () => {
      const { inft, minter, minterAddress, networkHelpers } = await deploy();
      const commitment = encodeBytes32String("commitment");
      await expect(inft.connect(minter).commit(commitment))
        .to.emit(inft, "InferenceCommitted")
        .withArgs(minterAddress, commitment);
      expect(await inft.commitmentOf(minterAddress, commitment)).to.deep.equal([
        BigInt(await networkHelpers.time.latestBlock()),
        BigInt(await networkHelpers.time.latest()),
      ]);
    });

    it("refuses a mint nobody committed to", async () => {
      const { inft, minter, minterAddress, mintArguments, reveal, commitmentOf } = await deploy();
      const args = await mintArguments();
      await expect(reveal(minter, args))
        .to.be.revertedWithCustomError(inft, "CommitmentMissing")
        .withArgs(minterAddress, await commitmentOf(minter, args));
    });

    it("refuses any argument but the committed one", async () => {
      const { inft, minter, mintArguments, commit, reveal, claim, strangerAddress, otherTee } = await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      const [data] = args.datas;
      for (const change of [
        { to: strangerAddress },
        { salt: encodeBytes32String("pepper") },
        { sealedKeys: ["0x04"] },
        { datas: [{ dataDescription: "inference", dataHash: ZeroHash }] },
        { datas: [{ dataDescription: "other", dataHash: data?.dataHash ?? "" }] },
        { claim: await claim({ provider: strangerAddress }) },
        { claim: await claim({ requestHash: hashOf("x") }) },
        { claim: await claim({ responseHash: hashOf("x") }) },
        { claim: await claim({ signer: otherTee }) },
        { claim: await claim({ chatId: "chat-2" }) },
        { claim: await claim({ mode: MODE.live }) },
      ]) {
        await expect(reveal(minter, { ...args, ...change })).to.be.revertedWithCustomError(inft, "CommitmentMissing");
      }
      await reveal(minter, args);
    });

    it("refuses a mint in the block of its commitment", async () => {
      const { inft, mintArguments, deployAccount, networkHelpers } = await deploy();
      const account = await deployAccount();
      const address = await account.getAddress();
      const { claim, datas, sealedKeys, to, salt } = await mintArguments();
      const commitment = await inft.hashCommitment(address, claim, datas, sealedKeys, to, salt);
      const calls = [
        inft.interface.encodeFunctionData("commit", [commitment]),
        inft.interface.encodeFunctionData("mintInference", [claim, datas, sealedKeys, to, salt]),
      ];
      const block = (await networkHelpers.time.latestBlock()) + 1;
      await expect(account.execute(await inft.getAddress(), calls))
        .to.be.revertedWithCustomError(inft, "CommitmentTooYoung")
        .withArgs(address, commitment, block);
    });

    it("lets a commitment be used for a day, to the second", async () => {
      const { inft, minter, minterAddress, mintArguments, commit, commitmentOf, reveal, networkHelpers } =
        await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      const last = BigInt(await networkHelpers.time.latest()) + DAY;
      const snapshot = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(last + 1n);
      await expect(reveal(minter, args))
        .to.be.revertedWithCustomError(inft, "CommitmentExpired")
        .withArgs(minterAddress, await commitmentOf(minter, args), last);
      await snapshot.restore();
      await networkHelpers.time.setNextBlockTimestamp(last);
      await reveal(minter, args);
    });

    it("refuses the same commitment while it is open, and takes it again once it expired", async () => {
      const { inft, minter, minterAddress, mintArguments, commit, commitmentOf, reveal, networkHelpers } =
        await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      const last = BigInt(await networkHelpers.time.latest()) + DAY;
      await networkHelpers.time.setNextBlockTimestamp(last);
      await expect(commit(minter, args))
        .to.be.revertedWithCustomError(inft, "CommitmentPending")
        .withArgs(minterAddress, await commitmentOf(minter, args), last);
      await networkHelpers.time.setNextBlockTimestamp(last + 1n);
      await commit(minter, args);
      await reveal(minter, args);
    });

    it("gives nothing to a front-runner who copies the mint", async () => {
      const { inft, minter, stranger, strangerAddress, mintArguments, commit, commitmentOf, reveal } = await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      await expect(reveal(stranger, args))
        .to.be.revertedWithCustomError(inft, "CommitmentMissing")
        .withArgs(strangerAddress, await commitmentOf(stranger, args));
    });

    it("lets the minter win against a front-runner who sees the pending mint and outbids it", async () => {
      const { inft, ethers, minter, stranger, strangerAddress, ownerAddress, networkHelpers, ...verbs } =
        await deploy();
      const { mintArguments, commit, commitmentOf, idOf } = verbs;
      const args = await mintArguments();
      const stolen = { ...args, to: strangerAddress };
      const mint = (by: typeof minter, a: typeof args, priority: bigint) =>
        inft.connect(by).mintInference(a.claim, a.datas, a.sealedKeys, a.to, a.salt, {
          gasLimit: 1_000_000n,
          maxPriorityFeePerGas: priority,
          maxFeePerGas: 10n ** 12n,
        });
      await commit(minter, args);

      // One block, in this order: the thief's commitment, the thief's mint, the minter's mint.
      await ethers.provider.send("evm_setAutomine", [false]);
      try {
        const order = { gasLimit: 100_000n, maxPriorityFeePerGas: 10n ** 11n, maxFeePerGas: 10n ** 12n };
        const commitment = await inft.connect(stranger).commit(await commitmentOf(stranger, stolen), order);
        const theft = await mint(stranger, stolen, 10n ** 11n);
        const honest = await mint(minter, args, 10n ** 9n);
        await networkHelpers.mine();
        const receipts = await Promise.all(
          [commitment, theft, honest].map(({ hash }) => ethers.provider.getTransactionReceipt(hash)),
        );
        expect(receipts.map((receipt) => [receipt?.index, receipt?.status])).to.deep.equal([
          [0, 1],
          [1, 0],
          [2, 1],
        ]);
      } finally {
        await ethers.provider.send("evm_setAutomine", [true]);
      }
      await expect(verbs.reveal(stranger, stolen)).to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted");
      expect(await inft.ownerOf(await idOf(args))).to.equal(ownerAddress);
    });

    it("gives nothing to one who copies the commitment, and leaves the minter's untouched", async () => {
      const { inft, minter, stranger, ownerAddress, mintArguments, commit, commitmentOf, reveal, idOf } =
        await deploy();
      const args = await mintArguments();
      const commitment = await commitmentOf(minter, args);
      await inft.connect(stranger).commit(commitment); // before the minter: it blocks nothing
      await commit(minter, args);
      await expect(reveal(stranger, args)).to.be.revertedWithCustomError(inft, "CommitmentMissing");
      await reveal(minter, args);
      expect(await inft.ownerOf(await idOf(args))).to.equal(ownerAddress);
    });

    it("hides what is committed to behind the salt", async () => {
      const { minter, mintArguments, commitmentOf } = await deploy();
      const one = await commitmentOf(minter, await mintArguments({ salt: encodeBytes32String("one") }));
      const two = await commitmentOf(minter, await mintArguments({ salt: encodeBytes32String("two") }));
      expect(one).to.not.equal(two);
    });
  });

  describe("a receiver that is called", () => {
    it("finds data and keys in place, and cannot mint the result again", async () => {
      const { inft, ethers, minter, mintArguments, commit, reveal, deployAccount, idOf } = await deploy();
      const account = await deployAccount();
      const args = await mintArguments({ to: await account.getAddress() });
      await commit(minter, args);
      const id = await idOf(args);
      await account.onReceipt(inft.interface.encodeFunctionData("intelligentDataOf", [id]));
      const receipt = await (await reveal(minter, args)).wait();
      const [seen] = inft.interface.decodeFunctionResult("intelligentDataOf", await account.answer());
      expect(seen[0].dataHash).to.equal(args.datas[0]?.dataHash);
      expect(receipt?.logs.map((log) => inft.interface.parseLog(log)?.name)).to.deep.equal([
        "Transfer",
        "PublishedSealedKey",
        "InferenceMinted",
      ]);
      expect(await ethers.provider.getCode(await account.getAddress())).to.not.equal("0x");
    });

    it("cannot use its own commitment to the same result from within the mint", async () => {
      const { inft, mintArguments, deployAccount } = await deploy();
      const account = await deployAccount();
      const address = await account.getAddress();
      const target = await inft.getAddress();
      const args = await mintArguments({ to: address });
      const again = { ...args, salt: encodeBytes32String("again") };
      const call = (name: "commit" | "mintInference", values: readonly unknown[]) =>
        inft.interface.encodeFunctionData(name as "commit", values as never);
      const commitments = await Promise.all(
        [args, again].map((a) => inft.hashCommitment(address, a.claim, a.datas, a.sealedKeys, a.to, a.salt)),
      );
      await account.execute(
        target,
        commitments.map((commitment) => call("commit", [commitment])),
      );
      const mintOf = (a: typeof args) => call("mintInference", [a.claim, a.datas, a.sealedKeys, a.to, a.salt]);
      await account.onReceipt(mintOf(again));
      await account.execute(target, [mintOf(args)]);
      expect(await account.succeeded()).to.equal(false);
      expect(inft.interface.parseError(await account.answer())?.name).to.equal("InferenceAlreadyMinted");
      expect(await inft.balanceOf(address)).to.equal(1n);
    });

    it("refuses the token by not being a receiver", async () => {
      const { inft, serving, minter, mintArguments, mint } = await deploy();
      const notAReceiver = await serving.getAddress();
      await expect(mint(minter, await mintArguments({ to: notAReceiver })))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
        .withArgs(notAReceiver);
    });
  });

  async function asServing(address: string) {
    return connection.ethers.getContractAt("IInferenceServing", address);
  }
});
