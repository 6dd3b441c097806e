/** A served Galileo of a run's own, a machine to run it on, and a way to kill it. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { JsonRpcProvider } from "ethers";
import hre from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { ROLES } from "../../../lib/chain/development-roles.ts";
import { serveGalileo } from "../../../lib/galileo/serve.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { PROJECT_ROOT, startHardhat } from "../../../test/support/cli.ts";
import { runTask, type Ended } from "../../../test/support/in-process.ts";
import { temporaryFolder } from "../../../test/support/temporary.ts";
import { billerOf, closeBooks, openBooks, type Books } from "./books.ts";

export interface Victim {
  /** How it ended: `SIGKILL` at the point that was asked for, else its exit code. */
  readonly end: NodeJS.Signals | number | null;
  /** The points it passed, the last one included. */
  readonly points: readonly string[];
  /** What it printed, of both kinds. */
  readonly output: string;
}

/** A command in a process of its own. */
export interface Started {
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Victim>;
}

export interface World {
  /** `ZG_HOME` of its commands. */
  readonly home: string;
  /** Starts `hardhat <words> --network localhost --json` in a process of its own, to be killed at `point`. */
  start(words: readonly string[], point?: string): Started;
  /** Runs the same in this process. */
  run(group: string, verb: string, ...words: string[]): Promise<Ended>;
  /** The lines of a run's journal, as far as they are whole. */
  journal(id: string): readonly Readonly<Record<string, unknown>>[];
  /** Hashes of all transactions that were written down, by runs, batches and other commands. */
  written(): readonly unknown[];
  /** Counts, from now on, what the user's money does. */
  openBooks(): Promise<{ close(): Promise<Books> }>;
  close(): Promise<void>;
}

const PRELOAD = pathToFileURL(path.join(PROJECT_ROOT, "scripts/dev/chaos/victim.mjs")).href;

/** Commands within this process take over its output and its environment: one at a time. */
let turn: Promise<unknown> = Promise.resolve();
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

export async function openWorld(): Promise<World> {
  const served = await serveGalileo(hre, { port: 0 });
  const { url, galileo } = served;
  const home = await temporaryFolder();
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, staticNetwork: true });
  const files = path.join(home.path, ".0g/localhost");
  let victims = 0;
  return {
    home: home.path,
    start: (words, point) => {
      const record = path.join(home.path, `points-${++victims}`);
      const child = startHardhat([...words, "--network", "localhost", "--json"], {
        LOCALHOST_RPC_URL: url,
        ZG_HOME: home.path,
        NODE_OPTIONS: `--import=${PRELOAD}`,
        KILL_RECORD: record,
        ...(point === undefined ? {} : { KILL_AT: point }),
      });
      return { signal: (name) => void child.kill(name), ended: endOf(child, record) };
    },
    run: async (group, verb, ...words) => inTurn(async () => runTask({ url, home: home.path }, group, verb, ...words)),
    journal: (id) => linesOf(path.join(files, "runs", `${id}.jsonl`)),
    written: () => {
      const folders = ["runs", "batches"].map((name) => path.join(files, name)).filter((name) => existsSync(name));
      const journals = folders.flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
      const all = [...journals.filter((name) => name.endsWith(".jsonl")), path.join(files, "transactions.jsonl")];
      return all.flatMap(linesOf).map(({ hash }) => hash);
    },
    openBooks: async () => {
      const user = developmentAccount(ROLES.user).address;
      const read = { network: networkNamed("localhost"), provider };
      const opening = await openBooks(read, user, galileo.providers.map(billerOf));
      return { close: async () => closeBooks(opening) };
    },
    close: async () => {
      provider.destroy();
      await served.close();
      await home.remove();
    },
  };
}

/** The whole lines of a file. */
function linesOf(file: string): readonly Readonly<Record<string, unknown>>[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function endOf(child: ChildProcess, record: string): Promise<Victim> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  }
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  const points = existsSync(record) ? readFileSync(record, "utf8").split("\n").slice(0, -1) : [];
  return { end: signal ?? code, points, output };
}
