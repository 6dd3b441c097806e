import type { Mode } from "../networks.ts";

/** How the contract's `uint8 mode` writes how real an inference is. 0 is refused there: unset never reads as live. */
export const MODE_CODES = { live: 1, fork: 2, local: 3, replay: 4 } as const satisfies Record<Mode, number>;

/** The mode behind a code of the contract, which admits no other. */
export function modeOfCode(code: bigint): Mode {
  const found = Object.entries(MODE_CODES).find(([, value]) => BigInt(value) === code);
  if (found === undefined) throw new RangeError(`${code} is no mode of the iNFT contract`);
  return found[0] as Mode;
}
