/**
 * Requests to providers, one function a kind: the exact bytes that are sent, hashed and signed, and what of them decides
 * the price and the form of the answer.
 */

import type { Address } from "../hex.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { boundUser, type ChatMessage, type ChatRequest } from "../protocol/chat.ts";
import type { EmbeddingFormat } from "../protocol/embeddings.ts";
import { billedImages } from "../protocol/images.ts";
import { count, definedText, members, parsedJson } from "../protocol/members.ts";
import { fieldOf, readForm, writeForm, type FormFile, type FormPart } from "../protocol/multipart.ts";
import { REQUEST_KINDS, type RequestKind } from "../protocol/services.ts";
import type { TranscriptionFormat } from "../protocol/transcription.ts";

const NONCE_BYTES = 16;
const JSON_TYPE = "application/json";

/** What a request's body says that matters to whoever pays for it and reads its answer. */
export interface RequestFacts {
  /** Absent: the provider fills its own in, and with that may rewrite the request. */
  readonly model?: string;
  readonly stream: boolean;
  /** How many images are charged for; 0 where none are asked for. */
  readonly images: number;
  /** `response_format`, as asked. */
  readonly format?: string;
  /** Most tokens that the answer of a chat may have. */
  readonly maxTokens?: number;
  /** The body, parsed; absent of forms and of what is no JSON. */
  readonly json?: unknown;
  /** Its files. */
  readonly files: readonly FormFile[];
}

/** One request, ready to be sent below a service's `/v1/proxy`. */
export interface ServiceRequest {
  readonly kind: RequestKind;
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly facts: RequestFacts;
}

function describe(kind: RequestKind, body: Uint8Array): RequestFacts {
  const form = body[0] === 0x2d ? readForm(body) : undefined; // no JSON text begins with two dashes
  const json = form === undefined ? parsedJson(Buffer.from(body).toString("utf8")) : undefined;
  const stated = (name: string): unknown => (form === undefined ? members(json)[name] : fieldOf(form, name));
  const model = definedText(stated("model"));
  const format = definedText(stated("response_format"));
  const maxTokens = count(stated("max_completion_tokens")) ?? count(stated("max_tokens"));
  return {
    ...(model === undefined ? {} : { model }),
    stream: stated("stream") === true || stated("stream") === "true",
    images: kind === "image" || kind === "edit" ? billedImages(stated("n")) : 0,
    ...(format === undefined ? {} : { format }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(json === undefined ? {} : { json }),
    files: (form ?? []).filter((part) => "bytes" in part),
  };
}

/**
 * Describes a request whose bytes are given: a client's own, or those of a receipt. Pure.
 * @example serviceRequest("chat", new TextEncoder().encode('{"model":"m","messages":[]}'))
 */
export function serviceRequest(kind: RequestKind, body: Uint8Array, contentType = JSON_TYPE): ServiceRequest {
  return { kind, path: REQUEST_KINDS[kind].path, contentType, body, facts: describe(kind, body) };
}

/** Bytes that are random, e.g. `randomBytes` of node:crypto; whoever cannot guess them cannot guess the request. */
export type RandomSource = (size: number) => Uint8Array;

interface Common {
  readonly model: string;
  /** Must be cryptographically secure. */
  readonly random: RandomSource;
}

function nonce(random: RandomSource): string {
  return Buffer.from(random(NONCE_BYTES)).toString("hex");
}

function jsonRequest(kind: RequestKind, body: object): ServiceRequest {
  return serviceRequest(kind, new TextEncoder().encode(canonicalJson(body)));
}

function formRequest(kind: RequestKind, parts: readonly FormPart[], random: RandomSource): ServiceRequest {
  const { contentType, body } = writeForm(parts, `0g-${nonce(random)}`);
  return serviceRequest(kind, body, contentType);
}

function fields(values: Readonly<Record<string, string | number | undefined>>): FormPart[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value: String(value) }],
  );
}

