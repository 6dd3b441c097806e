import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { itemsDigest, itemText, parseItems } from "../../../lib/batch/items.ts";
import { BATCH_VERSION, sealedOf } from "../../../lib/batch/queue.ts";
import { RedisQueue } from "../../../lib/batch/redis-queue.ts";
import { SqliteQueue } from "../../../lib/batch/sqlite-queue.ts";
import { genesisHash } from "../../../lib/chain/connect.ts";
import { readService } from "../../../lib/compute/providers.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { termsOf } from "../../../lib/guards/terms.ts";
import { checksum } from "../../../lib/hex.ts";
import { storageReader } from "../../../lib/storage/storage-client.ts";
import { hardhatJson } from "../../support/in-process.ts";
import { redisInstalled, startRedis } from "../../support/redis.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

interface Worked {
  readonly counts: Readonly<Record<string, number>>;
  readonly transactions: readonly { readonly what: string }[];
  readonly results: string;
  readonly kept: boolean;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const USER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

describe("batches by command", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let file: string;
  const lines = ["What is 1+1?", "What is 2+2?", "What is 3+3?"].map((prompt, i) =>
    JSON.stringify({ id: `q${i}`, prompt }),
  );
  const storeOf = (id: string) => path.join(home.path, ".0g", "localhost", "batches", `${id}.db`);

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0 }), temporaryFolder()]);
    file = path.join(home.path, "questions.jsonl");
    writeFileSync(file, lines.join("\n"));
  });
  after(async () => {
    await served.close();
    await home.remove();
  });

  async function run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const place = { LOCALHOST_RPC_URL: served.url, ZG_HOME: home.path, ...env };
    return hardhatJson([...words, "--network", "localhost"], place);
  }
  async function batch(...words: string[]): Promise<Worked> {
    const { answer } = await run(["flow", "batch", ...words]);
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    return answer.data as unknown as Worked;
  }
  async function refused(...words: string[]): Promise<Failure & { readonly exit: number | null }> {
    const { answer, code } = await run(["flow", "batch", ...words]);
    if (answer.ok) throw new Error("it was not refused");
    return { ...(answer.error as unknown as Failure), exit: code };
  }

  it("show a plan and begin nothing, or refuse what is not allowed, before anything is spent", async () => {
    const planned = (await batch(file, "--id", "planned", "--dry-run")) as unknown as { plan: { total: string } };
    expect(BigInt(planned.plan.total) > 10n ** 18n).to.equal(true);
    expect(await refused(file, "--id", "planned", "--max-spend", "0.5")).to.include({ code: "ZG_MAX_SPEND", exit: 3 });
    const ceiling = await refused(file, "--id", "planned", "--max-price", "0.01");
    expect(ceiling).to.include({ code: "ZG_NO_PROVIDER", exit: 3 });
    expect(ceiling.message).to.include("costs more than the price ceiling");
    expect(await refused(file, "--id", "planned", "--day-cap", "0.000001")).to.include({ code: "ZG_BUDGET", exit: 3 });
    const provider = served.galileo.provider(0).address;
    const dear = await refused(file, "--id", "planned", "--max-price", "0.01", "--provider", provider);
    expect(dear).to.include({ code: "ZG_PRICE_CEILING", exit: 3 });
    expect(
      served.galileo
        .provider(0)
        .requests()
        .filter(({ method }) => method === "POST"),
    ).to.deep.equal([]);
  });

  it("mint every line, store what is encrypted in one transaction, and repeat nothing", async () => {
    const { counts, transactions, results, kept } = await batch(file, "--id", "first");
    expect(counts).to.include({ minted: 3 });
    expect(kept).to.equal(true);
    expect(transactions.map(({ what }) => what)).to.include.members([
      "store 3 objects",
      "commit to 3 mints",
      "mint 3 inferences",
    ]);
    const rows = readFileSync(results, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(rows.map(({ id, status, content }) => [id, status, content])).to.deep.equal([
      ["q0", "minted", "2"],
      ["q1", "minted", "4"],
      ["q2", "minted", "6"],
    ]);
    for (const each of [results, storeOf("first"), rows[0]?.["receipt"] ?? ""]) {
      expect(statSync(each).mode & 0o777, each).to.equal(0o600);
    }
    const queue = new SqliteQueue(storeOf("first"));
    const row = await queue.get(1);
    await queue.close();
    const root = row === undefined ? undefined : sealedOf(row)?.datas[0]?.dataHash;
    const { provider } = (await served.galileo.fundedUser()).signer;
    if (root === undefined || provider === null) return expect.fail("the item is sealed");
    const storage = storageReader({
      network: served.galileo.network,
      provider,
      indexers: [served.galileo.storage.indexer],
    });
    expect(await storage.exists(root)).to.equal(true);

    for (const words of [
      [file, "--id", "first"],
      ["--id", "first"],
    ]) {
      const again = await batch(...words);
      expect(again.transactions).to.deep.equal([]);
      expect(again.counts).to.include({ minted: 3 });
    }
  });

  it("refuse another file, another claim and an unknown name", async () => {
    const other = path.join(home.path, "other.jsonl");
    writeFileSync(other, [lines[0], lines[1]?.replace("2+2", "2+3"), lines[2]].join("\n"));
    const changed = await refused(other, "--id", "first");
    expect(changed).to.include({ code: "ZG_BATCH_MISMATCH", exit: 2 });
    expect(changed.details).to.include({ field: "item 2" });
    expect(await refused("--id", "first", "--claim", "open")).to.include({ code: "ZG_BATCH_MISMATCH", exit: 2 });
    expect(await refused("--id", "nobody")).to.include({ code: "ZG_BATCH_UNKNOWN", exit: 2 });
    expect(existsSync(storeOf("nobody"))).to.equal(false);
    expect(existsSync(storeOf("planned"))).to.equal(false);
    expect(await refused(file, "--id", "../first")).to.include({ code: "ZG_USAGE", exit: 2 });
    writeFileSync(other, '{"prompt":"a"}\n{"promt":"b"}');
    expect((await refused(other, "--id", "typo")).details).to.include({ line: 2 });
    expect(await refused()).to.include({ code: "ZG_USAGE", exit: 2 });
    expect(await refused(file, "--id", "shared", "--redis", "http://127.0.0.1")).to.include({
      code: "ZG_USAGE",
      exit: 2,
    });
    expect(await refused(file, "--id", "shared", "--concurrency", "0")).to.include({ code: "ZG_USAGE", exit: 2 });
  });

  it("write the results where they are wanted, without tokens where none are wanted", async () => {
    const out = path.join(home.path, "answers.jsonl");
    const { counts, results } = await batch(file, "--id", "proved", "--no-mint", "--out", out);
    expect(counts).to.include({ verified: 3, minted: 0 });
    expect(results).to.equal(out);
    expect(readFileSync(out, "utf8").trimEnd().split("\n")).to.have.length(3);
  });

  it("say which items did not come to their end, and exit with what that means", async () => {
    const provider = served.galileo.provider(0);
    provider.misbehave({ kind: "altered-body", requests: 1 });
    const lied = await refused(
      file,
      "--id",
      "lied",
      "--no-storage",
      "--concurrency",
      "1",
      "--provider",
      provider.address,
    );
    provider.misbehave(undefined);
    expect(lied).to.include({ code: "ZG_BATCH_PROVIDER", exit: 5 });
    expect(lied.details["counts"]).to.include({ quarantined: 1 });
    const other = await refused("--id", "lied", "--provider", served.galileo.provider(1).address);
    expect(other).to.include({ code: "ZG_BATCH_INCOMPLETE", exit: 5 });
    expect(other.details["counts"]).to.include({ quarantined: 1, minted: 2 });
  });

  const shared = redisInstalled() ? it : it.skip;
  const what = "are helped by a worker that has an API key and no other";
  shared(redisInstalled() ? what : `${what} (skipped: redis-server is not installed)`, async () => {
    const redis = await startRedis();
    try {
      const { galileo } = served;
      const provider = galileo.provider(0).address;
      const { answer } = await run(["inference", "key", "create", provider]);
      if (!answer.ok) return expect.fail("a key is made");
      const { key } = answer.data as unknown as { readonly key: string };
      const chain = (await galileo.fundedUser()).signer.provider;
      if (chain === null) return expect.fail("a funded user is connected");
      const items = parseItems(lines.join("\n"), "shared", { maxTokens: 64 });
      const queue = await RedisQueue.open({ url: redis.url, network: "localhost", id: "shared", clock: Date.now });
      await queue.begin(
        {
          ...{ version: BATCH_VERSION, id: "shared", network: "localhost", genesisHash: await genesisHash(chain) },
          ...{ owner: checksum(USER), claim: "commit", mint: true, stores: false, items: items.length },
          digest: itemsDigest(items.map(itemText)),
        },
        items,
      );
      await queue.assign({
        terms: termsOf(await readService({ network: galileo.network, provider: chain }, provider)),
      });
      const words = ["flow", "batch-worker", "--id", "shared", "--redis", redis.url];
      const worker = await run(words, { ZG_WORKER_API_KEY: key });
      expect(worker.answer.ok, JSON.stringify(worker.answer)).to.equal(true);
      expect(await queue.counts()).to.include({ verified: 3 });
      expect(`${worker.stdout}${worker.stderr}`).not.to.include(redis.password).and.not.to.include(key);
      const wrong = await run(words, { ZG_WORKER_API_KEY: "app-sk-bm90LWEta2V5" });
      expect(wrong.answer).to.have.nested.property("error.code", "ZG_USAGE");
      const unknown = await run([...words.slice(0, 3), "none", ...words.slice(4)], { ZG_WORKER_API_KEY: key });
      expect(unknown.answer).to.have.nested.property("error.code", "ZG_BATCH_UNKNOWN");
      await queue.close();
    } finally {
      await redis.close();
    }
  });
});
