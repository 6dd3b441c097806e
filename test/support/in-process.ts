/** Runs the actions of tasks in this process: many commands for the price of one. */

import { existsSync } from "node:fs";

import hre from "hardhat";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { Task } from "hardhat/types/tasks";

import { rpcUrls, VARIABLES } from "../../lib/env.ts";
import type { Finished, JsonAnswer } from "./cli.ts";

type Action = (args: Record<string, unknown>, hre: HardhatRuntimeEnvironment) => Promise<void>;
type Environment = Readonly<Record<string, string>>;

export interface Machine {
  /** Of the chain that `--network localhost` reaches; several addresses with commas between them. */
  readonly url: string;
  readonly home: string;
}

export interface Ended {
  readonly code: number;
  readonly answer: JsonAnswer;
}

/** Runs `hardhat <words> --json` on the served network. A group within a group is named with both: `inference key`. */
export async function runTask(machine: Machine, group: string, verb: string, ...words: string[]): Promise<Ended> {
  const env = { LOCALHOST_RPC_URL: machine.url, ZG_HOME: machine.home };
  const args = [...group.split(" "), verb, ...words, "--network", "localhost"];
  const { code, answer } = await hardhatJson(args, env);
  return { code: code ?? 0, answer };
}

/**
 * Runs `hardhat <args>` as the function of the same name in `cli.ts` does. Options are parsed as Hardhat does:
 * `--kebab-case`, flags without a value, positional arguments in order. What Hardhat itself refuses needs a process.
 */
export async function hardhat(args: readonly string[], env: Environment = {}): Promise<Finished> {
  const words = [...args];
  const at = words.indexOf("--network");
  const network = at < 0 ? undefined : words.splice(at, 2)[1];
  const { task, action, rest } = await taskOf(words);
  const parsed = argumentsOf(task, rest);
  return oneAtATime(async () =>
    withEnvironment(env, async () => captured(async () => action(parsed, onNetwork(network, env)))),
  );
}

/** Runs `hardhat <args> --json` and parses stdout, which must be exactly one JSON object. */
export async function hardhatJson(args: readonly string[], env: Environment = {}) {
  const finished = await hardhat([...args, "--json"], env);
  return { ...finished, answer: JSON.parse(finished.stdout) as JsonAnswer };
}

async function taskOf(words: readonly string[]): Promise<{ task: Task; action: Action; rest: readonly string[] }> {
  for (let length = words.length; length > 0; length--) {
    const id = words.slice(0, length);
    // A group that is a task of its own has its action in its folder.
    const names = length === 1 ? [...id, ...id] : id;
    const file = new URL(`../../tasks/${names.join("/")}.ts`, import.meta.url);
    if (!existsSync(file)) continue;
    const { default: action } = (await import(file.href)) as { default: Action };
    return { task: hre.tasks.getTask(id), action, rest: words.slice(length) };
  }
  throw new Error(`there is no task ${words.join(" ")}`);
}

let turn: Promise<unknown> = Promise.resolve();

/** Environment and output are the process's, so that two commands would mix theirs. */
async function oneAtATime<T>(run: () => Promise<T>): Promise<T> {
  const mine = turn.then(run);
  turn = mine.catch(() => undefined);
  return mine;
}

/** Hardhat with another address for the network than the one it read when it started. */
function onNetwork(network: string | undefined, env: Environment): HardhatRuntimeEnvironment {
  if (network === undefined) return hre;
  const url = env[`${network.toUpperCase()}_RPC_URL`];
  const override = url === undefined ? {} : { override: { url: rpcUrls(url)[0] } };
  const create = async () => hre.network.create({ network, ...override });
  return Object.assign(Object.create(hre) as HardhatRuntimeEnvironment, {
    globalOptions: { ...hre.globalOptions, network },
    network: { create },
  });
}

function argumentsOf(task: Task, words: readonly string[]): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const { name, defaultValue } of task.positionalArguments) args[name] = defaultValue;
  for (const { name, defaultValue } of task.options.values()) args[name] = defaultValue;
  const positional = [...task.positionalArguments];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith("--")) {
      const [next] = positional;
      if (next === undefined) throw new Error(`${task.id.join(" ")} takes no ${word}`);
      if (next.isVariadic) args[next.name] = [...(args[next.name] as string[]), word];
      else {
        args[next.name] = word;
        positional.shift();
      }
      continue;
    }
    const name = word.slice(2).replaceAll(/-[a-z]/g, (match) => match.slice(1).toUpperCase());
    const option = task.options.get(name);
    if (option === undefined) throw new Error(`${task.id.join(" ")} has no ${word}`);
    args[name] = option.type === ArgumentType.FLAG ? true : left.shift();
  }
  return args;
}

/** What an action prints, and how it ends. */
async function captured(run: () => Promise<void>): Promise<Finished> {
  const streams = ["stdout", "stderr"] as const;
  const writes = streams.map((name) => process[name].write.bind(process[name]));
  const { exitCode } = process;
  const printed = { stdout: "", stderr: "" };
  for (const name of streams) {
    process[name].write = (chunk: string | Uint8Array) => {
      printed[name] += String(chunk);
      return true;
    };
  }
  process.exitCode = undefined;
  try {
    await run();
    return { code: endedWith(), ...printed };
  } finally {
    for (const [index, name] of streams.entries()) process[name].write = writes[index]!;
    process.exitCode = exitCode;
  }
}

function endedWith(): number {
  const { exitCode } = process as { exitCode: number | undefined };
  return exitCode ?? 0;
}

async function withEnvironment<T>(values: Readonly<Record<string, string>>, run: () => Promise<T>): Promise<T> {
  const names = Object.keys(VARIABLES);
  const saved = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) process.env[name] = values[name] ?? "";
  try {
    return await run();
  } finally {
    for (const [name, value] of saved) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}
