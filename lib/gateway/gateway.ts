/** Puts a gateway together: providers, purses, the spending log, checks and top-ups. Opens no port: see `server.ts`. */

import { rm } from "node:fs/promises";
import path from "node:path";

import { borderOf, type Border } from "../border.ts";
import type { Log, WriteContext } from "../chain/context.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { assertProviderSees, type Service } from "../compute/providers.ts";
import type { SessionTokens } from "../compute/session.ts";
import { TopUps, type TopUpPolicies, type TopUpPolicy } from "../compute/top-up.ts";
import type { Verification } from "../compute/verify.ts";
import { ZgError } from "../errors.ts";
import { exclusively } from "../exclusively.ts";
import { takeProcessLock } from "../process-lock.ts";
import { writeFileAtomic } from "../storage/atomic-file.ts";
import { ClientDirectory } from "./client-directory.ts";
import { ClientsFile, OWNER } from "./clients.ts";
import { GatewayRunningError, UnverifiableProviderError } from "./errors.ts";
import { Fleet, Member, type Strategy } from "./fleet.ts";
import type { GatewayLimits, GatewayParts } from "./parts.ts";
import { Proofs } from "./proofs.ts";
import { ProcessPurse } from "./purse.ts";
import { FileSpendingLog, FileTopUpRecords, readSpending } from "./spending-log.ts";

export interface GatewayOptions {
  /** Pays for top-ups; its `spending` is replaced by the gateway's own. */
  readonly ctx: WriteContext;
  readonly session: SessionTokens;
  /** Who serves, in order of priority. */
  readonly services: readonly Service[];
  readonly strategy: Strategy;
  /** Absent: nothing is ever topped up. */
  readonly topUps?: { readonly policies: TopUpPolicies; readonly cancelRefunds: boolean };
  /** Most that may leave wallet, ledger and sub-accounts while it runs. Neuron. */
  readonly maxSpend?: bigint;
  /** Release answers only once their signatures are verified. */
  readonly verifyFirst?: boolean;
  readonly limits?: Partial<GatewayLimits>;
  /** Clients and budgets to make or change at the start; undefined is no budget. */
  readonly clients?: ReadonlyMap<string, bigint | undefined>;
  readonly files: GatewayFiles;
  readonly http?: HttpDeps;
  readonly log?: Log;
}

/** Where a gateway keeps what it must not forget. One gateway at a time. */
export interface GatewayFiles {
  /** Clients: names, budgets, digests of keys. */
  readonly clients: string;
  /** The owner's key, made at the first start. */
  readonly ownerKey: string;
  readonly spending: string;
  readonly topUps: string;
  readonly lock: string;
  readonly topUpLock: string;
}

/** The files of the gateway that keeps its things in `folder`. */
export function gatewayFiles(folder: string): GatewayFiles {
  return {
    clients: path.join(folder, "clients.json"),
    ownerKey: path.join(folder, "owner.key"),
    spending: path.join(folder, "spending.jsonl"),
    topUps: path.join(folder, "top-ups.jsonl"),
    lock: path.join(folder, "gateway.lock"),
    topUpLock: path.join(folder, "top-up.lock"),
  };
}

const MEBIBYTE = 1024 * 1024;
export const DEFAULT_LIMITS: GatewayLimits = {
  timeoutMs: 120_000,
  idleMs: 120_000,
  maxBody: 32 * MEBIBYTE,
  maxAnswer: 64 * MEBIBYTE,
  maxTokens: 4096,
  inFlight: 256,
  drainMs: 30_000,
};

/** How often resting providers are looked after and balances read again. Milliseconds. */
const ROUND_MS = 15_000;

export interface Gateway {
  readonly parts: GatewayParts;
  readonly clients: ClientDirectory;
  /** Keys made at this start, by client: to be shown once. */
  readonly newKeys: ReadonlyMap<string, string>;
  /** Requests under way; the server keeps count, so that checks and rounds stand back. */
  readonly load: { requests: number };
  /** Reads every balance, and looks after providers that rest. Never fails: what it cannot reach it tells the log. */
  round(): Promise<void>;
  /** Stops rounds and checks, ends connections, writes what is left of the log. */
  close(): Promise<void>;
}

