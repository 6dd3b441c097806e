/**
 * The client's side of the cases that talk to a served Galileo, in a process of its own so that client and server do not
 * share one event loop: `client.ts <ready|header|list> <JSON arguments>`. Prints one JSON object on stdout.
 */

import diagnostics from "node:diagnostics_channel";
import { createRequire } from "node:module";

import { JsonRpcProvider, Wallet } from "ethers";

import type { ReadContext, WriteContext } from "../../../lib/chain/context.ts";
import { inferenceServing, ledgerManager } from "../../../lib/chain/contracts.ts";
import { PAGE_SIZE } from "../../../lib/compute/paging.ts";
import { listServices } from "../../../lib/compute/providers.ts";
import { SessionTokens } from "../../../lib/compute/session.ts";
import type { Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { inParallel } from "../../../lib/parallel.ts";
import { parseAmount } from "../../../lib/units.ts";
import { median } from "./measure.ts";

export interface ReadyArguments {
  readonly case: "ready";
}
export interface HeaderArguments {
  readonly case: "header";
  readonly url: string;
  readonly provider: Address;
  readonly privateKey: string;
}
export interface ListArguments {
  readonly case: "list";
  readonly url: string;
}

export interface Timed {
  readonly ms: number;
  /** Per call. */
  readonly rpc: number;
  readonly http: number;
}
export interface HeaderAnswer {
  readonly ours: Timed;
  readonly official: Timed;
}
export interface ListAnswer {
  readonly ours: Timed & { readonly services: number };
  readonly pages: Timed;
  readonly official: Timed & { readonly services: number };
}

/** The official SDK, as published: its CommonJS build, because its ESM build breaks under some loaders. */
interface OfficialBroker {
  readonly inference: {
    listService(): Promise<unknown[]>;
    getRequestHeaders(provider: string, content?: string): Promise<{ Authorization: string }>;
  };
}
interface OfficialSdk {
  createZGComputeNetworkBroker(signer: Wallet): Promise<OfficialBroker>;
}

/** HTTP requests of this process, whichever client sent them. */
let requests: string[] = [];
for (const channel of ["http.client.request.start", "undici:request:create"]) {
  diagnostics.subscribe(channel, (message) => {
    const { request } = message as { request: { host?: string; origin?: string; port?: string } };
    requests.push(request.origin ?? request.host ?? "unknown");
  });
}

/** A provider that neither caches nor batches, and counts what it sends. */
function connect(url: string, staticNetwork: boolean): { provider: JsonRpcProvider; sent: () => number } {
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, batchMaxCount: 1, staticNetwork });
  let count = 0;
  void provider.on("debug", ({ action }: { action: string }) => {
    if (action === "sendRpcPayload") count += 1;
  });
  return { provider, sent: () => count };
}

/** Medians over `times` rounds after the ones that warm up; in each round every work runs once, so none gets a warmer machine. */
async function timed<Name extends string>(
  sent: () => number,
  works: Readonly<Record<Name, () => Promise<unknown>>>,
  { warmUp = 2, times = 15 }: { warmUp?: number; times?: number } = {},
): Promise<Record<Name, Timed>> {
  const names = Object.keys(works) as Name[];
  const runs = new Map(names.map((name) => [name, { walls: [] as number[], rpc: 0, http: 0 }]));
  for (let round = -warmUp; round < times; round++) {
    for (const [name, run] of runs) {
      const rpcBefore = sent();
      requests = [];
      const started = performance.now();
      await works[name]();
      const wall = performance.now() - started;
      if (round < 0) continue;
      const rpc = sent() - rpcBefore;
      run.walls.push(wall);
      run.rpc += rpc;
      // Every JSON-RPC payload is an HTTP request of its own here; the rest went to providers.
      run.http += Math.max(0, requests.length - rpc);
    }
  }
  const entries = [...runs].map(([name, { walls, rpc, http }]) => [
    name,
    { ms: median(walls), rpc: rpc / times, http: http / times },
  ]);
  return Object.fromEntries(entries) as Record<Name, Timed>;
}

/** The SDK prints on stdout whenever it acts; that is for nobody here. */
async function muted<T>(work: () => Promise<T>): Promise<T> {
  const original = { log: console.log, warn: console.warn, error: console.error };
  const silent = () => undefined;
  Object.assign(console, { log: silent, warn: silent, error: silent });
  try {
    return await work();
  } finally {
    Object.assign(console, original);
  }
}

async function officialBroker(wallet: Wallet): Promise<OfficialBroker> {
  const sdk = createRequire(import.meta.url)("@0gfoundation/0g-compute-ts-sdk") as OfficialSdk;
  return muted(async () => sdk.createZGComputeNetworkBroker(wallet));
}

async function header({ url, provider, privateKey }: HeaderArguments): Promise<HeaderAnswer> {
  const network = networkNamed("localhost");
  const chain = connect(url, false); // as its users make it: ethers then asks for the chain id again and again
  const wallet = new Wallet(privateKey, chain.provider);
  const ctx: WriteContext = { network, provider: chain.provider, signer: wallet };
  // Enough that the SDK does not top up by itself while it is measured: it wants twice 1 0G free at the provider.
  const manager = ledgerManager(network, ctx.signer);
  await (await manager.depositFund({ value: parseAmount("6") })).wait();
  await (await manager.transferFund(provider, "inference-v1.0", parseAmount("4"))).wait();

  const tokens = new SessionTokens({ network, provider: chain.provider, signer: wallet });
  const { ours } = await timed(chain.sent, { ours: async () => tokens.header(provider) }, { times: 1_000 });

  const broker = await officialBroker(wallet);
  const { official } = await muted(async () =>
    timed(chain.sent, { official: async () => broker.inference.getRequestHeaders(provider, "What is 2+2?") }),
  );
  chain.provider.destroy();
  return { ours, official };
}

async function list({ url }: ListArguments): Promise<ListAnswer> {
  const network = networkNamed("localhost");
  const chain = connect(url, true);
  const ctx: ReadContext = { network, provider: chain.provider };
  const contract = inferenceServing(network, chain.provider);
  const { total } = await contract.getAllServices(0, 1);
  const offsets = Array.from({ length: Math.ceil(Number(total) / PAGE_SIZE) }, (_, i) => i * PAGE_SIZE);
  const readPages = async () => inParallel(offsets, async (offset) => contract.getAllServices(offset, PAGE_SIZE));

  const few = { warmUp: 2, times: 9 };
  const { ours, pages } = await timed(chain.sent, { ours: async () => listServices(ctx), pages: readPages }, few);
  const services = (await listServices(ctx)).length;

  const broker = await officialBroker(Wallet.createRandom(chain.provider) as unknown as Wallet);
  const { official } = await muted(async () =>
    timed(chain.sent, { official: async () => broker.inference.listService() }, few),
  );
  const officialServices = (await muted(async () => broker.inference.listService())).length;
  chain.provider.destroy();
  return { ours: { ...ours, services }, pages, official: { ...official, services: officialServices } };
}

async function ready(): Promise<{ ms: number }> {
  const { network } = await import("hardhat");
  const started = performance.now();
  const connection = await network.create("default");
  const ms = performance.now() - started;
  await connection.close();
  return { ms };
}

const given = JSON.parse(process.argv[2] ?? "null") as ReadyArguments | HeaderArguments | ListArguments;
const answer =
  given.case === "ready" ? await ready() : given.case === "header" ? await header(given) : await list(given);
process.stdout.write(`${JSON.stringify(answer)}\n`);
process.exit(0); // the SDK leaves timers behind that hold a process for minutes
