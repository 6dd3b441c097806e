/** Answers that failed a check: kept and marked, never minted, and their provider not asked again by the run. */

import type { Receipt } from "../compute/receipt.ts";
import type { Check } from "../compute/verify.ts";
import { tooDear, whyTooDear } from "../guards/price-ceiling.ts";
import type { Service } from "../compute/providers.ts";
import type { Address } from "../hex.ts";
import type { FlowContext, FlowReadContext } from "./context.ts";
import { AnswerQuarantinedError } from "./errors.ts";
import { factsOf, lastFact, restoreAnswer, type FactOf, type Journal } from "./journal.ts";

interface Failure {
  readonly provider: Address;
  /** The check, by name. */
  readonly failed: string;
  readonly reason: string;
  /** What it was billed; at worst where that cannot be read. Neuron. */
  readonly fee: bigint;
  readonly receipt?: Receipt | undefined;
}

/** What failed of an answer's checks: the first by name, and all of them with what was compared. */
export function failedChecks(checks: readonly Check[]): Pick<Failure, "failed" | "reason"> {
  const failed = checks.filter(({ passed }) => !passed);
  return {
    failed: failed[0]?.name ?? "none",
    reason: failed.map(({ name, detail }) => `${name}: ${detail}`).join("; "),
  };
}

/**
 * Writes down that an answer failed a check, keeps it, and says so.
 * @throws {AnswerQuarantinedError} always.
 */
export async function quarantine(ctx: FlowContext, failure: Failure, cause?: unknown): Promise<never> {
  const { provider, failed, reason, fee, receipt } = failure;
  const { journal, id } = ctx;
  journal.append({
    ...{ type: "quarantined", provider, failed, reason, fee: fee.toString() },
    time: new Date(ctx.clock()).toISOString(),
    ...(receipt === undefined ? {} : { receipt }),
  });
  await keepQuarantined(ctx);
  throw new AnswerQuarantinedError({ id, provider, failed, reason, chosen: isChosen(ctx) }, cause);
}

/** The user named the provider, so that no other is asked. */
function isChosen({ question }: Pick<FlowReadContext, "question">): boolean {
  return question.provider !== undefined;
}

/** Keeps every quarantined answer of a run in a file of its own, marked with the check that failed. */
export async function keepQuarantined(ctx: Pick<FlowContext, "journal" | "receipts" | "id">): Promise<void> {
  const { journal, receipts, id } = ctx;
  for (const [index, fact] of factsOf(journal, "quarantined").entries()) {
    const { receipt, type: _type, ...mark } = fact;
    const answer = receipt === undefined ? answerBefore(journal, fact) : undefined;
    await receipts.quarantine?.(`${id}-${index + 1}`, {
      quarantined: { run: id, ...mark },
      ...(receipt === undefined ? {} : { receipt }),
      ...(answer === undefined ? {} : { answer }),
    });
  }
}

function answerBefore({ facts }: Pick<Journal, "facts">, fact: FactOf<"quarantined">) {
  const before = facts.slice(0, facts.indexOf(fact));
  return before.findLast((each): each is FactOf<"received"> => each.type === "received")?.result;
}

/** The providers a run keeps away from, and why. */
export function shunned(journal: Pick<Journal, "facts">): ReadonlyMap<Address, FactOf<"quarantined">> {
  return new Map(factsOf(journal, "quarantined").map((fact) => [fact.provider, fact] as const));
}

/** The quarantine that a run stands at: since then nobody was chosen. */
export function openQuarantine(journal: Pick<Journal, "facts">): FactOf<"quarantined"> | undefined {
  return lastFact(journal, "provider") === undefined ? lastFact(journal, "quarantined") : undefined;
}

/**
 * Asserts that another provider may be asked, and paid, after an answer failed.
 * @throws {AnswerQuarantinedError} without the user's word for it, and where the user named the provider.
 */
export function assertMayAskAnother(ctx: Pick<FlowContext, "journal" | "question" | "id" | "retryRejected">): void {
  const fact = openQuarantine(ctx.journal);
  if (fact === undefined) return;
  const chosen = isChosen(ctx);
  if (ctx.retryRejected === true && !chosen) return;
  const { provider, failed, reason } = fact;
  throw new AnswerQuarantinedError({ id: ctx.id, provider, failed, reason, chosen });
}

/** Why a run does not choose a service: its answer failed, or it costs too much. */
export function refusedBy(ctx: FlowReadContext, service: Service): string | undefined {
  const failed = shunned(ctx.journal).get(service.provider)?.failed;
  if (failed !== undefined) return `its answer failed the check ${failed} in this run`;
  return ceilingError(ctx, service) === undefined ? undefined : whyTooDear(service);
}

/** The error for a service that costs more than the run, or every run, may pay. */
export function ceilingError({ maxPrice, standingCeiling }: FlowReadContext, service: Service) {
  return tooDear(
    service,
    [maxPrice, standingCeiling].filter((ceiling) => ceiling !== undefined),
  );
}

/** The bytes of a paid answer as the journal has them. */
export function keptAnswer(journal: Pick<Journal, "facts">) {
  const received = lastFact(journal, "received");
  return received === undefined ? undefined : restoreAnswer(received.result);
}
