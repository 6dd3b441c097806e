/** Publishes a contract's source code: submit once, then look until the explorer has made up its mind. */

import type { Log } from "../chain/context.ts";
import type { Explorer, SourceSubmission } from "./chainscan.ts";
import { ExplorerUnreachableError, VerificationPendingError, VerificationRefusedError } from "./errors.ts";

export interface VerifySourceOptions {
  readonly log?: Log;
  /** Waits between two looks; rejects when the caller aborts. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds since some fixed moment. */
  readonly now: () => number;
  /** Milliseconds to keep looking. */
  readonly timeout?: number;
  /** The command that tries again, for messages. */
  readonly retry: string;
}

export type SourceVerification = "verified" | "already verified";

const TIMEOUT_MS = 120_000;
const PAUSE_MS = 3_000;

type Verdict = "verified" | "refused" | "open";

/** What the words of Etherscan-like explorers mean. Unknown words mean nothing: the published source decides. */
function verdictOf(text: string): Verdict {
  if (/^pass\b|already verified/i.test(text)) return "verified";
  if (/^fail\b/i.test(text)) return "refused";
  return "open";
}

/**
 * Verifies `source` and returns when the explorer shows it. Idempotent: what is verified is not submitted again.
 * Chainscan may answer `Invalid parameter guid` to the question after a submission that it then verifies, so every look
 * also asks for the published source.
 * @throws {VerificationRefusedError} when the explorer compiled other bytecode or refused the submission.
 * @throws {VerificationPendingError} when it has not decided in time.
 * @throws {ExplorerUnreachableError} when it did not answer before anything was submitted.
 */
export async function verifySource(
  explorer: Explorer,
  source: SourceSubmission,
  options: VerifySourceOptions,
): Promise<SourceVerification> {
  const { log, sleep, now, retry } = options;
  const { address } = source;
  if (await explorer.isVerified(address)) return "already verified";

  const submitted = await explorer.submit(source);
  if (verdictOf(submitted.text) === "verified") return "already verified";
  if (!submitted.ok) throw new VerificationRefusedError({ address, said: submitted.text, retry });
  const guid = submitted.text;
  log?.(`source of ${address} submitted, waiting for the explorer`);

  const started = now();
  const timeout = options.timeout ?? TIMEOUT_MS;
  for (;;) {
    await sleep(Math.min(PAUSE_MS, timeout));
    const { verdict, said, cause } = await look(explorer, source, guid);
    if (verdict === "verified") return "verified";
    if (verdict === "refused") throw new VerificationRefusedError({ address, said, retry });
    const waitedMs = now() - started;
    if (waitedMs >= timeout) throw new VerificationPendingError({ address, guid, said, waitedMs, retry }, cause);
  }
}

async function look(
  explorer: Explorer,
  { address }: SourceSubmission,
  guid: string,
): Promise<{ verdict: Verdict; said: string; cause?: unknown }> {
  try {
    const { text } = await explorer.status(guid);
    const verdict = verdictOf(text);
    if (verdict !== "open") return { verdict, said: text };
    return { verdict: (await explorer.isVerified(address)) ? "verified" : "open", said: text };
  } catch (error) {
    // The source is submitted; an explorer that stumbles now is asked again until the time is over.
    if (error instanceof ExplorerUnreachableError) return { verdict: "open", said: error.message, cause: error };
    throw error;
  }
}
