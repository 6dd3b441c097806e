/** Where a batch is kept and handed out: on this machine, or in Redis for several. */

import { z } from "zod";

import { receiptSchema, unprovedSchema, type Receipt, type UnprovedAnswer } from "../compute/receipt-schema.ts";
import { addressSchema, hashSchema } from "../hex-schema.ts";
import { isHex, type Address, type Hex } from "../hex.ts";
import { CLAIM_MODES } from "../inft/claim.ts";
import type { SealedMintData } from "../inft/mint.ts";
import type { BatchItem } from "./items.ts";
import { ITEM_STATES, type Counts, type ItemState } from "./state.ts";

export const BATCH_VERSION = 1;

/** What a batch was begun with; it is continued with the same. */
export const planSchema = z.object({
  version: z.literal(BATCH_VERSION),
  id: z.string(),
  network: z.string(),
  genesisHash: hashSchema,
  owner: addressSchema,
  claim: z.enum(CLAIM_MODES),
  /** False: answers are proved and kept, and become no tokens. */
  mint: z.boolean(),
  /** Whether encrypted data goes to 0G Storage. */
  stores: z.boolean(),
  /** SHA-256 over all items. */
  digest: z.string(),
  items: z.int(),
});
export type BatchPlan = z.infer<typeof planSchema>;

/** Whom the batch asks now, and on which terms. */
export const assignmentSchema = z.object({
  terms: z.object({
    provider: addressSchema,
    model: z.string(),
    inputPrice: z.string().regex(/^\d+$/),
    outputPrice: z.string().regex(/^\d+$/),
    pricing: z.string().exactOptional(),
    signer: addressSchema.exactOptional(),
  }),
  /** The iNFT contract; absent where nothing is minted. */
  inft: addressSchema.optional(),
  /**
   * What was consumed at the provider apart from the batch, but for a constant, in neuron; may be negative. What it is
   * more later is what lost answers cost.
   */
  elsewhere: z
    .string()
    .regex(/^-?\d+$/)
    .optional(),
});
export type Assignment = z.infer<typeof assignmentSchema>;

/** Why an item is where it is. */
export interface ItemFailure {
  readonly code: string;
  readonly message: string;
}

/** An item and what became of it, as it is kept. Texts, so that every store keeps them alike; null is nothing yet. */
export interface ItemRow {
  readonly seq: number;
  readonly id: string;
  readonly state: ItemState;
  /** JSON of the item. */
  readonly item: string;
  /** Who was asked. */
  readonly provider: string | null;
  /** Neuron the answer can cost at most. */
  readonly worst: string | null;
  /** JSON of the paid answer, until the receipt holds it. */
  readonly answer: string | null;
  /** JSON of the receipt. */
  readonly receipt: string | null;
  /** Where the receipt is kept as a file. */
  readonly receiptFile: string | null;
  readonly content: string | null;
  /** Neuron the answer cost. */
  readonly fee: string | null;
  /** JSON of what the mint reveals. */
  readonly sealed: string | null;
  readonly tokenId: string | null;
  readonly transactionHash: string | null;
  /** JSON of an {@link ItemFailure}. */
  readonly failure: string | null;
}

/** What an advance may change. */
export type ItemChanges = Partial<Omit<ItemRow, "seq" | "id" | "state" | "item">>;
export const CHANGEABLE = [
  "provider",
  "worst",
  "answer",
  "receipt",
  "receiptFile",
  "content",
  "fee",
  "sealed",
  "tokenId",
  "transactionHash",
  "failure",
] as const satisfies readonly (keyof ItemChanges)[];

/** One who may mint, among all who work a batch: they would take each other's nonces. */
export interface MinterLease {
  /** Asserts that nobody else may have become the minter. @throws {BatchBusyError} */
  assertHeld(): void;
  release(): Promise<void>;
}

