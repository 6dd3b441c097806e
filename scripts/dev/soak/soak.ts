/** Works batches among faults, round after round, and says what does not add up. */

import { randomBytes } from "node:crypto";
import path from "node:path";

import { Wallet } from "ethers";
import { artifacts, network as hardhatNetwork } from "hardhat";

import { workBatch, type BatchDeps } from "../../../lib/batch/batch.ts";
import { itemsDigest, itemText, parseItems } from "../../../lib/batch/items.ts";
import { BATCH_VERSION, type BatchPlan } from "../../../lib/batch/queue.ts";
import { SqliteQueue } from "../../../lib/batch/sqlite-queue.ts";
import { NO_ITEMS, type Counts } from "../../../lib/batch/state.ts";
import { genesisHash } from "../../../lib/chain/connect.ts";
import type { ReadContext } from "../../../lib/chain/context.ts";
import { SessionTokens } from "../../../lib/compute/session.ts";
import { ZgError } from "../../../lib/errors.ts";
import type { Address, Hex } from "../../../lib/hex.ts";
import { COLLECTION } from "../../../lib/inft/collection.ts";
import {
  defaultVerifierTerms,
  deployInft,
  deployVerifier,
  INFT_CONTRACT,
  VERIFIER_CONTRACT,
} from "../../../lib/inft/deploy.ts";
import { ownerPublicKey } from "../../../lib/inft/owner-key.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { FileObjectStore } from "../../../lib/storage/object-store.ts";
import { temporaryFolder } from "../../../test/support/temporary.ts";
import { closeBooks, openBooks } from "../chaos/books.ts";
import { read as gauge, type Reading } from "./gauge.ts";
import { drawRound, seeded } from "./mix.ts";
import { DEPLOYER, PAYER, type SoakWorld } from "./world.ts";

export interface SoakParams {
  readonly inferences: number;
  /** Items of one batch. */
  readonly round: number;
  readonly seed: number;
  readonly onRound?: (round: Round, number: number) => void;
}

export interface Round {
  /** How often the batch was started until all its items had come to their end. */
  readonly commands: number;
  /** Answers that were lost, so that they were paid for and asked for again. */
  readonly lost: number;
  readonly counts: Counts;
  /** Why commands ended early, by code. */
  readonly stops: Readonly<Record<string, number>>;
  readonly reading: Reading;
}

export interface SoakOutcome {
  readonly rounds: readonly Round[];
  readonly minted: number;
  readonly quarantined: number;
  readonly paid: number;
  readonly violations: readonly string[];
}

/** What is hung up on at a provider ends after this. Milliseconds. */
const PATIENCE_MS = 1_500;
const AT_ONCE = 8;
/** So often a batch is tried among faults; then they end, as outages do. */
const TRIES_AMONG_FAULTS = 6;
const MOST_TRIES = 12;

/** Items for which nothing is left to do. An answer that nobody signed is tried again as long as there are faults. */
const ENDED = ["minted", "quarantined", "unproved"] as const;

