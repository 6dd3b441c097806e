/** Builds what the flow takes from an open connection; shared by the flow tasks and scripts. */

import { randomBytes } from "node:crypto";

import { borderOf } from "../../lib/border.ts";
import { genesisHash } from "../../lib/chain/connect.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { UsageError } from "../../lib/errors.ts";
import type { FlowContext, FlowReadContext } from "../../lib/flow/context.ts";
import { lastFact, type Journal } from "../../lib/flow/journal.ts";
import type { Question } from "../../lib/flow/question.ts";
import { startedClaim } from "../../lib/flow/flow.ts";
import type { ClaimMode } from "../../lib/inft/claim.ts";
import type { Address } from "../../lib/hex.ts";
import { isEphemeral, type Network } from "../../lib/networks.ts";
import { parsePriceCeiling, type PriceCeiling } from "../../lib/guards/price-ceiling.ts";
import type { Caps } from "../../lib/guards/budgets.ts";
import type { TaskIo } from "./action.ts";
import { builtArtifact } from "./artifacts.ts";
import { ownAttestorEntries } from "./attestor-entries.ts";
import type { OpenConnection } from "./connection.ts";
import { givenCaps, openBudgets, standingCeiling } from "./guards.ts";
import { parseQuestion, repeatQuestion, type PromptArguments } from "./prompt.ts";
import { storageWriter } from "./storage.ts";
import { waitedFor } from "./storing.ts";
import type { Stores } from "./stores.ts";
import type { Writer } from "./write.ts";

export const DEFAULT_PROMPT = "What is 2+2?";

/** @throws {UsageError} for `--id` on a network that keeps nothing. */
export function assertIdKept(network: Network, id: string | undefined): void {
  if (!isEphemeral(network) || id === undefined) return;
  throw new UsageError({
    message: `--id names a run to come back to, but the chain of ${network.name} ends with this command`,
    remedy: "Serve one with npx hardhat galileo up, then add --network localhost.",
    details: { id },
  });
}

/** @throws {UsageError} for a command about kept runs on a network that keeps none. */
export function assertRunsKept(network: Network): void {
  if (!isEphemeral(network)) return;
  throw new UsageError({
    message: `No runs are kept on ${network.name}: its chain ends with each command`,
    remedy: "Name the network of the runs, such as --network localhost, which npx hardhat galileo up serves.",
    details: { network: network.name },
  });
}

/** A name for a run that got none: when it began, and a little chance. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return `${stamp}-${randomBytes(3).toString("hex")}`;
}

interface Reading {
  readonly open: OpenConnection;
  readonly stores: Stores;
  readonly journal: Journal;
  readonly owner: Address;
  readonly question: Question;
  /** Default: as the run was started, else by commitment. */
  readonly claim?: ClaimMode | undefined;
  /** Keep the result on this machine only. */
  readonly noStorage: boolean;
  /** Default: as the run was started. */
  readonly maxPrice?: PriceCeiling | undefined;
  readonly io: TaskIo;
}

/** The price ceiling that a run was started with. */
export function startedCeiling(journal: Journal): PriceCeiling | undefined {
  const text = lastFact(journal, "started")?.maxPrice;
  return text === undefined ? undefined : parsePriceCeiling(text, "the run's price ceiling");
}

/** Whether a run keeps its result on this machine only: as it was started, unless it began to store it since. */
export function keepsHere(journal: Journal): boolean {
  return lastFact(journal, "started")?.storage === false && lastFact(journal, "storing") === undefined;
}

/** What the checks need. */
export async function flowReadContext(parts: Reading): Promise<FlowReadContext> {
  const { open, stores, journal, owner, question, claim = startedClaim(journal), noStorage, io } = parts;
  const maxPrice = parts.maxPrice ?? startedCeiling(journal);
  const standing = standingCeiling();
  return {
    read: open.read,
    owner,
    journal,
    question,
    claim,
    genesisHash: await genesisHash(open.read.provider),
    records: stores.records,
    objects: stores.objects,
    stores: !noStorage,
    http: { border: borderOf(open.network), signal: io.signal },
    ...(maxPrice === undefined ? {} : { maxPrice }),
    ...(standing === undefined ? {} : { standingCeiling: standing }),
  };
}

/** What the steps need to act. */
export async function flowContext(
  parts: Omit<Reading, "owner"> & {
    readonly writer: Writer;
    readonly id: string;
    readonly retryUnanswered: boolean;
    readonly retryRejected?: boolean;
    /** Default: those of the environment. */
    readonly caps?: Caps;
    readonly waitFinal?: boolean;
    readonly indexer?: string | undefined;
  },
): Promise<FlowContext> {
  const {
    open,
    writer,
    io,
    id,
    retryUnanswered,
    retryRejected = false,
    stores,
    indexer,
    noStorage,
    waitFinal = false,
  } = parts;
  const storage = noStorage ? undefined : await storageWriter(open, indexer, io);
  const reading = await flowReadContext({ ...parts, owner: writer.owner });
  const caps = parts.caps ?? givenCaps();
  const budgets = openBudgets(open.hre, open.network, reading.genesisHash, caps, io.signal);
  return {
    ...reading,
    id,
    budgets,
    read: writer.ctx,
    write: writer.ctx,
    session: new SessionTokens({ network: open.network, provider: open.read.provider, signer: writer.ctx.signer }),
    random: randomBytes,
    artifact: async (contractName) => builtArtifact(open.hre, contractName, io),
    attestors: async () => ownAttestorEntries(open),
    ...(storage === undefined ? {} : { storage }),
    waitFor: waitedFor(waitFinal),
    clock: Date.now,
    receipts: stores.receipts,
    retryUnanswered,
    retryRejected,
    sent: [],
  };
}

/**
 * The question of a run: the one asked now, else the one it was started with, else, where nothing real is spent, a
 * default one.
 * @throws {UsageError} when there is none.
 */
export async function questionOf(network: Network, journal: Journal, args: PromptArguments): Promise<Question> {
  const asked = args.prompt !== undefined || args.messages !== undefined;
  const started = lastFact(journal, "started");
  if (!asked && started !== undefined) return repeatQuestion(started.question, args);
  return parseQuestion(args, network.mode === "live" ? undefined : DEFAULT_PROMPT);
}
