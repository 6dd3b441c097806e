/** What takes milliseconds of arithmetic an item, and needs nothing but its input: so that a thread of its own can do it. */

import { verifyInference, type VerifyParams, type Verification } from "../compute/verify.ts";
import { prepareInferenceMint, sealInference, type PreparedMint, type SealInferenceParams } from "../inft/mint.ts";
import type { PrepareMintParams, SealedMintData } from "../inft/mint.ts";
import type { RandomBytes } from "../sealing/index.ts";

/** A proven answer, and what it is minted as. */
export type SealTask = Omit<SealInferenceParams, "randomBytes"> &
  Required<Pick<PrepareMintParams, "minter" | "to" | "claim" | "request">>;

export interface SealedMint {
  readonly ciphertext: Uint8Array;
  readonly sealed: SealedMintData;
  readonly mint: PreparedMint;
}

/** Encrypts and seals an answer, and works out its commitment and token. */
export function sealForMint(task: SealTask, randomBytes: RandomBytes): SealedMint {
  const { minter, to, claim, request, ...datum } = task;
  const { ciphertext, ...sealed } = sealInference({ ...datum, randomBytes });
  const { network, inft, result } = datum;
  return {
    ciphertext,
    sealed,
    mint: prepareInferenceMint({ network, inft, result, sealed, minter, to, claim, request }),
  };
}

/** What a thread is asked, and what it answers. */
export interface Tasks {
  seal: { readonly input: SealTask; readonly output: SealedMint };
  verify: { readonly input: VerifyParams; readonly output: Verification };
}

/** Does a task, wherever it is called. */
export function doTask<Name extends keyof Tasks>(
  name: Name,
  input: Tasks[Name]["input"],
  randomBytes: RandomBytes,
): Tasks[Name]["output"] {
  return name === "seal" ? sealForMint(input as SealTask, randomBytes) : verifyInference(input as VerifyParams);
}

/** Where tasks are done. */
export type Arithmetic = <Name extends keyof Tasks>(
  name: Name,
  input: Tasks[Name]["input"],
) => Promise<Tasks[Name]["output"]>;

/** In this thread. */
export function doneHere(randomBytes: RandomBytes): Arithmetic {
  return async (name, input) => Promise.resolve(doTask(name, input, randomBytes));
}
