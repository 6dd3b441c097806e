/** Fetches the TEE's signature over an answer. */

import { z } from "zod";

import type { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { CHAT_ID_PATTERN, signatureIds } from "../protocol/chat.ts";
import { signatureUrl } from "../protocol/endpoints.ts";
import {
  ChatIdMissingError,
  ProviderDownError,
  RateLimitedError,
  SignatureDocumentError,
  SignatureMissingError,
} from "./errors.ts";
import { exchange, pause, textOf, type HttpAnswer, type HttpDeps } from "./provider-http.ts";
import { classify } from "./provider-refusals.ts";
import type { Service } from "./providers.ts";

/** The provider's signature document, as far as it is used. What it says about the signer is never trusted. */
export interface SignatureDocument {
  readonly text: string;
  readonly signature: string;
  /** Claimed, not proved. */
  readonly signingAddress?: string;
}

/** Where a chat id came from; one from the body may need its prefix cut off. */
export interface ChatIdRef {
  readonly id: string;
  readonly source: "header" | "body";
}

const documentSchema = z.object({
  text: z.string().min(1),
  signature: z.string().min(1),
  signing_address: z.string().optional(),
});

const WHAT = "Fetching the signature";
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 200;
const MAX_DOCUMENT_BYTES = 64 * 1024;

/**
 * Fetches the signature of an answer, by its chat id. Some providers store it just after the last byte of the answer,
 * so a miss is asked again, twice. Sends no token: the route is public.
 * @throws {ChatIdMissingError} {@link SignatureMissingError} {@link SignatureDocumentError} {@link ProviderDownError}
 *   {@link RateLimitedError}
 */
export async function fetchSignature(
  deps: HttpDeps,
  service: Pick<Service, "provider" | "url" | "model">,
  chatId: ChatIdRef,
): Promise<SignatureDocument> {
  const { provider } = service;
  const ids = signatureIds(chatId);
  for (const id of ids) if (!CHAT_ID_PATTERN.test(id)) throw new ChatIdMissingError({ provider, chatId: id });
  for (let attempt = 1; ; attempt++) {
    const outcomes: Outcome[] = [];
    for (const id of ids) {
      const outcome = await ask(deps, service, id);
      if (outcome.document !== undefined) return outcome.document;
      outcomes.push(outcome);
    }
    if (attempt === ATTEMPTS || !outcomes.some(({ again }) => again === true)) throw worst(outcomes, provider);
    await pause(deps, FIRST_PAUSE_MS * attempt, WHAT);
  }
}

/** Of several ids, the one the provider named is the one to tell about. */
function worst([first]: readonly Outcome[], provider: Address): ZgError {
  return first?.error ?? new ChatIdMissingError({ provider });
}

interface Outcome {
  readonly document?: SignatureDocument;
  readonly error?: ZgError;
  /** The signature may be there in a moment. */
  readonly again?: boolean;
}

async function ask(
  deps: HttpDeps,
  service: Pick<Service, "provider" | "url" | "model">,
  chatId: string,
): Promise<Outcome> {
  const { provider, model } = service;
  const url = signatureUrl(service.url, chatId, model);
  const answer = await attemptFetch(deps, url);
  if (answer instanceof ProviderDownError) return { error: answer, again: true };
  if (answer.status === 200) return { document: parseDocument(textOf(answer), provider, chatId) };
  const { status } = answer;
  const { kind, message: said } = classify(answer);
  if (status >= 500) return { error: new ProviderDownError({ what: WHAT, url, status, said }), again: true };
  // Neither a verdict on the provider nor for good: the signature may well be there.
  if (status === 429) {
    const retryAfter = answer.headers.get("retry-after");
    const values = { provider, status, said, ...(retryAfter === null ? {} : { retryAfter }) };
    return { error: new RateLimitedError(values), again: true };
  }
  const error = new SignatureMissingError({ provider, chatId, status, said });
  return { error, again: status === 404 || kind === "chat-id-not-found" };
}

/** A transport failure is a value here: it is worth another attempt, like a miss. */
async function attemptFetch(deps: HttpDeps, url: string): Promise<HttpAnswer | ProviderDownError> {
  try {
    return await exchange({ ...deps, maxResponseBytes: MAX_DOCUMENT_BYTES }, { what: WHAT, url, method: "GET" });
  } catch (error) {
    if (error instanceof ProviderDownError) return error;
    throw error;
  }
}

function parseDocument(text: string, provider: Address, chatId: string): SignatureDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SignatureDocumentError({ provider, chatId, why: "it is not JSON" }, error);
  }
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success) {
    throw new SignatureDocumentError({ provider, chatId, why: z.prettifyError(parsed.error) }, parsed.error);
  }
  const { text: signed, signature, signing_address: signingAddress } = parsed.data;
  return { text: signed, signature, ...(signingAddress === undefined ? {} : { signingAddress }) };
}
