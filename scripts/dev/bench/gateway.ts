/**
 * Our gateway beside the official `0g-compute-cli inference serve`, both started as `node <entry>`, in front of the same
 * provider, on the same served Galileo, in one run. The provider signs nothing, answers at once and limits nobody, so what
 * is measured is what stands between.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import hre from "hardhat";
import { JsonRpcProvider, Wallet } from "ethers";

import { deposit, readSubAccount, transfer } from "../../../lib/compute/ledger.ts";
import { serveGalileo } from "../../../lib/galileo/serve.ts";
import type { Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";
import type { Case, Result } from "./case.ts";
import type { LoadAnswer, LoadArguments } from "./gateway-load.ts";
import { median, residentBytes, runCommand } from "./measure.ts";

const MODEL = "bench/non-signing";
const MB = 1024 * 1024;
const CHAT = JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "What is 2+2?" }] });
const STREAM = JSON.stringify({ model: MODEL, stream: true, messages: [{ role: "user", content: "What is 2+2?" }] });
/** Requests after which memory is looked at, and of a run long enough to show a leak. */
const MEMORY_REQUESTS = 5_000;
const LONG_RUN = 50_000;
/** What is locked at the beginning, and the policy of our top-ups. 0G. */
const LOCKED = 20;
const TOP_UP = "1.5:5:100";
/** Longer than our gateway takes to look at balances again. */
const NEXT_ROUND_MS = 16_000;
const SECONDS = 3;
const ROUNDS = 3;
const START_MS = 60_000;

/** A server under measurement. */
interface Contender {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  readonly key?: string;
  readonly pid?: number;
}

interface Place {
  readonly root: string;
  readonly home: string;
  readonly rpc: string;
  readonly provider: Address;
  readonly privateKey: string;
}

async function load(
  root: string,
  { port, path: at, key }: Contender,
  given: Partial<LoadArguments>,
): Promise<LoadAnswer> {
  const script = path.join(root, "scripts/dev/bench/gateway-load.ts");
  const args = { port, path: at, body: CHAT, connections: 1, ...(key === undefined ? {} : { key }), ...given };
  const run = await runCommand([process.execPath, script, JSON.stringify(args)], { cwd: root });
  if (run.code !== 0) throw new Error(`the load ended with ${run.code}\n${run.stderr.slice(-2000)}`);
  const answer = JSON.parse(run.stdout) as LoadAnswer;
  if (answer.failed > 0) throw new Error(`${answer.failed} of ${answer.requests} requests failed`);
  return answer;
}

/** Medians over rounds in which every contender has its turn, so that none gets a quieter machine. */
async function compared(
  root: string,
  contenders: readonly Contender[],
  given: Partial<LoadArguments>,
  figure: (answer: LoadAnswer) => number,
): Promise<number[]> {
  const figures = contenders.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, contender] of contenders.entries()) {
      figures[i]?.push(figure(await load(root, contender, given)));
    }
  }
  return figures.map(median);
}

/** Starts `node <args>` and resolves with its first line on stdout that `wanted` takes. */
async function startNode<T>(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  wanted: (line: string) => T | undefined,
): Promise<{ child: ChildProcess; found: T }> {
  const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
  const lines = createInterface({ input: child.stdout });
  const found = new Promise<T>((resolve, reject) => {
    lines.on("line", (line) => {
      printed += `${line}\n`;
      const value = wanted(line);
      if (value !== undefined) resolve(value);
    });
    child.once("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${String(code)}\n${printed}`)));
    setTimeout(() => reject(new Error(`${args.join(" ")} does not start\n${printed}`)), START_MS).unref();
  });
  return { child, found: await found };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}

async function startOurs({ root, home, rpc, provider }: Place): Promise<{ child: ChildProcess; contender: Contender }> {
  const entry = path.join(root, "node_modules/hardhat/dist/src/cli.js");
  const serve = ["--network", "localhost", "inference", "serve", "--provider", provider, "--port", "0"];
  const args = [...serve, "--top-up", TOP_UP, "--json"];
  const env = { ...process.env, LOCALHOST_RPC_URL: rpc, ZG_HOME: home, HARDHAT_DISABLE_TELEMETRY: "true", CI: "true" };
  const { child, found } = await startNode([entry, ...args], { cwd: root, env }, (line) =>
    line.startsWith("{") ? (JSON.parse(line) as { data: { url: string; keys: { owner: string } } }) : undefined,
  );
  const { url, keys } = found.data;
  const port = Number(new URL(url).port);
  return {
    child,
    contender: { name: "ours", port, path: "/v1/chat/completions", key: keys.owner, pid: child.pid ?? 0 },
  };
}

const OFFICIAL_PORT = 3_456;

async function startTheirs({
  root,
  home,
  rpc,
  provider,
  privateKey,
}: Place): Promise<{ child: ChildProcess; contender: Contender }> {
  const folder = path.join(home, ".0g-compute-cli");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "config.json"), JSON.stringify({ rpcEndpoint: rpc, privateKey }), { mode: 0o600 });
  const entry = path.join(root, "node_modules/@0gfoundation/0g-compute-ts-sdk/cli.commonjs/cli/index.js");
  // It looks for a newer release before everything else; nobody listens there.
  const env = { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1", npm_config_registry: "http://127.0.0.1:1/" };
  const args = ["inference", "serve", "--provider", provider, "--port", String(OFFICIAL_PORT), "--host", "127.0.0.1"];
  const { child } = await startNode([entry, ...args], { cwd: home, env }, (line) =>
    /health check passed|running on/i.test(line) ? true : undefined,
  );
  return {
    child,
    contender: { name: "theirs", port: OFFICIAL_PORT, path: "/v1/chat/completions", pid: child.pid ?? 0 },
  };
}

