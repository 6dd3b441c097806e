import { UsageError } from "./errors.ts";

/** Neuron in one 0G. Inside the project every amount is a bigint of neuron; 0G strings exist only at the edge. */
export const NEURON_PER_0G = 10n ** 18n;

const DECIMALS = { "0g": 18, gwei: 9, neuron: 0 } as const;
/** Blanks may stand around the number and before the unit, never inside the number: `1 5` is a slip, not 15. */
const AMOUNT = /^\s*(\d[\d_]*)(?:\.(\d+))?(?:e(\d{1,2}))?\s*(0g|gwei|neuron)?\s*$/i;

/**
 * Parses an amount as a person types it, into neuron: `0.5`, `0.5 0G`, `2gwei`, `5e17neuron`. Without a unit it is 0G.
 * Exact: digits finer than a neuron are refused, never rounded.
 * @throws {UsageError} when `text` is not such an amount.
 * @example parseAmount("1.1") // 1100000000000000000n
 */
export function parseAmount(text: string, what = "amount"): bigint {
  const match = AMOUNT.exec(text);
  if (match === null) {
    throw new UsageError({
      message: `${JSON.stringify(text)} is not a valid ${what}`,
      remedy: "Give a positive decimal in 0G (0.5), or with a unit (5e17neuron, 2gwei).",
      details: { [what]: text },
    });
  }
  const [, whole = "0", fraction = "", exponent = "0", unit = "0g"] = match;
  const scale = DECIMALS[unit.toLowerCase() as keyof typeof DECIMALS] + Number(exponent);
  const significant = fraction.replace(/0+$/, "");
  if (significant.length > scale) {
    throw new UsageError({
      message: `${JSON.stringify(text)} is finer than one neuron`,
      remedy: "Give at most 18 decimals of 0G (1 0G = 10^18 neuron).",
      details: { [what]: text },
    });
  }
  return BigInt(whole.replaceAll("_", "") + significant.padEnd(scale, "0"));
}

/**
 * Formats neuron as 0G, exactly, without trailing zeros and without the unit.
 * @example format0g(1100000000000000000n) // "1.1"
 */
export function format0g(neuron: bigint): string {
  const sign = neuron < 0n ? "-" : "";
  const digits = (neuron < 0n ? -neuron : neuron).toString().padStart(19, "0");
  const whole = digits.slice(0, -18);
  const fraction = digits.slice(-18).replace(/0+$/, "");
  return sign + (fraction === "" ? whole : `${whole}.${fraction}`);
}

/** `format0g` with its unit, as every line for people prints it. */
export function withUnit(neuron: bigint): string {
  return `${format0g(neuron)} 0G`;
}

const BYTES = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const SIZE = /^\s*(\d{1,12}(?:\.\d{1,9})?)\s*(B|kB|MB|GB|KiB|MiB|GiB)?\s*$/i;

/**
 * Parses a size as a person types it, into bytes, rounded down: `10MB`, `1.5 GiB`, `4096`. Units count in any case.
 * @throws {UsageError} when `text` is not such a size, or less than one byte.
 */
export function parseByteSize(text: string, what = "size"): number {
  const [, number = "0", unit = "B"] = SIZE.exec(text) ?? [];
  const factor = Object.entries(BYTES).find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[1] ?? 1;
  const bytes = Math.floor(Number(number) * factor);
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError({
    message: `${JSON.stringify(text)} is not a valid ${what}`,
    remedy: "Give a number of bytes, or with a unit: 10MB, 64KiB.",
    details: { [what]: text },
  });
}
