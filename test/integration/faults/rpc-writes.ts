import { expect } from "chai";

import type { WriteContext } from "../../../lib/chain/context.ts";
import { awaitPending } from "../../../lib/chain/pending.ts";
import { acknowledge } from "../../../lib/compute/acknowledge.ts";
import { deposit, readSubAccount, transfer } from "../../../lib/compute/ledger.ts";
import { EXIT } from "../../../lib/errors.ts";
import { emptySubAccount, revokeAcknowledgement } from "./support/acknowledgement.ts";
import type { Fault, When } from "../../support/fault-proxy.ts";
import { failureOf, IMPATIENCE_MS, openFaultWorld, ZG, type FaultUser, type FaultWorld } from "./support/world.ts";

/** What a write leads to: it is done, or nobody knows, or it was never sent. */
type Outcome = "done" | "unknown, and it landed" | "unknown, and it is lost" | "not taken" | "not sent";

const ENDS = {
  "not sent": { code: "ZG_RPC", exit: EXIT.network },
  "not taken": { code: "ZG_TRANSACTION_REFUSED", exit: EXIT.precondition },
  "unknown, and it landed": { code: "ZG_RECEIPT_PENDING", exit: EXIT.network },
  "unknown, and it is lost": { code: "ZG_RECEIPT_PENDING", exit: EXIT.network },
} as const;

const SEND = "eth_sendRawTransaction";
const RECEIPT = "eth_getTransactionReceipt";

const FAULTS: readonly (readonly [what: string, fault: Fault, when: When, outcome: Outcome])[] = [
  ["is sent twice by whoever stands between", { kind: "duplicate" }, { method: SEND }, "done"],
  ["is sent twice, and the second answer counts", { kind: "duplicate", answer: 2 }, { method: SEND }, "done"],
  ["arrives, and the answer is lost", { kind: "drop", delivered: true }, { method: SEND }, "done"],
  ["arrives, and the answer is cut", { kind: "cut", afterBytes: 10 }, { method: SEND }, "done"],
  ["arrives, and the answer is no JSON", { kind: "corrupt", how: "json" }, { method: SEND }, "done"],
  ["is answered slowly", { kind: "slow", bytes: 2 }, { method: SEND }, "done"],
  ["is turned down for a moment", { kind: "status", status: 429, retryAfter: 0 }, { method: SEND, times: 1 }, "done"],
  ["never arrives", { kind: "drop" }, { method: SEND }, "unknown, and it is lost"],
  ["meets a storm of 500", { kind: "status", status: 500 }, { method: SEND }, "unknown, and it is lost"],
  ["is turned down for an hour", { kind: "status", status: 429, retryAfter: 3600 }, { method: SEND }, "not taken"],
  ["lands, and its receipt lags", { kind: "answer", result: null }, { method: RECEIPT, times: 2 }, "done"],
  ["lands, and its receipt is cut once", { kind: "cut", afterBytes: 9 }, { method: RECEIPT, times: 1 }, "done"],
  [
    "lands, and its receipt never comes",
    { kind: "answer", result: null },
    { method: RECEIPT },
    "unknown, and it landed",
  ],
  ["lands, and asking for its receipt fails", { kind: "drop" }, { method: RECEIPT }, "unknown, and it landed"],
  ["cannot be priced", { kind: "drop" }, { method: "eth_estimateGas" }, "not sent"],
  ["has no nonce", { kind: "corrupt", how: "json" }, { method: "eth_getTransactionCount" }, "not sent"],
];

interface Write {
  readonly name: string;
  /** Whoever makes all writes of this kind. */
  open(world: FaultWorld): Promise<FaultUser>;
  /** Makes it the next thing to do. */
  prepare?(world: FaultWorld, user: FaultUser): Promise<void>;
  run(world: FaultWorld, ctx: WriteContext): Promise<unknown>;
  /** How often it was done, by the chain's state. */
  times(world: FaultWorld, user: FaultUser): Promise<number>;
}

