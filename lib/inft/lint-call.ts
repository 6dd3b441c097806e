/** Calls that change nothing, whose refusal is an answer, too. */

import type { ReadContext } from "../chain/context.ts";
import { chainCall, ContractRevertError } from "../chain/revert.ts";
import type { Address, Hex } from "../hex.ts";

export interface StaticCall {
  readonly to: Address;
  readonly data: Hex;
  readonly from?: Address;
}

export interface CallAnswer {
  readonly status: "returned" | "reverted";
  readonly data: Hex;
  /** Of a refusal: the error's name, as far as it is known. */
  readonly error?: string;
}

/**
 * Has the node run a call without sending it.
 * @throws {RpcUnreachableError} when there is no answer at all.
 */
export async function callStatically(ctx: ReadContext, call: StaticCall): Promise<CallAnswer> {
  try {
    const data = await chainCall(`Calling ${call.to}`, ctx.provider.call(call));
    return { status: "returned", data: data as Hex };
  } catch (error) {
    if (!(error instanceof ContractRevertError)) throw error;
    const { name, data } = error.revert;
    return { status: "reverted", data, error: name === "unknown" ? data.slice(0, 10) : name };
  }
}
