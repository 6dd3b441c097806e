/** Every way topping up a provider fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { withUnit } from "../../units.ts";
import { COMMANDS } from "../commands.ts";

/** The policy's cap for a provider is used up. Nothing was sent. */
export class TopUpCapError extends DomainError {
  constructor(values: { provider: Address; needed: bigint; cap: bigint; moved: bigint }) {
    const { provider, needed, cap, moved } = values;
    super(
      "ZG_TOP_UP_CAP",
      EXIT.precondition,
      `Provider ${provider} needs ${withUnit(needed)} more, but of the ${withUnit(cap)} a day that top-ups may move there ${withUnit(moved)} are used`,
      `Transfer it yourself: ${COMMANDS.transfer(provider, needed)}; or raise the cap of --top-up.`,
      values,
    );
  }
}

/** A top-up would cancel a refund that is under way, which nobody allowed. Nothing was sent. */
export class TopUpRefundError extends DomainError {
  constructor(values: { provider: Address; amount: bigint; fromRefund: bigint }) {
    const { provider, amount, fromRefund } = values;
    super(
      "ZG_TOP_UP_REFUND",
      EXIT.precondition,
      `To top up ${provider} with ${withUnit(amount)} would cancel ${withUnit(fromRefund)} of a pending refund`,
      `Allow it with --cancel-refunds, or transfer yourself once the refund is collected: ${COMMANDS.retrieve}`,
      values,
    );
  }
}
