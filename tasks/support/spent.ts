/** What a command spent: summed up, and in words. */

import type { ConfirmedTransaction } from "../../lib/chain/send.ts";
import type { Network } from "../../lib/networks.ts";
import { withUnit } from "../../lib/units.ts";

/** Neuron. */
export interface Spent {
  readonly gas: bigint;
  readonly answers: bigint;
  readonly storage: bigint;
}

/** What transactions cost for good. */
export function onChain(network: Network, sent: readonly ConfirmedTransaction[]): Pick<Spent, "gas" | "storage"> {
  const toStorage = sent.filter(({ receipt: { to } }) => to === network.contracts.storageFlow);
  return {
    gas: sent.reduce((sum, { fee }) => sum + fee, 0n),
    storage: toStorage.reduce((sum, { value }) => sum + value, 0n),
  };
}

/** @param inAll what all commands of a run spent, where that is counted. */
export function spentText({ gas, answers, storage }: Spent, inAll = 0n): string {
  const parts = [
    ...(gas === 0n ? [] : [`${withUnit(gas)} gas`]),
    ...(answers === 0n ? [] : [`${withUnit(answers)} for answers`]),
    ...(storage === 0n ? [] : [`${withUnit(storage)} for storage`]),
  ];
  const text = parts.length === 0 ? "nothing by this command" : parts.join(", ");
  return inAll > gas + answers + storage ? `${text}; ${withUnit(inAll)} by all commands of the run` : text;
}
