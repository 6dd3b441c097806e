/** Who may use a token's data: granted, on terms, taken back, over, ended at once. */

import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse, type Signer } from "ethers";
import { network } from "hardhat";

import { checksum } from "../../lib/hex.ts";
import { deployInftFixture } from "./support/inft-fixture.ts";

const TOKEN = 1n;
const UNKNOWN = 3n;
/** A cold slot more would be 2,100. */
const CONSTANT = 500n;
const MOST_PERMISSIONS = 2n ** 24n - 1n;
const LAST_EXPIRY = 2n ** 40n - 1n;

/** So many accounts, none of which acts. */
function accounts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => checksum(`0x${(0xc0de00 + i).toString(16).padStart(40, "0")}`));
}

describe("authorisations", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;

  async function fixture() {
    const shop = await deployInftFixture(connection);
    const { ethers, networkHelpers, inft, owner, ownerAddress } = shop;
    const [approved, operator] = ((await ethers.getSigners()) as unknown as Signer[]).slice(-2) as [Signer, Signer];
    await inft.mint([], ownerAddress);
    await inft.mint([], ownerAddress);
    const owned = inft.connect(owner);
    await owned.approve(await approved.getAddress(), TOKEN);
    await owned.setApprovalForAll(await operator.getAddress(), true);
    const soon = async () => BigInt(await networkHelpers.time.latest()) + 1000n;
    const [user, second, third] = accounts(3) as [string, string, string];
    return { ...shop, owned, approved, operator, soon, user, second, third };
  }
  const deploy = () => connection.networkHelpers.loadFixture(fixture);
  type Shop = Awaited<ReturnType<typeof fixture>>;
  const gasOf = async (sent: Promise<ContractTransactionResponse>) => (await (await sent).wait())?.gasUsed ?? 0n;
  const difference = (a: bigint, b: bigint) => (a > b ? a - b : b - a);

  before(async () => {
    connection = await network.create();
  });
  after(() => connection.close());

  /** Everything that writes an authorisation, one user's. */
  const WRITES: Readonly<
    Record<string, (inft: Shop["inft"], tokenId: bigint, user: string) => Promise<ContractTransactionResponse>>
  > = {
    authorizeUsage: async (inft, tokenId, user) => inft.authorizeUsage(tokenId, user),
    authorizeUsageWith: async (inft, tokenId, user) => inft.authorizeUsageWith(tokenId, user, LAST_EXPIRY, 1n),
    batchAuthorizeUsage: async (inft, tokenId, user) => inft.batchAuthorizeUsage(tokenId, [user]),
    revokeAuthorization: async (inft, tokenId, user) => inft.revokeAuthorization(tokenId, user),
    clearAuthorizedUsers: async (inft, tokenId) => inft.clearAuthorizedUsers(tokenId),
  };
  const GRANTS = Object.fromEntries(Object.entries(WRITES).filter(([name]) => name.includes("uthorizeUsage")));

  for (const [name, write] of Object.entries(WRITES)) {
    describe(name, () => {
      for (const by of ["owner", "approved", "operator"] as const) {
        it(`is open to the ${by === "approved" ? "approved account" : by}`, async () => {
          const shop = await deploy();
          const { inft, owned, user, second } = shop;
          await owned.authorizeUsage(TOKEN, user);
          await write(inft.connect(shop[by]), TOKEN, name in GRANTS ? second : user);
          expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal(name in GRANTS ? [user, second] : []);
        });
      }

      it("is refused to a stranger, and to a user", async () => {
        const { inft, owned, stranger, strangerAddress, user } = await deploy();
        await owned.batchAuthorizeUsage(TOKEN, [user, strangerAddress]);
        for (const tokenId of [TOKEN, 2n]) {
          await expect(write(inft.connect(stranger), tokenId, user))
            .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
            .withArgs(strangerAddress, tokenId);
        }
        expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([user, strangerAddress]);
      });

      it("is refused for a token that does not exist, or no longer", async () => {
        const { inft, owned, user } = await deploy();
        await owned.burn(TOKEN);
        for (const tokenId of [UNKNOWN, TOKEN]) {
          await expect(write(owned, tokenId, user))
            .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
            .withArgs(tokenId);
        }
      });
    });
  }

  for (const [name, grant] of Object.entries(GRANTS)) {
    it(`${name} refuses the zero address, and the owner, who needs none`, async () => {
      const { inft, owned, operator, ownerAddress } = await deploy();
      for (const token of [owned, inft.connect(operator)]) {
        for (const user of [ZeroAddress, ownerAddress]) {
          await expect(grant(token, TOKEN, user))
            .to.be.revertedWithCustomError(inft, "ERC7857InvalidAuthorizedUser")
            .withArgs(user);
        }
      }
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
    });

    it(`${name} announces the owner, also when an operator does it`, async () => {
      const { inft, operator, ownerAddress, user } = await deploy();
      await expect(grant(inft.connect(operator), TOKEN, user))
        .to.emit(inft, "Authorization")
        .withArgs(ownerAddress, user, TOKEN);
    });
  }

  it("authorizeUsage has neither end nor terms, and is of one token", async () => {
    const { inft, owned, user } = await deploy();
    await expect(owned.authorizeUsage(TOKEN, user)).to.not.emit(inft, "AuthorizationTerms");
    expect(await inft.authorizationOf(TOKEN, user)).to.deep.equal([true, 0n, 0n]);
    expect(await inft.isAuthorizedUser(TOKEN, user)).to.equal(true);
    expect(await inft.isAuthorizedUser(2n, user)).to.equal(false);
    expect(await inft.authorizedUsersOf(2n)).to.deep.equal([]);
  });

  it("the owner is not a user, nor is the zero address", async () => {
    const { inft, owned, ownerAddress, user } = await deploy();
    await owned.authorizeUsage(TOKEN, user);
    for (const nobody of [ownerAddress, ZeroAddress]) {
      expect(await inft.isAuthorizedUser(TOKEN, nobody)).to.equal(false);
      expect(await inft.authorizationOf(TOKEN, nobody)).to.deep.equal([false, 0n, 0n]);
    }
  });

  describe("terms", () => {
    it("are kept and announced, the greatest included", async () => {
      const { inft, owned, user, soon } = await deploy();
      for (const [expiry, permissions] of [
        [await soon(), 5n],
        [0n, MOST_PERMISSIONS],
        [LAST_EXPIRY, 0n],
        [LAST_EXPIRY, MOST_PERMISSIONS],
      ] as const) {
        await expect(owned.authorizeUsageWith(TOKEN, user, expiry, permissions))
          .to.emit(inft, "AuthorizationTerms")
          .withArgs(TOKEN, user, expiry, permissions);
        expect(await inft.authorizationOf(TOKEN, user)).to.deep.equal([true, expiry, permissions]);
      }
    });

    it("of a user are replaced, and gone when it is authorised without any", async () => {
      const { inft, owned, user, second, soon } = await deploy();
      await owned.authorizeUsageWith(TOKEN, user, await soon(), 7n);
      await owned.authorizeUsage(TOKEN, second);
      await owned.authorizeUsage(TOKEN, user);
      expect(await inft.authorizationOf(TOKEN, user)).to.deep.equal([true, 0n, 0n]);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([user, second]);
    });

    it("that would be over already are refused, to the second", async () => {
      const { inft, owned, networkHelpers, user, soon } = await deploy();
      const now = await soon();
      await networkHelpers.time.setNextBlockTimestamp(now);
      for (const expiry of [1n, now - 1n, now]) {
        await expect(owned.authorizeUsageWith(TOKEN, user, expiry, 0n))
          .to.be.revertedWithCustomError(inft, "ERC7857AuthorizationExpired")
          .withArgs(expiry, now);
        await networkHelpers.time.setNextBlockTimestamp(now);
      }
      await owned.authorizeUsageWith(TOKEN, user, now + 1n, 0n);
      expect(await networkHelpers.time.latest()).to.equal(Number(now));
      expect(await inft.authorizationOf(TOKEN, user)).to.deep.equal([true, now + 1n, 0n]);
    });
  });

  describe("an expiry", () => {
    /** The user authorised until `expiry`, one without an end before it and one after it. */
    async function expiring() {
      const shop = await deploy();
      const expiry = await shop.soon();
      await shop.owned.authorizeUsage(TOKEN, shop.second);
      await shop.owned.authorizeUsageWith(TOKEN, shop.user, expiry, 3n);
      await shop.owned.authorizeUsage(TOKEN, shop.third);
      return { ...shop, expiry };
    }

    it("is the first second in which the user may not", async () => {
      const { inft, networkHelpers, user, second, third, expiry } = await expiring();
      await networkHelpers.time.increaseTo(expiry - 1n);
      expect(await inft.isAuthorizedUser(TOKEN, user)).to.equal(true);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([second, user, third]);
      await networkHelpers.time.increaseTo(expiry);
      expect(await inft.isAuthorizedUser(TOKEN, user)).to.equal(false);
      expect(await inft.authorizationOf(TOKEN, user)).to.deep.equal([false, expiry, 3n]);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([second, third]);
    });

    it("once over leaves nothing to revoke", async () => {
      const { inft, owned, networkHelpers, user, expiry } = await expiring();
      await networkHelpers.time.increaseTo(expiry);
      await expect(owned.revokeAuthorization(TOKEN, user))
        .to.be.revertedWithCustomError(inft, "ERC7857NotAuthorized")
        .withArgs(TOKEN, user);
    });

    it("is not the end: the user can be authorised again, in its old place, once", async () => {
      const { inft, owned, networkHelpers, user, second, third, expiry } = await expiring();
      await networkHelpers.time.increaseTo(expiry);
      await owned.authorizeUsage(TOKEN, user);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([second, user, third]);
      expect(await inft.authorizationOf(TOKEN, user)).to.deep.equal([true, 0n, 0n]);
    });
  });

  describe("revokeAuthorization", () => {
    it("ends one, with its terms, and leaves the others in order", async () => {
      const { inft, owned, ownerAddress, user, second, third } = await deploy();
      await owned.batchAuthorizeUsage(TOKEN, [user, second, third]);
      await owned.authorizeUsageWith(TOKEN, second, LAST_EXPIRY, 9n);
      await expect(owned.revokeAuthorization(TOKEN, second))
        .to.emit(inft, "AuthorizationRevoked")
        .withArgs(ownerAddress, second, TOKEN);
      expect(await inft.authorizationOf(TOKEN, second)).to.deep.equal([false, 0n, 0n]);
      expect(await inft.isAuthorizedUser(TOKEN, second)).to.equal(false);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([user, third]);
    });

    it("refuses who is not authorised: never, no longer, nor in this epoch", async () => {
      const { inft, owned, user, second, third } = await deploy();
      await owned.batchAuthorizeUsage(TOKEN, [second]);
      await owned.clearAuthorizedUsers(TOKEN);
      await owned.batchAuthorizeUsage(TOKEN, [third]);
      await owned.revokeAuthorization(TOKEN, third);
      for (const nobody of [user, second, third, ZeroAddress]) {
        await expect(owned.revokeAuthorization(TOKEN, nobody))
          .to.be.revertedWithCustomError(inft, "ERC7857NotAuthorized")
          .withArgs(TOKEN, nobody);
      }
    });

    it("of the first, the last, all, and back again: each stands once, where it first stood", async () => {
      const { inft, owned, user, second, third } = await deploy();
      const all = [user, second, third];
      await owned.batchAuthorizeUsage(TOKEN, all);
      for (const one of [user, third, second]) await owned.revokeAuthorization(TOKEN, one);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
      for (const one of [third, user, second]) await owned.authorizeUsage(TOKEN, one);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal(all);
    });
  });

  describe("batchAuthorizeUsage", () => {
    it("keeps the order of first mention and no user twice", async () => {
      const { inft, owned, user, second, third } = await deploy();
      await owned.batchAuthorizeUsage(TOKEN, [second, user, second, third, user]);
      await owned.batchAuthorizeUsage(TOKEN, [third, second]);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([second, user, third]);
    });

    it("is all or nothing", async () => {
      const { inft, owned, user, ownerAddress } = await deploy();
      await expect(owned.batchAuthorizeUsage(TOKEN, [user, ownerAddress]))
        .to.be.revertedWithCustomError(inft, "ERC7857InvalidAuthorizedUser")
        .withArgs(ownerAddress);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
    });

    it("of nobody is nothing to the owner, and as little allowed to others as that of somebody", async () => {
      const { inft, owned, stranger, strangerAddress } = await deploy();
      await expect(owned.batchAuthorizeUsage(TOKEN, [])).to.not.emit(inft, "Authorization");
      await expect(inft.connect(stranger).batchAuthorizeUsage(TOKEN, []))
        .to.be.revertedWithCustomError(inft, "ERC721InsufficientApproval")
        .withArgs(strangerAddress, TOKEN);
      await expect(owned.batchAuthorizeUsage(UNKNOWN, []))
        .to.be.revertedWithCustomError(inft, "ERC721NonexistentToken")
        .withArgs(UNKNOWN);
    });

    it("takes 120 users, and lists them in order", async () => {
      const { inft, owned } = await deploy();
      const users = accounts(120);
      await owned.batchAuthorizeUsage(TOKEN, users);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal(users);
    });
  });

  describe("a new epoch", () => {
    it("by clearAuthorizedUsers ends all at once, also when there are none", async () => {
      const { inft, owned, user, second, third, soon } = await deploy();
      await owned.batchAuthorizeUsage(TOKEN, [user, second]);
      await owned.authorizeUsageWith(TOKEN, third, await soon(), 1n);
      for (const epoch of [1n, 2n]) {
        await expect(owned.clearAuthorizedUsers(TOKEN)).to.emit(inft, "AuthorizationsCleared").withArgs(TOKEN, epoch);
        expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
        for (const one of [user, second, third]) {
          expect(await inft.authorizationOf(TOKEN, one)).to.deep.equal([false, 0n, 0n]);
        }
      }
      const { sequence, authorizationEpoch } = await inft.tokenStateOf(TOKEN);
      expect([sequence, authorizationEpoch]).to.deep.equal([0n, 2n]);
    });

    it("begins an empty list: those of the last come back only one by one, in a new order", async () => {
      const { inft, owned, user, second, third } = await deploy();
      await owned.batchAuthorizeUsage(TOKEN, [user, second, third]);
      await owned.revokeAuthorization(TOKEN, second);
      await owned.clearAuthorizedUsers(TOKEN);
      await owned.authorizeUsage(TOKEN, third);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([third]);
      await owned.authorizeUsage(TOKEN, user);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([third, user]);
      expect(await inft.isAuthorizedUser(TOKEN, second)).to.equal(false);
    });

    it("comes with a plain transfer, and with the one that brings the token back", async () => {
      const { inft, owned, stranger, ownerAddress, strangerAddress, user } = await deploy();
      await owned.authorizeUsage(TOKEN, user);
      await expect(owned.transferFrom(ownerAddress, strangerAddress, TOKEN))
        .to.emit(inft, "AuthorizationsCleared")
        .withArgs(TOKEN, 1n);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
      // The former owner is a user like any other, until it owns the token again.
      await inft.connect(stranger).authorizeUsage(TOKEN, ownerAddress);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([ownerAddress]);
      await inft.connect(stranger).transferFrom(strangerAddress, ownerAddress, TOKEN);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([]);
      expect(await inft.isAuthorizedUser(TOKEN, user)).to.equal(false);
    });

    it("costs a transfer the same with 98 users as with none", async () => {
      const { owned, networkHelpers, ownerAddress, strangerAddress } = await deploy();
      const snapshot = await networkHelpers.takeSnapshot();
      const none = await gasOf(owned.transferFrom(ownerAddress, strangerAddress, TOKEN));
      await snapshot.restore();
      await owned.batchAuthorizeUsage(TOKEN, accounts(98));
      const many = await gasOf(owned.transferFrom(ownerAddress, strangerAddress, TOKEN));
      expect(difference(none, many) <= CONSTANT, `${none} and ${many}`).to.be.true;
    });

    it("does not come with an update of the data, which its users go on using", async () => {
      const { inft, owned, datas, user } = await deploy();
      await owned.authorizeUsage(TOKEN, user);
      await owned["update(uint256,(string,bytes32)[])"](TOKEN, datas);
      expect(await inft.authorizedUsersOf(TOKEN)).to.deep.equal([user]);
    });
  });

  it("cannot be asked of a token that does not exist, or no longer", async () => {
    const { inft, owned, user } = await deploy();
    await owned.authorizeUsage(TOKEN, user);
    await owned.burn(TOKEN);
    for (const tokenId of [UNKNOWN, TOKEN]) {
      for (const view of [
        () => inft.authorizedUsersOf(tokenId),
        () => inft.isAuthorizedUser(tokenId, user),
        () => inft.authorizationOf(tokenId, user),
      ]) {
        await expect(view()).to.be.revertedWithCustomError(inft, "ERC721NonexistentToken").withArgs(tokenId);
      }
    }
  });
});
