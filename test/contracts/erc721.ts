/**
 * The behaviour OpenZeppelin publishes for an ERC-721, of tokens without private data: the state under it is our own.
 * Metadata, royalties and interfaces are in erc721-metadata.ts.
 */

import { expect } from "chai";
import { ZeroAddress, hexlify, type BaseContract, type ContractTransactionResponse, type Signer } from "ethers";
import { network } from "hardhat";

import { deployInftFixture } from "./support/inft-fixture.ts";

type Inft = Awaited<ReturnType<typeof deployInftFixture>>["inft"];

/** The owner has both; nobody ever has the third. */
const TOKEN = 1n;
const OTHER = 2n;
const UNKNOWN = 3n;

const ACCEPTED = "0x150b7a02";
const ASSERTION_FAILED = 0x01;

/** A hand-over to a contract that refuses it. */
interface HandOver {
  readonly inft: Inft;
  readonly contract: BaseContract;
  readonly address: string;
  readonly operator: string;
  readonly tokenId: bigint;
}

async function revertsAsInvalid(attempt: Promise<unknown>, { inft, address }: HandOver) {
  await expect(attempt).to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver").withArgs(address);
}

/** The ways in which a contract refuses a token, each with what the mock is told and what then reverts. */
const REFUSALS: Readonly<
  Record<
    string,
    { answer: string; refusal: number; reverts: (attempt: Promise<unknown>, given: HandOver) => Promise<void> }
  >
> = {
  "answers anything else": { answer: "0xdeadbeef", refusal: 0, reverts: revertsAsInvalid },
  "reverts with a text": {
    answer: ACCEPTED,
    refusal: 1,
    async reverts(attempt) {
      await expect(attempt).to.be.revertedWith("not here");
    },
  },
  "reverts without a reason": { answer: ACCEPTED, refusal: 2, reverts: revertsAsInvalid },
  "reverts with an error of its own": {
    answer: ACCEPTED,
    refusal: 3,
    async reverts(attempt, { contract, operator, tokenId }) {
      await expect(attempt).to.be.revertedWithCustomError(contract, "Refused").withArgs(operator, tokenId);
    },
  },
  panics: {
    answer: ACCEPTED,
    refusal: 4,
    async reverts(attempt) {
      await expect(attempt).to.be.revertedWithPanic(ASSERTION_FAILED);
    },
  },
};

/** Who may move and burn the first token, by the fixture's names. */
const CALLERS = { "the owner": "owner", "the approved account": "approved", "an operator": "operator" } as const;

type Move = (inft: Inft, from: string, to: string, tokenId: bigint) => Promise<ContractTransactionResponse>;
const SAFE_MOVES: Readonly<Record<string, Move>> = {
  "safeTransferFrom without data": async (inft, from, to, tokenId) =>
    inft["safeTransferFrom(address,address,uint256)"](from, to, tokenId),
  "safeTransferFrom with data": async (inft, from, to, tokenId) =>
    inft["safeTransferFrom(address,address,uint256,bytes)"](from, to, tokenId, "0x42"),
};
const MOVES: Readonly<Record<string, Move>> = {
  transferFrom: async (inft, from, to, tokenId) => inft.transferFrom(from, to, tokenId),
  ...SAFE_MOVES,
};