export interface ChatRequestParams extends Common {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stream?: boolean;
  /** The account that alone may mint the answer; the request then names it, and is as guessable as its messages. */
  readonly boundTo?: Address;
}

/**
 * Builds a chat request's bytes: canonical JSON, which a provider that rewrites requests leaves as it is, with 128 random
 * bits in `user`, so that nobody can guess the request from its hash. A request that is bound names its account there.
 */
export function buildChatRequest(params: ChatRequestParams): Uint8Array {
  const { model, messages, maxTokens, temperature, stream = false, boundTo, random } = params;
  const request: ChatRequest = {
    model,
    messages,
    user: userOf(boundTo, random),
    // A provider adds this to a stream that lacks it, and with that changes the bytes that are signed.
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
  };
  return new TextEncoder().encode(canonicalJson(request));
}

function userOf(boundTo: Address | undefined, random: RandomSource): string {
  return boundTo === undefined ? nonce(random) : boundUser(boundTo);
}

export interface ImageRequestParams extends Common {
  readonly prompt: string;
  /** Each is charged for. Default: 1, left to the provider. */
  readonly n?: number;
  /** `1024x1024`; default: the provider's. */
  readonly size?: string;
  /** Whether the answer holds the images (default) or says where the provider keeps them for a while. */
  readonly format?: "b64_json" | "url";
  /** The account that alone may mint the answer. */
  readonly boundTo?: Address;
}

/** Builds a request for images: canonical JSON, with 128 random bits in `user` unless it is bound. */
export function imageRequest(params: ImageRequestParams): ServiceRequest {
  const { model, prompt, n, size, format = "b64_json", boundTo, random } = params;
  return jsonRequest("image", { model, prompt, n, size, response_format: format, user: userOf(boundTo, random) });
}

/** A file to send. */
export interface Upload {
  /** Without folders. */
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface EditRequestParams extends Common {
  readonly prompt: string;
  readonly image: Upload;
  /** Where it may be changed, for models that take one. */
  readonly mask?: Upload;
  readonly n?: number;
  readonly size?: string;
  readonly format?: "b64_json" | "url";
}

/** Builds a request to edit an image: a form, whose boundary holds 128 random bits. */
export function editRequest(params: EditRequestParams): ServiceRequest {
  const { model, prompt, image, mask, n, size, format = "b64_json", random } = params;
  const files = [{ name: "image", ...image }, ...(mask === undefined ? [] : [{ name: "mask", ...mask }])];
  return formRequest("edit", [...fields({ model, prompt, n, size, response_format: format }), ...files], random);
}

export interface TranscriptionRequestParams extends Common {
  readonly audio: Upload;
  /** Default: `json`. */
  readonly format?: TranscriptionFormat;
  /** ISO 639-1, such as `en`. */
  readonly language?: string;
  /** What was said before, or how names are spelled. */
  readonly prompt?: string;
  readonly stream?: boolean;
}

/** Builds a request to transcribe audio: a form, whose boundary holds 128 random bits. */
export function transcriptionRequest(params: TranscriptionRequestParams): ServiceRequest {
  const { model, audio, format = "json", language, prompt, stream = false, random } = params;
  const given = { model, response_format: format, language, prompt, stream: stream ? "true" : undefined };
  return formRequest("transcription", [...fields(given), { name: "file", ...audio }], random);
}

export interface EmbeddingRequestParams extends Common {
  readonly input: string | readonly string[];
  /** Length of the vectors, for models that can shorten them. */
  readonly dimensions?: number;
  /** Default: `float`. */
  readonly format?: EmbeddingFormat;
}

/** Builds a request for embeddings: canonical JSON, with 128 random bits in `user`. */
export function embeddingRequest(params: EmbeddingRequestParams): ServiceRequest {
  const { model, input, dimensions, format = "float", random } = params;
  return jsonRequest("embedding", { model, input, dimensions, encoding_format: format, user: nonce(random) });
}
