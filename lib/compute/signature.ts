/** Fetches the TEE's signature over an answer. */

import { z } from "zod";

import type { Address } from "../hex.ts";
import { CHAT_ID_PATTERN, signatureIds } from "../protocol/chat.ts";
import { signatureUrl } from "../protocol/endpoints.ts";
import { ChatIdMissingError, ProviderDownError, SignatureDocumentError, SignatureMissingError } from "./errors.ts";
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

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 200;
const MAX_DOCUMENT_BYTES = 64 * 1024;

/**
 * Fetches the signature of an answer, by its chat id. Some providers store it just after the last byte of the answer,
 * so a miss is asked again, twice. Sends no token: the route is public.
 * @throws {ChatIdMissingError} {@link SignatureMissingError} {@link SignatureDocumentError} {@link ProviderDownError}
 */
export async function fetchSignature(
  deps: HttpDeps,
  service: Pick<Service, "provider" | "url" | "model">,
  chatId: ChatIdRef,
): Promise<SignatureDocument> {
  const { provider } = service;
  let missing: SignatureMissingError | undefined;
  for (const id of signatureIds(chatId)) {
    if (!CHAT_ID_PATTERN.test(id)) throw new ChatIdMissingError({ provider, chatId: id });
    const found = await fetchById(deps, service, id);
    if (!(found instanceof SignatureMissingError)) return found;
    missing ??= found;
  }
  throw missing ?? new ChatIdMissingError({ provider });
}

async function fetchById(
  deps: HttpDeps,
  service: Pick<Service, "provider" | "url" | "model">,
  chatId: string,
): Promise<SignatureDocument | SignatureMissingError> {
  const { provider, model } = service;
  const url = signatureUrl(service.url, chatId, model);
  const what = "Fetching the signature";
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptFetch(deps, what, url);
    if (!(outcome instanceof ProviderDownError) && outcome.status === 200) {
      return parseDocument(textOf(outcome), provider, chatId);
    }
    if (attempt < ATTEMPTS && worthAnother(outcome)) {
      await pause(deps, FIRST_PAUSE_MS * attempt, what);
      continue;
    }
    if (outcome instanceof ProviderDownError) throw outcome;
    const { status } = outcome;
    const { message: said } = classify(outcome);
    if (status >= 500) throw new ProviderDownError({ what, url, status, said });
    return new SignatureMissingError({ provider, chatId, status, said });
  }
}

/** A transport failure is a value here: it is worth another attempt, like a miss. */
async function attemptFetch(deps: HttpDeps, what: string, url: string): Promise<HttpAnswer | ProviderDownError> {
  try {
    return await exchange({ ...deps, maxResponseBytes: MAX_DOCUMENT_BYTES }, { what, url, method: "GET" });
  } catch (error) {
    if (error instanceof ProviderDownError) return error;
    throw error;
  }
}

function worthAnother(outcome: HttpAnswer | ProviderDownError): boolean {
  if (outcome instanceof ProviderDownError) return true;
  return outcome.status === 404 || outcome.status >= 500 || classify(outcome).kind === "chat-id-not-found";
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
