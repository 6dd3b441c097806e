import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { SqliteQueue } from "../../../lib/batch/sqlite-queue.ts";
import { genesisHash } from "../../../lib/chain/connect.ts";
import type { ReadContext } from "../../../lib/chain/context.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import {
  assertFairlyBilled,
  auditBilling,
  unsettledOrWhy,
  type PaidRequest,
  type ProviderBilling,
} from "../../../lib/compute/billing-audit.ts";
import { OverBilledError, ProviderDownError } from "../../../lib/compute/errors.ts";
import { buildChatRequest, chat } from "../../../lib/compute/inference.ts";
import { readService, type Service } from "../../../lib/compute/providers.ts";
import { FileJournal } from "../../../lib/flow/journal-file.ts";
import { JOURNAL_VERSION } from "../../../lib/flow/journal.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/local-provider.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { itemsOf, planFor } from "../../unit/batch/support/queue-contract.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";

describe("a provider's account beside the answers it gave", () => {
  let world: TestGalileo;
  let provider: LocalProvider;
  let service: Service;
  before(async () => {
    world = await bootGalileo();
    provider = world.galileo.provider(0);
    service = await world.service();
  });
  afterEach(() => {
    provider.misbehave(undefined);
  });
  after(async () => world.close());

  async function ask(user: TestUser): Promise<PaidRequest> {
    const requestBytes = buildChatRequest({
      ...{ model: service.model, stream: false, random: randomBytes },
      messages: [{ role: "user", content: "What is 2+2?" }],
    });
    const { fee, finishedAt } = await chat({ session: user.session }, { service, requestBytes });
    const key = Buffer.from(requestBytes).toString("base64");
    return { key, provider: provider.address, fee: fee.fee, answered: true, at: finishedAt };
  }

  async function audited(user: TestUser, requests: readonly PaidRequest[], fromBlock = 0): Promise<ProviderBilling> {
    const unsettled = async () => unsettledOrWhy(Promise.resolve(provider.unsettledFee(user.address)));
    const accounts = await auditBilling(world.read, { user: user.address, requests, unsettled, fromBlock });
    const [only] = accounts;
    if (only === undefined || accounts.length > 1) throw new Error(`${accounts.length} accounts`);
    return only;
  }

  it("comes out even before and after an honest settlement, however often an answer is remembered", async () => {
    const user = await world.customer(provider.address);
    const answers = [await ask(user), await ask(user)];
    const owed = 2n * (answers[0]?.fee ?? 0n);
    const before = await audited(user, [...answers, ...answers]);
    expect(before).to.deep.include({ answers: 2, owed, settled: 0n, unsettled: { fee: owed }, difference: 0n });
    await provider.settle();
    const after = await audited(user, answers);
    expect(after).to.deep.include({ owed, settled: owed, settlements: 1, unsettled: { fee: 0n }, overBilled: 0n });
    assertFairlyBilled([before, after]);
  });

  it("shows by the neuron what a provider settled too much", async () => {
    const user = await world.customer(provider.address);
    const honest = await ask(user);
    provider.misbehave({ kind: "over-billing", times: 7 });
    const lie = await ask(user);
    expect(lie.fee, "the answer itself looks honest").to.equal(honest.fee);
    expect(await audited(user, [honest, lie]), "before it is settled").to.include({ overBilled: 6n * lie.fee });
    await provider.settle();
    const found = await audited(user, [honest, lie]);
    expect(found).to.include({ owed: 2n * lie.fee, settled: 8n * lie.fee, overBilled: 6n * lie.fee });
    const error = await caught(OverBilledError, () => assertFairlyBilled([found]));
    expect(error).to.include({ code: "ZG_OVER_BILLED", exit: 5 });
    expect(error.details["providers"]).to.deep.include.members([
      {
        provider: provider.address,
        overBilled: 6n * lie.fee,
        settled: 8n * lie.fee,
        owed: 2n * lie.fee,
        unsettled: 0n,
      },
    ]);
  });

  it("counts what a request without an answer can have cost, before it calls anything too much", async () => {
    const user = await world.customer(provider.address);
    const [answer, lost] = [await ask(user), await ask(user)];
    const within = await audited(user, [answer, { ...lost, answered: false, fee: lost.fee + 1n }]);
    expect(within).to.include({ unanswered: 1, possible: lost.fee + 1n, difference: lost.fee, overBilled: 0n });
    const beyond = await audited(user, [answer, { ...lost, answered: false, fee: lost.fee - 1n }]);
    expect(beyond).to.include({ overBilled: 1n });
  });

  it("shows a request that was delivered twice on its way", async () => {
    const user = await world.customer(provider.address);
    const twice: typeof fetch = async (...request) => {
      await fetch(...request);
      return fetch(...request);
    };
    const requestBytes = buildChatRequest({
      ...{ model: service.model, stream: false, random: randomBytes },
      messages: [{ role: "user", content: "What is 2+2?" }],
    });
    const { fee, finishedAt: at } = await chat({ session: user.session, fetch: twice }, { service, requestBytes });
    const request = { key: "twice", provider: provider.address, fee: fee.fee, answered: true, at };
    expect(await audited(user, [request])).to.include({ owed: fee.fee, overBilled: fee.fee });
  });

  it("says why it does not know what is unsettled, and does not take that for nothing", async () => {
    const down = Promise.reject(new ProviderDownError({ what: "Asking", url: "http://127.0.0.1:9" }));
    expect(await unsettledOrWhy(down))
      .to.have.property("unknown")
      .that.contains("ZG_PROVIDER_DOWN");
    const user = await world.customer(provider.address);
    const answer = await ask(user);
    const unsettled = async () => Promise.resolve({ unknown: "it is down" });
    const [found] = await auditBilling(world.read, { user: user.address, requests: [answer], unsettled });
    expect(found).to.deep.include({ unsettled: { unknown: "it is down" }, difference: -answer.fee, overBilled: 0n });
  });

  it("leaves out what was settled before a block", async () => {
    const user = await world.customer(provider.address);
    provider.misbehave({ kind: "over-billing", times: 3, requests: 1 });
    await ask(user);
    await provider.settle();
    const fromBlock = (await world.read.provider.getBlockNumber()) + 1;
    const answer = { ...(await ask(user)), at: Date.now() + 3_600_000 };
    await provider.settle();
    expect(await audited(user, [answer], fromBlock)).to.include({ settled: answer.fee, overBilled: 0n });
  });
});

