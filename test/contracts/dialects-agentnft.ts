import { expect } from "chai";
import { concat, hexlify, randomBytes, ZeroAddress } from "ethers";
import { network } from "hardhat";

import { agentNftNonce } from "../../lib/inft/proof-agentnft.ts";
import { checksum, type Hex } from "../../lib/hex.ts";
import { ACTION, AGENT_NFT_ABI, TRANSFER_NONCE, deployDialectsFixture } from "./support/dialects-fixture.ts";
import { addressOf, hashOf, keyOf, walletOf } from "./support/verifier-fixture.ts";

describe("a client of 0G's AgentNFT", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    const shop = await deployDialectsFixture(connection);
    return { ...shop, tokenId: await shop.mintToken() };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  it("finds what AgentNFT announces, and the verifier", async () => {
    const { inft, agentNft, verifier } = await deploy();
    for (const id of ["0x5762046c", "0x40fbd72f", "0x2309ab96", "0xc07038b7"]) {
      expect(await inft.supportsInterface(id), id).to.equal(true);
    }
    expect(await agentNft.getFunction("verifier")()).to.equal(await verifier.getAddress());
  });

  it("mints, reads and updates; what it mints is unproven", async () => {
    const { inft, agentNft, datas, tokenId } = await deploy();
    const read = async () =>
      (await agentNft.getFunction("intelligentDatasOf")(tokenId)).map(
        ({ dataDescription, dataHash }: { dataDescription: string; dataHash: string }) => ({
          dataDescription,
          dataHash,
        }),
      );
    expect(await read()).to.deep.equal(datas(1));
    expect(await inft.isProven(tokenId)).to.equal(false);

    const newDatas = [...datas(2), { dataDescription: "größe", dataHash: hashOf("third") }];
    await expect(agentNft.getFunction("update")(tokenId, newDatas)).to.emit(agentNft, "Updated");
    expect(await read()).to.deep.equal(newDatas);
  });

  it("reads no data where there is none, and is told when there is no token", async () => {
    const { inft, agentNft, sellerAddress } = await deploy();
    await agentNft.getFunction("mint")([], sellerAddress);
    expect(await agentNft.getFunction("intelligentDatasOf")(2n)).to.deep.equal([]);
    await expect(agentNft.getFunction("intelligentDatasOf")(9n))
      .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
      .withArgs(9n);
  });

  it("authorises, revokes, clears and delegates", async () => {
    const { agentNft, tokenId, strangerAddress, sellerAddress } = await deploy();
    const users = [1, 2, 3].map((n) => checksum(`0x${"00".repeat(19)}0${n}`));
    await expect(agentNft.getFunction("authorizeUsage")(tokenId, strangerAddress))
      .to.emit(agentNft, "Authorization")
      .withArgs(sellerAddress, strangerAddress, tokenId);
    await agentNft.getFunction("batchAuthorizeUsage")(tokenId, users);
    expect(await agentNft.getFunction("authorizedUsersOf")(tokenId)).to.have.members([strangerAddress, ...users]);
    await agentNft.getFunction("revokeAuthorization")(tokenId, strangerAddress);
    expect(await agentNft.getFunction("authorizedUsersOf")(tokenId)).to.have.members(users);
    await agentNft.getFunction("clearAuthorizedUsers")(tokenId);
    expect(await agentNft.getFunction("authorizedUsersOf")(tokenId)).to.deep.equal([]);
    await agentNft.getFunction("delegateAccess")(strangerAddress);
    expect(await agentNft.getFunction("getDelegateAccess")(sellerAddress)).to.equal(strangerAddress);
  });

  describe("iTransferFrom", () => {
    for (const count of [1, 3]) {
      it(`moves a token of ${count} data, its hashes and its keys`, async () => {
        const { inft, agentNft, mintToken, agentNftProofs, buyer, sellerAddress, strangerAddress } = await deploy();
        const tokenId = await mintToken(count);
        await agentNft.getFunction("authorizeUsage")(tokenId, strangerAddress);
        const proofs = await agentNftProofs(tokenId, count);
        const transfer = agentNft.getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, proofs);
        await expect(transfer)
          .to.emit(agentNft, "PublishedSealedKey")
          .withArgs(
            buyer.address,
            tokenId,
            proofs.map(({ ownershipProof }) => ownershipProof.sealedKey),
          );
        await expect(transfer).to.emit(agentNft, "Transfer").withArgs(sellerAddress, buyer.address, tokenId);
        expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
        expect((await inft.intelligentDataOf(tokenId)).map(({ dataHash }) => dataHash)).to.deep.equal(
          proofs.map((_, index) => hashOf(`new ${index}`)),
        );
        expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([]);
      });
    }

    it("takes a key that the buyer asked for, and lets each side set its own deadline", async () => {
      const { inft, agentNft, agentNftProof, buyer, sellerAddress, tokenId, deadline } = await deploy();
      const wantedKey = keyOf(walletOf("another key of the buyer's"));
      const later = await agentNftProof(tokenId, 0, { deadline: (await deadline()) + 60n });
      const proof = await agentNftProof(tokenId, 0, {
        wantedKey,
        sealedTo: wantedKey,
        accessNonce: later.accessProof.nonce,
      });
      await agentNft.getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, [proof]);
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });

    it("takes the signature of the buyer's delegate", async () => {
      const { ethers, inft, agentNft, agentNftProof, buyer, sellerAddress, tokenId, seller, networkHelpers } =
        await deploy();
      const delegate = walletOf("the buyer's delegate");
      await networkHelpers.setBalance(buyer.address, 10n ** 18n);
      await inft.connect(buyer.connect(ethers.provider)).delegateAccess(delegate.address);
      const proof = await agentNftProof(tokenId, 0, { signer: delegate });
      await agentNft.connect(seller).getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, [proof]);
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });

    it("lets an approved operator carry it out", async () => {
      const { inft, clientOf, agentNftProofs, buyer, sellerAddress, stranger, strangerAddress, tokenId } =
        await deploy();
      await inft.approve(strangerAddress, tokenId);
      const proofs = await agentNftProofs(tokenId);
      await clientOf(AGENT_NFT_ABI, stranger).getFunction("iTransferFrom")(
        sellerAddress,
        buyer.address,
        tokenId,
        proofs,
      );
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });

    it("works until the second of the deadline, and not after it", async () => {
      const { agentNft, verifier, agentNftProofs, buyer, sellerAddress, tokenId, deadline, networkHelpers } =
        await deploy();
      const by = await deadline();
      const proofs = await agentNftProofs(tokenId, 1, { deadline: by });
      const transfer = () =>
        agentNft.getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, proofs) as Promise<unknown>;
      const snapshot = await networkHelpers.takeSnapshot();
      await networkHelpers.time.setNextBlockTimestamp(by + 1n);
      await expect(transfer())
        .to.be.revertedWithCustomError(verifier, "ProofExpired")
        .withArgs(by, by + 1n);
      await snapshot.restore();
      await networkHelpers.time.setNextBlockTimestamp(by);
      await transfer();
    });
  });

  describe("iCloneFrom", () => {
    it("gives the buyer a token of its own and leaves the source as it was", async () => {
      const { inft, agentNft, agentNftProofs, mintToken, buyer, sellerAddress } = await deploy();
      const tokenId = await mintToken(2);
      const before = await inft.intelligentDataOf(tokenId);
      const proofs = await agentNftProofs(tokenId, 2, { action: "clone" });
      const cloning = agentNft.getFunction("iCloneFrom");
      expect(await cloning.staticCall(sellerAddress, buyer.address, tokenId, proofs)).to.equal(tokenId + 1n);
      await expect(cloning(sellerAddress, buyer.address, tokenId, proofs))
        .to.emit(agentNft, "Cloned")
        .withArgs(tokenId, tokenId + 1n, sellerAddress, buyer.address);
      expect(await inft.ownerOf(tokenId)).to.equal(sellerAddress);
      expect(await inft.intelligentDataOf(tokenId)).to.deep.equal(before);
      expect(await inft.ownerOf(tokenId + 1n)).to.equal(buyer.address);
      expect((await inft.intelligentDataOf(tokenId + 1n)).map(({ dataHash }) => dataHash)).to.deep.equal([
        hashOf("new 0"),
        hashOf("new 1"),
      ]);
      expect(await inft.isProven(tokenId + 1n)).to.equal(false);
    });

    it("is not for somebody else's token", async () => {
      const { inft, agentNft, agentNftProofs, buyer, sellerAddress, strangerAddress, tokenId } = await deploy();
      const proofs = await agentNftProofs(tokenId, 1, { action: "clone" });
      await expect(agentNft.getFunction("iCloneFrom")(strangerAddress, buyer.address, tokenId, proofs))
        .to.be.revertedWithCustomError(inft, "ERC721IncorrectOwner")
        .withArgs(strangerAddress, tokenId, sellerAddress);
    });
  });

  describe("transferNonce", () => {
    it("is the deadline and a hash of all that a proof is about", async () => {
      const { agentNft, place, buyer, mintToken, datas } = await deploy();
      const tokenId = await mintToken(2);
      for (const action of ["transfer", "clone"] as const) {
        const nonce = await agentNft.getFunction("transferNonce")(ACTION[action], tokenId, 1, buyer.address, 1234n);
        expect(nonce).to.equal(
          agentNftNonce({
            ...place,
            action,
            tokenId,
            sequence: 0n,
            to: addressOf(buyer),
            deadline: 1234n,
            index: 1,
            oldDataHash: datas(2)[1]!.dataHash,
          }),
        );
      }
    });

    it("is of a datum that there is", async () => {
      const { inft, agentNft, buyer, tokenId } = await deploy();
      await expect(agentNft.getFunction("transferNonce")(1, tokenId, 1, buyer.address, 1n))
        .to.be.revertedWithCustomError(inft, "ERC7857DataCount")
        .withArgs(tokenId, 2n, 1n);
      await expect(agentNft.getFunction("transferNonce")(1, 99n, 0, buyer.address, 1n))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(99n);
    });
  });

  describe("is refused, and nothing changes,", () => {
    type Shop = Awaited<ReturnType<typeof fixture>>;
    /** Tries a transfer to the buyer with these proofs. */
    async function attempt(shop: Shop, proofs: readonly unknown[], changes: { tokenId?: bigint; from?: string } = {}) {
      const { agentNft, buyer, sellerAddress } = shop;
      const tokenId = changes.tokenId ?? shop.tokenId;
      const before = await shop.stateOf(tokenId);
      const transfer = agentNft.getFunction("iTransferFrom")(
        changes.from ?? sellerAddress,
        buyer.address,
        tokenId,
        proofs,
      ) as Promise<unknown>;
      await transfer.catch(() => undefined);
      expect(await shop.stateOf(tokenId)).to.equal(before);
      return transfer;
    }
    const nonceOf = async (shop: Shop, by: bigint, changes: { tokenId?: bigint; index?: number } = {}) =>
      (await shop.agentNft.getFunction("transferNonce")(
        1,
        changes.tokenId ?? shop.tokenId,
        changes.index ?? 0,
        shop.buyer.address,
        by,
      )) as Hex;

    it("with a nonce of its own making, as AgentNFT takes any", async () => {
      const shop = await deploy();
      const random = hexlify(randomBytes(38)) as Hex;
      for (const side of ["accessNonce", "ownershipNonce"] as const) {
        const proof = await shop.agentNftProof(shop.tokenId, 0, { [side]: random });
        await expect(attempt(shop, [proof]))
          .to.be.revertedWithCustomError(shop.verifier, "ProofNonceMismatch")
          .withArgs(0n, random, await nonceOf(shop, BigInt(random.slice(0, 14))));
      }
    });

    it("with a nonce of another length", async () => {
      const shop = await deploy();
      const by = await shop.deadline();
      const nonce = await nonceOf(shop, by);
      for (const accessNonce of [concat([nonce, "0x00"]) as Hex, nonce.slice(0, -2) as Hex]) {
        const proof = await shop.agentNftProof(shop.tokenId, 0, { accessNonce });
        await expect(attempt(shop, [proof]))
          .to.be.revertedWithCustomError(shop.verifier, "ProofNonceMismatch")
          .withArgs(0n, accessNonce, nonce);
      }
      const proof = await shop.agentNftProof(shop.tokenId, 0, { accessNonce: "0x" });
      await expect(attempt(shop, [proof]))
        .to.be.revertedWithCustomError(shop.verifier, "ProofNonceMismatch")
        .withArgs(0n, "0x", await nonceOf(shop, 0n));
    });

    it("with proofs of another token, action, receiver or contract", async () => {
      const shop = await deploy();
      const by = await shop.deadline();
      const other = await shop.deployInft();
      await other.mint(shop.datas(1), shop.sellerAddress);
      const second = await shop.mintToken();
      const changes = [
        { tokenId: second },
        { action: "clone" },
        { nonceTo: shop.strangerAddress },
        { nonceOf: shop.clientOf([TRANSFER_NONCE], shop.seller, await other.getAddress()) },
      ] as const;
      for (const change of changes) {
        const proof = await shop.agentNftProof(shop.tokenId, 0, { deadline: by, ...change });
        await expect(attempt(shop, [proof]), JSON.stringify(Object.keys(change)))
          .to.be.revertedWithCustomError(shop.verifier, "ProofNonceMismatch")
          .withArgs(0n, proof.accessProof.nonce, await nonceOf(shop, by));
      }
    });

    it("with a transfer's proofs spent as a clone's", async () => {
      const { agentNft, verifier, agentNftProofs, buyer, sellerAddress, tokenId, deadline } = await deploy();
      const by = await deadline();
      const proofs = await agentNftProofs(tokenId, 1, { deadline: by });
      await expect(agentNft.getFunction("iCloneFrom")(sellerAddress, buyer.address, tokenId, proofs))
        .to.be.revertedWithCustomError(verifier, "ProofNonceMismatch")
        .withArgs(
          0n,
          proofs[0]!.accessProof.nonce,
          await agentNft.getFunction("transferNonce")(2, tokenId, 0, buyer.address, by),
        );
    });

    it("a second time: after a clone the sequence has moved on", async () => {
      const shop = await deploy();
      const { agentNft, inft, verifier, buyer, sellerAddress, tokenId, deadline } = shop;
      const by = await deadline();
      const proofs = await shop.agentNftProofs(tokenId, 1, { action: "clone", deadline: by });
      const clone = () =>
        agentNft.getFunction("iCloneFrom")(sellerAddress, buyer.address, tokenId, proofs) as Promise<unknown>;
      await clone();
      const expected = (await agentNft.getFunction("transferNonce")(2, tokenId, 0, buyer.address, by)) as Hex;
      expect(expected).to.not.equal(proofs[0]!.accessProof.nonce);
      await expect(clone())
        .to.be.revertedWithCustomError(verifier, "ProofNonceMismatch")
        .withArgs(0n, proofs[0]!.accessProof.nonce, expected);
      expect(await inft.balanceOf(buyer.address)).to.equal(1n);
    });

    it("after the owner updated the data", async () => {
      const shop = await deploy();
      const by = await shop.deadline();
      const proofs = await shop.agentNftProofs(shop.tokenId, 1, { deadline: by });
      await shop.inft.updateHashes(shop.tokenId, [hashOf("old 0 again")], []);
      await expect(attempt(shop, proofs))
        .to.be.revertedWithCustomError(shop.verifier, "ProofNonceMismatch")
        .withArgs(0n, proofs[0]!.accessProof.nonce, await nonceOf(shop, by));
    });

    it("when the key is only wrapped again: the data must be re-encrypted", async () => {
      const shop = await deploy();
      const newHash = hashOf("old 0");
      await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { newHash })))
        .to.be.revertedWithCustomError(shop.inft, "ERC7857DataUnchanged")
        .withArgs(shop.tokenId, 0n, newHash);
    });

    it("when the sides name different ciphertexts", async () => {
      const shop = await deploy();
      const accessHash = hashOf("what the buyer was shown");
      await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { accessHash })))
        .to.be.revertedWithCustomError(shop.verifier, "ProofHashMismatch")
        .withArgs(0n, accessHash, hashOf("new 0"));
    });

    it("when two data are swapped", async () => {
      const shop = await deploy();
      const tokenId = await shop.mintToken(2);
      const by = await shop.deadline();
      const [first, second] = await shop.agentNftProofs(tokenId, 2, { deadline: by });
      await expect(attempt(shop, [second, first], { tokenId }))
        .to.be.revertedWithCustomError(shop.verifier, "ProofNonceMismatch")
        .withArgs(0n, second!.accessProof.nonce, await nonceOf(shop, by, { tokenId }));
    });

    it("with too few proofs, too many, or none", async () => {
      const shop = await deploy();
      const tokenId = await shop.mintToken(2);
      const proofs = await shop.agentNftProofs(tokenId, 2);
      const refused = (given: readonly unknown[]) =>
        expect(attempt(shop, given, { tokenId })).to.be.revertedWithCustomError(shop.inft, "ERC7857DataCount");
      await refused(proofs.slice(0, 1)).withArgs(tokenId, 1n, 2n);
      await refused([...proofs, proofs[0]]).withArgs(tokenId, 3n, 2n);
      await expect(attempt(shop, [], { tokenId })).to.be.revertedWithCustomError(shop.verifier, "ProofMissing");
    });

    it("by one who is neither the buyer nor its delegate", async () => {
      const shop = await deploy();
      const signer = walletOf("somebody");
      await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { signer })))
        .to.be.revertedWithCustomError(shop.verifier, "AccessSignerMismatch")
        .withArgs(shop.buyer.address, ZeroAddress, signer.address);
    });

    it("by one who is no attestor, and by too few", async () => {
      const shop = await deploy();
      const impostor = walletOf("an impostor");
      const attestors = [shop.attestors[0]!, impostor];
      await expect(
        attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { attestors })),
      ).to.be.revertedWithCustomError(shop.verifier, "AttestorNotActive");
      await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { attestors: [shop.attestors[0]!] })))
        .to.be.revertedWithCustomError(shop.verifier, "AttestorSignatureCount")
        .withArgs(65n, 2n);
    });

    it("when the key was sealed to another than the buyer's own, or than the one it asked for", async () => {
      const shop = await deploy();
      const thief = keyOf(walletOf("a thief"));
      const refused = async (changes: { sealedTo: Hex; wantedKey?: Hex }) =>
        expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, changes)))
          .to.be.revertedWithCustomError(shop.verifier, "PublicKeyMismatch")
          .withArgs(shop.buyer.address, changes.sealedTo, changes.wantedKey ?? "0x");
      await refused({ sealedTo: thief });
      await refused({ sealedTo: thief, wantedKey: keyOf(shop.buyer) });
      await refused({ sealedTo: keyOf(shop.buyer), wantedKey: thief });
    });

    it("when the public key is not 64 bytes", async () => {
      const shop = await deploy();
      const key = keyOf(shop.buyer);
      for (const sealedTo of ["0x", key.slice(0, -2), concat([key, "0x00"]), concat(["0x04", key])] as Hex[]) {
        await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { sealedTo, wantedKey: sealedTo })))
          .to.be.revertedWithCustomError(shop.verifier, "PublicKeyLength")
          .withArgs((sealedTo.length - 2) / 2);
      }
    });

    it("when no key is sealed", async () => {
      const shop = await deploy();
      await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { sealedKey: "0x" })))
        .to.be.revertedWithCustomError(shop.module, "DialectSealedKeyEmpty")
        .withArgs(0n);
    });

    it("when bytes move from one field to the next under the same signature", async () => {
      const shop = await deploy();
      const key = keyOf(shop.buyer);
      const genuine = await shop.agentNftProof(shop.tokenId, 0, { wantedKey: key });
      const { nonce, proof, dataHash } = genuine.accessProof;
      const moved = {
        dataHash,
        targetPubkey: key.slice(0, -2) as Hex,
        nonce: concat([`0x${key.slice(-2)}`, nonce]),
        proof,
      };
      await expect(attempt(shop, [{ ...genuine, accessProof: moved }])).to.be.revertedWithCustomError(
        shop.verifier,
        "ProofNonceMismatch",
      );
      const { ownershipProof } = genuine;
      const longer = {
        ...ownershipProof,
        sealedKey: concat([ownershipProof.sealedKey, ownershipProof.targetPubkey.slice(0, 4)]),
        targetPubkey: `0x${ownershipProof.targetPubkey.slice(4)}`,
      };
      await expect(attempt(shop, [{ ...genuine, ownershipProof: longer }]))
        .to.be.revertedWithCustomError(shop.verifier, "PublicKeyLength")
        .withArgs(63n);
    });

    it("of a kind that nobody verifies here", async () => {
      const shop = await deploy();
      await expect(attempt(shop, await shop.agentNftProofs(shop.tokenId, 1, { oracleType: 1 })))
        .to.be.revertedWithCustomError(shop.verifier, "OracleTypeUnsupported")
        .withArgs(0n, 1n);
    });

    it("from one who does not own the token, and for one who may not move it", async () => {
      const shop = await deploy();
      const { inft, buyer, sellerAddress, stranger, strangerAddress, tokenId } = shop;
      const proofs = await shop.agentNftProofs(tokenId);
      await expect(attempt(shop, proofs, { from: strangerAddress }))
        .to.be.revertedWithCustomError(inft, "ERC721IncorrectOwner")
        .withArgs(strangerAddress, tokenId, sellerAddress);
      await expect(
        shop.clientOf(AGENT_NFT_ABI, stranger).getFunction("iTransferFrom")(
          sellerAddress,
          buyer.address,
          tokenId,
          proofs,
        ),
      )
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(strangerAddress, tokenId);
    });

    it("where the verifier checks proofs of the final standard only", async () => {
      const shop = await deploy();
      const verifier = await shop.ethers.deployContract("Verifier__MockForLint");
      const inft = await shop.deployInft(verifier);
      await inft.mint(shop.datas(1), shop.sellerAddress);
      const client = shop.clientOf([...AGENT_NFT_ABI, TRANSFER_NONCE], shop.seller, await inft.getAddress());
      const proofs = await shop.agentNftProofs(1n, 1, { nonceOf: client });
      await expect(client.getFunction("iTransferFrom")(shop.sellerAddress, shop.buyer.address, 1n, proofs))
        .to.be.revertedWithCustomError(shop.module, "DialectVerifierUnsupported")
        .withArgs(await verifier.getAddress());
    });
  });
});
