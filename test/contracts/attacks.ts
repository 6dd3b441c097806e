/**
 * What the reference implementations of ERC-7857 let be done to the tokens and proofs of others. Each group is named
 * after the weakness, attacks by it, and finds that nothing came of it.
 */

import { expect } from "chai";
import {
  concat,
  dataLength,
  dataSlice,
  hexlify,
  id,
  type BaseContract,
  type ContractTransactionResponse,
  type Signer,
} from "ethers";
import { network } from "hardhat";

import { checksum, type Hex } from "../../lib/hex.ts";
import { OPEN_HASH, accessDigest, assembleProofs, ownershipDigest } from "../../lib/inft/proof.ts";
import { joinAttestorSignatures } from "../../lib/inft/proof-signatures.ts";
import { AGENT_NFT_ABI, deployDialectsFixture } from "./support/dialects-fixture.ts";
import { addressOf, hashOf, keyOf, walletOf } from "./support/verifier-fixture.ts";

/** Another chain on which the same contract could stand at the same address. */
const OTHER_CHAIN = 16_661;
const WEEK = 7n * 86_400n;
/** A cold slot more would be 2,100. */
const CONSTANT = 500n;

describe("weaknesses of other implementations", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployDialectsFixture(connection);
    const { inft, attestors, buyer, finalProofs, place, networkHelpers, seller } = shop;
    const tokenId = await shop.mintToken();
    await inft.authorizeUsage(tokenId, shop.strangerAddress);
    await networkHelpers.setBalance(buyer.address, 10n ** 18n);
    const buyerSigner = buyer.connect(shop.ethers.provider);

    /** Genuine proofs for the buyer, but that `changes` are made to both sides before they are signed. */
    async function signedProofs(changes: {
      chainId?: number;
      accessKey?: Hex;
      sealedTo?: Hex;
      newHashes?: readonly Hex[];
    }) {
      const where = { ...place, chainId: changes.chainId ?? place.chainId };
      const held = (await inft.intelligentDataOf(tokenId)).map(({ dataHash }) => dataHash as Hex);
      const terms = {
        action: "transfer",
        tokenId,
        sequence: (await inft.tokenStateOf(tokenId)).sequence,
        to: addressOf(buyer),
        deadline: await shop.deadline(),
        oldDataHashes: held,
      } as const;
      const access = { ...terms, newDataHashes: held.map(() => OPEN_HASH), encryptedPubKey: changes.accessKey ?? "0x" };
      const ownership = {
        ...terms,
        newDataHashes: changes.newHashes ?? held.map((_, i) => hashOf(`new ${i}`)),
        sealedKeys: held.map(() => hexlify(new Uint8Array(129)) as Hex),
        encryptedPubKey: changes.sealedTo ?? keyOf(buyer),
      };
      const sign = (wallet: typeof buyer, digest: Hex) => wallet.signingKey.sign(digest).serialized as Hex;
      const digest = ownershipDigest(where, ownership);
      const signatures = attestors.slice(0, 2).map((attestor) => sign(attestor, digest));
      return assembleProofs(
        { ...access, signature: sign(buyer, accessDigest(where, access)) },
        { ...ownership, signatures: joinAttestorSignatures(digest, signatures) },
      );
    }

    /** That an attempt reverts with this error of that contract, and leaves the token as it was. */
    async function fails(attempt: () => Promise<unknown>, contract: BaseContract, error: string, args?: unknown[]) {
      const before = await shop.stateOf(tokenId);
      const refused = expect(attempt()).to.be.revertedWithCustomError(contract, error);
      await (args === undefined ? refused : refused.withArgs(...args));
      expect(await shop.stateOf(tokenId)).to.equal(before);
    }

    /** Authorises so many accounts, none of which acts. */
    async function authorise(count: number, token = tokenId, first = 1) {
      const users = Array.from({ length: count }, (_, i) =>
        checksum(`0x${(0xc0de00 + first + i).toString(16).padStart(40, "0")}`),
      );
      await inft.batchAuthorizeUsage(token, users);
      return users;
    }

    const transfer = async (by: Signer = seller, proofs = finalProofs(tokenId)) =>
      inft.connect(by).iTransfer(buyer.address, tokenId, await proofs);

    return { ...shop, tokenId, buyerSigner, signedProofs, fails, authorise, transfer };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  const gasOf = async (sent: Promise<ContractTransactionResponse>) => (await (await sent).wait())!.gasUsed;
  const difference = (a: bigint, b: bigint) => (a > b ? a - b : b - a);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  describe("1: the same proof is accepted by another contract, or on another chain", () => {
    it("by one that shares the verifier, for a token of the same id, owner, hash and sequence", async () => {
      const { deployInft, tokenId, datas, sellerAddress, buyer, finalProofs, verifier, transfer, fails } =
        await deploy();
      const other = await deployInft();
      await other.mint(datas(1), sellerAddress);
      const proofs = await finalProofs(tokenId);
      await fails(() => other.iTransfer(buyer.address, tokenId, proofs), verifier, "AttestorNotActive");
      await transfer(undefined, Promise.resolve(proofs));
      await expect(other.iTransfer(buyer.address, tokenId, proofs)).to.be.revertedWithCustomError(
        verifier,
        "AttestorNotActive",
      );
      expect(await other.ownerOf(tokenId)).to.equal(sellerAddress);
    });

    it("by one that shares the verifier, in the format of AgentNFT", async () => {
      const { deployInft, tokenId, datas, sellerAddress, buyer, clientOf, agentNftProofs, verifier, fails } =
        await deploy();
      const other = await deployInft();
      await other.mint(datas(1), sellerAddress);
      const there = clientOf(AGENT_NFT_ABI, undefined, await other.getAddress());
      const proofs = await agentNftProofs(tokenId);
      const attempt = () => there.getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, proofs);
      await fails(attempt, verifier, "ProofNonceMismatch");
      expect(await other.ownerOf(tokenId)).to.equal(sellerAddress);
    });

    it("on another chain", async () => {
      const { signedProofs, verifier, transfer, fails } = await deploy();
      const proofs = signedProofs({ chainId: OTHER_CHAIN });
      await fails(() => transfer(undefined, proofs), verifier, "AttestorNotActive");
    });
  });

  describe("2: bytes of a signed proof move between its fields, so that the signature designates the attacker's key", () => {
    const attacker = walletOf("an attacker");

    it("the key that the buyer wants", async () => {
      const { finalProofs, tokenId, buyer, verifier, transfer, fails } = await deploy();
      const [first, ...others] = await finalProofs(tokenId);
      const accessProof = { ...first!.accessProof, encryptedPubKey: keyOf(attacker) };
      const ownershipProof = { ...first!.ownershipProof, encryptedPubKey: keyOf(attacker) };
      const redirected = Promise.resolve([{ accessProof, ownershipProof }, ...others]);
      await fails(() => transfer(undefined, redirected), verifier, "AttestorNotActive");
      const sealed = Promise.resolve([{ ...first!, ownershipProof }, ...others]);
      await fails(() => transfer(undefined, sealed), verifier, "PublicKeyMismatch", [
        buyer.address,
        keyOf(attacker),
        "0x",
      ]);
    });

    it("the packed fields of AgentNFT, split at another place", async () => {
      const { agentNft, agentNftProof, tokenId, buyer, sellerAddress, verifier, fails } = await deploy();
      const genuine = await agentNftProof(tokenId);
      const { accessProof, ownershipProof } = genuine;
      const send = (proof: typeof genuine) => () =>
        agentNft.getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, [proof]);
      // dataHash | targetPubkey | nonce hash the same when the nonce gives its first bytes to the key before it.
      const moved = {
        ...accessProof,
        targetPubkey: concat([accessProof.targetPubkey, dataSlice(accessProof.nonce, 0, 6)]) as Hex,
        nonce: dataSlice(accessProof.nonce, 6) as Hex,
      };
      await fails(send({ accessProof: moved, ownershipProof }), verifier, "ProofNonceMismatch");
      // dataHash | sealedKey | targetPubkey: the key sealed to begins inside what was the sealed key.
      const shifted = {
        ...ownershipProof,
        sealedKey: dataSlice(ownershipProof.sealedKey, 0, 128) as Hex,
        targetPubkey: concat([dataSlice(ownershipProof.sealedKey, 128), ownershipProof.targetPubkey]) as Hex,
      };
      await fails(send({ accessProof, ownershipProof: shifted }), verifier, "PublicKeyLength", [65]);
    });
  });

  describe("3: a proof never expires, or its nonce is forgotten and it serves again", () => {
    it("after its deadline", async () => {
      const { finalProofs, tokenId, networkHelpers, verifier, transfer, fails } = await deploy();
      const proofs = await finalProofs(tokenId);
      await networkHelpers.time.increase(WEEK + 1n);
      await fails(() => transfer(undefined, Promise.resolve(proofs)), verifier, "ProofExpired");
    });

    it("weeks after it was used, when its owner would have it used once more", async () => {
      const { inft, signedProofs, buyerSigner, tokenId, buyer, networkHelpers, verifier } = await deploy();
      const proofs = await signedProofs({});
      await inft.iTransfer(buyer.address, tokenId, proofs);
      await networkHelpers.time.increase(8n * WEEK);
      await expect(inft.connect(buyerSigner).iTransfer(buyer.address, tokenId, proofs)).to.be.revertedWithCustomError(
        verifier,
        "ProofNonceMismatch",
      );
      await expect(inft.connect(buyerSigner).iClone(buyer.address, tokenId, proofs)).to.be.revertedWithCustomError(
        verifier,
        "ProofNonceMismatch",
      );
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });
  });

  describe("4: anyone can burn a pending transfer's proof through the public verifier", () => {
    it("by verifying it first, as often as they like", async () => {
      const { inft, ethers, networkHelpers, address, verifier, stranger, finalProofs, tokenId, buyer, transfer } =
        await deploy();
      const proofs = await finalProofs(tokenId);
      await expect(verifier.connect(stranger).verifyTransferValidity.staticCall(proofs)).to.be.revertedWithCustomError(
        verifier,
        "AttestorNotActive",
      );
      // Even as the token itself, whose caller the verifier believes, and in a transaction of its own.
      const data = verifier.interface.encodeFunctionData("verifyTransferValidity", [proofs]);
      await networkHelpers.impersonateAccount(address);
      await networkHelpers.setBalance(address, 10n ** 18n);
      const token = await ethers.getSigner(address);
      for (let i = 0; i < 2; i++) await (await token.sendTransaction({ to: verifier, data })).wait();
      await networkHelpers.stopImpersonatingAccount(address);
      await transfer(undefined, Promise.resolve(proofs));
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
    });

    it("by sending the pending transfer themselves", async () => {
      const { inft, stranger, strangerAddress, finalProofs, tokenId, transfer, fails } = await deploy();
      const proofs = finalProofs(tokenId);
      await fails(() => transfer(stranger, proofs), inft, "ERC721InsufficientApproval", [strangerAddress, tokenId]);
      await transfer(undefined, proofs);
    });
  });

  describe("5: the token is not signed, so the proof for an original delivers its copy", () => {
    it("of the final standard", async () => {
      const { inft, datas, sellerAddress, buyer, finalProofs, tokenId, verifier, fails } = await deploy();
      const copy = tokenId + 1n;
      await inft.mint(datas(1), sellerAddress);
      const proofs = await finalProofs(tokenId);
      await fails(() => inft.iTransfer(buyer.address, copy, proofs), verifier, "ProofNonceMismatch");
      expect(await inft.ownerOf(copy)).to.equal(sellerAddress);
    });

    it("of AgentNFT", async () => {
      const { inft, datas, agentNft, agentNftProofs, sellerAddress, buyer, tokenId, verifier, fails } = await deploy();
      const copy = tokenId + 1n;
      await inft.mint(datas(1), sellerAddress);
      const proofs = await agentNftProofs(tokenId);
      const attempt = () => agentNft.getFunction("iTransferFrom")(sellerAddress, buyer.address, copy, proofs);
      await fails(attempt, verifier, "ProofNonceMismatch");
      expect(await inft.ownerOf(copy)).to.equal(sellerAddress);
    });
  });

  describe("6: the action is not signed, so a proof of transfer is spent as a clone", () => {
    it("of the final standard, either way", async () => {
      const { inft, buyer, finalProofs, tokenId, verifier, fails } = await deploy();
      const forTransfer = await finalProofs(tokenId);
      await fails(() => inft.iClone(buyer.address, tokenId, forTransfer), verifier, "ProofNonceMismatch");
      const forClone = await finalProofs(tokenId, { action: "clone" });
      await fails(() => inft.iTransfer(buyer.address, tokenId, forClone), verifier, "ProofNonceMismatch");
      await fails(() => inft.stageTransfer(buyer.address, tokenId, forClone), verifier, "ProofNonceMismatch");
      expect(await inft.balanceOf(buyer.address)).to.equal(0n);
    });

    it("of AgentNFT, either way", async () => {
      const { inft, agentNft, agentNftProofs, sellerAddress, buyer, tokenId, verifier, fails } = await deploy();
      for (const [action, other] of [
        ["transfer", "iCloneFrom"],
        ["clone", "iTransferFrom"],
      ] as const) {
        const proofs = await agentNftProofs(tokenId, 1, { action });
        const attempt = () => agentNft.getFunction(other)(sellerAddress, buyer.address, tokenId, proofs);
        await fails(attempt, verifier, "ProofNonceMismatch");
      }
      expect(await inft.balanceOf(buyer.address)).to.equal(0n);
    });
  });

  describe("7: a plain transferFrom bypasses the proof", () => {
    it("whether the owner sends it, its operator, or a market it approved", async () => {
      const { inft, seller, stranger, sellerAddress, strangerAddress, tokenId, fails } = await deploy();
      await inft.setApprovalForAll(strangerAddress, true);
      await inft.approve(strangerAddress, tokenId);
      for (const by of [seller, stranger]) {
        for (const send of [
          () => inft.connect(by).transferFrom(sellerAddress, strangerAddress, tokenId),
          () => inft.connect(by)["safeTransferFrom(address,address,uint256)"](sellerAddress, strangerAddress, tokenId),
        ]) {
          await fails(send, inft, "ERC7857TransferNeedsProof", [sellerAddress, strangerAddress, tokenId]);
        }
      }
    });

    it("to anybody but the buyer a transfer is staged for, or after the token changed", async () => {
      const { inft, sellerAddress, strangerAddress, buyer, finalProofs, tokenId, fails } = await deploy();
      const plain = (to: string) => () => inft.transferFrom(sellerAddress, to, tokenId);
      await inft.stageTransfer(buyer.address, tokenId, await finalProofs(tokenId));
      await fails(plain(strangerAddress), inft, "ERC7857TransferNeedsProof", [sellerAddress, strangerAddress, tokenId]);
      await inft.updateHashes(tokenId, [hashOf("another")], []);
      await fails(plain(buyer.address), inft, "ERC7857TransferNeedsProof", [sellerAddress, buyer.address, tokenId]);
    });
  });

  describe("8: authorisations survive a transfer", () => {
    it("98 of them", async () => {
      const { inft, tokenId, authorise, strangerAddress, transfer } = await deploy();
      const users = [strangerAddress, ...(await authorise(97))];
      expect(await inft.authorizedUsersOf(tokenId)).to.have.lengthOf(98);
      await transfer();
      expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([]);
      for (const user of users) expect(await inft.isAuthorizedUser(tokenId, user)).to.equal(false);
    });

    it("in the older dialects", async () => {
      const { inft, agentNft, agentNftProofs, sellerAddress, buyer, tokenId } = await deploy();
      await agentNft.getFunction("iTransferFrom")(sellerAddress, buyer.address, tokenId, await agentNftProofs(tokenId));
      expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([]);
    });

    it("nor come back with the token", async () => {
      const { inft, buyerSigner, strangerAddress, tokenId, transfer, datas } = await deploy();
      await transfer();
      await inft.connect(buyerSigner)["update(uint256,(string,bytes32)[])"](tokenId, datas(0));
      await inft.connect(buyerSigner).transferFrom(buyerSigner.address, strangerAddress, tokenId);
      expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([]);
    });
  });

  describe("9: the cost of a transfer grows with the authorised users", () => {
    it("and with those there ever were", async () => {
      const { tokenId, authorise, transfer, networkHelpers } = await deploy();
      const snapshot = await networkHelpers.takeSnapshot();
      const few = await gasOf(transfer());
      await snapshot.restore();
      await authorise(98, tokenId);
      const many = await gasOf(transfer());
      expect(difference(many, few) <= CONSTANT, `${few} and ${many}`).to.be.true;
    });
  });

  describe("10: authorising and revoking walk through all users", () => {
    it("the hundredth costs what the second does, and there is no most", async () => {
      const { inft, tokenId, authorise, strangerAddress } = await deploy();
      const one = (user: number) => checksum(`0x${user.toString(16).padStart(40, "f")}`);
      const second = await gasOf(inft.authorizeUsage(tokenId, one(1)));
      const revokedAmongFew = await gasOf(inft.revokeAuthorization(tokenId, one(1)));
      await authorise(120);
      const later = await gasOf(inft.authorizeUsage(tokenId, one(2)));
      expect(difference(later, second) <= CONSTANT, `${second} and ${later}`).to.be.true;
      const revokedAmongMany = await gasOf(inft.revokeAuthorization(tokenId, strangerAddress));
      expect(difference(revokedAmongMany, revokedAmongFew) <= CONSTANT).to.be.true;
    });
  });

  describe("11: a receiver is called before its data and keys are written", () => {
    it("at a mint: it reads its data, and a mint of its own comes after it", async () => {
      const { inft, ethers, datas } = await deploy();
      const account = await ethers.deployContract("Account__MockForINFT");
      await account.onReceipt(inft.interface.encodeFunctionData("intelligentDataOf", [2n]));
      const keys = [hexlify(new Uint8Array(129))];
      const receipt = await (await inft.mintWithKeys(datas(1), keys, await account.getAddress())).wait();
      const [seen] = inft.interface.decodeFunctionResult("intelligentDataOf", await account.answer());
      expect(seen[0].dataHash).to.equal(datas(1)[0]?.dataHash);
      expect(receipt?.logs.at(-1)?.topics[0]).to.equal(inft.interface.getEvent("PublishedSealedKey").topicHash);
    });

    it("at a transfer or a clone: it is not called at all", async () => {
      const { inft, networkHelpers, buyer, tokenId, finalProofs } = await deploy();
      // The buyer's address gets code that refuses every call.
      await networkHelpers.setCode(buyer.address, "0xfe");
      await inft.iClone(buyer.address, tokenId, await finalProofs(tokenId, { action: "clone" }));
      await inft.iTransfer(buyer.address, tokenId, await finalProofs(tokenId));
      expect(await inft.balanceOf(buyer.address)).to.equal(2n);
    });

    it("at the completion of a staged transfer: keys come first, and it cannot take the token twice", async () => {
      const { inft, ethers, seller, sellerAddress, tokenId, networkHelpers, buyer, finalProofs } = await deploy();
      const account = await ethers.deployContract("Account__MockForINFT");
      const again = inft.interface.encodeFunctionData("transferFrom", [sellerAddress, buyer.address, tokenId]);
      await inft.stageTransfer(buyer.address, tokenId, await finalProofs(tokenId));
      await networkHelpers.setCode(buyer.address, (await account.getDeployedCode())!);
      const there = await ethers.getContractAt("Account__MockForINFT", buyer.address);
      await there.onReceipt(again);
      const safe = inft.connect(seller)["safeTransferFrom(address,address,uint256)"];
      const receipt = await (await safe(sellerAddress, buyer.address, tokenId)).wait();
      expect(await there.received()).to.equal(1n);
      expect(await there.succeeded()).to.equal(false);
      const published = receipt!.logs.filter(
        ({ topics }) => topics[0] === inft.interface.getEvent("PublishedSealedKey").topicHash,
      );
      expect(published).to.have.lengthOf(1);
    });
  });

  describe("12: the seller keeps a data key that works, because the data is not encrypted anew", () => {
    it("of the final standard, although everybody signed it", async () => {
      const { inft, signedProofs, tokenId, transfer, fails, datas } = await deploy();
      const same = datas(1)[0]!.dataHash;
      const proofs = signedProofs({ newHashes: [same] });
      await fails(() => transfer(undefined, proofs), inft, "ERC7857DataUnchanged", [tokenId, 0, same]);
    });

    it("of AgentNFT, whose proofs know one hash only", async () => {
      const { inft, agentNft, agentNftProofs, sellerAddress, buyer, tokenId, datas, fails } = await deploy();
      const same = datas(1)[0]!.dataHash;
      for (const [action, call] of [
        ["transfer", "iTransferFrom"],
        ["clone", "iCloneFrom"],
      ] as const) {
        const proofs = await agentNftProofs(tokenId, 1, { newHash: same, action });
        const attempt = () => agentNft.getFunction(call)(sellerAddress, buyer.address, tokenId, proofs);
        await fails(attempt, inft, "ERC7857DataUnchanged", [tokenId, 0, same]);
      }
    });
  });

  describe("13: one oracle key is enough, and it changes unseen and at once", () => {
    it("one attestor of two, or one of them twice", async () => {
      const { finalProofs, tokenId, attestors, verifier, transfer, fails } = await deploy();
      const one = finalProofs(tokenId, { attestors: attestors.slice(0, 1) });
      await fails(() => transfer(undefined, one), verifier, "AttestorSignatureCount", [65, 2]);
      const [genuine] = await finalProofs(tokenId, { attestors: attestors.slice(0, 1) });
      const { proof } = genuine!.ownershipProof;
      const twice = {
        ...genuine!,
        ownershipProof: { ...genuine!.ownershipProof, proof: concat([proof, proof]) as Hex },
      };
      await fails(() => transfer(undefined, Promise.resolve([twice])), verifier, "AttestorOrder", [
        attestors[0]!.address,
        attestors[0]!.address,
      ]);
    });

    it("a new attestor counts after the delay, is announced, and is nobody else's to add", async () => {
      const { verifier, stranger, strangerAddress, attestors, finalProofs, tokenId, transfer, networkHelpers, fails } =
        await deploy();
      const joining = walletOf("a joining attestor");
      const until = BigInt(await networkHelpers.time.latest()) + 30n * 86_400n;
      await fails(
        () => verifier.connect(stranger).scheduleAttestor(joining.address, until, ""),
        verifier,
        "OwnableUnauthorizedAccount",
        [strangerAddress],
      );
      await expect(verifier.scheduleAttestor(joining.address, until, "")).to.emit(verifier, "AttestorScheduled");
      const signing = { attestors: [attestors[0]!, joining], deadline: until };
      await fails(() => transfer(undefined, finalProofs(tokenId, signing)), verifier, "AttestorNotActive");
      await networkHelpers.time.increase(86_400n);
      await transfer(undefined, finalProofs(tokenId, signing));
    });

    it("one that was removed counts no more, from the same block on", async () => {
      const { verifier, attestors, finalProofs, tokenId, sellerAddress, transfer, fails } = await deploy();
      await expect(verifier.removeAttestor(attestors[0]!.address))
        .to.emit(verifier, "AttestorRemoved")
        .withArgs(attestors[0]!.address, sellerAddress);
      await fails(() => transfer(undefined, finalProofs(tokenId)), verifier, "AttestorNotActive");
    });

    it("the token's verifier cannot be exchanged, nor its threshold lowered", async () => {
      const { inft, verifier } = await deploy();
      const setters = (contract: BaseContract) =>
        contract.interface.fragments
          .filter((fragment) => fragment.type === "function" && !("constant" in fragment && fragment.constant))
          .map((fragment) => ("name" in fragment ? String(fragment.name) : ""))
          .filter((name) => /verifier|oracle|threshold|delay|upgrade|^set(?!ApprovalForAll)/i.test(name));
      expect(setters(inft)).to.deep.equal([]);
      expect(setters(verifier)).to.deep.equal([]);
    });
  });

  describe("14: a contract wallet cannot ask for data", () => {
    it("but signs by ERC-1271, and what it did not sign is refused", async () => {
      const { inft, ethers, verifier, tokenId, attestors, place, deadline, fails } = await deploy();
      const wallet = await ethers.deployContract("Wallet__MockForTransferVerifier");
      const to = checksum(await wallet.getAddress());
      const key = keyOf(walletOf("the wallet's own key"));
      const terms = {
        action: "transfer",
        tokenId,
        sequence: (await inft.tokenStateOf(tokenId)).sequence,
        to,
        deadline: await deadline(),
        oldDataHashes: [(await inft.intelligentDataOf(tokenId))[0]!.dataHash as Hex],
      } as const;
      const access = { ...terms, newDataHashes: [OPEN_HASH], encryptedPubKey: key };
      const ownership = {
        ...terms,
        newDataHashes: [hashOf("new 0")],
        sealedKeys: [hexlify(new Uint8Array(129)) as Hex],
        encryptedPubKey: key,
      };
      const digest = ownershipDigest(place, ownership);
      const signature = "0x5161" as Hex;
      const proofs = assembleProofs(
        { ...access, signature },
        {
          ...ownership,
          signatures: joinAttestorSignatures(
            digest,
            attestors.slice(0, 2).map(({ signingKey }) => signingKey.sign(digest).serialized as Hex),
          ),
        },
      );
      await fails(() => inft.iTransfer(to, tokenId, proofs), verifier, "AccessSignerMismatch");
      await wallet.sign(accessDigest(place, access), signature);
      await inft.iTransfer(to, tokenId, proofs);
      expect(await inft.ownerOf(tokenId)).to.equal(to);
    });
  });

  describe("15: a delegate stays one for ever, and a user authorised twice stays after one revocation", () => {
    it("the zero address ends a delegation", async () => {
      const { inft, buyerSigner, buyer, strangerAddress } = await deploy();
      await inft.connect(buyerSigner).delegateAccess(strangerAddress);
      await inft.connect(buyerSigner).delegateAccess(`0x${"00".repeat(20)}`);
      expect(await inft.getDelegateAccess(buyer.address)).to.equal(`0x${"00".repeat(20)}`);
    });

    it("one revocation ends what was given any number of times", async () => {
      const { inft, tokenId, strangerAddress } = await deploy();
      await inft.batchAuthorizeUsage(tokenId, [strangerAddress, strangerAddress]);
      await inft.authorizeUsage(tokenId, strangerAddress);
      expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([strangerAddress]);
      await inft.revokeAuthorization(tokenId, strangerAddress);
      expect(await inft.authorizedUsersOf(tokenId)).to.deep.equal([]);
    });
  });

  describe("16: a transfer clears the users and tells no indexer", () => {
    it("but emits what ends them all", async () => {
      const { inft, tokenId, transfer } = await deploy();
      await expect(transfer()).to.emit(inft, "AuthorizationsCleared").withArgs(tokenId, 1);
    });
  });

  describe("17: the code is bytes under the limit, and cannot grow", () => {
    it("each contract of ours keeps within 22 kB", async () => {
      const { ethers, inft, verifier } = await deploy();
      for (const contract of [inft, verifier]) {
        expect(dataLength(await ethers.provider.getCode(contract))).to.be.lessThan(22_000);
      }
    });
  });

  describe("the documentation's draft", () => {
    it("a stranger takes a token with anybody's proof", async () => {
      const {
        inft,
        docsDraft,
        stranger,
        strangerAddress,
        sellerAddress,
        buyer,
        tokenId,
        finalProofs,
        encodeFinal,
        fails,
      } = await deploy();
      const proofs = await finalProofs(tokenId);
      const key = proofs[0]!.ownershipProof.sealedKey;
      const theirs = docsDraft.connect(stranger) as typeof docsDraft;
      const attempt = (to: string) => () =>
        theirs.getFunction("transfer")(sellerAddress, to, tokenId, key, encodeFinal(proofs));
      await fails(attempt(buyer.address), inft, "ERC721InsufficientApproval", [strangerAddress, tokenId]);
      await fails(attempt(strangerAddress), inft, "ERC721InsufficientApproval", [strangerAddress, tokenId]);
    });

    it("the owner sends it with a proof that proves nothing", async () => {
      const { docsDraft, module, sellerAddress, buyer, tokenId, fails } = await deploy();
      const attempt = () =>
        docsDraft.getFunction("transfer")(sellerAddress, buyer.address, tokenId, "0x", id("trust me"));
      await fails(attempt, module, "DocsDraftProofMalformed");
    });
  });

  describe("a market", () => {
    it("skips the proof (`needProof: false`): there is no way without", async () => {
      const { inft, verifier, stranger, sellerAddress, strangerAddress, buyer, tokenId, fails } = await deploy();
      await inft.approve(strangerAddress, tokenId);
      const asMarket = inft.connect(stranger);
      await fails(() => asMarket.iTransfer(buyer.address, tokenId, []), verifier, "ProofMissing");
      await fails(
        () => asMarket.transferFrom(sellerAddress, buyer.address, tokenId),
        inft,
        "ERC7857TransferNeedsProof",
      );
    });

    it("delivers to another buyer than the one whose proof it holds", async () => {
      const { inft, stranger, strangerAddress, tokenId, finalProofs, verifier, fails } = await deploy();
      await inft.approve(strangerAddress, tokenId);
      const proofs = await finalProofs(tokenId);
      await fails(
        () => inft.connect(stranger).iTransfer(strangerAddress, tokenId, proofs),
        verifier,
        "ProofNonceMismatch",
      );
    });

    it("sells a staged token after the seller changed what is in it", async () => {
      const { inft, stranger, sellerAddress, strangerAddress, buyer, tokenId, finalProofs, fails } = await deploy();
      await inft.approve(strangerAddress, tokenId);
      await inft.stageTransfer(buyer.address, tokenId, await finalProofs(tokenId));
      await inft.updateHashes(tokenId, [hashOf("something worse")], []);
      await fails(
        () => inft.connect(stranger).transferFrom(sellerAddress, buyer.address, tokenId),
        inft,
        "ERC7857TransferNeedsProof",
        [sellerAddress, buyer.address, tokenId],
      );
    });
  });

  it("the door behind the dialects opens to nobody but the token", async () => {
    const { inft, seller, tokenId, sellerAddress, strangerAddress, fails } = await deploy();
    const host = inft.connect(seller);
    for (const attempt of [
      () => host.hostMint(sellerAddress, [], strangerAddress),
      () => host.hostUpdateHashes(sellerAddress, tokenId, [hashOf("another")]),
      () => host.hostAuthorize(sellerAddress, tokenId, strangerAddress, 0n, 0n),
    ]) {
      await fails(attempt, inft, "DialectHostOnlySelf", [sellerAddress]);
    }
  });
});