/**
 * Opens a gateway: takes its folder, makes the owner's key when there is none, reads what was spent before, and looks at
 * every balance. Sends nothing that costs anything.
 * @throws {GatewayRunningError} {@link SpendingLogError} {@link ClientsFileError} {@link UnverifiableProviderError}
 * @throws {ProviderCannotSeeError} for a provider of another chain.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { ctx, services, files, verifyFirst = false } = options;
  for (const service of services) {
    assertProviderSees(ctx.network, service);
    if (verifyFirst && service.expectedSigner === undefined) throw new UnverifiableProviderError(service);
  }
  const pid = takeProcessLock(files.lock);
  if (pid !== undefined) throw new GatewayRunningError({ pid, folder: path.dirname(files.lock) });
  try {
    return await assemble(options);
  } catch (error) {
    await rm(files.lock, { force: true });
    throw error;
  }
}

function httpOf({ ctx, http }: GatewayOptions): HttpDeps & { readonly border: Border } {
  return { border: borderOf(ctx.network), ...http };
}

async function assemble(options: GatewayOptions): Promise<Gateway> {
  const { ctx, session, services, strategy, files, log = () => undefined, verifyFirst = false } = options;
  const http = httpOf(options);
  const clock = http.clock ?? Date.now;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const user = await session.user();
  const spentBefore = await readSpending(files.spending);
  const newKeys = await makeClients(files, options.clients ?? new Map(), clock);
  const clients = new ClientDirectory(new ClientsFile(files.clients, clock), spentBefore, clock);

  const account = { read: ctx, user, session, http };
  const members = services.map((service) => new Member(service, account));
  const fleet = new Fleet(members, strategy, clock);
  const { GatewayMetrics } = await import("./metrics.ts"); // and with it the library behind it, which nothing else needs
  const metrics = new GatewayMetrics();
  metrics.watch(fleet, clock);
  const purse = new ProcessPurse(options.maxSpend);
  const spending = new FileSpendingLog(files.spending, clock);
  const load = { requests: 0 };
  const stopping = new AbortController();
  const proofs = new Proofs({
    read: ctx,
    http,
    services,
    busy: () => load.requests > 0,
    clock,
    signal: stopping.signal,
    settled: (id, state) => {
      const reason = "reason" in state ? state.reason : reasonOf(state.verification);
      spending.checked({ id, verdict: state.status, ...(reason === undefined ? {} : { reason }) });
      metrics.checked(state);
    },
  });

  const topUps = topUpsOf(options, { purse, signal: stopping.signal, log });
  const refill = (member: Member, policy: TopUpPolicy): void => {
    if (topUps === undefined || stopping.signal.aborted) return;
    topUps
      .ensure(member.service, policy)
      .then(async ({ status }) => {
        if (status === "topped-up") metrics.toppedUp(member.service.provider);
        await member.account.refresh();
      })
      .catch((error: unknown) => {
        log(`no top-up of ${member.service.provider}: ${messageOf(error)}`);
      });
  };

  const look = async (member: Member): Promise<void> => {
    try {
      await member.account.refresh();
      if (!member.isUp(clock())) await member.check({ ...http, signal: stopping.signal }, clock);
    } catch (error) {
      if (!stopping.signal.aborted) log(`${member.service.provider} could not be looked at: ${messageOf(error)}`);
    }
  };
  const round = async (): Promise<void> => {
    await Promise.all(members.map(look));
  };
  await round();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(round);
  }, ROUND_MS);
  timer.unref();

  return {
    parts: {
      fleet,
      session,
      user,
      purse,
      log: spending,
      proofs,
      metrics,
      ...(topUps === undefined || options.topUps === undefined
        ? {}
        : { topUps: { topUps, policies: options.topUps.policies } }),
      refill,
      limits,
      verifyFirst,
      say: log,
      clock,
    },
    clients,
    newKeys,
    load,
    round,
    close: async () => {
      clearInterval(timer);
      stopping.abort();
      await running;
      fleet.close();
      spending.close();
      await rm(files.lock, { force: true });
    },
  };
}

/** The owner's key stays in a file of its own; of all others only digests are kept. */
async function makeClients(
  files: GatewayFiles,
  wanted: ReadonlyMap<string, bigint | undefined>,
  clock: () => number,
): Promise<ReadonlyMap<string, string>> {
  const file = new ClientsFile(files.clients, clock);
  const made = new Map<string, string>();
  const put = async (name: string, budget: bigint | undefined): Promise<void> => {
    const key = await file.put(name, budget);
    if (key === undefined) return;
    made.set(name, key);
    if (name === OWNER) await writeFileAtomic(files.ownerKey, `${key}\n`, "private");
  };
  if (!wanted.has(OWNER) && !file.read().some(({ name }) => name === OWNER)) await put(OWNER, undefined);
  for (const [name, budget] of wanted) await put(name, budget);
  return made;
}

function topUpsOf(
  options: GatewayOptions,
  { purse, signal, log }: { purse: ProcessPurse; signal: AbortSignal; log: Log },
): TopUps | undefined {
  const { ctx, session, topUps, files } = options;
  const http = httpOf(options);
  if (topUps === undefined) return undefined;
  return new TopUps({
    ctx: { ...ctx, spending: purse.wallet, log, signal },
    session,
    http: { ...http, signal },
    exclusively: exclusively(files.topUpLock, { signal }),
    records: new FileTopUpRecords(files.topUps),
    cancelRefunds: topUps.cancelRefunds,
    allow: (_provider, amount) => purse.topUp(amount),
    ...(http.clock === undefined ? {} : { clock: http.clock }),
  });
}

function reasonOf(verification: Verification): string | undefined {
  return verification.status === "rejected" ? verification.reason : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof ZgError ? `${error.code}  ${error.message}` : String(error);
}
