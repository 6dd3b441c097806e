import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { readLedgerHistory } from "../../../lib/compute/ledger-history.ts";
import { deposit, retrieve, transfer } from "../../../lib/compute/ledger.ts";
import { buildChatRequest, chat } from "../../../lib/compute/inference.ts";
import type { Address } from "../../../lib/hex.ts";
import { bootGalileo, ZG, type TestGalileo } from "./support/galileo.ts";

describe("the history of a ledger, from events", () => {
  let world: TestGalileo;
  let provider: Address;
  before(async () => {
    world = await bootGalileo();
    provider = world.galileo.provider(0).address;
  });
  after(async () => world.close());

  it("is empty for a new user", async () => {
    const { address } = await world.user();
    expect(await readLedgerHistory(world.read, address)).to.deep.equal([]);
  });

  it("tells transfers, refunds, what cancels them, and what came back, each with what was there afterwards", async () => {
    const user = await world.customer(provider, 2n * ZG);
    await retrieve(user.ctx);
    await deposit(user.ctx, ZG);
    await transfer(user.ctx, { provider, amount: ZG / 2n });
    await world.galileo.passLock();
    await retrieve(user.ctx);
    const history = await readLedgerHistory(world.read, user.address);
    expect(
      history.map(({ kind, amount, balance, pendingRefund }) => [kind, amount, balance, pendingRefund]),
    ).to.deep.equal([
      ["transferred", 2n * ZG, 2n * ZG, 0n],
      ["refund requested", 2n * ZG, 2n * ZG, 2n * ZG],
      ["refund cancelled", ZG / 2n, 2n * ZG, (3n * ZG) / 2n],
      ["retrieved", (3n * ZG) / 2n, ZG / 2n, 0n],
      ["refund requested", ZG / 2n, ZG / 2n, ZG / 2n],
    ]);
    for (const { provider: at, service } of history) expect([at, service]).to.deep.equal([provider, "inference"]);
  });

  it("tells what a provider settled from what came back", async () => {
    const user = await world.customer(provider, 2n * ZG);
    const service = await world.service();
    const requestBytes = buildChatRequest({
      model: service.model,
      stream: false,
      random: randomBytes,
      messages: [{ role: "user", content: "What is 2+2?" }],
    });
    await chat({ session: user.session }, { service, requestBytes });
    const [outcome] = await world.galileo.provider(0).settle();
    const history = await readLedgerHistory(world.read, user.address);
    const settled = history.find(({ kind }) => kind === "settled");
    expect(settled).to.deep.include({ amount: outcome?.totalFee, balance: 2n * ZG - (outcome?.totalFee ?? 0n) });
    expect(settled?.transaction).to.equal(outcome?.hash);
  });

  it("leaves an amount out that follows from what was before the first block", async () => {
    const user = await world.customer(provider, 2n * ZG);
    const fromBlock = (await world.read.provider.getBlockNumber()) + 1;
    await retrieve(user.ctx);
    await transfer(user.ctx, { provider, amount: ZG });
    const history = await readLedgerHistory(world.read, user.address, { fromBlock });
    expect(history.map(({ kind, amount, balance }) => [kind, amount, balance])).to.deep.equal([
      ["refund requested", undefined, undefined],
      ["changed", undefined, 2n * ZG],
    ]);
  });
});