describe("ledger audit", () => {
  let served: ServedGalileo;
  let home: TemporaryFolder;
  let me: Person;
  let read: ReadContext;
  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
    const { address } = served.galileo.provider(0);
    const { runner } = served.galileo.contracts.inferenceServing;
    if (runner?.provider == null) throw new Error("the contracts are read through a provider");
    read = { network: served.galileo.network, provider: runner.provider };
    await me.succeed("ledger", "deposit", "3", "--yes");
    await me.succeed("ledger", "transfer", address, "2", "--yes");
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  interface Audit {
    readonly providers: readonly { readonly answers: number; readonly owed: string; readonly overBilled: string }[];
  }

  /** A run of the flow that was killed after it had asked. */
  async function rememberUnanswered(request: Buffer): Promise<void> {
    const folder = path.join(home.path, ".0g", "localhost", "runs");
    await mkdir(folder, { recursive: true });
    const journal = new FileJournal(folder, "killed");
    journal.append({
      ...{ type: "started", version: JOURNAL_VERSION, id: "killed", network: "localhost" },
      ...{ genesisHash: await genesisHash(read.provider), owner: developmentAccount(0).address },
      question: { messages: [], maxTokens: 7 },
    });
    journal.append({
      type: "asked",
      provider: served.galileo.provider(0).address,
      request: request.toString("base64"),
    });
    journal.release();
  }

  const askOnce = async (...more: string[]) =>
    me.succeed(
      "inference",
      "chat",
      "--prompt",
      "What is 3*3?",
      "--provider",
      served.galileo.provider(0).address,
      ...more,
    );

  /** A batch of three items: one was answered for `fee`, one lost at `worst`, one turned down. */
  async function rememberBatch(fee: bigint, worst: bigint): Promise<void> {
    const items = itemsOf(3);
    const queue = new SqliteQueue(path.join(home.path, ".0g", "localhost", "batches", "counted.db"));
    const owner = developmentAccount(0).address;
    await queue.begin({ ...planFor(items), owner, genesisHash: await genesisHash(read.provider) }, items);
    const [answered, lost, refused] = [await queue.take(), await queue.take(), await queue.take()];
    const { address: provider } = served.galileo.provider(0);
    for (const row of [answered, lost, refused]) {
      await queue.advance(row?.seq ?? 0, "asked", { provider, worst: String(worst) });
    }
    await queue.advance(answered?.seq ?? 0, "answered", { fee: String(fee), answer: "{}" });
    await queue.advance(refused?.seq ?? 0, "refused");
    await queue.close();
  }

  it("has nothing to say of somebody who asked nobody", async () => {
    const { address } = developmentAccount(5);
    expect(await me.succeed<Audit>("ledger", "audit", "--account", address)).to.deep.include({ providers: [] });
  });

  it("counts the receipts kept here, and those it is given", async () => {
    await askOnce();
    const file = path.join(home.path, "elsewhere.json");
    await askOnce("--out", file);
    await served.galileo.settle(0);
    const missing = await me.refused("ZG_OVER_BILLED", 5, "ledger", "audit");
    expect(missing.message).to.contain(served.galileo.provider(0).address);
    const { providers } = await me.succeed<Audit>("ledger", "audit", "--receipts", file);
    expect(providers).to.have.length(1);
    expect(providers[0]).to.include({ answers: 2, overBilled: "0" });
    await me.refused("ZG_USAGE", 2, "ledger", "audit", "--receipts", path.join(home.path, "nowhere.json"));
  });

  it("refuses with exit code 5 what a provider takes too much, but for what a run has no answer to", async () => {
    const file = path.join(home.path, "elsewhere.json");
    const audit = async () => me.refused("ZG_OVER_BILLED", 5, "ledger", "audit", "--receipts", file);
    served.galileo.provider(0).misbehave({ kind: "over-billing", times: 1_000 });
    await askOnce();
    await served.galileo.settle(0);
    const [found] = ((await audit()).details as unknown as Audit).providers;
    // Three answers of one price.
    const overBilled = String((999n * BigInt(found?.owed ?? 0)) / 3n);
    expect(found).to.include({ answers: 3, unanswered: 0, overBilled });

    const request = Buffer.from(`{"max_tokens":7,"messages":[],"model":"m"}`);
    await rememberUnanswered(request);
    const { inputPrice, outputPrice } = await readService(read, served.galileo.provider(0).address);
    const possible = BigInt(request.length) * inputPrice + 7n * outputPrice;
    const [explained] = ((await audit()).details as unknown as Audit).providers;
    const left = String(BigInt(overBilled) - possible);
    expect(explained).to.include({ unanswered: 1, possible: String(possible), overBilled: left });

    await rememberBatch(1_000n, 30n);
    const [less] = ((await audit()).details as unknown as Audit).providers;
    expect(less).to.include({ answers: 4, unanswered: 2, overBilled: String(BigInt(left) - 1_030n) });
  });
});
