import { expect } from "chai";

import { TokenMissingError } from "../../../lib/inft/errors.ts";
import { readHistory } from "../../../lib/inft/history.ts";
import { commitMint, mintPlain, revealMint } from "../../../lib/inft/mint.ts";
import { openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

describe("the history of a token, from its contract's events", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  async function historyOf(tokenId: bigint) {
    const history = await readHistory(shop.ctx, { inft: shop.inft, tokenId });
    for (const [index, { block, time }] of history.entries()) {
      expect(block).to.be.at.least(history[index - 1]?.block ?? 0);
      expect(Number(time)).to.be.greaterThan(1_700_000_000);
    }
    return history.map(({ block: _, time: __, transaction, ...act }) => {
      expect(transaction).to.match(/^0x[0-9a-f]{64}$/);
      return act;
    });
  }

  it("tells a proven inference from its mint over authorisations and a transfer to its end", async () => {
    const { minter, stranger, ctx, strangerContext } = shop;
    const { prepared, ciphertext } = await shop.prepare(await shop.resultOf(await shop.listProvider()));
    await commitMint(ctx, prepared);
    await revealMint(ctx, prepared);
    const { tokenId } = prepared;
    await shop.send(ctx, "authorizeUsage", tokenId, stranger.address);
    await shop.send(ctx, "authorizeUsageWith", tokenId, shop.verifier, 2n ** 39n, 5);
    await shop.send(ctx, "revokeAuthorization", tokenId, stranger.address);
    const first = await shop.deliver("transfer", { tokenId, ciphertext }, minter, stranger);
    await shop.send(ctx, "iTransfer", stranger.address, tokenId, first.proofs);

    const token = { tokenId, ciphertext: first.ciphertext };
    const cloned = await shop.deliver("clone", token, stranger, minter);
    await shop.send(strangerContext, "iClone", minter.address, tokenId, cloned.proofs);
    const staged = await shop.deliver("transfer", token, stranger, minter);
    await shop.send(strangerContext, "stageTransfer", minter.address, tokenId, staged.proofs);
    await shop.send(strangerContext, "unstageTransfer", tokenId);
    const dataHash = `0x${"22".repeat(32)}`;
    await shop.send(strangerContext, "updateHashes", tokenId, [dataHash], []);
    await shop.send(strangerContext, "clearAuthorizedUsers", tokenId);
    await shop.send(strangerContext, "burn", tokenId);

    const history = await historyOf(tokenId);
    const clone = history.find((act) => act.kind === "cloned");
    if (clone === undefined) return expect.fail("no clone is told of");
    expect(history).to.deep.equal([
      { kind: "minted", to: minter.address, by: minter.address, proven: true, mode: "local" },
      { kind: "keys published", to: minter.address, keys: 1 },
      { kind: "authorised", user: stranger.address, expiry: 0n, permissions: 0n },
      { kind: "authorised", user: shop.verifier, expiry: 2n ** 39n, permissions: 5n },
      { kind: "authorisation revoked", user: stranger.address },
      { kind: "transferred", from: minter.address, to: stranger.address, withKeys: true },
      { kind: "authorisations cleared", epoch: 1n },
      { kind: "keys published", to: stranger.address, keys: 1 },
      { kind: "cloned", to: minter.address, newTokenId: clone.newTokenId },
      { kind: "transfer staged", to: minter.address, deadline: stagedUntil(history) },
      { kind: "staged transfer ended" },
      { kind: "updated", dataHashes: [dataHash] },
      { kind: "authorisations cleared", epoch: 2n },
      { kind: "burnt", from: stranger.address },
      { kind: "authorisations cleared", epoch: 3n },
    ]);
    expect(await historyOf(clone.newTokenId)).to.deep.equal([
      { kind: "minted", to: minter.address, by: stranger.address, proven: false, cloneOf: tokenId },
      { kind: "keys published", to: minter.address, keys: 1 },
    ]);
  });

  /** The deadline is an hour from a block of the test's own. */
  function stagedUntil(history: Awaited<ReturnType<typeof historyOf>>): bigint {
    const found = history.find((act) => act.kind === "transfer staged");
    expect(Number(found?.deadline)).to.be.greaterThan(1_700_000_000);
    return found?.deadline ?? 0n;
  }

  it("calls a mint that nobody proves unproven, and a transfer of no data so", async () => {
    const { minter, stranger, ctx } = shop;
    const { tokenId } = await mintPlain(ctx, { inft: shop.inft, to: minter.address, datas: [] });
    await shop.send(ctx, "transferFrom", minter.address, stranger.address, tokenId);
    const [minted, transferred] = await historyOf(tokenId);
    expect(minted).to.deep.equal({ kind: "minted", to: minter.address, by: minter.address, proven: false });
    expect(transferred).to.deep.equal({
      ...{ kind: "transferred", from: minter.address, to: stranger.address },
      withKeys: false,
    });
  });

  it("has none for a token that never was", async () => {
    const tokenId = 10n ** 30n;
    expect(await rejection(readHistory(shop.ctx, { inft: shop.inft, tokenId })))
      .to.be.instanceOf(TokenMissingError)
      .with.property("details")
      .that.deep.equals({ tokenId, inft: shop.inft });
  });
});
