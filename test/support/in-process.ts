/** Runs the actions of tasks in this process, on a served network: many commands for the price of one. */

import hre from "hardhat";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { Task } from "hardhat/types/tasks";

import { VARIABLES } from "../../lib/env.ts";
import type { JsonAnswer } from "./cli.ts";

type Action = (args: Record<string, unknown>, hre: HardhatRuntimeEnvironment) => Promise<void>;

export interface Machine {
  /** Of the chain that `--network localhost` reaches. */
  readonly url: string;
  readonly home: string;
}

export interface Ended {
  readonly code: number;
  readonly answer: JsonAnswer;
}

/**
 * Runs `hardhat <group> <verb> <words> --json` on the served network. Options are parsed as Hardhat does: `--kebab-case`,
 * flags without a value, positional arguments in order. A group within a group is named with both: `inference key`.
 */
export async function runTask(machine: Machine, group: string, verb: string, ...words: string[]): Promise<Ended> {
  const groups = group.split(" ");
  const task = hre.tasks.getTask([...groups, verb]);
  const { default: action } = (await import(`../../tasks/${groups.join("/")}/${verb}.ts`)) as { default: Action };
  const args = { ...argumentsOf(task, words), json: true };
  return withEnvironment({ LOCALHOST_RPC_URL: machine.url, ZG_HOME: machine.home }, async () =>
    captured(async () => action(args, onLocalhost(machine.url))),
  );
}

/** Hardhat with another address for localhost than the one it read when it started. */
function onLocalhost(url: string): HardhatRuntimeEnvironment {
  const network = {
    create: async () => hre.network.create({ network: "localhost", override: { url } }),
  };
  return Object.assign(Object.create(hre) as HardhatRuntimeEnvironment, {
    globalOptions: { ...hre.globalOptions, network: "localhost" },
    network,
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

/** What an action prints on stdout, which with `--json` is one object, and how it ends. */
async function captured(run: () => Promise<void>): Promise<Ended> {
  const streams = [process.stdout, process.stderr].map((stream) => [stream, stream.write.bind(stream)] as const);
  const exitCode = process.exitCode;
  let printed = "";
  for (const [stream] of streams) {
    stream.write = (chunk: string | Uint8Array) => {
      if (stream === process.stdout) printed += String(chunk);
      return true;
    };
  }
  try {
    await run();
    return { code: Number(process.exitCode ?? 0), answer: JSON.parse(printed) as JsonAnswer };
  } finally {
    for (const [stream, write] of streams) stream.write = write;
    process.exitCode = exitCode;
  }
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
