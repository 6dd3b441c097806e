/** Every way a batch fails by itself. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT, type ExitCode } from "../errors.ts";
import type { Address } from "../hex.ts";
import type { Counts } from "./state.ts";

/** A line of a batch file is no item. Nothing was sent. */
export class BatchLineError extends DomainError {
  constructor(values: { file: string; line: number; problem: string }, cause?: unknown) {
    const { file, line, problem } = values;
    super(
      "ZG_BATCH_LINE",
      EXIT.usage,
      `Line ${line} of ${file} is no item of a batch: ${problem}`,
      'Correct it; an item is {"id"?, "prompt" or "messages", "system"?, "maxTokens"?, "temperature"?}. Nothing was sent.',
      values,
      cause,
    );
  }
}

/** The batch of this name was begun with something else. */
export class BatchMismatchError extends DomainError {
  constructor(values: { id: string; field: string; recorded: string; now: string }) {
    const { id, field, recorded, now } = values;
    super(
      "ZG_BATCH_MISMATCH",
      EXIT.usage,
      `Batch ${id} was begun with ${field} ${recorded}, but now it is ${now}`,
      "Continue it with what it was begun with, or choose another --id.",
      values,
    );
  }
}

/** There is nothing of this name to continue. */
export class BatchUnknownError extends DomainError {
  constructor(values: { id: string; where: string }) {
    super(
      "ZG_BATCH_UNKNOWN",
      EXIT.usage,
      `There is no batch ${values.id} in ${values.where}`,
      "Begin one: npx hardhat flow batch <file.jsonl> --id <name> --network localhost",
      values,
    );
  }
}

/** The store of a batch cannot be used. */
export class BatchStoreError extends DomainError {
  constructor(values: { where: string; problem: string }, cause?: unknown) {
    super(
      "ZG_BATCH_STORE",
      EXIT.precondition,
      `The batch in ${values.where} cannot be used: ${values.problem}`,
      "Restore it, or choose another --id; the chain still shows what was minted.",
      values,
      cause,
    );
  }
}

/** Redis does not answer, or refuses. */
export class BatchRedisError extends DomainError {
  constructor(values: { where: string; what: string; said: string }) {
    const { where, what, said } = values;
    super(
      "ZG_BATCH_REDIS",
      EXIT.network,
      `Redis at ${where} could not be used to ${what}: ${said}`,
      "See that it runs and what --redis or ZG_REDIS_URL names, then run the command again: answers are kept here meanwhile.",
      values,
    );
  }
}

/** Another process is at work on the batch. */
export class BatchBusyError extends DomainError {
  constructor(values: { id: string; by: string }) {
    super(
      "ZG_BATCH_BUSY",
      EXIT.precondition,
      `Batch ${values.id} is worked by ${values.by}, and one at a time may do what this command does`,
      "Wait until it has ended, then run the command again. Several processes share a batch with --redis.",
      values,
    );
  }
}

/** An answer of the provider failed verification; nothing more of the batch is asked of it. */
export class BatchProviderError extends DomainError {
  constructor(values: { provider: Address; reason: string; left: number }) {
    const { provider, reason, left } = values;
    super(
      "ZG_BATCH_PROVIDER",
      EXIT.trust,
      `Provider ${provider} gave an answer that is not proved (${reason}); ${left} items are not asked of it any more`,
      "Continue the batch with another one: add --provider, and the same --id.",
      values,
    );
  }
}

/** Too many requests in a row went without an answer. */
export class BatchFailingError extends DomainError {
  constructor(values: { provider: Address; failures: number; last: string }, cause?: unknown) {
    const { provider, failures, last } = values;
    super(
      "ZG_BATCH_FAILING",
      EXIT.network,
      `${failures} requests to ${provider} failed one after the other, the last because: ${last}`,
      "Run the command again when the provider is well; what is done is not repeated.",
      values,
      cause,
    );
  }
}

/** The batch ended, and not every item came to its end. */
export class BatchIncompleteError extends DomainError {
  constructor(values: { id: string; counts: Counts; open: number }) {
    const { id, counts, open } = values;
    const named = Object.entries(counts).flatMap(([state, count]) =>
      count === 0 || state === "minted" ? [] : [`${count} ${state}`],
    );
    super(
      "ZG_BATCH_INCOMPLETE",
      exitOf(counts),
      `Of batch ${id} ${open} items did not come to their end: ${named.join(", ")}`,
      `The results name each with its reason. Continue: npx hardhat flow batch --id ${id}${againWith(counts)}`,
      { id, open, counts },
    );
  }
}

/** What asks, and pays, again: only where something was lost. */
function againWith({ unknown, spoiled }: Counts): string {
  return unknown + spoiled === 0
    ? ""
    : ". What was lost or spoiled is asked, and paid, again only with --retry-unanswered";
}

function exitOf({ quarantined }: Counts): Exclude<ExitCode, 0> {
  return quarantined > 0 ? EXIT.trust : EXIT.precondition;
}
