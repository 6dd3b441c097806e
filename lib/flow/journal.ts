/**
 * What a run must remember and the chain cannot tell, as an append-only list of facts, one JSON line each.
 * The chain is the truth: a step asks it first and uses the journal only for what it holds alone.
 */

import type { Address, Hex } from "../hex.ts";
import type { RawAnswer } from "../compute/ask.ts";
import type { Receipt } from "../compute/receipt.ts";
import type { ServiceTerms } from "../guards/terms.ts";
import type { ClaimMode } from "../inft/claim.ts";
import type { SealedMintData } from "../inft/mint.ts";
import type { Question } from "./question.ts";

/** What this program writes, and what else it reads: facts were added to version 1, none was changed. */
export const JOURNAL_VERSION = 2;
export const JOURNAL_VERSIONS = [1, JOURNAL_VERSION] as const;

export type Fact =
  | {
      readonly type: "started";
      readonly version: (typeof JOURNAL_VERSIONS)[number];
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
      /** The price ceiling it was started with, as one text. Absent: none. */
      readonly maxPrice?: string;
    }
  /** With what the chain listed when the plan was made. */
  | { readonly type: "provider"; readonly provider: Address; readonly terms?: ServiceTerms }
  /** Set aside in the book of budgets for gas and storage: what is signed from here on is paid from it. */
  | { readonly type: "reserved"; readonly reservation: string }
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
      /** What it can cost at most. Neuron. */
      readonly worst?: string;
      /** What the provider had billed right before, by which a charge can be told later. */
      readonly billed?: Billed;
      /** In the book of budgets. */
      readonly reservation?: string;
    }
  /** The request asked last was turned down: nothing was served, nothing can be charged. */
  | { readonly type: "refused"; readonly provider: Address }
  | { readonly type: "received"; readonly result: StoredAnswer }
  | { readonly type: "answered"; readonly receipt: Receipt }
  | { readonly type: "verified" }
  /** The answer failed a check: kept, never minted, and its provider not asked again by this run. */
  | {
      readonly type: "quarantined";
      readonly provider: Address;
      /** The check, by name. */
      readonly failed: string;
      readonly reason: string;
      /** Neuron; at worst where the answer cannot be read. */
      readonly fee: string;
      /** ISO 8601. */
      readonly time: string;
      /** Absent when the answer could not be read, or no signature was to be had. */
      readonly receipt?: Receipt;
    }
  | { readonly type: "sealed"; readonly inft: Address; readonly data: SealedMintData }
  /** About to be stored. */
  | { readonly type: "storing"; readonly what: "data" | "log" | "final log"; readonly root: Hex; readonly size: number }
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
  | { readonly type: "reported"; readonly time: string; readonly tokenId: string; readonly transaction: Hex }
  /** The user gave the run up. ISO 8601. */
  | { readonly type: "abandoned"; readonly time: string };

/** What a provider had billed and not collected at a block; when it could not be asked, why. Neuron. */
export type Billed =
  { readonly block: number; readonly unsettled: string } | { readonly block: number; readonly unknown: string };

/** A paid answer as it came, kept before anything is done with it. Bytes in base64. */
export type StoredAnswer = Omit<RawAnswer, "requestBytes" | "responseBytes"> & {
  readonly requestBytes: string;
  readonly responseBytes: string;
};

export function storeAnswer({ requestBytes, responseBytes, ...rest }: RawAnswer): StoredAnswer {
  return {
    ...rest,
    requestBytes: Buffer.from(requestBytes).toString("base64"),
    responseBytes: Buffer.from(responseBytes).toString("base64"),
  };
}

export function restoreAnswer({ requestBytes, responseBytes, ...rest }: StoredAnswer): RawAnswer {
  return {
    ...rest,
    requestBytes: new Uint8Array(Buffer.from(requestBytes, "base64")),
    responseBytes: new Uint8Array(Buffer.from(responseBytes, "base64")),
  };
}

export type FactOf<Type extends Fact["type"]> = Extract<Fact, { type: Type }>;

export interface Journal {
  readonly facts: readonly Fact[];
  /**
   * Takes the run for whoever holds the journal, until it is released.
   * @throws {RunBusyError} when somebody else is at work on it.
   */
  hold(): void;
  /** Durable when it returns. */
  append(fact: Fact): void;
  release(): void;
}

/** Facts of the run as a whole; all others are of one attempt at an answer, which a quarantine ends. */
const OF_THE_RUN: ReadonlySet<Fact["type"]> = new Set(["started", "signed", "reserved", "quarantined", "abandoned"]);

/** The facts since the last answer that was quarantined: what came before it is no part of what is minted. */
export function currentFacts({ facts }: Pick<Journal, "facts">): readonly Fact[] {
  const last = facts.findLastIndex(({ type }) => type === "quarantined");
  return last < 0 ? facts : facts.slice(last + 1);
}

/** The last fact of a type, which is the one that counts. */
export function lastFact<Type extends Fact["type"]>(
  journal: Pick<Journal, "facts">,
  type: Type,
): FactOf<Type> | undefined {
  const facts = OF_THE_RUN.has(type) ? journal.facts : currentFacts(journal);
  return facts.findLast((fact): fact is FactOf<Type> => fact.type === type);
}

/** All facts of a type, the oldest first. */
export function factsOf<Type extends Fact["type"]>({ facts }: Pick<Journal, "facts">, type: Type): FactOf<Type>[] {
  return facts.filter((fact): fact is FactOf<Type> => fact.type === type);
}

/** The request that left and was neither answered nor refused: nobody here knows whether it was charged. */
export function unanswered(journal: Pick<Journal, "facts">): FactOf<"asked"> | undefined {
  const last = currentFacts(journal).findLast(
    ({ type }) => type === "asked" || type === "refused" || type === "received",
  );
  return last?.type === "asked" ? last : undefined;
}

/** Whether a request left, and neither an answer nor a refusal came back. */
export function isUnanswered(journal: Pick<Journal, "facts">): boolean {
  return unanswered(journal) !== undefined;
}

/** A journal that lives as long as the process, for the in-process network, where nothing is kept. */
export class MemoryJournal implements Journal {
  readonly facts: Fact[] = [];

  hold(): void {
    // nobody else can have it
  }

  append(fact: Fact): void {
    this.facts.push(fact);
  }

  release(): void {
    // nobody waits for it
  }
}
