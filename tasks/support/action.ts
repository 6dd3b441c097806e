/** The one wrapper around every task: runs it, prints its answer or its error, sets the exit code. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { keepEnvironmentSecrets } from "../../lib/env.ts";
import { AbortedError, EXIT, ZgError } from "../../lib/errors.ts";
import { keepSecretsOfUrl, scrub } from "../../lib/secrets.ts";
import { toJson } from "./json.ts";
import { onNetwork } from "./on-network.ts";
import { printable } from "./printable.ts";

/** What a task's function gets besides its arguments. */
export interface TaskIo {
  /** Progress, one line a call, on stderr. */
  readonly log: (line: string) => void;
  readonly json: boolean;
  /** Fires on Ctrl-C. A second Ctrl-C ends the process at once. */
  readonly signal: AbortSignal;
}

/** What a task answers: data for scripts, lines for people. */
export interface Answer {
  readonly data: object;
  readonly text: readonly string[];
  /** The task ran fine and its answer is "no": printed after the lines, with its exit code; the data become its details. */
  readonly refusal?: ZgError | undefined;
}

/** What an assertion says of a value, as a value. */
export function refusalOf(assertion: () => void): ZgError | undefined {
  try {
    assertion();
    return undefined;
  } catch (error) {
    if (error instanceof ZgError) return error;
    throw error;
  }
}

interface CommonArguments {
  readonly json?: boolean;
}

function write(stream: NodeJS.WriteStream, line: string): void {
  stream.write(`${line}\n`);
}

interface Reporting {
  readonly json: boolean;
  readonly network: string | undefined;
}

function report(error: ZgError, { json, network }: Reporting, data: object = {}): void {
  const { code, message } = error;
  const remedy = onNetwork(error.remedy, network);
  process.exitCode = error.exit;
  if (json) {
    write(
      process.stdout,
      toJson({ ok: false, error: { code, message, remedy, details: { ...error.details, ...data } } }),
    );
  } else {
    write(process.stderr, printable(`${code}  ${message}`));
    write(process.stderr, printable(`  fix: ${remedy}`));
  }
}

/**
 * Wraps a task's function into a Hardhat action. stdout carries the result only; with `--json` it is exactly one object.
 * Errors that are not ours are bugs or Hardhat's own: they go to Hardhat, which prints them and exits with 1.
 */
export function action<Arguments>(
  run: (args: Arguments, hre: HardhatRuntimeEnvironment, io: TaskIo) => Promise<Answer>,
) {
  return async (args: Arguments & CommonArguments, hre: HardhatRuntimeEnvironment): Promise<void> => {
    const json = args.json === true;
    const reporting = { json, network: hre.globalOptions.network };
    const interruption = new AbortController();
    const onInterrupt = () => {
      interruption.abort(new AbortedError("The command"));
    };
    process.once("SIGINT", onInterrupt);
    keepEnvironmentSecrets();
    for (const argument of Object.values(args)) {
      if (typeof argument === "string") keepSecretsOfUrl(argument, { path: false });
    }
    try {
      const answer = await run(args, hre, {
        json,
        signal: interruption.signal,
        log: (line) => {
          write(process.stderr, printable(line));
        },
      });
      process.exitCode = EXIT.ok;
      if (!json) for (const line of answer.text) write(process.stdout, printable(line));
      if (answer.refusal !== undefined) report(answer.refusal, reporting, answer.data);
      else if (json) write(process.stdout, toJson({ ok: true, data: answer.data }));
    } catch (error) {
      if (error instanceof ZgError) {
        report(error, reporting);
        return;
      }
      scrub(error);
      if (!json) throw error;
      const message = error instanceof Error ? error.message : String(error);
      const remedy = "Run again with --show-stack-traces and without --json to see where it happened.";
      write(process.stdout, toJson({ ok: false, error: { code: "ZG_UNEXPECTED", message, remedy, details: {} } }));
      process.exitCode = EXIT.unexpected;
    } finally {
      process.removeListener("SIGINT", onInterrupt);
    }
  };
}
