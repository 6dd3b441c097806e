import { ErrorFragment, keccak256 } from "ethers";

import { PRECOMPILE_ERROR } from "../chain/revert.ts";
import type { Hex } from "../hex.ts";

/**
 * Code of a stand-in for a precompile: reverts every call with {@link PRECOMPILE_ERROR} and its own address.
 * Twelve instructions, assembled by hand: nothing shorter exists, and a compiler would only hide it.
 */
export function precompileStandIn(): Hex {
  const { selector } = ErrorFragment.from(PRECOMPILE_ERROR);
  const code = [
    `63${selector.slice(2)}`, // PUSH4 selector
    "60e01b", //                 PUSH1 224 SHL
    "5f52", //                   PUSH0 MSTORE        memory 0..3 = selector
    "30600452", //               ADDRESS PUSH1 4 MSTORE   memory 4..35 = this address
    "60245ffd", //               PUSH1 36 PUSH0 REVERT
  ];
  return `0x${code.join("")}`;
}

/** What boot and `galileo status` expect at every precompile's address. */
export function precompileStandInHash(): Hex {
  return keccak256(precompileStandIn()) as Hex;
}
