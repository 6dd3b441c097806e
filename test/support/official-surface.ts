/**
 * What the official package offers: the public methods of its brokers and the commands of its command line. Read in a
 * process of its own, because loading the package prints and leaves timers.
 */

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type * as Ethers from "ethers";

export interface OfficialSurface {
  readonly ledger: readonly string[];
  readonly inference: readonly string[];
  readonly fineTuning: readonly string[];
  /** `inference list-providers`; hidden ones, too. */
  readonly commands: readonly string[];
}

interface Command {
  name(): string;
  readonly commands: readonly Command[];
  command(name: string): Command;
}
type Register = { readonly default: (program: Command) => void };
type Maker = new (...args: readonly unknown[]) => object;

const MARK = "official surface: ";
const THIS_FILE = fileURLToPath(import.meta.url);
const PACKAGE = new URL("../../node_modules/@0gfoundation/0g-compute-ts-sdk/package.json", import.meta.url);
const ADDRESS = `0x${"11".repeat(20)}`;

/** Methods are the prototype's and, in this package, mostly functions that a constructor assigns. */
function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Reflect.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== "constructor" && typeof value === "function") names.add(name);
    }
  }
  return [...names];
}

function leaves(command: Command, path: readonly string[] = []): string[] {
  return command.commands.flatMap((child) =>
    child.commands.length === 0 ? [[...path, child.name()].join(" ")] : leaves(child, [...path, child.name()]),
  );
}

function look(): OfficialSurface {
  const require = createRequire(PACKAGE);
  const ethers = require("ethers") as typeof Ethers;
  const sdk = require("./lib.commonjs/index.js") as Readonly<
    Record<"LedgerBroker" | "InferenceBroker" | "FineTuningBroker", Maker>
  >;
  const chain = new ethers.JsonRpcProvider("http://127.0.0.1:1", 16602, { staticNetwork: true });
  const wallet = new ethers.Wallet(`0x${"11".repeat(32)}`, chain);
  const ledger = new sdk.LedgerBroker(wallet, ADDRESS, ADDRESS, ADDRESS);

  const { Command: Program } = require("commander") as { readonly Command: new (name: string) => Command };
  const program = new Program("0g-compute-cli");
  const register = (file: string, into: Command) => {
    (require(`./cli.commonjs/cli/${file}.js`) as Register).default(into);
  };
  // As its cli.js does it; that file cannot be loaded without running a command.
  for (const file of ["ledger", "network", "auth", "completion"]) register(file, program);
  register("fine-tuning", program.command("fine-tuning"));
  register("inference", program.command("inference"));
  register("web-ui-embedded", program.command("web-ui"));
  register("controller", program.command("controller"));
  return {
    ledger: methodsOf(ledger),
    inference: methodsOf(new sdk.InferenceBroker(wallet, ADDRESS, ledger)),
    fineTuning: methodsOf(new sdk.FineTuningBroker(wallet, ADDRESS, ledger)),
    commands: leaves(program),
  };
}

/** Looks into the installed package. */
export async function officialSurface(): Promise<OfficialSurface> {
  const args = ["--import", import.meta.resolve("tsx"), THIS_FILE];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const line = stdout.split("\n").find((each) => each.startsWith(MARK));
  if (line === undefined) throw new Error(`the official package said nothing:\n${stdout}`);
  return JSON.parse(line.slice(MARK.length)) as OfficialSurface;
}

// Test runners load this file, too; then it is only a module.
if (process.argv[1] === THIS_FILE) {
  process.stdout.write(`${MARK}${JSON.stringify(look())}\n`, () => process.exit(0));
}