const WRITES: readonly Write[] = [
  {
    name: "a deposit",
    open: async (world) => world.user(),
    run: async (_world, ctx) => deposit(ctx, 3n * ZG),
    times: async (world, user) => Number((await world.ledgerOf(user)).total / (3n * ZG)),
  },
  {
    name: "a transfer",
    open: async (world) => {
      const user = await world.user();
      await deposit(user.ctx, 1_000n * ZG);
      return user;
    },
    run: async (world, ctx) => transfer(ctx, { provider: world.provider.address, amount: 3n * ZG }),
    times: async (world, { address }) => {
      const { balance = 0n } = (await readSubAccount(world.truth, address, world.provider.address)) ?? {};
      return Number(balance / (3n * ZG));
    },
  },
  {
    name: "an acknowledgement",
    open: async (world) => {
      const user = await world.customer();
      await emptySubAccount(world, user);
      return user;
    },
    prepare: async (world, user) => revokeAcknowledgement(world, user),
    run: async (world, ctx) => acknowledge(ctx, world.provider.address),
    times: async (world, { address }) =>
      (await readSubAccount(world.truth, address, world.provider.address))?.acknowledged === true ? 1 : 0,
  },
];

describe("writing to the chain through a faulty node", () => {
  let world: FaultWorld;
  before(async () => {
    world = await openFaultWorld();
  });
  afterEach(async () => world.heal());
  after(async () => world.close());

  for (const write of WRITES) {
    describe(write.name, () => {
      let user: FaultUser;
      before(async () => {
        user = await write.open(world);
      });

      /** Looks again by hash and state, as the error says; writes again only where that shows nothing. */
      const repeat = async (timesBefore: number) => {
        await awaitPending(world.read, user.address, user.signed);
        if ((await write.times(world, user)) === timesBefore) await write.run(world, user.ctx);
      };

      for (const [what, fault, when, outcome] of FAULTS) {
        it(`that ${what} is ${outcome}, and made once`, async () => {
          await write.prepare?.(world, user);
          user.signed.length = 0;
          // Only those are not waited for of which no receipt comes.
          const patience = outcome.startsWith("unknown") ? { ...user.ctx, receiptTimeout: IMPATIENCE_MS } : user.ctx;
          const [times, landed] = [await write.times(world, user), await world.landedOf(user)];
          world.chain.fail(fault, when);
          if (outcome === "done") await write.run(world, user.ctx);
          else {
            const failed = await failureOf(write.run(world, patience));
            expect(failed, failed.message).to.include(ENDS[outcome]);
          }
          const made = outcome === "done" || outcome === "unknown, and it landed" ? 1 : 0;
          expect(await write.times(world, user)).to.equal(times + made);
          expect(await world.landedOf(user)).to.equal(landed + made);
          if (outcome.startsWith("unknown")) expect(user.signed, "its hash is known").to.have.length(1);

          await world.heal();
          await repeat(times);
          expect(await write.times(world, user)).to.equal(times + 1);
          expect(await world.landedOf(user)).to.equal(landed + 1);
        });
      }
    });
  }

  it("a deposit to a node that refuses connections is not sent", async () => {
    const user = await world.user();
    await world.chain.refuse();
    expect(await failureOf(deposit(user.ctx, 3n * ZG))).to.include({ code: "ZG_RPC", exit: EXIT.network });
    await world.heal();
    expect([await world.landedOf(user), user.signed.length]).to.deep.equal([0, 0]);
    await deposit(user.ctx, 3n * ZG);
    expect(await world.ledgerOf(user)).to.include({ total: 3n * ZG });
  });

  it("a deposit to a node that hangs ends, and is made once", async () => {
    const user = await world.user();
    world.chain.fail({ kind: "hang", delivered: true }, { method: SEND });
    await deposit(user.impatient, 3n * ZG);
    expect(await world.ledgerOf(user)).to.include({ total: 3n * ZG });
    expect(await world.landedOf(user)).to.equal(1);
  });

  it("a deposit is signed for the chain that was asked for, whatever the node claims to be", async () => {
    const user = await world.user();
    world.chain.fail({ kind: "answer", result: "0x40e1" }, { method: /^(eth_chainId|net_version)$/ });
    await deposit(user.ctx, 3n * ZG);
    const [signed] = user.signed;
    const found = await world.truth.provider.getTransaction(signed?.hash ?? "");
    expect(found?.chainId).to.equal(BigInt(world.truth.network.chainId));
  });

  it("a second deposit through a node that is behind with the nonce takes the next one and replaces nothing", async () => {
    const user = await world.user();
    const old = await world.truth.provider.getBlockNumber();
    await deposit(user.ctx, 3n * ZG);
    world.chain.fail({ kind: "stale", block: old }, { method: "eth_getTransactionCount" });
    await deposit(user.ctx, ZG);
    await world.heal();
    expect(await world.ledgerOf(user)).to.include({ total: 4n * ZG });
    expect(await world.landedOf(user)).to.equal(2);
  });
});
