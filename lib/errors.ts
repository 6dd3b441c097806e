import { redact, redactValue } from "./secrets.ts";

/**
 * Process exit codes, one per kind of outcome.
 * 1 unexpected · 2 usage · 3 a precondition the user can fix · 4 time-out or network · 5 refused by a trust check.
 */
export const EXIT = { ok: 0, unexpected: 1, usage: 2, precondition: 3, network: 4, trust: 5 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ZgErrorOptions {
  /** Stable identifier such as `ZG_LEDGER_MISSING`; an entry of docs/errors.md. */
  readonly code: `ZG_${string}`;
  /** What happened, with the values. */
  readonly message: string;
  /** What to do now: a command or an action, in one sentence. */
  readonly remedy: string;
  readonly exit: Exclude<ExitCode, 0>;
  /** The values of the message, for scripts. No secrets; bigint is printed as a decimal string. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * Base of every error this project throws on purpose. Anything else that surfaces is a bug (exit code 1). What it quotes
 * of others is redacted here: errors end up in logs, journals and databases.
 */
export abstract class ZgError extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly exit: Exclude<ExitCode, 0>;
  readonly details: Readonly<Record<string, unknown>>;

  protected constructor(options: ZgErrorOptions) {
    super(redact(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.remedy = redact(options.remedy);
    this.exit = options.exit;
    this.details = redactValue(options.details ?? {});
  }
}

/** Base of a domain's errors: the same in a row, so that a class reads as code, exit, sentence, remedy, values. */
export abstract class DomainError extends ZgError {
  protected constructor(
    code: ZgErrorOptions["code"],
    exit: ZgErrorOptions["exit"],
    message: string,
    remedy: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super({ code, exit, message, remedy, details, cause });
  }
}

/** An option, argument or file of the user's is missing or malformed. */
export class UsageError extends ZgError {
  constructor(options: { message: string; remedy: string; details?: Record<string, unknown>; cause?: unknown }) {
    super({ code: "ZG_USAGE", exit: EXIT.usage, ...options });
  }
}

/** The caller's `AbortSignal` fired, or Ctrl-C. */
export class AbortedError extends ZgError {
  constructor(what: string) {
    super({
      code: "ZG_ABORTED",
      exit: EXIT.network,
      message: `${what} was interrupted`,
      remedy: "Run the command again; what was already paid or sent is found and not repeated.",
      details: { what },
    });
  }
}
