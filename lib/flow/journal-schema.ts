/** The form of a journal's lines. What a file holds is nobody's word until it fits. */

import { z } from "zod";

import { receiptSchema } from "../compute/receipt-schema.ts";
import { CLAIM_MODES } from "../inft/claim.ts";
import { addressSchema, hashSchema } from "../hex-schema.ts";
import { isHex, type Hex } from "../hex.ts";
import { JOURNAL_VERSIONS, type Fact } from "./journal.ts";

const count = z.int().min(0);
const neuron = z.string().regex(/^\d{1,78}$/, "not an amount in neuron");
const base64 = z.base64();
const bytes = z.custom<Hex>(isHex, "not hexadecimal");
const part = z.record(z.string(), z.unknown());

const question = z.object({
  // Whatever else a message of the user's file says is part of the question.
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(part)]) })),
  maxTokens: count,
  temperature: z.number().optional(),
  provider: z.string().optional(),
});

/** Version 1 wrote down, too, what had been read in it; that is read again now. */
const storedAnswer = z.object({
  provider: addressSchema,
  user: addressSchema,
  requestBytes: base64,
  responseBytes: base64,
  status: count,
  chatId: z.object({ id: z.string(), source: z.enum(["header", "body"]) }).optional(),
  startedAt: z.number(),
  finishedAt: z.number(),
});

const terms = z.object({
  provider: addressSchema,
  model: z.string(),
  inputPrice: neuron,
  outputPrice: neuron,
  pricing: z.string().optional(),
  signer: addressSchema.optional(),
});
const billed = z.union([
  z.object({ block: count, unsettled: neuron }),
  z.object({ block: count, unknown: z.string() }),
]);
const storedWhat = z.enum(["data", "log", "final log"]);

/** What was sealed for a mint: kept between commitment and mint. */
export const sealedMintSchema = z.object({
  datas: z.array(z.object({ dataDescription: z.string(), dataHash: hashSchema })),
  sealedKeys: z.array(bytes),
  salt: hashSchema,
});

/** One line of a journal. Fields that no release wrote yet are passed over. */
export const factSchema: z.ZodType<Fact> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("started"),
    version: z.literal(JOURNAL_VERSIONS),
    id: z.string(),
    network: z.string(),
    genesisHash: hashSchema,
    owner: addressSchema,
    question,
    claim: z.enum(CLAIM_MODES).optional(),
    storage: z.literal(false).optional(),
    maxPrice: z.string().optional(),
  }),
  z.object({ type: z.literal("provider"), provider: addressSchema, terms: terms.optional() }),
  z.object({ type: z.literal("reserved"), reservation: z.string() }),
  z.object({ type: z.literal("signed"), step: z.string(), what: z.string(), hash: hashSchema, nonce: count }),
  z.object({
    type: z.literal("asked"),
    provider: addressSchema,
    request: base64,
    time: z.iso.datetime().optional(),
    worst: neuron.optional(),
    billed: billed.optional(),
    reservation: z.string().optional(),
  }),
  z.object({ type: z.literal("refused"), provider: addressSchema }),
  z.object({ type: z.literal("received"), result: storedAnswer }),
  z.object({ type: z.literal("answered"), receipt: receiptSchema }),
  z.object({ type: z.literal("verified") }),
  z.object({
    type: z.literal("quarantined"),
    provider: addressSchema,
    failed: z.string(),
    reason: z.string(),
    fee: neuron,
    time: z.iso.datetime(),
    receipt: receiptSchema.optional(),
  }),
  z.object({ type: z.literal("sealed"), inft: addressSchema, data: sealedMintSchema }),
  z.object({ type: z.literal("storing"), what: storedWhat, root: hashSchema, size: count }),
  z.object({
    type: z.literal("stored"),
    what: storedWhat,
    root: hashSchema,
    size: count,
    txSeq: count,
    hash: hashSchema.optional(),
  }),
  z.object({ type: z.literal("minted"), tokenId: neuron, hash: hashSchema.optional() }),
  z.object({ type: z.literal("reported"), time: z.iso.datetime(), tokenId: neuron, transaction: hashSchema }),
  z.object({ type: z.literal("abandoned"), time: z.iso.datetime() }),
]);
