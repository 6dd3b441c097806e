/** The one wrapper around every task: runs it, prints its answer or its error, sets the exit code. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { AbortedError, EXIT, ZgError } from "../../lib/errors.ts";
import { toJson } from "./json.ts";

/** What a task's function gets besides its arguments. */
export interface TaskIo {
  /** Progress, one line a call, on stderr. */
  readonly log: (line: string) => void;
  readonly json: boolean;
  /** Fires on Ctrl-C. A second Ctrl-C ends the process at once. */
  readonly signal: AbortSignal;
}

/** What a task answers: data for scripts, lines for people, and the exit code if the answer is a "no". */
export interface Answer {
  readonly data: unknown;
  readonly text: readonly string[];
  readonly exit?: typeof EXIT.ok | typeof EXIT.precondition | typeof EXIT.trust;
}

interface CommonArguments {
  readonly json?: boolean;
}

function write(stream: NodeJS.WriteStream, line: string): void {
  stream.write(`${line}\n`);
}

function failure(error: ZgError) {
  return { code: error.code, message: error.message, remedy: error.remedy, details: error.details };
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
    const interruption = new AbortController();
    const onInterrupt = () => {
      interruption.abort(new AbortedError("The command"));
    };
    process.once("SIGINT", onInterrupt);
    try {
      const answer = await run(args, hre, {
        json,
        signal: interruption.signal,
        log: (line) => {
          write(process.stderr, line);
        },
      });
      if (json) write(process.stdout, toJson({ ok: true, data: answer.data }));
      else for (const line of answer.text) write(process.stdout, line);
      process.exitCode = answer.exit ?? EXIT.ok;
    } catch (error) {
      if (error instanceof ZgError) {
        process.exitCode = error.exit;
        if (json) write(process.stdout, toJson({ ok: false, error: failure(error) }));
        else {
          write(process.stderr, `${error.code}  ${error.message}`);
          write(process.stderr, `  fix: ${error.remedy}`);
        }
        return;
      }
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