describe("a token without data is an ERC-721 as OpenZeppelin's", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployInftFixture(connection);
    const { ethers, inft, owner, ownerAddress, serving } = shop;
    const signers = (await ethers.getSigners()) as unknown as Signer[];
    const [approved, operator, receiver] = signers.slice(-3) as [Signer, Signer, Signer];
    const [approvedAddress, operatorAddress, receiverAddress] = (await Promise.all(
      [approved, operator, receiver].map((signer) => signer.getAddress()),
    )) as [string, string, string];
    await inft.mint([], ownerAddress);
    await inft.mint([], ownerAddress);
    await inft.connect(owner).approve(approvedAddress, TOKEN);
    await inft.connect(owner).setApprovalForAll(operatorAddress, true);
    const deployReceiver = async (answer = ACCEPTED, refusal = 0) =>
      ethers.deployContract("ERC721Receiver__MockForINFT", [answer, refusal]);
    /** A contract that knows nothing of ERC-721. */
    const bystander = await serving.getAddress();
    return {
      ...shop,
      approved,
      approvedAddress,
      operator,
      operatorAddress,
      receiver,
      receiverAddress,
      deployReceiver,
      bystander,
    };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  const namesIn = async (inft: Inft, sent: Promise<ContractTransactionResponse>) =>
    (await (await sent).wait())?.logs.map((log) => inft.interface.parseLog(log)?.name);

  describe("balanceOf", () => {
    it("counts the tokens of an owner, and none of anybody else", async () => {
      const { inft, ownerAddress, strangerAddress } = await deploy();
      expect(await inft.balanceOf(ownerAddress)).to.equal(2n);
      expect(await inft.balanceOf(strangerAddress)).to.equal(0n);
    });

    it("refuses the zero address, which owns nothing", async () => {
      const { inft } = await deploy();
      await expect(inft.balanceOf(ZeroAddress))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidOwner")
        .withArgs(ZeroAddress);
    });
  });

  describe("ownerOf", () => {
    it("names the owner", async () => {
      const { inft, ownerAddress } = await deploy();
      expect([await inft.ownerOf(TOKEN), await inft.ownerOf(OTHER)]).to.deep.equal([ownerAddress, ownerAddress]);
    });

    it("refuses a token that does not exist", async () => {
      const { inft } = await deploy();
      for (const tokenId of [0n, UNKNOWN, 2n ** 256n - 1n]) {
        await expect(inft.ownerOf(tokenId))
          .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
          .withArgs(tokenId);
      }
    });
  });

  for (const [name, move] of Object.entries(MOVES)) {
    describe(name, () => {
      for (const [who, key] of Object.entries(CALLERS)) {
        it(`lets ${who} move the token, its balance with it, and ends the approval`, async () => {
          const shop = await deploy();
          const { inft, ownerAddress, receiverAddress } = shop;
          const moved = move(inft.connect(shop[key]), ownerAddress, receiverAddress, TOKEN);
          await expect(moved).to.emit(inft, "Transfer").withArgs(ownerAddress, receiverAddress, TOKEN);
          expect(await inft.ownerOf(TOKEN)).to.equal(receiverAddress);
          expect(await inft.getApproved(TOKEN)).to.equal(ZeroAddress);
          expect(await inft.balanceOf(ownerAddress)).to.equal(1n);
          expect(await inft.balanceOf(receiverAddress)).to.equal(1n);
          expect(await inft.ownerOf(OTHER)).to.equal(ownerAddress);
        });
      }

      it("lets an operator move a token that has no approved account", async () => {
        const { inft, operator, ownerAddress, receiverAddress } = await deploy();
        await move(inft.connect(operator), ownerAddress, receiverAddress, OTHER);
        expect(await inft.ownerOf(OTHER)).to.equal(receiverAddress);
      });

      it("announces the transfer and the end of all authorisations, and nothing else", async () => {
        const { inft, owner, ownerAddress, receiverAddress } = await deploy();
        const moved = move(inft.connect(owner), ownerAddress, receiverAddress, TOKEN);
        expect(await namesIn(inft, moved)).to.deep.equal(["Transfer", "AuthorizationsCleared"]);
      });

      it("to the owner itself keeps owner and balance, and ends the approval", async () => {
        const { inft, owner, ownerAddress } = await deploy();
        await expect(move(inft.connect(owner), ownerAddress, ownerAddress, TOKEN))
          .to.emit(inft, "Transfer")
          .withArgs(ownerAddress, ownerAddress, TOKEN);
        expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
        expect(await inft.balanceOf(ownerAddress)).to.equal(2n);
        expect(await inft.getApproved(TOKEN)).to.equal(ZeroAddress);
      });

      it("refuses a sender who is not the owner, whoever asks", async () => {
        const shop = await deploy();
        const { inft, ownerAddress, strangerAddress, receiverAddress } = shop;
        for (const by of [shop.owner, shop.approved, shop.operator]) {
          await expect(move(inft.connect(by), strangerAddress, receiverAddress, TOKEN))
            .to.be.revertedWithCustomError(inft, "ERC721IncorrectOwner")
            .withArgs(strangerAddress, TOKEN, ownerAddress);
        }
        expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
        expect(await inft.balanceOf(receiverAddress)).to.equal(0n);
      });

      it("refuses a stranger, and an account approved for another token", async () => {
        const { inft, stranger, approved, ownerAddress, strangerAddress, approvedAddress } = await deploy();
        await expect(move(inft.connect(stranger), ownerAddress, strangerAddress, TOKEN))
          .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
          .withArgs(strangerAddress, TOKEN);
        await expect(move(inft.connect(approved), ownerAddress, approvedAddress, OTHER))
          .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
          .withArgs(approvedAddress, OTHER);
        expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
      });

      it("refuses a token that does not exist", async () => {
        const { inft, owner, ownerAddress, receiverAddress } = await deploy();
        await expect(move(inft.connect(owner), ownerAddress, receiverAddress, UNKNOWN))
          .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
          .withArgs(UNKNOWN);
      });

      it("refuses the zero address as receiver", async () => {
        const { inft, owner, ownerAddress } = await deploy();
        await expect(move(inft.connect(owner), ownerAddress, ZeroAddress, TOKEN))
          .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
          .withArgs(ZeroAddress);
        expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
      });

      it("leaves the former owner, approved account and operator without a say", async () => {
        const shop = await deploy();
        const { inft, ownerAddress, receiverAddress } = shop;
        await move(inft.connect(shop.owner), ownerAddress, receiverAddress, TOKEN);
        for (const by of [shop.owner, shop.approved, shop.operator]) {
          const address = await by.getAddress();
          await expect(move(inft.connect(by), receiverAddress, address, TOKEN))
            .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
            .withArgs(address, TOKEN);
        }
      });
    });
  }

  it("an approval that a transfer ended does not come back with the token", async () => {
    const { inft, owner, approved, receiver, ownerAddress, approvedAddress, receiverAddress } = await deploy();
    await inft.connect(owner).transferFrom(ownerAddress, receiverAddress, TOKEN);
    await inft.connect(receiver).transferFrom(receiverAddress, ownerAddress, TOKEN);
    expect(await inft.getApproved(TOKEN)).to.equal(ZeroAddress);
    await expect(inft.connect(approved).transferFrom(ownerAddress, approvedAddress, TOKEN))
      .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
      .withArgs(approvedAddress, TOKEN);
    // Nor when the slot counts again, for somebody else and then for nobody.
    await inft.connect(owner).approve(receiverAddress, TOKEN);
    expect(await inft.getApproved(TOKEN)).to.equal(receiverAddress);
    await inft.connect(owner).approve(ZeroAddress, TOKEN);
    expect(await inft.getApproved(TOKEN)).to.equal(ZeroAddress);
    await expect(inft.connect(approved).transferFrom(ownerAddress, approvedAddress, TOKEN))
      .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
      .withArgs(approvedAddress, TOKEN);
  });

  it("transferFrom asks no contract whether it takes the token", async () => {
    const { inft, owner, ownerAddress, bystander } = await deploy();
    await inft.connect(owner).transferFrom(ownerAddress, bystander, TOKEN);
    expect(await inft.ownerOf(TOKEN)).to.equal(bystander);
  });

  describe("a safe transfer to a contract", () => {
    const HANDED = { "safeTransferFrom without data": "0x", "safeTransferFrom with data": "0x42" } as const;
    for (const [name, data] of Object.entries(HANDED)) {
      const move = SAFE_MOVES[name]!;

      for (const [who, key] of Object.entries(CALLERS)) {
        it(`tells it, its owner already, who sends what of whom and with which data: ${name}, by ${who}`, async () => {
          const shop = await deploy();
          const { inft, ownerAddress } = shop;
          const contract = await shop.deployReceiver();
          const address = await contract.getAddress();
          await expect(move(inft.connect(shop[key]), ownerAddress, address, TOKEN))
            .to.emit(contract, "Received")
            .withArgs(await shop[key].getAddress(), ownerAddress, TOKEN, data, address);
          expect(await inft.ownerOf(TOKEN)).to.equal(address);
        });
      }

      for (const [how, { answer, refusal, reverts }] of Object.entries(REFUSALS)) {
        it(`does not happen when it ${how}: ${name}`, async () => {
          const { inft, owner, ownerAddress, approvedAddress, deployReceiver } = await deploy();
          const contract = await deployReceiver(answer, refusal);
          const address = await contract.getAddress();
          await reverts(move(inft.connect(owner), ownerAddress, address, TOKEN), {
            inft,
            contract,
            address,
            operator: ownerAddress,
            tokenId: TOKEN,
          });
          expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
          expect(await inft.balanceOf(address)).to.equal(0n);
          expect(await inft.getApproved(TOKEN)).to.equal(approvedAddress);
        });
      }

      it(`does not happen when it has no function for it: ${name}`, async () => {
        const { inft, owner, ownerAddress, bystander } = await deploy();
        await expect(move(inft.connect(owner), ownerAddress, bystander, TOKEN))
          .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
          .withArgs(bystander);
        expect(await inft.ownerOf(TOKEN)).to.equal(ownerAddress);
      });
    }

    it("hands over data of any length as they are", async () => {
      const { inft, owner, ownerAddress, deployReceiver } = await deploy();
      const contract = await deployReceiver();
      const address = await contract.getAddress();
      const data = hexlify(Uint8Array.from({ length: 1000 }, (_, i) => i % 256));
      const safely = inft.connect(owner)["safeTransferFrom(address,address,uint256,bytes)"];
      await expect(safely(ownerAddress, address, TOKEN, data))
        .to.emit(contract, "Received")
        .withArgs(ownerAddress, ownerAddress, TOKEN, data, address);
    });
  });

  describe("mint", () => {
    it("gives the next token to the receiver, and counts it", async () => {
      const { inft, stranger, receiverAddress } = await deploy();
      const minted = inft.connect(stranger).mint([], receiverAddress);
      await expect(minted).to.emit(inft, "Transfer").withArgs(ZeroAddress, receiverAddress, UNKNOWN);
      expect(await namesIn(inft, minted)).to.deep.equal(["Transfer"]);
      expect(await inft.ownerOf(UNKNOWN)).to.equal(receiverAddress);
      expect(await inft.balanceOf(receiverAddress)).to.equal(1n);
      expect(await inft.getApproved(UNKNOWN)).to.equal(ZeroAddress);
    });

    it("tells a contract who minted, that nobody sent, what, and no data", async () => {
      const { inft, stranger, strangerAddress, deployReceiver } = await deploy();
      const contract = await deployReceiver();
      const address = await contract.getAddress();
      await expect(inft.connect(stranger).mint([], address))
        .to.emit(contract, "Received")
        .withArgs(strangerAddress, ZeroAddress, UNKNOWN, "0x", address);
    });

    it("refuses the zero address", async () => {
      const { inft } = await deploy();
      await expect(inft.mint([], ZeroAddress))
        .to.be.revertedWithCustomError(inft, "ERC721InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    for (const [how, { answer, refusal, reverts }] of Object.entries(REFUSALS)) {
      it(`does not happen, and uses up no id, when a contract ${how}`, async () => {
        const { inft, stranger, strangerAddress, deployReceiver } = await deploy();
        const contract = await deployReceiver(answer, refusal);
        const address = await contract.getAddress();
        await reverts(inft.connect(stranger).mint([], address), {
          inft,
          contract,
          address,
          operator: strangerAddress,
          tokenId: UNKNOWN,
        });
        expect(await inft.balanceOf(address)).to.equal(0n);
        await inft.mint([], strangerAddress);
        expect(await inft.ownerOf(UNKNOWN)).to.equal(strangerAddress);
      });
    }
  });

  describe("burn", () => {
    for (const [who, key] of Object.entries(CALLERS)) {
      it(`lets ${who} destroy the token`, async () => {
        const shop = await deploy();
        const { inft, ownerAddress } = shop;
        await expect(inft.connect(shop[key]).burn(TOKEN))
          .to.emit(inft, "Transfer")
          .withArgs(ownerAddress, ZeroAddress, TOKEN);
        expect(await inft.balanceOf(ownerAddress)).to.equal(1n);
        for (const view of [() => inft.ownerOf(TOKEN), () => inft.getApproved(TOKEN)]) {
          await expect(view()).to.be.revertedWithCustomError(inft, "ERC721NonexistentToken").withArgs(TOKEN);
        }
      });
    }

    it("refuses a stranger, and an account approved for another token", async () => {
      const { inft, stranger, approved, strangerAddress, approvedAddress, ownerAddress } = await deploy();
      await expect(inft.connect(stranger).burn(TOKEN))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(strangerAddress, TOKEN);
      await expect(inft.connect(approved).burn(OTHER))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(approvedAddress, OTHER);
      expect(await inft.balanceOf(ownerAddress)).to.equal(2n);
    });

    it("refuses a token that does not exist, or no longer", async () => {
      const { inft, owner } = await deploy();
      await inft.connect(owner).burn(TOKEN);
      for (const tokenId of [UNKNOWN, TOKEN]) {
        await expect(inft.connect(owner).burn(tokenId))
          .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
          .withArgs(tokenId);
      }
    });

    it("is for good: no later mint has that id, and nothing can be done with it", async () => {
      const { inft, owner, approved, ownerAddress, approvedAddress } = await deploy();
      await inft.connect(owner).burn(OTHER);
      await inft.mint([], ownerAddress);
      expect(await inft.ownerOf(UNKNOWN)).to.equal(ownerAddress);
      for (const attempt of [
        () => inft.ownerOf(OTHER),
        () => inft.connect(owner).approve(approvedAddress, OTHER),
        () => inft.connect(owner).transferFrom(ownerAddress, approvedAddress, OTHER),
        () => inft.connect(approved).transferFrom(ZeroAddress, approvedAddress, OTHER),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(inft, "ERC721NonexistentToken").withArgs(OTHER);
      }
    });
  });
});
