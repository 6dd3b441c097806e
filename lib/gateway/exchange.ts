/** One request of a client: whom to ask, whom next when that fails, and what to say when nobody serves. */

import { policyFor, type TopUpPolicy } from "../compute/top-up.ts";
import { ZgError } from "../errors.ts";
import { attempt } from "./attempt.ts";
import { openAiError } from "./error-shape.ts";
import { GatewayFundsError } from "./errors.ts";
import type { Failure } from "./failure.ts";
import type { Member } from "./fleet.ts";
import type { Call, GatewayParts } from "./parts.ts";
import { fitRequest, worstFee } from "./request.ts";
import { Reservation } from "./reservation.ts";

/** A balance is read again for a request that does not fit it, but not for each of a thousand. Milliseconds. */
const REREAD_AFTER_MS = 2_000;

/** One request on its way through the providers. */
export class Exchange {
  readonly #parts: GatewayParts;
  readonly #call: Call;
  #attempts = 0;
  #failure: Failure | undefined;

  constructor(parts: GatewayParts, call: Call) {
    this.#parts = parts;
    this.#call = call;
  }

  /**
   * Answers the client, whatever happens.
   * @throws {GatewayModelError} {@link GatewayBudgetError} {@link SpendingLogError} before anything is sent.
   */
  async run(): Promise<void> {
    const { kind, facts } = this.#call.request;
    const candidates = this.#parts.fleet.candidates(kind, facts.model);
    const short: Member[] = [];
    for (const member of candidates) {
      const outcome = await this.#try(member);
      if (outcome === "done") return;
      if (outcome === "short") short.push(member);
      else if (!outcome.failOver) break;
      else this.#parts.metrics.failedOver(member.service.provider);
    }
    // Only now is anybody made to wait for a transaction.
    for (const member of short) {
      const policy = this.#policyOf(member);
      if (policy === undefined || !(await this.#toppedUp(member, policy))) continue;
      if ((await this.#try(member)) === "done") return;
    }
    this.#fail(this.#failure ?? { error: this.#shortage(short), failOver: false });
  }

  async #try(member: Member): Promise<"done" | "short" | Failure> {
    const { limits, purse } = this.#parts;
    const { request, client, sink } = this.#call;
    if (sink.gone.gone) return "done";
    // Where a budget must hold, an answer must not be longer than what was set aside for it.
    const bounded = client.purse.limit !== undefined || purse.limit !== undefined;
    const fitted = fitRequest(request, member.service, bounded ? limits.maxTokens : undefined);
    const worst = worstFee(member.service, fitted, limits.maxTokens);
    this.#attempts += 1;
    const values = { worst, attempt: this.#attempts };
    let reservation = await Reservation.make(this.#parts, this.#call, member, values);
    if (reservation === undefined && (await member.account.reread(REREAD_AFTER_MS))) {
      reservation = await Reservation.make(this.#parts, this.#call, member, values);
    }
    if (reservation === undefined) return "short";

    const failure = await attempt(this.#parts, this.#call, { member, fitted, reservation });
    this.#refill(member);
    if (failure === undefined) return "done";
    this.#failure = failure;
    return failure.short === true ? "short" : failure;
  }

  #policyOf(member: Member): TopUpPolicy | undefined {
    const { topUps } = this.#parts;
    return topUps === undefined ? undefined : policyFor(topUps.policies, member.service.provider);
  }

  /** Waits for a top-up that a request cannot do without. */
  async #toppedUp(member: Member, policy: TopUpPolicy): Promise<boolean> {
    const { topUps, limits } = this.#parts;
    const worst = worstFee(member.service, this.#call.request, limits.maxTokens);
    try {
      await topUps?.topUps.ensure(member.service, policy, member.account.needed(worst));
      await member.account.refresh();
      return true;
    } catch (error) {
      if (!(error instanceof ZgError)) throw error;
      this.#failure = { error, failOver: false };
      return false;
    }
  }

  /** Tops up behind the client's back, before anybody has to wait for it. */
  #refill(member: Member): void {
    const policy = this.#policyOf(member);
    if (policy === undefined || member.account.free >= policy.floor) return;
    this.#parts.refill(member, policy);
  }

  #shortage(short: readonly Member[]): GatewayFundsError {
    const { request } = this.#call;
    const { maxTokens } = this.#parts.limits;
    return new GatewayFundsError({
      providers: short.map(({ service, account }) => ({
        provider: service.provider,
        free: account.free,
        needed: account.needed(worstFee(service, request, maxTokens)),
      })),
    });
  }

  /** A provider's own refusal goes on as it came. */
  #fail({ error, answer }: Failure): void {
    const { sink } = this.#call;
    if (answer !== undefined) {
      sink.whole(answer.status, answer.headers, answer.body);
      return;
    }
    const { status, body } = openAiError(error);
    sink.whole(
      status,
      { "content-type": "application/json", "zg-error-code": error.code },
      Buffer.from(JSON.stringify(body)),
    );
  }
}
