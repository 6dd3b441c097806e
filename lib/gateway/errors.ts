/** Every way the gateway fails by itself. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT, UsageError } from "../errors.ts";
import type { Address } from "../hex.ts";
import type { DoorRefusal } from "../server-guards.ts";
import { format0g, withUnit } from "../units.ts";

const DOOR: Readonly<Record<DoorRefusal, string>> = {
  host: "it names another host than this server's",
  origin: "it comes from a page in a browser",
  "content-type": "its Content-Type is not the one this path takes",
};

/** The request is not let in, whoever sends it. */
export class GatewayDoorError extends DomainError {
  readonly refusal: DoorRefusal;

  constructor(refusal: DoorRefusal) {
    super(
      "ZG_GATEWAY_DOOR",
      EXIT.usage,
      `The gateway does not take this request: ${DOOR[refusal]}`,
      "Call it from a program, at the address it printed, with a JSON body (multipart for uploads). See docs/gateway.md.",
      { refusal },
    );
    this.refusal = refusal;
  }
}

/** No key, or none that is known here. */
export class GatewayKeyError extends DomainError {
  constructor(given: boolean) {
    super(
      "ZG_GATEWAY_KEY",
      EXIT.precondition,
      given ? "This key opens nothing here, or was revoked" : "The gateway takes no request without a key",
      "Send Authorization: Bearer <key> with the key printed at the first start, or one made with: npx hardhat inference client add <name>",
    );
  }
}

/** The request cannot be read, or asks for something the path does not do. */
export class GatewayRequestError extends DomainError {
  readonly param: string | undefined;

  constructor(problem: string, param?: string, cause?: unknown) {
    super(
      "ZG_GATEWAY_REQUEST",
      EXIT.usage,
      `The request cannot be served: ${problem}`,
      "Correct it; nothing was sent to a provider and nothing was spent.",
      param === undefined ? {} : { param },
      cause,
    );
    this.param = param;
  }
}

/** There is nothing at this path. */
export class GatewayPathError extends DomainError {
  constructor(values: { method: string; path: string }) {
    super(
      "ZG_GATEWAY_PATH",
      EXIT.usage,
      `The gateway has no ${values.method} ${values.path}`,
      "docs/gateway.md lists the paths. OpenAI clients need a base URL that ends in /v1.",
      values,
    );
  }
}

/** No provider of this gateway serves the model, or none serves it at this path. */
export class GatewayModelError extends DomainError {
  constructor(values: { model: string | undefined; known: readonly string[] }) {
    const { model, known } = values;
    super(
      "ZG_GATEWAY_MODEL",
      EXIT.usage,
      model === undefined
        ? "The request names no model, and more than one is served at this path, or none"
        : `No provider of this gateway serves ${JSON.stringify(model)} at this path`,
      known.length === 0 ? "Ask GET /v1/models what is served." : `Use one of: ${known.slice(0, 20).join(", ")}.`,
      values,
    );
  }
}

/** The body is larger than the gateway accepts. */
export class GatewayTooLargeError extends DomainError {
  constructor(limit: number) {
    super(
      "ZG_GATEWAY_TOO_LARGE",
      EXIT.usage,
      `The body is larger than ${limit} bytes`,
      "Send less, or start the gateway with a larger --max-body. Providers take 32 MiB.",
      { limit },
    );
  }
}

/** The client's budget, or the process's, does not cover what the request may cost at worst. */
export class GatewayBudgetError extends DomainError {
  constructor(values: { who: string; limit: bigint; spent: bigint; reserved: bigint; worst: bigint }) {
    const { who, limit, spent, reserved, worst } = values;
    super(
      "ZG_GATEWAY_BUDGET",
      EXIT.precondition,
      `The request may cost ${withUnit(worst)}, and of the ${withUnit(limit)} of ${who} ${withUnit(spent)} are spent and ${withUnit(reserved)} reserved`,
      `Ask for fewer tokens (max_tokens), or allow more: ${who === PROCESS ? `--max-spend ${format0g(limit + worst)}` : "npx hardhat inference client add <name> --budget <0G>"}`,
      values,
    );
  }
}

