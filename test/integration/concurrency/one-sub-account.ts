import { randomBytes } from "node:crypto";
import path from "node:path";

import { expect } from "chai";

import { ProviderFundsRefusedError } from "../../../lib/compute/errors.ts";
import { buildChatRequest, chat } from "../../../lib/compute/inference.ts";
import { deposit, readLedger, readSubAccount, transfer } from "../../../lib/compute/ledger.ts";
import type { Service } from "../../../lib/compute/providers.ts";
import { TopUps } from "../../../lib/compute/top-up.ts";
import { exclusively } from "../../../lib/exclusively.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/local-provider.ts";
import { FileTopUpRecords } from "../../../lib/gateway/spending-log.ts";
import { billerOf, closeBooks, openBooks } from "../../../scripts/dev/chaos/books.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const REQUESTS = 200;

describe("many who spend from one account at once", () => {
  let world: TestGalileo;
  let provider: LocalProvider;
  let service: Service;

  before(async () => {
    world = await bootGalileo();
    provider = await world.galileo.registerProvider({
      service: { model: "test/busy" },
      limits: { perUser: REQUESTS, global: REQUESTS },
    });
    service = await world.service(world.galileo.providers.length - 1);
  });
  after(async () => world.close());

  const ask = async ({ session }: TestUser) => {
    const messages = [{ role: "user" as const, content: "What is 2+2?" }];
    const requestBytes = buildChatRequest({ model: service.model, maxTokens: 16, messages, random: randomBytes });
    return chat({ session }, { service, requestBytes });
  };

  /** Someone who has locked what the provider wants beyond what is owed, and `room` neuron for that; and more in the ledger. */
  const atTheLimit = async (room = 0n) => {
    const user = await world.user();
    await deposit(user.ctx, 5n * ZG);
    await transfer(user.ctx, { provider: provider.address, amount: ZG + room });
    return user;
  };

  it("200 requests, and what is locked does not suffice for all: only what is served is paid, each once", async () => {
    const { fee: price } = await ask(await atTheLimit());
    const user = await atTheLimit(100n * price.fee);
    const books = await openBooks(world.read, user.address, [billerOf(provider)]);
    const asked = await Promise.allSettled(Array.from({ length: REQUESTS }, async () => ask(user)));
    const refused = asked.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    for (const error of refused) expect(error).to.be.instanceOf(ProviderFundsRefusedError);
    expect(refused, "a provider admits until more is owed than is locked").to.have.length.within(1, 99);

    const fees = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value.fee.fee] : []));
    const closed = await closeBooks(books);
    expect(closed.faults).to.deep.equal([]);
    expect(closed).to.deep.include({ paid: fees.length, billed: fees.reduce((sum, fee) => sum + fee, 0n), tally: {} });
  });

  it("200 requests that top up when they are refused: one top-up, all are served, nobody pays twice", async () => {
    const user = await atTheLimit();
    const folder = await temporaryFolder();
    try {
      const topUps = new TopUps({
        ctx: user.ctx,
        session: user.session,
        http: {},
        exclusively: exclusively(path.join(folder.path, "lock")),
        records: new FileTopUpRecords(path.join(folder.path, "top-ups.jsonl")),
      });
      const policy = { floor: ZG + ZG / 2n, target: 2n * ZG, cap: 3n * ZG };
      const books = await openBooks(world.read, user.address, [billerOf(provider)]);
      const answers = await Promise.all(
        Array.from({ length: REQUESTS }, async () => {
          try {
            return await ask(user);
          } catch (error) {
            if (!(error instanceof ProviderFundsRefusedError)) throw error;
            await topUps.ensure(service, policy);
            return ask(user);
          }
        }),
      );
      expect(new Set(answers.map(({ chatId }) => chatId?.id)).size).to.equal(REQUESTS);

      const closed = await closeBooks(books);
      expect(closed.faults).to.deep.equal([]);
      const billed = answers.reduce((sum, { fee }) => sum + fee.fee, 0n);
      expect(closed).to.deep.include({ paid: REQUESTS, billed, tally: { transferFund: 1 } });
    } finally {
      await folder.remove();
    }
  });

  it("20 deposits and 20 transfers: all land, and the balances add up to the neuron", async () => {
    const user = await atTheLimit();
    const books = await openBooks(world.read, user.address, [billerOf(provider)]);
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const amount = ZG / 10n + BigInt(i);
        await Promise.all([deposit(user.ctx, amount), transfer(user.ctx, { provider: provider.address, amount })]);
      }),
    );
    const closed = await closeBooks(books);
    expect(closed.faults).to.deep.equal([]);
    expect(closed).to.deep.include({ failed: [], tally: { depositFund: 20, transferFund: 20 } });
    const moved = 2n * ZG + 190n;
    expect(closed.deposited).to.equal(moved);
    expect(await readLedger(world.read, user.address)).to.include({ total: 5n * ZG + moved, available: 4n * ZG });
    const subAccount = await readSubAccount(world.read, user.address, provider.address);
    expect(subAccount).to.include({ balance: ZG + moved });
  });
});
