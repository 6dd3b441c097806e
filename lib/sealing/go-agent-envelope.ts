/**
 * The metadata envelope of 0G's Go inference agent (`agent-inference`, internal/zerog/inft): JSON with the fields below,
 * under one static key of the agent, AES-256-GCM without associated data, the tag behind the ciphertext.
 *
 *     {"ciphertext": base64(ciphertext ‖ tag 16), "nonce": base64(12), "key_id": "…", "algorithm": "AES-256-GCM"}
 *
 * It binds nothing to a token, so it is read and written for that agent only; ours is in index.ts.
 */

import { gcm } from "@noble/ciphers/aes.js";
import { z } from "zod";

import { GoAgentEnvelopeMalformedError, GoAgentEnvelopeNotOpenedError, GoAgentKeyIdError } from "./errors.ts";
import type { RandomBytes } from "./index.ts";

export const GO_AGENT_ALGORITHM = "AES-256-GCM";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The agent's `ZG_ENCRYPTION_KEY` (32 bytes) and `ZG_ENCRYPTION_KEY_ID`. */
export interface GoAgentKey {
  readonly key: Uint8Array;
  readonly id: string;
}

const bytesSchema = z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64")));

/** As Go reads it: fields it does not know are passed over. */
const envelopeSchema = z.object({
  ciphertext: bytesSchema.refine((bytes) => bytes.length >= TAG_BYTES, "shorter than its tag"),
  nonce: bytesSchema.refine((bytes) => bytes.length === NONCE_BYTES, `not ${NONCE_BYTES} bytes`),
  key_id: z.string(),
  algorithm: z.literal(GO_AGENT_ALGORITHM),
});

/** Encrypts bytes as the agent does. The nonce is random, for one key that stays: fewer than 2^32 envelopes each. */
export function encryptForGoAgent(
  plaintext: Uint8Array,
  { key, id }: GoAgentKey,
  randomBytes: RandomBytes,
): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return new TextEncoder().encode(
    JSON.stringify({
      ciphertext: base64(gcm(key, nonce).encrypt(plaintext)),
      nonce: base64(nonce),
      key_id: id,
      algorithm: GO_AGENT_ALGORITHM,
    }),
  );
}

function parse(envelope: Uint8Array): z.infer<typeof envelopeSchema> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(envelope));
  } catch (error) {
    throw new GoAgentEnvelopeMalformedError("it is not JSON", error);
  }
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) throw new GoAgentEnvelopeMalformedError(z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

/** Whether bytes are such an envelope, so that a reader need not be told. */
export function isGoAgentEnvelope(bytes: Uint8Array): boolean {
  try {
    parse(bytes);
    return true;
  } catch (error) {
    if (error instanceof GoAgentEnvelopeMalformedError) return false;
    throw error;
  }
}

/**
 * Opens an envelope of the agent.
 * @throws {GoAgentEnvelopeMalformedError} when it is none.
 * @throws {GoAgentKeyIdError} when it names another key.
 * @throws {GoAgentEnvelopeNotOpenedError} when the key is not the one it was made with, or it was altered.
 */
export function decryptFromGoAgent(envelope: Uint8Array, { key, id }: GoAgentKey): Uint8Array {
  const { ciphertext, nonce, key_id: keyId } = parse(envelope);
  if (keyId !== id) throw new GoAgentKeyIdError({ envelope: keyId, given: id });
  try {
    return gcm(key, nonce).decrypt(ciphertext);
  } catch (error) {
    throw new GoAgentEnvelopeNotOpenedError({ keyId }, error);
  }
}
