import { expect } from "chai";

import { assertChain } from "../../../lib/chain/connect.ts";
import { deposit, readLedger, readSubAccount } from "../../../lib/compute/ledger.ts";
import { fetchUnsettledFee } from "../../../lib/compute/unsettled-fee.ts";
import { EXIT } from "../../../lib/errors.ts";
import type { Fault, When } from "../../support/fault-proxy.ts";
import { failureOf, openFaultWorld, ZG, type FaultUser, type FaultWorld } from "./support/world.ts";

describe("reading the chain through a faulty node", () => {
  let world: FaultWorld;
  let user: FaultUser;
  before(async () => {
    world = await openFaultWorld();
    user = await world.customer();
  });
  afterEach(async () => world.heal());
  after(async () => world.close());

  const total = async (read = world.read) => (await readLedger(read, user.address))?.total;

  async function failsAndRecovers(read = world.read): Promise<void> {
    const failed = await failureOf(total(read));
    expect(failed, failed.message).to.include({ code: "ZG_RPC", exit: EXIT.network });
    await world.heal();
    expect(await total()).to.equal(3n * ZG);
  }

  it("is an outage and no absence where the connection is refused", async () => {
    await world.chain.refuse();
    await failsAndRecovers();
  });

  it("is an outage where the node hangs up", async () => {
    world.chain.fail({ kind: "drop" });
    await failsAndRecovers();
  });

  it("ends where the node never answers", async () => {
    world.chain.fail({ kind: "hang" });
    await failsAndRecovers(world.hasty);
  });

  it("is an outage where the answer breaks off", async () => {
    world.chain.fail({ kind: "cut", afterBytes: 20 });
    await failsAndRecovers();
  });

  it("is an outage where the answer is no JSON", async () => {
    world.chain.fail({ kind: "corrupt", how: "json" });
    await failsAndRecovers();
  });

  it("is an outage where the answer has other types than JSON-RPC's", async () => {
    world.chain.fail({ kind: "corrupt", how: "types" });
    await failsAndRecovers();
  });

  it("is an outage in a storm of 503", async () => {
    world.chain.fail({ kind: "status", status: 503 });
    await failsAndRecovers();
  });

  it("is an outage where 429 asks for a longer wait than anybody has", async () => {
    world.chain.fail({ kind: "status", status: 429, retryAfter: 3600 });
    await failsAndRecovers();
  });

  const HARMLESS: readonly (readonly [what: string, fault: Fault, when?: When])[] = [
    ["slow", { kind: "slow", bytes: 3 }],
    ["asked twice", { kind: "duplicate" }],
    ["over its limit for a moment", { kind: "status", status: 429, retryAfter: 0 }, { times: 1 }],
  ];
  for (const [what, fault, when] of HARMLESS) {
    it(`gives the same answer where the node is ${what}`, async () => {
      world.chain.fail(fault, when);
      expect(await total()).to.equal(3n * ZG);
    });
  }

  it("gives each question its own answer where answers overtake each other", async () => {
    const stranger = await world.user();
    world.chain.fail({ kind: "reorder" }, { method: "eth_call", times: 1 });
    const [mine, theirs] = await Promise.all([
      readLedger(world.read, user.address),
      readSubAccount(world.read, stranger.address, world.provider.address),
    ]);
    expect(mine?.total).to.equal(3n * ZG);
    expect(theirs).to.equal(undefined);
  });

  it("refuses a node of another chain by both numbers", async () => {
    world.chain.fail({ kind: "answer", result: "0x1" }, { method: "eth_chainId" });
    const failed = await failureOf(assertChain(world.truth.network, world.read.provider));
    expect(failed).to.include({ code: "ZG_WRONG_CHAIN", exit: EXIT.precondition });
    expect(failed.details).to.include({ expected: 16602, actual: 1n });
  });

  it("pays nothing twice where a node that is behind shows no ledger yet", async () => {
    const late = await world.user();
    const old = await world.truth.provider.getBlockNumber();
    await deposit(late.ctx, 3n * ZG);
    world.chain.fail({ kind: "stale", block: old });
    expect(await readLedger(world.read, late.address), "as the node knows it").to.equal(undefined);
    const failed = await failureOf(deposit(late.ctx, 3n * ZG));
    expect(failed, failed.message).to.include({ code: "ZG_TRANSACTION_REFUSED", exit: EXIT.precondition });
    expect(await world.landedOf(late)).to.equal(1);
    expect(await world.ledgerOf(late)).to.include({ total: 3n * ZG });
  });

  it("believes no wallet richer than the contract does: nothing is sent that cannot be paid", async () => {
    const poor = await world.user();
    world.chain.fail({ kind: "answer", result: `0x${(10n ** 30n).toString(16)}` }, { method: "eth_getBalance" });
    const failed = await failureOf(deposit(poor.ctx, 10n ** 27n));
    expect(failed.exit, failed.message).to.be.oneOf([EXIT.precondition, EXIT.network]);
    expect(await world.landedOf(poor)).to.equal(0);
    expect(await world.ledgerOf(poor)).to.include({ total: 0n });
  });

  it("makes no session token from an outage", async () => {
    const asking = { ...world.http, session: user.session };
    world.chain.fail({ kind: "status", status: 502 });
    const failed = await failureOf(fetchUnsettledFee(asking, world.service));
    expect(failed).to.include({ code: "ZG_RPC", exit: EXIT.network });
    expect(world.market.requests, "the provider heard nothing").to.have.length(0);
    await world.heal();
    expect(await fetchUnsettledFee(asking, world.service)).to.equal(0n);
  });
});