/** A batch: its items, what became of each, and who works which. */
export interface BatchQueue {
  /** For people: a file, or an address without its secret. */
  readonly where: string;
  /** Whether others may work it at the same time. */
  readonly isShared: boolean;
  /**
   * Begins the batch, or continues it.
   * @throws {BatchMismatchError} when it was begun with something else. {@link BatchBusyError}
   */
  begin(plan: BatchPlan, items: readonly BatchItem[]): Promise<"begun" | "continued">;
  /** Undefined when there is no batch. */
  plan(): Promise<BatchPlan | undefined>;
  assign(assignment: Assignment): Promise<void>;
  assignment(): Promise<Assignment | undefined>;
  /** Hands out an item that waits, or one that is answered and not proved; undefined while there is none. */
  take(): Promise<ItemRow | undefined>;
  /** Gives back an item that was taken and is not advanced: to be taken again after so many milliseconds. */
  putBack(seq: number, afterMs: number): Promise<void>;
  /**
   * Moves an item to a state, from one it may come from, and writes changes down. Durable when it returns.
   * @returns false when the item was in no such state: somebody else was faster, and nothing changed.
   */
  advance(seq: number, to: ItemState, changes?: ItemChanges): Promise<boolean>;
  /** Which items are in a state, in the order of the file. */
  list(state: ItemState, limit: number): Promise<readonly number[]>;
  get(seq: number): Promise<ItemRow | undefined>;
  counts(): Promise<Counts>;
  /** All items in their order, without answers, receipts and what is sealed. */
  each(): AsyncIterable<ItemRow>;
  /** Lets items of these states wait again. Answers how many. */
  retry(states: readonly ItemState[]): Promise<number>;
  /** Whose answers are not asked for any more, and why. */
  quarantine(provider: Address, reason: string): Promise<void>;
  quarantined(): Promise<ReadonlyMap<Address, string>>;
  /** Undefined while somebody else mints. */
  minter(): Promise<MinterLease | undefined>;
  /** Comes back when something may have changed, after so many milliseconds at the latest. */
  changed(ms: number): Promise<void>;
  close(): Promise<void>;
}

const itemSchema = z.object({
  id: z.string(),
  messages: z.array(
    z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]) }),
  ),
  maxTokens: z.int(),
  temperature: z.number().optional(),
});

/** A row as a store gave it back. @throws {z.ZodError} when it is none. */
export const rowSchema: z.ZodType<ItemRow> = z.object({
  seq: z.coerce.number().int(),
  id: z.string(),
  state: z.enum(ITEM_STATES),
  item: z.string(),
  ...(Object.fromEntries(CHANGEABLE.map((name) => [name, z.string().nullable()])) as Record<
    (typeof CHANGEABLE)[number],
    z.ZodNullable<z.ZodString>
  >),
});

const failureSchema = z.object({ code: z.string(), message: z.string() });
const sealedSchema = z.object({
  datas: z.array(z.object({ dataDescription: z.string(), dataHash: hashSchema })).min(1),
  sealedKeys: z.array(z.custom<Hex>(isHex, "not hexadecimal")),
  salt: hashSchema,
});

export function itemOf({ seq, item }: Pick<ItemRow, "seq" | "item">): BatchItem {
  const { temperature, ...rest } = itemSchema.parse(JSON.parse(item));
  return { seq, ...rest, ...(temperature === undefined ? {} : { temperature }) };
}

export function answerOf({ answer }: Pick<ItemRow, "answer">): UnprovedAnswer | undefined {
  return answer === null ? undefined : unprovedSchema.parse(JSON.parse(answer));
}

export function receiptOf({ receipt }: Pick<ItemRow, "receipt">): Receipt | undefined {
  return receipt === null ? undefined : receiptSchema.parse(JSON.parse(receipt));
}

export function sealedOf({ sealed }: Pick<ItemRow, "sealed">): SealedMintData | undefined {
  return sealed === null ? undefined : sealedSchema.parse(JSON.parse(sealed));
}

export function failureOf({ failure }: Pick<ItemRow, "failure">): ItemFailure | undefined {
  return failure === null ? undefined : failureSchema.parse(JSON.parse(failure));
}
