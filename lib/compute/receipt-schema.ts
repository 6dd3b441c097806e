/** The form of a receipt: one JSON document with everything needed to check an inference again. */

import { z } from "zod";

import { addressSchema, hashSchema } from "../hex-schema.ts";

export const RECEIPT_KIND = "0g-inference-receipt";
export const RECEIPT_VERSION = 1;

/** Amounts are decimal strings: JSON numbers are floats. */
const neuron = z.string().regex(/^(?:0|[1-9]\d{0,77})$/);
const count = z.int().min(0);
const base64 = z.base64();

export const receiptSchema = z.strictObject({
  kind: z.literal(RECEIPT_KIND),
  version: z.literal(RECEIPT_VERSION),
  /** What whoever made the receipt claims. Checking a receipt never believes it. */
  mode: z.enum(["live", "fork", "local", "replay"]),
  network: z.string().min(1),
  chainId: count,
  /** Hash of block 0: tells the embedded and the public Galileo apart. */
  genesisHash: hashSchema,
  user: addressSchema,
  /** The service as the chain listed it when it was asked. Prices in neuron per token. */
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
  chatId: z.strictObject({ id: z.string(), source: z.enum(["header", "body"]) }).optional(),
  /** The answer as text, read from the response. */
  content: z.string(),
  /** The provider's signature document: what was signed, and the signature. */
  signature: z.strictObject({ text: z.string(), signature: z.string() }),
  usage: z
    .strictObject({
      promptTokens: count,
      completionTokens: count,
      cachedTokens: count.optional(),
      cacheWriteTokens: count.optional(),
      cacheWriteOneHourTokens: count.optional(),
    })
    .optional(),
  /** What the provider bills for it, in neuron. */
  fee: z.strictObject({ inputFee: neuron, outputFee: neuron, fee: neuron }),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** What was found when it was made; found again, not believed, when it is checked. */
  checks: z.array(z.strictObject({ name: z.string(), passed: z.boolean(), detail: z.string() })),
});

/** A receipt as parsed. Serialises as it is with `JSON.stringify`. */
export type Receipt = z.infer<typeof receiptSchema>;

/** The receipt's form as JSON Schema 2020-12, for whoever checks one in another language. Kept in docs/. */
export function receiptJsonSchema(): Record<string, unknown> {
  // What is written, not what parsing makes of it: the checksummed form of an address is no schema's to compute.
  const { $schema, ...schema } = z.toJSONSchema(receiptSchema, { target: "draft-2020-12", io: "input" });
  return {
    $schema,
    title: "0G inference receipt",
    description: `What a document of kind ${RECEIPT_KIND} and version ${RECEIPT_VERSION} holds; docs/receipt.md explains it.`,
    ...schema,
  };
}
