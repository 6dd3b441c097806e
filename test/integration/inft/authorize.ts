import { expect } from "chai";
import { Wallet, toBeHex } from "ethers";

import type { WriteContext } from "../../../lib/chain/context.ts";
import { checksum, ZERO_ADDRESS, type Address } from "../../../lib/hex.ts";
import {
  clearDraft,
  planGrant,
  readAuthorizations,
  revokeDrafts,
  type PlannedGrant,
} from "../../../lib/inft/authorize.ts";
import { inftContract } from "../../../lib/inft/contracts.ts";
import { delegateDraft, readDelegate } from "../../../lib/inft/delegate.ts";
import { AuthorizationRefusedError, TokenMissingError, TokenRuleError } from "../../../lib/inft/errors.ts";
import { mintPlain } from "../../../lib/inft/mint.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { readUsers } from "../../../lib/inft/users.ts";
import { openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

const DATA = [{ dataDescription: "a model", dataHash: `0x${"11".repeat(32)}` as const }];
const NO_TERMS = { expiry: 0n, permissions: 0 };

function someone(): Address {
  return checksum(Wallet.createRandom().address);
}

describe("authorising users", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  /** A token of the minter's, and verbs. */
  async function token() {
    const { tokenId } = await mintPlain(shop.ctx, { inft: shop.inft, to: shop.minter.address, datas: DATA });
    const at = { inft: shop.inft, tokenId };
    const send = async ({ drafts }: Pick<PlannedGrant, "drafts">, ctx: WriteContext = shop.ctx) => {
      for (const draft of drafts) await sendToInft(ctx, draft);
      return drafts.length;
    };
    return {
      at,
      send,
      plan: async (users: readonly Address[], terms = NO_TERMS) => planGrant(shop.ctx, { ...at, users, ...terms }),
      grant: async (users: readonly Address[], terms = NO_TERMS) =>
        send(await planGrant(shop.ctx, { ...at, users, ...terms })),
      listed: async () => readUsers(shop.ctx, at),
    };
  }
  const soon = async (seconds = 3600) => BigInt((await shop.connection.networkHelpers.time.latest()) + seconds);

  it("lets one use the data, and many in one transaction", async () => {
    const { grant, at } = await token();
    const [alone, ...others] = [someone(), someone(), someone()];
    expect(await grant([alone])).to.equal(1);
    expect(await grant(others)).to.equal(1);
    const contract = inftContract(shop.inft, shop.ctx.provider);
    for (const user of [alone, ...others]) {
      expect(await contract.isAuthorizedUser(at.tokenId, user)).to.equal(true);
    }
    expect(await contract.authorizedUsersOf(at.tokenId)).to.have.members([alone, ...others]);
  });

  it("sends nothing for who is authorised on the same terms, and replaces other terms", async () => {
    const { plan, grant, at } = await token();
    const user = someone();
    const terms = { expiry: await soon(), permissions: 5 };
    await grant([user], terms);
    expect(await plan([user, user], terms)).to.deep.equal({ drafts: [], granting: [], already: [user] });

    const longer = { ...terms, expiry: terms.expiry + 1n };
    expect(await grant([user], longer)).to.equal(1);
    expect(await readAuthorizations(shop.ctx, at, [user])).to.deep.equal([{ user, active: true, ...longer }]);
  });

  it("authorises each with terms of its own, and ends it when the time comes", async () => {
    const { grant, listed, at } = await token();
    const [brief, lasting, endless] = [someone(), someone(), someone()];
    const expiry = await soon(60);
    await grant([brief], { expiry, permissions: 1 });
    await grant([lasting], { expiry: expiry + 3600n, permissions: 2 ** 24 - 1 });
    await grant([endless], { expiry: 0n, permissions: 7 });
    await shop.connection.networkHelpers.time.increaseTo(expiry);

    expect(await listed()).to.deep.equal({
      active: [
        { user: lasting, expiry: expiry + 3600n, permissions: 2 ** 24 - 1 },
        { user: endless, expiry: 0n, permissions: 7 },
      ],
      expired: [{ user: brief, expiry, permissions: 1 }],
    });
    expect(await readAuthorizations(shop.ctx, at, [brief])).to.deep.equal([
      { user: brief, active: false, expiry, permissions: 1 },
    ]);
  });

  it("forgets terms with whom it authorises anew without any", async () => {
    const { grant, listed } = await token();
    const user = someone();
    await grant([user], { expiry: await soon(), permissions: 9 });
    await grant([user]);
    expect(await listed()).to.deep.equal({ active: [{ user, ...NO_TERMS }], expired: [] });
  });

  it("revokes some, or all in one write", async () => {
    const { grant, send, listed, at } = await token();
    const users = [someone(), someone(), someone()];
    const [first = ZERO_ADDRESS, ...rest] = users;
    await grant(users);
    await send({ drafts: revokeDrafts({ ...at, users: [first, first] }) });
    expect((await listed()).active.map(({ user }) => user)).to.have.members(rest);

    await send({ drafts: [clearDraft(at)] });
    expect(await listed()).to.deep.equal({ active: [], expired: [] });
    await grant([first]);
    expect((await listed()).active, "only those of the new epoch").to.deep.equal([{ user: first, ...NO_TERMS }]);
  });

  it("lists thousands with a handful of questions", async () => {
    const { grant, listed } = await token();
    const users = Array.from({ length: 2000 }, (_, index) => checksum(toBeHex(2n ** 159n + BigInt(index))));
    const terms = { expiry: await soon(), permissions: 3 };
    expect(await grant(users)).to.equal(20);
    await grant(users.slice(0, 1), terms);
    const { active } = await listed();
    expect(active).to.have.length(users.length);
    const found = new Map(active.map(({ user, ...on }) => [user, on]));
    expect(users.filter((user) => !found.has(user))).to.deep.equal([]);
    expect(found.get(users[0] ?? ZERO_ADDRESS)).to.deep.equal(terms);
    expect(found.get(users[1999] ?? ZERO_ADDRESS)).to.deep.equal(NO_TERMS);
  });

  for (const [who, user] of [
    ["the owner", () => shop.minter.address],
    ["the zero address", () => ZERO_ADDRESS],
  ] as const) {
    it(`refuses ${who}`, async () => {
      const { grant } = await token();
      const error = await rejection(grant([user()]));
      expect(error).to.be.instanceOf(AuthorizationRefusedError).with.property("code", "ZG_AUTHORIZATION");
      expect(error).to.have.property("details").that.includes({ user: user() });
    });
  }

  it("refuses a time that is over", async () => {
    const { grant } = await token();
    const expiry = await soon(-10);
    const error = await rejection(grant([someone()], { expiry, permissions: 0 }));
    expect(error).to.be.instanceOf(AuthorizationRefusedError).with.property("details").that.includes({ expiry });
  });

  it("refuses to revoke who is not authorised", async () => {
    const { send, at } = await token();
    const user = someone();
    const error = await rejection(send({ drafts: revokeDrafts({ ...at, users: [user] }) }));
    expect(error).to.be.instanceOf(AuthorizationRefusedError).with.property("details").that.includes({ user });
  });

  it("lets nobody but the owner, or whom it approved, say who may", async () => {
    const { plan, send, at } = await token();
    const error = await rejection(send(await plan([someone()]), shop.strangerContext));
    expect(error).to.be.instanceOf(TokenRuleError);
    expect(error).to.have.nested.property("details.error", "ERC721InsufficientApproval");
    expect(error)
      .to.have.nested.property("details.args")
      .that.includes({ operator: shop.stranger.address, ...{ tokenId: at.tokenId } });
  });

  it("says that there is no such token", async () => {
    expect(await rejection(readUsers(shop.ctx, { inft: shop.inft, tokenId: 10n ** 30n }))).to.be.instanceOf(
      TokenMissingError,
    );
  });
});

describe("a delegate of access", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  it("is named by the account, and ended by naming nobody", async () => {
    const delegate = someone();
    expect(await readDelegate(shop.ctx, shop.inft, shop.minter.address)).to.equal(undefined);
    await sendToInft(shop.ctx, delegateDraft(shop.inft, delegate));
    expect(await readDelegate(shop.ctx, shop.inft, shop.minter.address)).to.equal(delegate);
    await sendToInft(shop.ctx, delegateDraft(shop.inft, undefined));
    expect(await readDelegate(shop.ctx, shop.inft, shop.minter.address)).to.equal(undefined);
  });
});
