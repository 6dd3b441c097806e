import { expect } from "chai";
import { AbiCoder, concat, hexlify, ZeroAddress, type Contract } from "ethers";
import { network } from "hardhat";

import type { Hex } from "../../lib/hex.ts";
import { deployDialectsFixture, DOCS_DRAFT_ABI, textBytes } from "./support/dialects-fixture.ts";
import { hashOf, walletOf } from "./support/verifier-fixture.ts";

const URI = "0g://storage/agent.json";
const HASH = hashOf("metadata");

describe("a client of the draft in 0G's documentation", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  async function fixture() {
    const shop = await deployDialectsFixture(connection);
    await shop.docsDraft.getFunction("mint")(shop.sellerAddress, URI, HASH);
    return shop;
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  type Shop = Awaited<ReturnType<typeof fixture>>;

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  const TOKEN = 1n;
  const firstKey = hexlify(new Uint8Array(129).fill(1)) as Hex;

  it("calls functions of its own selectors", async () => {
    const { docsDraft } = await deploy();
    const selectors = [
      "mint",
      "transfer",
      "clone",
      "authorizeUsage",
      "getMetadataHash",
      "getEncryptedURI",
      "oracle",
    ].map((name) => docsDraft.interface.getFunction(name)!.selector);
    expect(selectors.slice(0, 4)).to.deep.equal(["0xd34047b6", "0xc78fed04", "0xca14bee7", "0x7b297a6f"]);
  });

  it("mints without being the owner of the contract, and reads what it minted", async () => {
    const { clientOf, stranger, strangerAddress, docsDraft, inft, verifier } = await deploy();
    const client = clientOf(DOCS_DRAFT_ABI, stranger);
    expect(await client.getFunction("mint").staticCall(strangerAddress, URI, HASH)).to.equal(2n);
    await client.getFunction("mint")(strangerAddress, URI, HASH);
    expect(await docsDraft.getFunction("ownerOf")(2n)).to.equal(strangerAddress);
    expect(await docsDraft.getFunction("getEncryptedURI")(2n)).to.equal(URI);
    expect(await docsDraft.getFunction("getMetadataHash")(2n)).to.equal(HASH);
    expect(await docsDraft.getFunction("oracle")()).to.equal(await verifier.getAddress());
    expect(await inft.isProven(2n)).to.equal(false);
  });

  it("reads the first datum of a token that holds several, and is told when there is none", async () => {
    const { docsDraft, inft, mintToken } = await deploy();
    const several = await mintToken(3);
    expect(await docsDraft.getFunction("getMetadataHash")(several)).to.equal(hashOf("old 0"));
    expect(await docsDraft.getFunction("getEncryptedURI")(several)).to.equal("datum 0");
    const empty = await mintToken(0);
    for (const getter of ["getMetadataHash", "getEncryptedURI"]) {
      await expect(docsDraft.getFunction(getter)(empty))
        .to.be.revertedWithCustomError(inft, "ERC7857DataCount")
        .withArgs(empty, 1n, 0n);
    }
  });

  describe("authorizeUsage", () => {
    const terms = (expiry: bigint, bits: bigint) =>
      AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [expiry, bits]) as Hex;
    const authorize = ({ docsDraft, strangerAddress }: Shop, permissions: string) =>
      docsDraft.getFunction("authorizeUsage")(TOKEN, strangerAddress, permissions) as Promise<unknown>;

    it("keeps permissions that are an expiry and bits as terms", async () => {
      const shop = await deploy();
      const { docsDraft, inft, module, strangerAddress, deadline } = shop;
      const expiry = await deadline();
      const authorizing = authorize(shop, terms(expiry, 5n));
      await expect(authorizing).to.emit(docsDraft, "UsageAuthorized").withArgs(TOKEN, strangerAddress);
      await expect(authorizing).to.not.emit(module, "UsagePermissions");
      expect(await inft.authorizationOf(TOKEN, strangerAddress)).to.deep.equal([true, expiry, 5n]);
    });

    it("takes the largest expiry and bits there are", async () => {
      const shop = await deploy();
      await authorize(shop, terms(2n ** 40n - 1n, 2n ** 24n - 1n));
      expect(await shop.inft.authorizationOf(TOKEN, shop.strangerAddress)).to.deep.equal([
        true,
        2n ** 40n - 1n,
        2n ** 24n - 1n,
      ]);
    });

    it("publishes any other permissions for the service that honours them", async () => {
      const shop = await deploy();
      const others = [
        textBytes('{"model":"read"}'),
        terms(2n ** 40n, 0n),
        terms(0n, 2n ** 24n),
        terms(1n, 1n).slice(0, -2),
        concat([terms(0n, 0n), "0x00"]),
      ];
      for (const permissions of others) {
        await expect(authorize(shop, permissions))
          .to.emit(shop.module, "UsagePermissions")
          .withArgs(TOKEN, shop.strangerAddress, permissions);
        expect(await shop.inft.authorizationOf(TOKEN, shop.strangerAddress)).to.deep.equal([true, 0n, 0n]);
      }
    });

    it("takes no permissions at all as no end and no bits", async () => {
      const shop = await deploy();
      await expect(authorize(shop, "0x")).to.not.emit(shop.module, "UsagePermissions");
      expect(await shop.inft.authorizationOf(TOKEN, shop.strangerAddress)).to.deep.equal([true, 0n, 0n]);
    });

    it("is refused for terms that are over, and to strangers", async () => {
      const shop = await deploy();
      await expect(authorize(shop, terms(1n, 0n))).to.be.revertedWithCustomError(
        shop.inft,
        "ERC7857AuthorizationExpired",
      );
      const { clientOf, stranger, strangerAddress, inft } = shop;
      await expect(
        clientOf(DOCS_DRAFT_ABI, stranger).getFunction("authorizeUsage")(TOKEN, strangerAddress, "0x"),
      ).to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval");
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
    });
  });

  describe("transfer", () => {
    async function ready(count = 1) {
      const shop = await deploy();
      const tokenId = count === 1 ? TOKEN : await shop.mintToken(count);
      const proof = shop.encodeFinal(await shop.finalProofs(tokenId));
      const transfer = (
        changes: { client?: Contract; from?: string; to?: string; tokenId?: bigint; key?: Hex; proof?: Hex } = {},
      ) =>
        (changes.client ?? shop.docsDraft).getFunction("transfer")(
          changes.from ?? shop.sellerAddress,
          changes.to ?? shop.buyer.address,
          changes.tokenId ?? tokenId,
          changes.key ?? firstKey,
          changes.proof ?? proof,
        ) as Promise<unknown>;
      return { ...shop, tokenId, proof, transfer };
    }

    for (const count of [1, 3]) {
      it(`moves a token of ${count} data and says its new hash`, async () => {
        const { inft, docsDraft, buyer, transfer, tokenId } = await ready(count);
        const transferring = transfer();
        await expect(transferring).to.emit(docsDraft, "MetadataUpdated").withArgs(tokenId, hashOf("new 0"));
        await expect(transferring)
          .to.emit(inft, "PublishedSealedKey")
          .withArgs(
            buyer.address,
            tokenId,
            Array.from({ length: count }, (_, i) => hexlify(new Uint8Array(129).fill(i + 1))),
          );
        expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
        expect(await docsDraft.getFunction("getMetadataHash")(tokenId)).to.equal(hashOf("new 0"));
      });
    }

    it("is refused to strangers, whom the draft itself would let take any token", async () => {
      const { inft, clientOf, stranger, strangerAddress, transfer, tokenId, stateOf } = await ready();
      const before = await stateOf(tokenId);
      await expect(transfer({ client: clientOf(DOCS_DRAFT_ABI, stranger) }))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(strangerAddress, tokenId);
      expect(await stateOf(tokenId)).to.equal(before);
    });

    it("is refused from one who does not own the token", async () => {
      const { inft, strangerAddress, sellerAddress, transfer, tokenId } = await ready();
      await expect(transfer({ from: strangerAddress }))
        .to.be.revertedWithCustomError(inft, "ERC721IncorrectOwner")
        .withArgs(strangerAddress, tokenId, sellerAddress);
    });

    it("is refused when the key beside the proofs is not the first one's", async () => {
      const { module, transfer } = await ready();
      const key = hexlify(new Uint8Array(129).fill(2)) as Hex;
      await expect(transfer({ key }))
        .to.be.revertedWithCustomError(module, "DocsDraftSealedKeyMismatch")
        .withArgs(key, firstKey);
    });

    it("is refused when the proof is not an array as the compiler lays it out", async () => {
      const { module, verifier, transfer, proof } = await ready();
      const moved = concat([`0x${"00".repeat(31)}40`, `0x${"00".repeat(32)}`, `0x${proof.slice(66)}`]) as Hex;
      for (const given of ["0x", "0x01", proof.slice(0, 64) as Hex, proof.slice(0, 128) as Hex, moved] as Hex[]) {
        await expect(transfer({ proof: given })).to.be.revertedWithCustomError(module, "DocsDraftProofMalformed");
      }
      const none = AbiCoder.defaultAbiCoder().encode(["bytes[]"], [[]]) as Hex;
      await expect(transfer({ proof: none })).to.be.revertedWithCustomError(verifier, "ProofMissing");
    });

    it("is refused when the array is cut short, or points outside itself", async () => {
      const { ethers, transfer, proof } = await ready();
      const word = (value: bigint) => value.toString(16).padStart(64, "0");
      const pointed = (offset: bigint) => `0x${proof.slice(2, 130)}${word(offset)}${proof.slice(194)}` as Hex;
      const counted = (count: bigint) => `0x${proof.slice(2, 66)}${word(count)}${proof.slice(130)}` as Hex;
      const given = [
        proof.slice(0, 194) as Hex,
        proof.slice(0, -130) as Hex,
        pointed(2n ** 200n),
        pointed(2n ** 256n - 64n),
        counted(2n ** 255n),
        counted(2n),
      ];
      for (const broken of given) await expect(transfer({ proof: broken })).to.be.revert(ethers);
    });

    it("is refused for proofs of a clone, of another receiver, and too late", async () => {
      const { verifier, finalProofs, encodeFinal, strangerAddress, transfer, tokenId, deadline, networkHelpers } =
        await ready();
      const clone = encodeFinal(await finalProofs(tokenId, { action: "clone" }));
      await expect(transfer({ proof: clone })).to.be.revertedWithCustomError(verifier, "ProofNonceMismatch");
      await expect(transfer({ to: strangerAddress })).to.be.revertedWithCustomError(verifier, "ProofNonceMismatch");
      const by = await deadline();
      const late = encodeFinal(await finalProofs(tokenId, { deadline: by }));
      await networkHelpers.time.increaseTo(by + 1n);
      await expect(transfer({ proof: late })).to.be.revertedWithCustomError(verifier, "ProofExpired");
    });

    it("is refused for other data than the token holds", async () => {
      const { inft, finalProofs, encodeFinal, transfer, tokenId } = await ready();
      const proof = encodeFinal(await finalProofs(tokenId, { oldDataHashes: [hashOf("other data")] }));
      await expect(transfer({ proof }))
        .to.be.revertedWithCustomError(inft, "ERC7857DataHashMismatch")
        .withArgs(tokenId, 0n, hashOf("other data"), HASH);
    });

    it("is refused when nobody who counts vouches for the re-encryption", async () => {
      const { verifier, finalProofs, encodeFinal, transfer, tokenId, attestors } = await ready();
      const proof = encodeFinal(await finalProofs(tokenId, { attestors: [attestors[0]!, walletOf("an impostor")] }));
      await expect(transfer({ proof })).to.be.revertedWithCustomError(verifier, "AttestorNotActive");
    });

    it("is refused a second time", async () => {
      const { inft, docsDraft, clientOf, buyer, transfer, tokenId, ethers, networkHelpers } = await ready();
      await transfer();
      await networkHelpers.setBalance(buyer.address, 10n ** 18n);
      const client = clientOf(DOCS_DRAFT_ABI, buyer.connect(ethers.provider));
      await expect(transfer({ client, from: buyer.address })).to.be.revert(ethers);
      expect(await inft.ownerOf(tokenId)).to.equal(buyer.address);
      expect(await docsDraft.getFunction("getMetadataHash")(tokenId)).to.equal(hashOf("new 0"));
    });
  });

  describe("clone", () => {
    it("gives the buyer a token of its own, for real", async () => {
      const { docsDraft, inft, finalProofs, encodeFinal, buyer, sellerAddress } = await deploy();
      const proof = encodeFinal(await finalProofs(TOKEN, { action: "clone" }));
      const clone = docsDraft.getFunction("clone");
      expect(await clone.staticCall(buyer.address, TOKEN, firstKey, proof)).to.equal(2n);
      await expect(clone(buyer.address, TOKEN, firstKey, proof))
        .to.emit(inft, "Cloned")
        .withArgs(TOKEN, 2n, sellerAddress, buyer.address);
      expect(await docsDraft.getFunction("getMetadataHash")(2n)).to.equal(hashOf("new 0"));
      expect(await docsDraft.getFunction("getEncryptedURI")(2n)).to.equal(URI);
      expect(await docsDraft.getFunction("getMetadataHash")(TOKEN)).to.equal(HASH);
      await expect(clone(buyer.address, TOKEN, firstKey, proof)).to.be.revert(connection.ethers);
    });

    it("is refused for a transfer's proofs, and of a token that there is not", async () => {
      const { docsDraft, inft, verifier, finalProofs, encodeFinal, buyer } = await deploy();
      const proof = encodeFinal(await finalProofs(TOKEN));
      await expect(docsDraft.getFunction("clone")(buyer.address, TOKEN, firstKey, proof)).to.be.revertedWithCustomError(
        verifier,
        "ProofNonceMismatch",
      );
      await expect(docsDraft.getFunction("clone")(buyer.address, 99n, firstKey, proof))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(99n);
    });

    it("is refused to nobody's address", async () => {
      const { docsDraft, inft, finalProofs, encodeFinal } = await deploy();
      const proof = encodeFinal(await finalProofs(TOKEN, { action: "clone" }));
      await expect(docsDraft.getFunction("clone")(ZeroAddress, TOKEN, firstKey, proof))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
        .withArgs(ZeroAddress);
    });
  });
});
