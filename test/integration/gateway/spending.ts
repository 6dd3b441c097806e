import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile, writeFile } from "node:fs/promises";

import { expect } from "chai";
import OpenAI from "openai";

import { deposit, transfer } from "../../../lib/compute/ledger.ts";
import type { Service } from "../../../lib/compute/providers.ts";
import { ClientsFile } from "../../../lib/gateway/clients.ts";
import { GatewayRunningError, SpendingLogError } from "../../../lib/gateway/errors.ts";
import { gatewayFiles } from "../../../lib/gateway/gateway.ts";
import { readSpending } from "../../../lib/gateway/spending-log.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

const messages = [{ role: "user" as const, content: "What is 2+2?" }];
const SOON_MS = 600;

describe("gateway: budgets and the spending log", () => {
  let world: TestGalileo;
  let user: TestUser;
  let service: Service;
  let folder: TemporaryFolder;
  const open: TestGateway[] = [];

  before(async () => {
    world = await bootGalileo();
    service = await world.service(0);
    user = await world.customer(service.provider, 5n * ZG);
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const gateway of open.splice(0)) await gateway.close();
    await folder.remove();
  });
  after(async () => world.close());

  const start = async (options: Parameters<typeof startGateway>[2] = {}): Promise<TestGateway> => {
    const gateway = await startGateway(user, [service], { folder: folder.path, ...options });
    open.push(gateway);
    return gateway;
  };
  const stop = async (gateway: TestGateway) => {
    open.splice(open.indexOf(gateway), 1);
    await gateway.close();
  };
  const ask = async (openai: OpenAI, more: object = {}) =>
    openai.chat.completions.create({ model: service.model, messages, ...more });
  const refusedFor = async (work: Promise<unknown>): Promise<unknown> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(OpenAI.APIError);
    const { status, code, error: body } = error as InstanceType<typeof OpenAI.APIError>;
    return [status, code, (body as { zg_code: string }).zg_code];
  };

  it("writes a request down before it is sent, and what it cost afterwards", async () => {
    const gateway = await start();
    await ask(gateway.client(), { max_tokens: 100 });
    const [asked, answered] = await gateway.spending();
    // No prompt has more tokens than bytes; an answer has at most 100.
    const worst = service.inputPrice * BigInt(requestBytes(100)) + service.outputPrice * 100n;
    const fee = world.galileo.provider(0).unsettledFee(user.address);
    expect(asked).to.include({
      event: "asked",
      client: "owner",
      provider: service.provider,
      endpoint: "/chat/completions",
      worst: worst.toString(),
    });
    expect(answered).to.include({ event: "answered", id: asked?.["id"], outcome: "answered", assumed: false });
    expect(answered).to.have.property("fee", fee.toString());
  });

  function requestBytes(maxTokens: number): number {
    return JSON.stringify({ model: service.model, messages, max_tokens: maxTokens }).length;
  }

  it("refuses what could pass a client's budget, before it is sent, and lets others go on", async () => {
    const worst = service.inputPrice * BigInt(requestBytes(100)) + service.outputPrice * 100n;
    const gateway = await start({
      clients: new Map([
        ["alice", worst],
        ["bob", undefined],
      ]),
    });
    const [alice, bob] = ["alice", "bob"].map((name) => gateway.client(gateway.gateway.newKeys.get(name)));
    await ask(alice!, { max_tokens: 100 });
    // A little of it is spent now, so the same worst case does not fit any more.
    expect(await refusedFor(ask(alice!, { max_tokens: 100 }))).to.deep.equal([
      402,
      "insufficient_quota",
      "ZG_GATEWAY_BUDGET",
    ]);
    await ask(alice!, { max_tokens: 10 });
    await ask(bob!, { max_tokens: 100 });
    expect((await gateway.spending()).filter(({ event }) => event === "asked")).to.have.length(3);
  });

  it("holds budgets for requests at once, too", async () => {
    const worst = service.inputPrice * BigInt(requestBytes(100)) + service.outputPrice * 100n;
    const gateway = await start({ clients: new Map([["alice", 2n * worst]]) });
    const alice = gateway.client(gateway.gateway.newKeys.get("alice"));
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, async () => ask(alice, { max_tokens: 100 })));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).to.have.length(2);
  });

  it("sends a token limit along where a budget must hold, and only there", async () => {
    const gateway = await start({ clients: new Map([["alice", ZG]]), limits: { maxTokens: 1 } });
    const question = { messages: [{ role: "user" as const, content: "tell me of yourself" }] };
    const answer = await ask(gateway.client(gateway.gateway.newKeys.get("alice")), question);
    expect([answer.choices[0]?.finish_reason, answer.usage?.completion_tokens]).to.deep.equal(["length", 1]);
    expect((await ask(gateway.client(), question)).choices[0]?.finish_reason).to.equal("stop");
  });

  it("charges each of several choices to the reservation", async () => {
    const gateway = await start();
    await ask(gateway.client(), { max_tokens: 10 });
    await ask(gateway.client(), { max_tokens: 10, n: 5 });
    const [one, five] = (await gateway.spending())
      .filter(({ event }) => event === "asked")
      .map(({ worst }) => BigInt(worst as string));
    expect(five! > 5n * one! && five! < 6n * one!).to.equal(true);
  });

  it("remembers what was spent over a restart, and counts a request that a crash cut off", async () => {
    const first = await start({ clients: new Map([["alice", ZG]]) });
    await ask(first.client(first.gateway.newKeys.get("alice")));
    const { spending } = gatewayFiles(folder.path);
    await stop(first);
    const before = (await readSpending(spending)).get("alice") ?? 0n;
    expect(before > 0n).to.equal(true);

    const lost = {
      event: "asked",
      at: 1,
      id: "lost",
      client: "alice",
      provider: service.provider,
      endpoint: "/x",
      worst: "7",
    };
    await appendFile(spending, `${JSON.stringify(lost)}\n{"event":"ask`); // the last line was cut, too
    expect((await readSpending(spending)).get("alice")).to.equal(before + 7n);
    const second = await start();
    await ask(second.client());
    await stop(second);
    expect((await readSpending(spending)).get("alice")).to.equal(before + 7n);
    expect((await readSpending(spending)).get("owner")! > 0n).to.equal(true);
  });

  it("does not start from a log that holds something else", async () => {
    await writeFile(gatewayFiles(folder.path).spending, '{"event":"asked"}\n{"event":"answered","id":"x","fee":"1"}\n');
    await caught(SpendingLogError, async () => start());
  });

  it("does not start beside another gateway's process, which counts the same budgets", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    try {
      await writeFile(gatewayFiles(folder.path).lock, String(other.pid));
      const error = await caught(GatewayRunningError, async () => start());
      expect(error.details).to.include({ pid: other.pid });
    } finally {
      const ended = once(other, "exit");
      other.kill();
      await ended;
    }
    await start(); // what a killed one left is no obstacle
  });

  it("makes the owner's key once, and shows it once", async () => {
    const first = await start();
    const key = first.gateway.newKeys.get("owner");
    expect(key).to.equal((await readFile(gatewayFiles(folder.path).ownerKey, "utf8")).trim());
    await stop(first);
    const second = await start();
    expect(second.gateway.newKeys.size).to.equal(0);
    expect((await second.get("/v1/models", { authorization: `Bearer ${key ?? ""}` })).status).to.equal(200);
  });

  it("stops serving a client whose key was revoked while it runs", async () => {
    const gateway = await start({ clients: new Map([["alice", undefined]]) });
    const alice = gateway.client(gateway.gateway.newKeys.get("alice"));
    await alice.models.list();
    await new ClientsFile(gatewayFiles(folder.path).clients).revoke("alice");
    await new Promise((resolve) => setTimeout(resolve, SOON_MS));
    expect(await refusedFor(alice.models.list())).to.deep.equal([401, "invalid_api_key", "ZG_GATEWAY_KEY"]);
  });

  it("holds --max-spend for all clients together", async () => {
    const gateway = await start({ maxSpend: service.outputPrice * 500n });
    await ask(gateway.client(), { max_tokens: 100 });
    expect(await refusedFor(ask(gateway.client(), { max_tokens: 600 }))).to.deep.equal([
      402,
      "insufficient_quota",
      "ZG_GATEWAY_BUDGET",
    ]);
  });

  it("spends nothing that it cannot write down", async () => {
    const gateway = await start();
    gateway.gateway.parts.log.asked = async () =>
      Promise.reject(new SpendingLogError({ file: "x", problem: "is full" }));
    const before = world.galileo.provider(0).requests().length;
    expect(await refusedFor(ask(gateway.client()))).to.deep.equal([502, null, "ZG_SPENDING_LOG"]);
    expect(world.galileo.provider(0).requests()).to.have.length(before);
    expect(gateway.gateway.parts.purse.total).to.equal(0n);
  });

  it("sees money that came from elsewhere when a request does not fit", async () => {
    const poor = await world.user();
    await deposit(poor.ctx, 3n * ZG);
    const gateway = await startGateway(poor, [service], { folder: folder.path });
    open.push(gateway);
    expect(await refusedFor(ask(gateway.client()))).to.deep.equal([402, "insufficient_quota", "ZG_GATEWAY_FUNDS"]);
    await transfer(poor.ctx, { provider: service.provider, amount: 2n * ZG });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await ask(gateway.client())).choices[0]?.message.content).to.equal("4");
  });
});
