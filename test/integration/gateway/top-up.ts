import path from "node:path";

import { expect } from "chai";

import { InsufficientLedgerBalanceError, TopUpCapError, TopUpRefundError } from "../../../lib/compute/errors.ts";
import { deposit, readSubAccount, retrieve, transfer } from "../../../lib/compute/ledger.ts";
import type { Service } from "../../../lib/compute/providers.ts";
import { parseTopUpPolicies, TopUps, type TopUpDeps } from "../../../lib/compute/top-up.ts";
import { exclusively } from "../../../lib/exclusively.ts";
import { GatewayBudgetError } from "../../../lib/gateway/errors.ts";
import { FileTopUpRecords } from "../../../lib/gateway/spending-log.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { startGateway } from "./support/gateway.ts";

const HALF = ZG / 2n;
const messages = [{ role: "user" as const, content: "What is 2+2?" }];

describe("top-ups", () => {
  let world: TestGalileo;
  let service: Service;
  let folder: TemporaryFolder;

  before(async () => {
    world = await bootGalileo();
    await world.galileo.registerProvider({ service: { model: "test/busy" }, limits: { perUser: 50, global: 50 } });
    service = await world.service(world.galileo.providers.length - 1);
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => folder.remove());
  after(async () => world.close());

  /** A user with 1 0G locked, which admits nothing that is owed for, and more in the ledger. */
  const user = async (ledger = 10n * ZG): Promise<TestUser> => {
    const made = await world.user();
    await deposit(made.ctx, ledger);
    await transfer(made.ctx, { provider: service.provider, amount: ZG });
    return made;
  };
  const topUpsOf = (who: TestUser, more: Partial<TopUpDeps> = {}): TopUps =>
    new TopUps({
      ctx: who.ctx,
      session: who.session,
      http: {},
      exclusively: exclusively(path.join(folder.path, "lock")),
      records: new FileTopUpRecords(path.join(folder.path, "top-ups.jsonl")),
      ...more,
    });
  const transfersOf = async (who: TestUser): Promise<number> => {
    const ledgerManager = who.ctx.network.contracts.ledgerManager;
    const latest = await world.read.provider.getBlockNumber();
    let count = 0;
    for (let number = 1; number <= latest; number++) {
      const block = await world.read.provider.getBlock(number, true);
      count += (block?.prefetchedTransactions ?? []).filter(
        ({ from, to }) => from === who.address && to === ledgerManager,
      ).length;
    }
    return count;
  };
  const locked = async (who: TestUser) => (await readSubAccount(world.read, who.address, service.provider))?.spendable;
  const policy = { floor: ZG + HALF, target: 3n * ZG, cap: 5n * ZG };

  it("eight requests at once that need one make one, and all are answered", async () => {
    const who = await user();
    const before = await transfersOf(who);
    const gateway = await startGateway(who, [service], {
      topUps: { policies: parseTopUpPolicies("1.5:3:5"), cancelRefunds: false },
    });
    try {
      // Something is owed, so the 1 0G that is locked admits nobody any more.
      const ask = async () => gateway.client().chat.completions.create({ model: service.model, messages });
      const answers = await Promise.all(Array.from({ length: 8 }, ask));
      expect(answers.map(({ choices }) => choices[0]?.message.content)).to.deep.equal(Array(8).fill("4"));
      // The top-up may have been in the background: whoever asks now waits for it.
      await gateway.gateway.parts.topUps?.topUps.ensure(service, policy);
    } finally {
      await gateway.close();
    }
    expect((await transfersOf(who)) - before).to.equal(1);
    expect((await locked(who))! >= 3n * ZG).to.equal(true);
  });

  it("a request waits for one when nothing else helps", async () => {
    const who = await world.user();
    await deposit(who.ctx, 10n * ZG);
    const gateway = await startGateway(who, [service], {
      topUps: { policies: parseTopUpPolicies("1.5:3:5"), cancelRefunds: false },
    });
    try {
      const asked = await Promise.all(
        Array.from({ length: 8 }, async () =>
          gateway.client().chat.completions.create({ model: service.model, messages }),
        ),
      );
      expect(asked).to.have.length(8);
    } finally {
      await gateway.close();
    }
    expect(await transfersOf(who)).to.equal(2); // the deposit, and one transfer that opened the sub-account
  });

  it("never happens unless it was asked for", async () => {
    const who = await world.user();
    await deposit(who.ctx, 10n * ZG);
    const gateway = await startGateway(who, [service]);
    try {
      const response = await gateway.post("/v1/chat/completions", { model: service.model, messages });
      expect(response.status).to.equal(402);
      expect(((await response.json()) as { error: object }).error).to.include({
        code: "insufficient_quota",
        zg_code: "ZG_GATEWAY_FUNDS",
      });
    } finally {
      await gateway.close();
    }
    expect(await transfersOf(who)).to.equal(1);
  });

  it("two processes that see one need make one transfer", async () => {
    const who = await user();
    // Two of them share nothing but the files.
    const [a, b] = [topUpsOf(who), topUpsOf(who)];
    const results = await Promise.all([a.ensure(service, policy), b.ensure(service, policy)]);
    expect(results.map(({ status }) => status)).to.have.members(["topped-up", "enough"]);
    expect(await locked(who)).to.equal(3n * ZG);
  });

  it("stop at the cap of a day, and say what is left to do", async () => {
    const who = await user();
    let now = 1_800_000_000_000;
    const topUps = topUpsOf(who, { clock: () => now });
    const small = { floor: ZG + HALF, target: 2n * ZG, cap: ZG };
    expect(await topUps.ensure(service, small)).to.include({ status: "topped-up", amount: ZG });
    const higher = { floor: 3n * ZG, target: 4n * ZG, cap: ZG };
    const error = await caught(TopUpCapError, async () => topUps.ensure(service, higher));
    expect(error).to.have.property("details").that.includes({ moved: ZG, cap: ZG });
    now += 86_400_001;
    expect(await topUps.ensure(service, higher)).to.include({ status: "topped-up", amount: ZG });
  });

  it("leave a pending refund alone, unless that was allowed", async () => {
    const who = await user();
    await retrieve(who.ctx, { service: "inference", providers: [service.provider] });
    const error = await caught(TopUpRefundError, async () => topUpsOf(who).ensure(service, policy));
    expect(error).to.have.property("details").that.includes({ fromRefund: ZG });
    expect(await locked(who)).to.equal(0n);

    const result = await topUpsOf(who, { cancelRefunds: true }).ensure(service, policy);
    expect(result).to.include({ status: "topped-up", amount: 3n * ZG, fromRefund: ZG });
  });

  it("say when the ledger has too little, and send nothing", async () => {
    const who = await user(2n * ZG);
    await caught(InsufficientLedgerBalanceError, async () => topUpsOf(who).ensure(service, policy));
    expect(await locked(who)).to.equal(ZG);
  });

  it("count what is owed: what is locked for the past is not free", async () => {
    const who = await user();
    const topUps = topUpsOf(who);
    const least = { floor: ZG, target: ZG + HALF, cap: 5n * ZG };
    expect(await topUps.ensure(service, least)).to.include({ status: "enough", free: ZG });
    const gateway = await startGateway(who, [service]);
    try {
      await gateway.client().chat.completions.create({ model: service.model, messages });
    } finally {
      await gateway.close();
    }
    const owed = world.galileo.provider(world.galileo.providers.length - 1).unsettledFee(who.address);
    expect(owed > 0n).to.equal(true);
    expect(await topUps.ensure(service, least)).to.include({ status: "topped-up", amount: HALF + owed });
  });

  it("count against --max-spend", async () => {
    const who = await user();
    const gateway = await startGateway(who, [service], {
      topUps: { policies: parseTopUpPolicies("1.5:3:5"), cancelRefunds: false },
      maxSpend: ZG,
    });
    try {
      await gateway.client().chat.completions.create({ model: service.model, messages });
      await caught(GatewayBudgetError, async () => gateway.gateway.parts.topUps!.topUps.ensure(service, policy));
    } finally {
      await gateway.close();
    }
    expect(await locked(who)).to.equal(ZG);
  });
});

describe("parseTopUpPolicies", () => {
  const provider = "0xBcd4042DE499D14e55001CcbB24a551F3b954096";

  it("reads one for all and one for a provider", () => {
    const policies = parseTopUpPolicies(`1.5:3:10,${provider}=2:4:4`);
    expect(policies.get("*")).to.deep.equal({ floor: ZG + HALF, target: 3n * ZG, cap: 10n * ZG });
    expect(policies.get(provider)).to.deep.equal({ floor: 2n * ZG, target: 4n * ZG, cap: 4n * ZG });
  });

  for (const text of ["", "1", "1:2", "1:2:3:4", "3:3:5", "1:3:1", "1:2:3,2:3:4", "0x12=1:2:3", "a:b:c"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseTopUpPolicies(text))
        .to.throw()
        .with.property("code", "ZG_USAGE");
    });
  }
});