/** The name of the limit that holds for all clients together. */
export const PROCESS = "--max-spend";

/** Too little is locked at the providers that could serve. */
export class GatewayFundsError extends DomainError {
  constructor(values: { providers: readonly { provider: string; free: bigint; needed: bigint }[] }, cause?: unknown) {
    const [first] = values.providers;
    super(
      "ZG_GATEWAY_FUNDS",
      EXIT.precondition,
      `Too little is locked: ${values.providers.map(({ provider, free, needed }) => `${provider} has ${withUnit(free)} free and needs ${withUnit(needed)}`).join("; ")}`,
      `Transfer more: npx hardhat ledger transfer ${first?.provider ?? "<provider>"} ${first === undefined ? "1" : format0g(first.needed > first.free ? first.needed - first.free : first.needed)}; or let the gateway do it with --top-up.`,
      values,
      cause,
    );
  }
}

/** The gateway has as many requests as it takes at a time, or is stopping. */
export class GatewayBusyError extends DomainError {
  constructor(values: { why: string }) {
    super(
      "ZG_GATEWAY_BUSY",
      EXIT.network,
      `The gateway takes no request now: ${values.why}`,
      "Try again soon.",
      values,
    );
  }
}

/** What is spent cannot be written down, so nothing is spent. */
export class SpendingLogError extends DomainError {
  constructor(values: { file: string; problem: string }, cause?: unknown) {
    super(
      "ZG_SPENDING_LOG",
      EXIT.precondition,
      `The spending log ${values.file} ${values.problem}`,
      "Nothing is spent that is not written there: make room or repair the file (its last line may be cut), then start again.",
      values,
      cause,
    );
  }
}

/** The file of the gateway's clients does not hold what this version writes there. */
export class ClientsFileError extends DomainError {
  constructor(values: { file: string; problem: string }, cause?: unknown) {
    super(
      "ZG_GATEWAY_CLIENTS",
      EXIT.precondition,
      `The clients of the gateway cannot be read from ${values.file}: ${values.problem}`,
      "Repair or remove the file; removing it revokes every key.",
      values,
      cause,
    );
  }
}

/** @throws {UsageError} for a name that could be confused with others in logs. */
export function assertClientName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,39}$/i.test(name)) return;
  throw new UsageError({
    message: `${JSON.stringify(name)} is no name for a client`,
    remedy: "Use 1 to 40 letters, digits, dots, dashes and underscores, starting with a letter or digit.",
    details: { name },
  });
}

/** Another gateway serves from the same folder: two would count the same budgets twice. */
export class GatewayRunningError extends DomainError {
  constructor(values: { pid: number; folder: string }) {
    super(
      "ZG_GATEWAY_RUNNING",
      EXIT.precondition,
      `Process ${values.pid} runs the gateway of ${values.folder}; one at a time counts the budgets there`,
      "Use that one, stop it, or give this one a place of its own with ZG_HOME.",
      values,
    );
  }
}

/** Answers were to be verified before they are released, and nobody signs this provider's. */
export class UnverifiableProviderError extends DomainError {
  constructor(values: { provider: Address; topology: string }) {
    super(
      "ZG_GATEWAY_UNVERIFIABLE",
      EXIT.trust,
      `Answers of provider ${values.provider} cannot be verified before release: it is a ${values.topology} service, which nobody signs for`,
      "Leave --verify out, or choose providers that sign: npx hardhat provider list",
      values,
    );
  }
}

/** A bug of the gateway's. Its log says where; the client is told nothing that could help nobody. */
export class GatewayFailedError extends DomainError {
  constructor(cause: unknown) {
    super("ZG_UNEXPECTED", EXIT.unexpected, "The gateway failed", "Tell who runs it: its log says where.", {}, cause);
  }
}
