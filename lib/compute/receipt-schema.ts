/** The form of a receipt: one JSON document with everything needed to check an inference again. */

import { z } from "zod";

import { addressSchema, hashSchema } from "../hex-schema.ts";

export const RECEIPT_KIND = "0g-inference-receipt";
/** Of a chat. */
export const CHAT_RECEIPT_VERSION = 1;
/** Of every other kind of service. */
export const SERVICE_RECEIPT_VERSION = 2;
/** Of a chat in a run that keeps an audit log. */
export const RUN_RECEIPT_VERSION = 3;
export const RECEIPT_VERSIONS = [CHAT_RECEIPT_VERSION, SERVICE_RECEIPT_VERSION, RUN_RECEIPT_VERSION] as const;

/** Amounts are decimal strings: JSON numbers are floats. */
const neuron = z.string().regex(/^(?:0|[1-9]\d{0,77})$/);
const count = z.int().min(0);
const base64 = z.base64();

const tokens = {
  promptTokens: count,
  completionTokens: count,
  cachedTokens: count.optional(),
  cacheWriteTokens: count.optional(),
  cacheWriteOneHourTokens: count.optional(),
};

/** Token counts of a chat. */
export const usageSchema = z.strictObject(tokens);

/** What an answer is charged by. */
export const measureSchema = z.discriminatedUnion("unit", [
  z.strictObject({ unit: z.literal("tokens"), ...tokens }),
  z.strictObject({ unit: z.literal("words"), words: count }),
  z.strictObject({ unit: z.literal("images"), images: count }),
  z.strictObject({ unit: z.literal("seconds"), seconds: z.number().min(0) }),
]);

export const chatIdSchema = z.strictObject({ id: z.string(), source: z.enum(["header", "body"]) });

const common = {
  kind: z.literal(RECEIPT_KIND),
  /** What whoever made the receipt claims. Checking a receipt never believes it. */
  mode: z.enum(["live", "fork", "local", "replay"]),
  network: z.string().min(1),
  chainId: count,
  /** Hash of block 0: tells the embedded and the public Galileo apart. */
  genesisHash: hashSchema,
  user: addressSchema,
  /** The service as the chain listed it when it was asked. Prices in neuron, of what its type is charged by. */
  service: z.strictObject({
    provider: addressSchema,
    serviceType: z.string(),
    url: z.string(),
    model: z.string(),
    inputPrice: neuron,
    outputPrice: neuron,
    updatedAt: neuron,
    verifiability: z.string(),
    additionalInfo: z.string(),
    teeSignerAddress: addressSchema,
    endorsed: z.boolean(),
  }),
  /** The exact bytes sent and received, base64. The session token is in a header and never here. */
  request: base64,
  response: base64,
  chatId: chatIdSchema.optional(),
  /** The answer as text, read from the response; empty where it has none. */
  content: z.string(),
  /** The provider's signature document: what was signed, and the signature. */
  signature: z.strictObject({ text: z.string(), signature: z.string() }),
  /** What the provider bills for it, in neuron. */
  fee: z.strictObject({ inputFee: neuron, outputFee: neuron, fee: neuron }),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** What was found when it was made; found again, not believed, when it is checked. */
  checks: z.array(z.strictObject({ name: z.string(), passed: z.boolean(), detail: z.string() })),
};

/** The forms, by their version. */
export const RECEIPT_FORMS = {
  chat: z.strictObject({ version: z.literal(CHAT_RECEIPT_VERSION), ...common, usage: usageSchema.optional() }),
  service: z.strictObject({
    version: z.literal(SERVICE_RECEIPT_VERSION),
    ...common,
    measure: measureSchema,
    /** Images that the response only names, as the provider served them, base64. */
    images: z.array(base64).optional(),
  }),
  run: z.strictObject({
    version: z.literal(RUN_RECEIPT_VERSION),
    ...common,
    usage: usageSchema.optional(),
    /** Storage root of the run's audit log, as it was when the answer had come. */
    auditLog: hashSchema,
  }),
} as const;

export const receiptSchema = z.discriminatedUnion("version", [
  RECEIPT_FORMS.chat,
  RECEIPT_FORMS.service,
  RECEIPT_FORMS.run,
]);

export const UNPROVED_KIND = "0g-unproved-answer";

const unproved = { signature: true, checks: true, kind: true } as const;
const unprovedKind = { kind: z.literal(UNPROVED_KIND) };

/** An answer that was paid for and whose signature is still to be fetched: a receipt without its proof. */
export const unprovedSchema = z.discriminatedUnion("version", [
  RECEIPT_FORMS.chat.omit(unproved).extend(unprovedKind),
  RECEIPT_FORMS.service.omit(unproved).extend(unprovedKind),
]);

export type UnprovedAnswer = z.infer<typeof unprovedSchema>;

/** A receipt as parsed. Serialises as it is with `JSON.stringify`. */
export type Receipt = z.infer<typeof receiptSchema>;

/** The receipt's form as JSON Schema 2020-12, for whoever checks one in another language. Kept in docs/. */
export function receiptJsonSchema(): Record<string, unknown> {
  // What is written, not what parsing makes of it: the checksummed form of an address is no schema's to compute.
  const { $schema, ...schema } = z.toJSONSchema(receiptSchema, { target: "draft-2020-12", io: "input" });
  return {
    $schema,
    title: "0G inference receipt",
    description: `What a document of kind ${RECEIPT_KIND} and version ${RECEIPT_VERSIONS.join(", ")} holds; docs/receipt.md explains it.`,
    ...schema,
  };
}