function residentMb({ pid = 0 }: Contender): number {
  return (residentBytes(pid) ?? 0) / MB;
}

interface Memory {
  readonly idle: number;
  readonly after: number;
  readonly peak: number;
}

/** Resident memory before, after and at the most during so many requests. */
async function memoryOf(root: string, contender: Contender, requests: number): Promise<Memory> {
  await sleep(1_000);
  const idle = residentMb(contender);
  let peak = idle;
  const sampling = setInterval(() => (peak = Math.max(peak, residentMb(contender))), 50);
  await load(root, contender, { connections: 8, requests });
  clearInterval(sampling);
  await sleep(1_000);
  return { idle, after: residentMb(contender), peak };
}

async function measure(place: Place, direct: Contender, ours: Contender, theirs: Contender): Promise<Result[]> {
  const { root } = place;
  const both = [ours, theirs] as const;
  const results: Result[] = [];
  const mb = (value: number) => `${value.toFixed(0)} MB`;

  const [ourMemory, theirMemory] = [
    await memoryOf(root, ours, MEMORY_REQUESTS),
    await memoryOf(root, theirs, MEMORY_REQUESTS),
  ];
  const growth = ({ idle, after }: Memory) => after - idle;
  const told = ({ idle, after, peak }: Memory) => `idle ${mb(idle)}, after ${mb(after)}, peak ${mb(peak)}`;
  results.push(
    {
      name: `gateway, memory growth over ${MEMORY_REQUESTS} requests`,
      measured: growth(ourMemory),
      unit: "MB",
      note: told(ourMemory),
    },
    { name: "  official serve", measured: growth(theirMemory), unit: "MB", note: told(theirMemory) },
    { name: "  ours ÷ official", measured: growth(ourMemory) / growth(theirMemory), unit: "×", most: 0.6 },
  );

  await load(root, ours, { connections: 8, requests: LONG_RUN - MEMORY_REQUESTS });
  await sleep(1_000);
  const long = residentMb(ours);
  results.push({
    name: `gateway, memory after ${LONG_RUN} requests ÷ after ${MEMORY_REQUESTS}`,
    measured: long / ourMemory.after,
    unit: "×",
    most: 1.1,
    note: `${mb(ourMemory.after)}, then ${mb(long)}`,
  });

  const one = { connections: 1, requests: 200, warmUp: 20 };
  const [bare = 0, our = 0, their = 0] = await compared(root, [direct, ...both], one, ({ latency }) => latency);
  results.push(
    {
      name: "gateway, added to a chat, 1 concurrent",
      measured: our - bare,
      unit: "ms",
      note: `the provider alone ${bare.toFixed(2)} ms`,
    },
    { name: "  official serve", measured: their - bare, unit: "ms" },
    { name: "  ours ÷ official", measured: (our - bare) / (their - bare), unit: "×", most: 0.05 },
  );

  const streamed = { ...one, body: STREAM };
  const first = await compared(root, [direct, ...both], streamed, ({ firstByte }) => firstByte);
  const [bareFirst = 0, ourFirst = 0, theirFirst = 0] = first;
  results.push(
    { name: "gateway, added to a stream's first byte", measured: ourFirst - bareFirst, unit: "ms" },
    { name: "  official serve", measured: theirFirst - bareFirst, unit: "ms" },
    { name: "  ours ÷ official", measured: (ourFirst - bareFirst) / (theirFirst - bareFirst), unit: "×", most: 0.1 },
  );

  for (const connections of [1, 8, 64]) {
    const given = { connections, seconds: SECONDS, warmUp: 4 * connections };
    const [ourRate = 0, theirRate = 0] = await compared(root, both, given, ({ perSecond }) => perSecond);
    results.push(
      { name: `gateway, chats a second, ${connections} concurrent`, measured: ourRate, unit: "req/s" },
      { name: "  official serve", measured: theirRate, unit: "req/s" },
      {
        name: "  ours ÷ official",
        measured: ourRate / theirRate,
        unit: "×",
        ...(connections === 64 ? { least: 10 } : {}),
      },
    );
  }

  return results;
}

