/** Every way a run says no. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../errors.ts";
import type { Address } from "../hex.ts";
import { withUnit } from "../units.ts";
import { chargeText, type PossibleCharge } from "./charge.ts";

/** A line of a journal is not a fact. The file is left as it is. */
export class JournalCorruptError extends DomainError {
  constructor(values: { file: string; line: number; problem: string }, cause?: unknown) {
    super(
      "ZG_JOURNAL",
      EXIT.precondition,
      `Line ${values.line} of ${values.file} is not a journal entry: ${values.problem}`,
      "Restore the file, or start a new run with another --id; the chain still shows what was sent.",
      values,
      cause,
    );
  }
}

/** A newer program wrote the journal. The file is left as it is. */
export class JournalVersionError extends DomainError {
  constructor(values: { file: string; version: number; known: readonly number[] }) {
    const { file, version, known } = values;
    super(
      "ZG_JOURNAL_VERSION",
      EXIT.precondition,
      `${file} has version ${version} of a journal; this program reads ${known.join(" and ")}`,
      "Continue the run with the version of the program that started it, or a newer one.",
      values,
    );
  }
}

/** Another process is at work on the run, or was between our reading and our first writing. */
export class RunBusyError extends DomainError {
  constructor(values: { file: string; lock: string; pid?: number }) {
    const { file, lock, pid } = values;
    super(
      "ZG_RUN_BUSY",
      EXIT.precondition,
      `The run in ${file} is ${pid === undefined ? "another process" : `process ${pid}`}'s, and one at a time may continue it`,
      `Wait until it has ended, then run the command again. If that process is none of this project's, delete ${lock}.`,
      values,
    );
  }
}

/** The run was started on another chain, by another owner, or with another question. */
export class RunMismatchError extends DomainError {
  constructor(values: { id: string; field: string; recorded: string; now: string }) {
    const { id, field, recorded, now } = values;
    super(
      "ZG_RUN_MISMATCH",
      EXIT.usage,
      `Run ${id} was started with ${field} ${recorded}, but now it is ${now}`,
      `Continue it as it was started (npx hardhat flow resume --id ${id}), or choose another --id.`,
      values,
    );
  }
}

/** There is no such run. */
export class RunUnknownError extends DomainError {
  constructor(values: { id: string; network: string }) {
    const { id, network } = values;
    super(
      "ZG_RUN_UNKNOWN",
      EXIT.usage,
      `There is no run ${JSON.stringify(id)} on ${network}`,
      `See which there are: npx hardhat flow list --network ${network}. Or start it: npx hardhat flow run --network ${network} --id ${id}`,
      values,
    );
  }
}

/** Without an id it is not clear which run is meant. */
export class RunAmbiguousError extends DomainError {
  constructor(values: { network: string; open: readonly string[] }) {
    const { network, open } = values;
    super(
      "ZG_RUN_AMBIGUOUS",
      EXIT.usage,
      open.length === 0 ? `No run is open on ${network}` : `Several runs are open on ${network}: ${open.join(", ")}`,
      open.length === 0
        ? `See all: npx hardhat flow list --network ${network}`
        : `Name one: npx hardhat flow resume --network ${network} --id ${open[0] ?? ""}`,
      values,
    );
  }
}

/** The run was given up. */
export class RunAbandonedError extends DomainError {
  constructor(values: { id: string; time: string }) {
    super(
      "ZG_RUN_ABANDONED",
      EXIT.precondition,
      `Run ${values.id} was abandoned on ${values.time}, and is not continued`,
      "Start another run with another --id.",
      values,
    );
  }
}

/** The run came to its end: there is nothing to give up. */
export class RunDoneError extends DomainError {
  constructor(values: { id: string; tokenId: string }) {
    super(
      "ZG_RUN_DONE",
      EXIT.precondition,
      `Run ${values.id} has minted token ${values.tokenId}: there is nothing to abandon`,
      "Money that is left at the provider comes back with npx hardhat ledger retrieve.",
      values,
    );
  }
}

/** A request was sent and its answer never stored: the provider may have charged for it. */
export class AnswerUnknownError extends DomainError {
  constructor(values: { id: string; provider: Address; worst?: bigint; charge: PossibleCharge }) {
    const { id, provider, worst, charge } = values;
    const most = worst === undefined ? "" : ` (at most ${withUnit(worst)})`;
    super(
      "ZG_UNANSWERED",
      EXIT.precondition,
      `Run ${id} sent its request to ${provider}, but no answer was stored; it may have been charged${most}: ${chargeText(charge)}`,
      `To ask, and pay, again: npx hardhat flow resume --id ${id} --retry-unanswered. To give up: npx hardhat flow abandon --id ${id}`,
      values,
    );
  }
}

/** An answer that was paid for failed a check. It is kept, marked, and never minted. */
export class AnswerQuarantinedError extends DomainError {
  constructor(
    values: { id: string; provider: Address; failed: string; reason: string; chosen?: boolean },
    cause?: unknown,
  ) {
    const { id, provider, failed, reason, chosen = false } = values;
    super(
      "ZG_QUARANTINED",
      EXIT.trust,
      `The answer of provider ${provider} in run ${id} failed the check ${failed} and is quarantined: ${reason}`,
      chosen
        ? `The run asks nobody but this provider, and no more. Start another run with another --provider; give this one up: npx hardhat flow abandon --id ${id}`
        : `To ask, and pay, another provider: npx hardhat flow resume --id ${id} --retry-rejected. To give up: npx hardhat flow abandon --id ${id}`,
      { id, provider, failed, reason },
      cause,
    );
  }
}
