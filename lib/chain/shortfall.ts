import type { NetworkDefinition } from "../networks.ts";
import { withUnit } from "../units.ts";

/**
 * What to do about a wallet that lacks `missing` neuron: the amount and, where there is a faucet, the days it takes.
 */
export function shortfallRemedy({ faucet }: Pick<NetworkDefinition, "faucet">, missing: bigint): string {
  const amount = `Send it ${withUnit(missing)}`;
  if (faucet === undefined) return `${amount}.`;
  const { url, neuronPerDay } = faucet;
  const days = (missing + neuronPerDay - 1n) / neuronPerDay;
  return `${amount}, or ${days} day${days === 1n ? "" : "s"} of ${url} at ${withUnit(neuronPerDay)} a day.`;
}
