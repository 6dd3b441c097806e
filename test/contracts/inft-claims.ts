/** The other ways to mint what a TEE signed (in batches, bound to a request, open), and the signer that is remembered. */

import { expect } from "chai";
import {
  MaxUint256,
  ZeroAddress,
  ZeroHash,
  encodeBytes32String,
  hexlify,
  sha256,
  toUtf8Bytes,
  type Signer,
  type Wallet,
} from "ethers";
import { network } from "hardhat";

import { MODE, SERVICE_UPDATED_AT, deployInftFixture, hashOf, textOf, type Claim } from "./support/inft-fixture.ts";

const PROMPT = '"messages":[{"role":"user","content":"a prompt"}]';

describe("claims of an inference", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployInftFixture(connection);
    const { inft, serving, tee, minterAddress, datas, sealedKeys, ownerAddress } = shop;
    const realErrors = await shop.ethers.getContractAt("IInferenceServing", await serving.getAddress());

    /** A claim of the response to this request, signed by the provider's enclave unless another is named. */
    async function claimOf(request: string, signer: Wallet = tee): Promise<Claim> {
      const requestHash = sha256(toUtf8Bytes(request));
      const signature = await signer.signMessage(textOf(requestHash, hashOf("response")));
      return shop.claim({ requestHash, signature });
    }
    const open = (by: Signer, claim: Claim, to = ownerAddress) =>
      inft.connect(by).mintInferenceOpen(claim, datas, sealedKeys, to);
    /** Shows `request`, in which the user is said to stand at `offset`. */
    async function bound(by: Signer, request: string, offset: bigint | number, claim?: Claim, to = ownerAddress) {
      const shown = hexlify(toUtf8Bytes(request));
      const claimed = claim ?? (await claimOf(request));
      return inft.connect(by).mintInferenceBound(claimed, datas, sealedKeys, to, shown, offset);
    }
    const idOfClaim = ({ provider, requestHash, responseHash }: Claim) =>
      inft.inferenceId(provider, tee.address, requestHash, responseHash);
    const provenanceOf = ({ provider, requestHash, responseHash, signature }: Claim) => ({
      provider,
      teeSigner: tee.address,
      requestHash,
      responseHash,
      signature,
    });
    const recordOf = (claim: Claim) => Object.values(provenanceOf(claim));
    /** The member by which a request names the minter. */
    const member = `"user":"${minterAddress.toLowerCase()}"`;
    return { ...shop, realErrors, claimOf, open, bound, idOfClaim, provenanceOf, recordOf, member };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const now = async () => BigInt(await connection.networkHelpers.time.latest());

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("an open mint", () => {
    it("gives the result to whoever comes first, at once, with its whole record and its keys", async () => {
      const { inft, stranger, strangerAddress, ownerAddress, claim, open, idOfClaim, recordOf, datas, ...shop } =
        await deploy();
      const claimed = await claim();
      const id = await idOfClaim(claimed);
      expect(
        await inft.connect(stranger).mintInferenceOpen.staticCall(claimed, datas, shop.sealedKeys, ownerAddress),
      ).to.equal(id);
      const minting = await open(stranger, claimed);
      await expect(minting)
        .to.emit(inft, "InferenceMinted")
        .withArgs(
          id,
          shop.providerAddress,
          strangerAddress,
          recordOf(claimed),
          "chat-1",
          await now(),
          datas[0]?.dataHash,
          MODE.local,
        );
      await expect(minting).to.emit(inft, "PublishedSealedKey").withArgs(ownerAddress, id, shop.sealedKeys);
      expect([await inft.ownerOf(id), await inft.isProven(id)]).to.deep.equal([ownerAddress, true]);
      expect(await shop.dataOf(id)).to.deep.equal(datas);
    });

    it("comes too late for a result that is a token already, and before a commitment to it", async () => {
      const { inft, minter, stranger, mintArguments, commit, reveal, open, idOfClaim } = await deploy();
      const args = await mintArguments();
      await commit(minter, args);
      await open(stranger, args.claim);
      const id = await idOfClaim(args.claim);
      for (const attempt of [() => open(minter, args.claim), () => reveal(minter, args)]) {
        await expect(attempt()).to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted").withArgs(id);
      }
    });
  });

  describe("a bound mint", () => {
    it("needs no commitment of the one whom the request names as its user", async () => {
      const { inft, minter, minterAddress, ownerAddress, claimOf, bound, member, idOfClaim, recordOf, ...shop } =
        await deploy();
      const request = `{${member},${PROMPT}}`;
      const claimed = await claimOf(request);
      const id = await idOfClaim(claimed);
      const minting = await bound(minter, request, 1);
      await expect(minting)
        .to.emit(inft, "InferenceMinted")
        .withArgs(
          id,
          shop.providerAddress,
          minterAddress,
          recordOf(claimed),
          "chat-1",
          await now(),
          shop.datas[0]?.dataHash,
          MODE.local,
        );
      await expect(minting).to.emit(inft, "PublishedSealedKey").withArgs(ownerAddress, id, shop.sealedKeys);
      expect(await inft.ownerOf(id)).to.equal(ownerAddress);
      expect(await shop.dataOf(id)).to.deep.equal(shop.datas);
    });

    for (const [where, request, before] of [
      ["after other members", (member: string) => `{${PROMPT},${member}}`, `{${PROMPT},`],
      ["in an object within the request", (member: string) => `{"metadata":{${member}},${PROMPT}}`, '{"metadata":{'],
      ["at the very end of the bytes", (member: string) => `{${PROMPT},${member}`, `{${PROMPT},`],
      ["after text of more than one byte a letter", (member: string) => `{"a":"größe",${member}}`, '{"a":"größe",'],
    ] as const) {
      it(`finds the user ${where}`, async () => {
        const { inft, minter, ownerAddress, claimOf, bound, member, idOfClaim } = await deploy();
        const text = request(member);
        await bound(minter, text, toUtf8Bytes(before).length);
        expect(await inft.ownerOf(await idOfClaim(await claimOf(text)))).to.equal(ownerAddress);
      });
    }

    it("is refused to anybody whom the request does not name, a copier of the pending mint included", async () => {
      const { inft, minter, stranger, strangerAddress, ownerAddress, bound, member } = await deploy();
      const request = `{${member},${PROMPT}}`;
      await expect(bound(stranger, request, 1, undefined, strangerAddress))
        .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
        .withArgs(strangerAddress, 1n);
      await bound(minter, request, 1);
      expect(await inft.balanceOf(ownerAddress)).to.equal(1n);
    });

    it("is refused for another request than the signed one, by a byte or whole", async () => {
      const { inft, minter, claimOf, bound, member } = await deploy();
      const request = `{${member},${PROMPT}}`;
      const claimed = await claimOf(request);
      for (const shown of [`${request} `, `{${member}}`, ""]) {
        await expect(bound(minter, shown, 1, claimed))
          .to.be.revertedWithCustomError(inft, "InferenceRequestMismatch")
          .withArgs(sha256(toUtf8Bytes(shown)), claimed.requestHash);
      }
    });

    it("is refused at any offset but the user's: at 0, beside it, at the end, past it, and beyond counting", async () => {
      const { inft, minter, minterAddress, bound, member } = await deploy();
      const request = `{${PROMPT},${member}}`;
      const right = request.indexOf(member);
      for (const offset of [0, right - 1, right + 1, request.length - 1, request.length, request.length + 1]) {
        await expect(bound(minter, request, offset))
          .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
          .withArgs(minterAddress, offset);
      }
      await expect(bound(minter, request, MaxUint256))
        .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
        .withArgs(minterAddress, MaxUint256);
      // Nothing can stand before it: at offset 0 it is refused even where the bytes are there.
      await expect(bound(minter, member, 0))
        .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
        .withArgs(minterAddress, 0n);
    });

    for (const [what, of] of [
      ["cut short of its last quote", (member: string) => [`{${member.slice(0, -1)}`, 1]],
      ["after a space, as a string in an array, or as a value", (member: string) => [`{ ${member}}`, 2]],
      ["right after a bracket", (member: string) => [`[${member}]`, 1]],
      ["right after a colon", (member: string) => [`{"a":${member}}`, 5]],
      ["of another case", (member: string) => [`{${member.replaceAll(/[a-f]/g, (c) => c.toUpperCase())}}`, 1]],
      ["with the checksum of its address", (member: string, minter: string) => [`{"user":"${minter}"}`, 1]],
      ["with 0X before its address", (member: string) => [`{${member.replace("0x", "0X")}}`, 1]],
      ["without 0x before its address", (member: string) => [`{${member.replace("0x", "")}}`, 1]],
      ["with a space before the value", (member: string) => [`{${member.replace(":", ": ")}}`, 1]],
      ["of another name", (member: string) => [`{${member.replace("user", "uses")}}`, 1]],
      ["of a name in capitals", (member: string) => [`{${member.replace("user", "User")}}`, 1]],
      ["of a longer name", (member: string) => [`{${member.replace("user", "end-user")}}`, 5]],
      ["with more than the address", (member: string) => [`{${member.slice(0, -1)}00"}`, 1]],
    ] as const) {
      it(`is refused for a user ${what}`, async () => {
        const { inft, minter, minterAddress, bound, member } = await deploy();
        const [request, offset] = of(member, minterAddress) as [string, number];
        await expect(bound(minter, request, offset))
          .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
          .withArgs(minterAddress, offset);
      });
    }

    it("is refused for a user in what somebody wrote: quotes within a string are escaped", async () => {
      const { inft, minter, minterAddress, bound, member } = await deploy();
      const request = JSON.stringify({ messages: [{ role: "user", content: `as in {${member},` }] });
      const escaped = JSON.stringify(member).slice(1, -1);
      for (const offset of [request.indexOf(escaped), request.indexOf(escaped) + 1]) {
        await expect(bound(minter, request, offset))
          .to.be.revertedWithCustomError(inft, "InferenceRequestNotBound")
          .withArgs(minterAddress, offset);
      }
    });

    it("is refused for a result that is a token already", async () => {
      const { inft, minter, stranger, claimOf, open, bound, member, idOfClaim } = await deploy();
      const request = `{${member}}`;
      const claimed = await claimOf(request);
      await open(stranger, claimed);
      await expect(bound(minter, request, 1))
        .to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted")
        .withArgs(await idOfClaim(claimed));
    });
  });

  describe("a batch", () => {
    async function batch() {
      const shop = await deploy();
      const { inft, minter, minterAddress, claimOf, ownerAddress, strangerAddress, datas, sealedKeys } = shop;
      const items = await Promise.all(
        [ownerAddress, strangerAddress].map(async (to, i) => ({
          claim: await claimOf(`request ${i}`),
          datas: datas.map(({ dataDescription }) => ({ dataDescription, dataHash: hashOf(`ciphertext ${i}`) })),
          sealedKeys: sealedKeys.map((key) => `${key}${String(i).padStart(2, "0")}`),
          to,
          salt: encodeBytes32String(`salt ${i}`),
        })),
      );
      type Item = (typeof items)[number];
      const commitments = (list: readonly Item[], by = minterAddress) =>
        Promise.all(
          list.map((item) => inft.hashCommitment(by, item.claim, item.datas, item.sealedKeys, item.to, item.salt)),
        );
      const commitAll = async (list: readonly Item[]) => inft.connect(minter).commitBatch(await commitments(list));
      const mintAll = (list: readonly Item[], by: Signer = minter) => inft.connect(by).mintInferenceBatch([...list]);
      return { ...shop, items, commitments, commitAll, mintAll };
    }

    it("of commitments makes each as if it were alone", async () => {
      const { inft, minter, minterAddress, items, commitments, commitAll, networkHelpers } = await batch();
      const committing = await commitAll(items);
      for (const commitment of await commitments(items)) {
        await expect(committing).to.emit(inft, "InferenceCommitted").withArgs(minterAddress, commitment);
        expect(await inft.commitmentOf(minterAddress, commitment)).to.deep.equal([
          BigInt(await networkHelpers.time.latestBlock()),
          await now(),
        ]);
      }
      await expect(inft.connect(minter).commitBatch([])).to.not.emit(inft, "InferenceCommitted");
    });

    it("of commitments is all or nothing: none may be open already, nor stand in it twice", async () => {
      const { inft, minter, minterAddress, items, commitments, commitAll } = await batch();
      const [first = ZeroHash, second = ZeroHash] = await commitments(items);
      await inft.connect(minter).commit(second);
      const expiresAt = (await now()) + 86_400n;
      await expect(commitAll(items))
        .to.be.revertedWithCustomError(inft, "CommitmentPending")
        .withArgs(minterAddress, second, expiresAt);
      await expect(inft.connect(minter).commitBatch([first, first])).to.be.revertedWithCustomError(
        inft,
        "CommitmentPending",
      );
      expect(await inft.commitmentOf(minterAddress, first)).to.deep.equal([0n, 0n]);
    });

    it("mints each result to whom it is for, with its own record, data and keys", async () => {
      const { inft, minterAddress, items, commitments, commitAll, mintAll, idOfClaim, recordOf, dataOf, ...shop } =
        await batch();
      await commitAll(items);
      const ids = await Promise.all(items.map(({ claim }) => idOfClaim(claim)));
      await shop.networkHelpers.mine();
      expect(await inft.connect(shop.minter).mintInferenceBatch.staticCall(items)).to.deep.equal(ids);
      const minting = await mintAll(items);
      const at = await now();
      for (const [i, { claim, datas, sealedKeys, to }] of items.entries()) {
        const id = ids[i]!;
        await expect(minting)
          .to.emit(inft, "InferenceMinted")
          .withArgs(
            id,
            shop.providerAddress,
            minterAddress,
            recordOf(claim),
            "chat-1",
            at,
            datas[0]?.dataHash,
            MODE.local,
          );
        await expect(minting).to.emit(inft, "PublishedSealedKey").withArgs(to, id, sealedKeys);
        expect([await inft.ownerOf(id), await inft.isProven(id)]).to.deep.equal([to, true]);
        expect(await dataOf(id)).to.deep.equal(datas);
      }
      for (const commitment of await commitments(items)) {
        expect(await inft.commitmentOf(minterAddress, commitment)).to.deep.equal([0n, 0n]);
      }
    });

    it("of nothing mints nothing", async () => {
      const { inft, mintAll } = await batch();
      await expect(mintAll([])).to.not.emit(inft, "InferenceMinted");
    });

    it("is all or nothing: an item nobody committed to, and one that stands in it twice", async () => {
      const { inft, minterAddress, items, commitments, commitAll, mintAll, idOfClaim, provenanceOf } = await batch();
      const [first, second] = items as [(typeof items)[0], (typeof items)[0]];
      const other = { ...first, salt: encodeBytes32String("another") };
      await commitAll([first, other]);
      const missing = (await commitments([second]))[0];
      for (const list of [
        [first, second],
        [second, first],
      ]) {
        await expect(mintAll(list))
          .to.be.revertedWithCustomError(inft, "CommitmentMissing")
          .withArgs(minterAddress, missing);
      }
      await expect(mintAll([first, other]))
        .to.be.revertedWithCustomError(inft, "InferenceAlreadyMinted")
        .withArgs(await idOfClaim(first.claim));
      await expect(mintAll([first, first]))
        .to.be.revertedWithCustomError(inft, "CommitmentMissing")
        .withArgs(minterAddress, (await commitments([first]))[0]);
      expect(await inft.verifyProvenance(await idOfClaim(first.claim), provenanceOf(first.claim))).to.equal(false);
      await mintAll([first]);
      expect(await inft.ownerOf(await idOfClaim(first.claim))).to.equal(first.to);
    });

    it("is nobody else's, and not of the block that committed", async () => {
      const { inft, stranger, strangerAddress, items, commitments, commitAll, mintAll, deployAccount, ...shop } =
        await batch();
      await commitAll(items);
      await expect(mintAll(items, stranger))
        .to.be.revertedWithCustomError(inft, "CommitmentMissing")
        .withArgs(strangerAddress, (await commitments(items, strangerAddress))[0]);
      const account = await deployAccount();
      const address = await account.getAddress();
      const own = await commitments(items, address);
      await expect(
        account.execute(await inft.getAddress(), [
          inft.interface.encodeFunctionData("commitBatch", [own]),
          inft.interface.encodeFunctionData("mintInferenceBatch", [items]),
        ]),
      )
        .to.be.revertedWithCustomError(inft, "CommitmentTooYoung")
        .withArgs(address, own[0], (await shop.networkHelpers.time.latestBlock()) + 1);
    });

    it("tells receivers, each of its token, when all are minted", async () => {
      const { inft, items, commitAll, mintAll, deployAccount, idOfClaim } = await batch();
      const account = await deployAccount();
      const [first, second] = items as [(typeof items)[0], (typeof items)[0]];
      const list = [{ ...first, to: await account.getAddress() }, second];
      await account.onReceipt(inft.interface.encodeFunctionData("ownerOf", [await idOfClaim(second.claim)]));
      await commitAll(list);
      await mintAll(list);
      expect(await account.received()).to.equal(1n);
      expect(inft.interface.decodeFunctionResult("ownerOf", await account.answer())).to.deep.equal([second.to]);
    });
  });

  describe("whichever way it is minted", () => {
    for (const way of ["open", "bound", "batch"] as const) {
      async function minting() {
        const shop = await deploy();
        const { inft, minter, minterAddress, member, datas, sealedKeys, ownerAddress, claimOf } = shop;
        const request = `{${member}}`;
        const right = { claim: await claimOf(request), datas, sealedKeys, to: ownerAddress, salt: ZeroHash };
        const mint = async (changes: Partial<typeof right>) => {
          const { claim, datas: held, sealedKeys: keys, to, salt } = { ...right, ...changes };
          const by = inft.connect(minter);
          if (way === "open") return by.mintInferenceOpen(claim, held, keys, to);
          if (way === "bound") {
            return by.mintInferenceBound(claim, held, keys, to, hexlify(toUtf8Bytes(request)), 1n);
          }
          await by.commit(await inft.hashCommitment(minterAddress, claim, held, keys, to, salt));
          return by.mintInferenceBatch([{ claim, datas: held, sealedKeys: keys, to, salt }]);
        };
        return { ...shop, request, right, mint };
      }

      it(`${way}: is refused for what no committed mint would be`, async () => {
        const { inft, request, right, mint, claimOf, tee, otherTee, providerAddress } = await minting();
        const refusals = [
          ["InferenceWithoutData", [], { datas: [], sealedKeys: [] }],
          ["InferenceModeInvalid", [0n], { claim: { ...right.claim, mode: 0 } }],
          ["InferenceModeInvalid", [5n], { claim: { ...right.claim, mode: 5 } }],
          ["ERC7857SealedKeyCount", [0n, 1n], { sealedKeys: [] }],
          ["ERC721InvalidReceiver", [ZeroAddress], { to: ZeroAddress }],
          [
            "InferenceSignerMismatch",
            [providerAddress, tee.address, otherTee.address],
            { claim: await claimOf(request, otherTee) },
          ],
        ] as const;
        for (const [error, values, changes] of refusals) {
          await expect(mint(changes as Partial<typeof right>), error)
            .to.be.revertedWithCustomError(inft, error)
            .withArgs(...values);
        }
        expect(await inft.balanceOf(right.to)).to.equal(0n);
      });

      it(`${way}: calls the receiver when data and keys are in place, and heeds its refusal`, async () => {
        const { inft, ethers, right, mint, deployAccount, idOfClaim } = await minting();
        const refusing = await ethers.deployContract("ERC721Receiver__MockForINFT", ["0xdeadbeef", 0n]);
        const refusingAddress = await refusing.getAddress();
        await expect(mint({ to: refusingAddress }))
          .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
          .withArgs(refusingAddress);
        const account = await deployAccount();
        const id = await idOfClaim(right.claim);
        await account.onReceipt(inft.interface.encodeFunctionData("intelligentDataOf", [id]));
        await mint({ to: await account.getAddress() });
        const [seen] = inft.interface.decodeFunctionResult("intelligentDataOf", await account.answer());
        expect(seen[0].dataHash).to.equal(right.datas[0]?.dataHash);
      });
    }
  });

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