export async function soak(
  world: SoakWorld,
  { inferences, round: size, seed, onRound }: SoakParams,
): Promise<SoakOutcome> {
  const { proxied, truth } = await world.addresses();
  const network = networkNamed("localhost");
  const connect = async (url: string) =>
    hardhatNetwork.create({ network: "localhost", override: { url, timeout: 2 * PATIENCE_MS } });
  const [connection, honest] = [await connect(proxied), await connect(truth)];
  const folder = await temporaryFolder();
  try {
    const read: ReadContext = { network, provider: connection.ethers.provider };
    const past: ReadContext = { network, provider: honest.ethers.provider };
    const signer = new Wallet(PAYER.privateKey, read.provider);
    const inft = await deployed(past);
    const books = await openBooks(past, PAYER.address, [world]);
    const random = seeded(seed);
    const ctx = { ...read, signer };
    const common = {
      ...{ read, write: ctx, owner: PAYER.address, concurrency: AT_ONCE },
      session: new SessionTokens(ctx),
      http: { timeoutMs: PATIENCE_MS },
      random: randomBytes,
      clock: Date.now,
      log: () => undefined,
      keepReceipt: async () => Promise.resolve("receipt.json"),
      approve: async () => Promise.resolve(true),
      collection: {
        rows: [],
        deploy: async () => Promise.resolve(inft),
        ownerPublicKey: await ownerPublicKey(signer),
        objects: new FileObjectStore(path.join(folder.path, "objects")),
      },
    };
    const rounds: Round[] = [];
    for (let done = 0; done < inferences; done += size) {
      const items = Math.min(size, inferences - done);
      await world.disturb(drawRound(random, items));
      const file = path.join(folder.path, `${rounds.length}.db`);
      const worked = await workRound(world, { common, past, items, first: done, file });
      const round = { ...worked, reading: gauge() };
      rounds.push(round);
      onRound?.(round, rounds.length);
    }
    const { faults, mints, paid } = await closeBooks(books);
    const sum = (of: (round: Round) => number) => rounds.reduce((total, one) => total + of(one), 0);
    const [minted, quarantined, lost] = [
      sum(({ counts }) => counts.minted),
      sum(({ counts }) => counts.quarantined + counts.unproved),
      sum((round) => round.lost),
    ];
    const violations = [...faults];
    if (minted + quarantined !== inferences) {
      violations.push(`of ${inferences} items ${minted} were minted and ${quarantined} could not be proved`);
    }
    if (mints !== minted)
      violations.push(`${minted} items say that they were minted, and the chain has ${mints} tokens`);
    const answers = minted + quarantined;
    if (paid < answers || paid > answers + lost) {
      violations.push(`${paid} answers were paid for, not ${answers} and at most ${lost} that were lost`);
    }
    return { rounds, minted, quarantined, paid, violations };
  } finally {
    await connection.close();
    await honest.close();
    await folder.remove();
  }
}

type Common = Omit<BatchDeps, "plan" | "items" | "queue" | "retryUnanswered">;

interface RoundParams {
  readonly common: Common;
  readonly past: ReadContext;
  readonly items: number;
  /** The number of the first item in the soak. */
  readonly first: number;
  readonly file: string;
}

/** Works one batch to its end, however often a command ends early. */
async function workRound(
  world: SoakWorld,
  { common, past, items: count, first, file }: RoundParams,
): Promise<Omit<Round, "reading">> {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ prompt: `What is ${first + i}+1?` }));
  const items = parseItems(lines.join("\n"), "soak.jsonl", { maxTokens: 64 });
  const plan: BatchPlan = {
    ...{ version: BATCH_VERSION, id: `soak-${first}`, network: past.network.name },
    genesisHash: await genesisHash(past.provider),
    ...{ owner: PAYER.address, claim: "commit", mint: true, stores: false, items: count },
    digest: itemsDigest(items.map(itemText)),
  };
  const queue = new SqliteQueue(file);
  const stops: Record<string, number> = {};
  let counts = NO_ITEMS;
  let lost = 0;
  let commands = 0;
  try {
    await queue.begin(plan, items);
    while (commands < MOST_TRIES && ENDED.reduce((ended, state) => ended + counts[state], 0) < count) {
      if (commands === TRIES_AMONG_FAULTS) await world.calm();
      commands++;
      lost += counts.unknown + counts.spoiled;
      const stop = await outcomeOf({ ...common, queue, plan, items, retryUnanswered: true });
      if (stop !== undefined) stops[stop] = (stops[stop] ?? 0) + 1;
      counts = await queue.counts();
    }
  } finally {
    await queue.close();
    await world.calm();
  }
  return { commands, lost, counts, stops };
}

/** Works a batch as one command does, and gives the code of what ended it early. What is no error of ours is a bug. */
async function outcomeOf(deps: BatchDeps): Promise<string | undefined> {
  try {
    return (await workBatch(deps)).stopped?.code;
  } catch (error) {
    if (error instanceof ZgError) return error.code;
    throw error;
  }
}

async function deployed(read: ReadContext): Promise<Address> {
  const ctx = { ...read, signer: new Wallet(DEPLOYER.privateKey, read.provider) };
  const artifact = async (name: string) => {
    const { abi, bytecode } = await artifacts.readArtifact(name);
    return { abi, bytecode: bytecode as Hex };
  };
  const terms = { owner: DEPLOYER.address, ...defaultVerifierTerms(read.network), attestors: [] };
  const verifier = await deployVerifier(ctx, await artifact(VERIFIER_CONTRACT), terms);
  return (await deployInft(ctx, await artifact(INFT_CONTRACT), { ...COLLECTION, verifier: verifier.address })).address;
}