/** Transfers that eight requests at once make when what is owed leaves less free than either side wants. */
async function topUps(
  place: Place,
  {
    direct,
    contender,
    chain,
    ledger,
  }: { direct: Contender; contender: Contender; chain: JsonRpcProvider; ledger: string },
  owed: bigint,
): Promise<number> {
  await fetch(`http://127.0.0.1:${direct.port}/owed/${owed}`);
  await sleep(NEXT_ROUND_MS);
  const from = await chain.getBlockNumber();
  await load(place.root, contender, { connections: 8, requests: 8 });
  await sleep(2_000);
  let count = 0;
  for (let number = from + 1; number <= (await chain.getBlockNumber()); number++) {
    const block = await chain.getBlock(number, true);
    count += (block?.prefetchedTransactions ?? []).filter(({ to }) => to === ledger).length;
  }
  return count;
}

/** Both gateways in front of a provider without limits. */
async function gatewayCase(root: string): Promise<Result[]> {
  const served = await serveGalileo(hre, { port: 0 });
  const home = mkdtempSync(path.join(tmpdir(), "bench-gateway-"));
  const children: ChildProcess[] = [];
  try {
    const script = path.join(root, "scripts/dev/bench/gateway-upstream.ts");
    const upstream = await startNode([script, MODEL], { cwd: root, env: process.env }, (line) => Number(line));
    children.push(upstream.child);
    const port = upstream.found;
    const url = `http://127.0.0.1:${port}`;
    const provider = await served.galileo.registerService({ url, model: MODEL });

    // The command signs with account 0; the official tool gets the same key, so both pay from the same sub-account.
    const [payer] = served.accounts;
    if (payer === undefined) throw new Error("no accounts");
    const chain = new JsonRpcProvider(served.url, undefined, { cacheTimeout: -1, staticNetwork: true });
    const ctx = { network: networkNamed("localhost"), provider: chain, signer: new Wallet(payer.privateKey, chain) };
    await deposit(ctx, 200n * NEURON_PER_0G);
    await transfer(ctx, { provider, amount: BigInt(LOCKED) * NEURON_PER_0G });

    const place: Place = { root, home, rpc: served.url, provider, privateKey: payer.privateKey };
    const theirs = await startTheirs(place);
    children.push(theirs.child);
    const ours = await startOurs(place);
    children.push(ours.child);
    const direct = { name: "provider", port, path: "/v1/proxy/chat/completions" };
    const results = await measure(place, direct, ours.contender, theirs.contender);
    const how = { direct, chain, ledger: ctx.network.contracts.ledgerManager };
    const locked = async () => (await readSubAccount(ctx, payer.address, provider))?.spendable ?? 0n;
    // Just over 1 0G is left: we want 1.5 free, they 2.
    const almostAll = async () => (await locked()) - (NEURON_PER_0G * 12n) / 10n;
    const ourTransfers = await topUps(place, { ...how, contender: ours.contender }, await almostAll());
    const theirTransfers = await topUps(place, { ...how, contender: theirs.contender }, await almostAll());
    chain.destroy();
    return [
      ...results,
      {
        name: "gateway, transfers of 8 requests that need one",
        measured: ourTransfers,
        unit: "transfers",
        least: 1,
        most: 1,
      },
      { name: "  official serve", measured: theirTransfers, unit: "transfers" },
    ];
  } finally {
    for (const child of children.reverse()) await stop(child);
    await served.close();
    rmSync(home, { recursive: true, force: true });
  }
}

export function gatewayCases(root: string): Case[] {
  return [
    {
      id: "gateway",
      title: "the gateway beside the official serve, in front of a provider that signs nothing and limits nobody",
      run: async () => gatewayCase(root),
    },
  ];
}
