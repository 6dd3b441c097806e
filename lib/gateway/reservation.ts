/** Money set aside for one request at one provider, everywhere it counts: at the client, the process, the provider. */

import type { Address } from "../hex.ts";
import type { Member } from "./fleet.ts";
import type { Call, GatewayParts } from "./parts.ts";
import type { Answered } from "./spending-log.ts";

export class Reservation {
  readonly id: string;
  readonly worst: bigint;
  readonly #parts: GatewayParts;
  readonly #call: Call;
  readonly #member: Member;
  #open = true;

  private constructor(parts: GatewayParts, call: Call, member: Member, worst: bigint, id: string) {
    this.#parts = parts;
    this.#call = call;
    this.#member = member;
    this.worst = worst;
    this.id = id;
  }

  /**
   * Sets money aside and writes down that it may be spent.
   * @returns undefined when too little is locked at the provider.
   * @throws {GatewayBudgetError} {@link SpendingLogError}; then nothing stays set aside.
   */
  static async make(
    parts: GatewayParts,
    call: Call,
    member: Member,
    values: { readonly worst: bigint; readonly attempt: number },
  ): Promise<Reservation | undefined> {
    const { worst, attempt } = values;
    const { purse } = call.client;
    purse.reserve(worst);
    try {
      parts.purse.reserve(worst);
    } catch (error) {
      purse.settle(worst, 0n);
      throw error;
    }
    if (!member.account.reserve(worst)) {
      purse.settle(worst, 0n);
      parts.purse.settle(worst, 0n);
      return undefined;
    }
    const reservation = new Reservation(parts, call, member, worst, attempt === 1 ? call.id : `${call.id}.${attempt}`);
    try {
      await parts.log.asked({
        id: reservation.id,
        client: call.client.name,
        provider: member.service.provider,
        endpoint: call.request.path,
        worst,
      });
    } catch (error) {
      reservation.#release(0n);
      throw error;
    }
    return reservation;
  }

  get provider(): Address {
    return this.#member.service.provider;
  }

  /** Counts what it really cost and writes it down; undefined counts as the worst case. Only the first call counts. */
  settle(answered: Omit<Answered, "id" | "fee" | "assumed">, fee?: bigint): void {
    if (!this.#open) return;
    const cost = fee ?? this.worst;
    this.#release(cost);
    this.#parts.log.answered({ id: this.id, ...answered, fee: cost, assumed: fee === undefined });
    this.#parts.metrics.spent(this.provider, cost);
  }

  #release(cost: bigint): void {
    this.#open = false;
    this.#call.client.purse.settle(this.worst, cost);
    this.#parts.purse.settle(this.worst, cost);
    this.#member.account.settle(this.worst, cost);
  }
}
