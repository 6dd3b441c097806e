/**
 * What a run must remember and the chain cannot tell, as an append-only list of facts, one JSON line each.
 * The chain is the truth: a step asks it first and uses the journal only for what it holds alone.
 */

import { EXIT, ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import type { InferenceResult } from "../compute/inference.ts";
import type { Receipt } from "../compute/receipt.ts";
import type { ClaimMode } from "../inft/claim.ts";
import type { SealedMintData } from "../inft/mint.ts";
import type { Question } from "./question.ts";

export const JOURNAL_VERSION = 1;

export type Fact =
  | {
      readonly type: "started";
      readonly version: typeof JOURNAL_VERSION;
      readonly id: string;
      readonly network: string;
      readonly genesisHash: Hex;
      readonly owner: Address;
      /** A run is continued with the question it was started with, and no other. */
      readonly question: Question;
      /** Absent: by commitment. */
      readonly claim?: ClaimMode;
      /** Absent: the result goes to 0G Storage. */
      readonly storage?: false;
    }
  | { readonly type: "provider"; readonly provider: Address }
  | {
      readonly type: "signed";
      readonly step: string;
      readonly what: string;
      readonly hash: Hex;
      readonly nonce: number;
    }
  | {
      readonly type: "asked";
      readonly provider: Address;
      readonly request: string;
      /** ISO 8601. Absent in journals that no audit log was made of. */
      readonly time?: string;
    }
  /** The request asked last was turned down: nothing was served, nothing can be charged. */
  | { readonly type: "refused"; readonly provider: Address }
  | { readonly type: "received"; readonly result: StoredResult }
  | { readonly type: "answered"; readonly receipt: Receipt }
  | { readonly type: "verified" }
  | { readonly type: "sealed"; readonly inft: Address; readonly data: SealedMintData }
  /** On 0G Storage: the token's data, the audit log up to the answer, or the one that the run ended with. */
  | {
      readonly type: "stored";
      readonly what: "data" | "log" | "final log";
      readonly root: Hex;
      readonly size: number;
      readonly txSeq: number;
      /** Absent when it had been submitted before. */
      readonly hash?: Hex;
    }
  | { readonly type: "minted"; readonly tokenId: string; readonly hash?: Hex }
  /** The run told its user, and knows how the chain recorded the mint. */
  | { readonly type: "reported"; readonly time: string; readonly tokenId: string; readonly transaction: Hex };

/** A paid answer as it came, kept before anything is done with it. Bytes in base64, amounts as decimal strings. */
export type StoredResult = Omit<InferenceResult, "requestBytes" | "responseBytes" | "fee"> & {
  readonly requestBytes: string;
  readonly responseBytes: string;
  readonly fee: Readonly<Record<keyof InferenceResult["fee"], string>>;
};

export function storeResult({ requestBytes, responseBytes, fee, ...rest }: InferenceResult): StoredResult {
  return {
    ...rest,
    requestBytes: Buffer.from(requestBytes).toString("base64"),
    responseBytes: Buffer.from(responseBytes).toString("base64"),
    fee: { inputFee: fee.inputFee.toString(), outputFee: fee.outputFee.toString(), fee: fee.fee.toString() },
  };
}

export function restoreResult({ requestBytes, responseBytes, fee, ...rest }: StoredResult): InferenceResult {
  return {
    ...rest,
    requestBytes: new Uint8Array(Buffer.from(requestBytes, "base64")),
    responseBytes: new Uint8Array(Buffer.from(responseBytes, "base64")),
    fee: { inputFee: BigInt(fee.inputFee), outputFee: BigInt(fee.outputFee), fee: BigInt(fee.fee) },
  };
}

export type FactOf<Type extends Fact["type"]> = Extract<Fact, { type: Type }>;

export interface Journal {
  readonly facts: readonly Fact[];
  /** Durable when it returns. */
  append(fact: Fact): void;
}

/** The last fact of a type, which is the one that counts. */
export function lastFact<Type extends Fact["type"]>(journal: Journal, type: Type): FactOf<Type> | undefined {
  return journal.facts.findLast((fact): fact is FactOf<Type> => fact.type === type);
}

/** A request left, and neither an answer nor a refusal came back: nobody here knows whether it was charged. */
export function isUnanswered({ facts }: Journal): boolean {
  const last = facts.findLast(({ type }) => type === "asked" || type === "refused" || type === "received");
  return last?.type === "asked";
}

/** A line of a journal is not a fact. The file is left as it is. */
export class JournalCorruptError extends ZgError {
  constructor(values: { file: string; line: number; problem: string }, cause?: unknown) {
    super({
      code: "ZG_JOURNAL",
      exit: EXIT.precondition,
      message: `Line ${values.line} of ${values.file} is not a journal entry: ${values.problem}`,
      remedy: "Restore the file, or start a new run with another --id; the chain still shows what was sent.",
      details: values,
      cause,
    });
  }
}

/** The run was started on another chain, by another owner, or with another question. */
export class RunMismatchError extends ZgError {
  constructor(values: { id: string; field: string; recorded: string; now: string }) {
    super({
      code: "ZG_RUN_MISMATCH",
      exit: EXIT.usage,
      message: `Run ${values.id} was started with ${values.field} ${values.recorded}, but now it is ${values.now}`,
      remedy: "Continue it with what it was started with, or choose another --id.",
      details: values,
    });
  }
}

/** A request was sent and its answer never stored: the provider may have charged for it. */
export class AnswerUnknownError extends ZgError {
  constructor(values: { id: string; provider: Address }) {
    super({
      code: "ZG_UNANSWERED",
      exit: EXIT.precondition,
      message: `Run ${values.id} sent its request to ${values.provider}, but no answer was stored; it may have been charged`,
      remedy: "Add --retry-unanswered to ask (and pay) again, or start another run.",
      details: values,
    });
  }
}

/** A journal that lives as long as the process, for the in-process network, where nothing is kept. */
export class MemoryJournal implements Journal {
  readonly facts: Fact[] = [];

  append(fact: Fact): void {
    this.facts.push(fact);
  }
}
