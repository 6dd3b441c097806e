/** A client's request: read once, checked, and fitted to the provider that will serve it. */

import { randomBytes } from "node:crypto";

import { serviceFeeAtMost } from "../compute/ask.ts";
import type { Service } from "../compute/providers.ts";
import { serviceRequest, type ServiceRequest } from "../compute/service-request.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { members } from "../protocol/members.ts";
import { readForm, writeForm } from "../protocol/multipart.ts";
import type { RequestKind } from "../protocol/services.ts";
import { GatewayRequestError } from "./errors.ts";

/** Members that a request of each kind cannot do without; of forms, the file. */
const NEEDED: Readonly<Record<RequestKind, string>> = {
  chat: "messages",
  image: "prompt",
  embedding: "input",
  edit: "image",
  transcription: "file",
};

/** Kinds whose body is a form. */
export function isForm(kind: RequestKind): boolean {
  return kind === "edit" || kind === "transcription";
}

/** Most choices, images or the like of one request. */
const MOST_CHOICES = 128;

/**
 * Reads a request's body.
 * @throws {GatewayRequestError} naming what is missing or malformed, before anything is asked of a provider.
 */
export function readRequest(kind: RequestKind, body: Uint8Array, contentType: string): ServiceRequest {
  const request = serviceRequest(kind, body, contentType);
  const needed = NEEDED[kind];
  if (isForm(kind)) {
    if (readForm(body) === undefined) throw new GatewayRequestError("its body is not multipart/form-data");
    // OpenAI's clients name several images `image[]`.
    const found = request.facts.files.some(({ name }) => name === needed || name === `${needed}[]`);
    if (!found) throw new GatewayRequestError(`it has no file ${JSON.stringify(needed)}`, needed);
    return request;
  }
  const { json } = request.facts;
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new GatewayRequestError("its body is not a JSON object");
  }
  const given = members(json);
  const value = given[needed];
  const missing = needed === "messages" ? !Array.isArray(value) || value.length === 0 : value === undefined;
  if (missing) throw new GatewayRequestError(`${needed} is missing or empty`, needed);
  const { model } = given;
  if (model !== undefined && typeof model !== "string") throw new GatewayRequestError("model is not a text", "model");
  if (choicesOf(request) > MOST_CHOICES) throw new GatewayRequestError(`n is larger than ${MOST_CHOICES}`, "n");
  return request;
}

/** How many answers to one chat are asked for; each is charged for. */
function choicesOf({ kind, facts }: ServiceRequest): number {
  const { n } = members(facts.json);
  return kind === "chat" && typeof n === "number" && Number.isSafeInteger(n) && n > 1 ? n : 1;
}

/**
 * Fits a request to a provider: its own name of the model, usage reported at the end of a stream, which it would add
 * itself, and the bound on tokens where one must hold. A request that needs none of it stays as it is, byte for byte;
 * any other is written as a provider's broker would write it, so that its hash can be checked.
 * @throws {GatewayRequestError} when it holds what cannot be written again.
 */
export function fitRequest(request: ServiceRequest, service: Service, boundTokens?: number): ServiceRequest {
  const { kind, body, contentType, facts } = request;
  if (isForm(kind)) return facts.model === service.model ? request : renamedForm(request, service.model);
  const given = members(facts.json);
  const changes: Record<string, unknown> = {};
  if (facts.model !== service.model) changes["model"] = service.model;
  if (kind === "chat" && facts.stream) {
    const options = members(given["stream_options"]);
    if (!Object.hasOwn(options, "include_usage")) changes["stream_options"] = { ...options, include_usage: true };
  }
  if (kind === "chat" && facts.maxTokens === undefined && boundTokens !== undefined)
    changes["max_tokens"] = boundTokens;
  if (Object.keys(changes).length === 0 && !rewrites(service)) return request;
  let written: string;
  try {
    written = canonicalJson({ ...given, ...changes });
  } catch (error) {
    throw new GatewayRequestError("it holds a number that JSON cannot carry on", undefined, error);
  }
  const bytes = Buffer.from(written);
  return bytes.equals(body) ? request : serviceRequest(kind, bytes, contentType);
}

/** Whether a provider forwards to another server under a name of its own, for which brokers write the body anew. */
function rewrites({ topology }: Service): boolean {
  return topology === "separated" || topology === "centralized";
}

function renamedForm(request: ServiceRequest, model: string): ServiceRequest {
  const parts = (readForm(request.body) ?? []).filter(({ name }) => name !== "model");
  const { contentType, body } = writeForm(
    [{ name: "model", value: model }, ...parts],
    `0g-${randomBytes(16).toString("hex")}`,
  );
  return serviceRequest(request.kind, body, contentType);
}

/** What a request costs at worst, in neuron, when an answer has at most `tokens` unless the request says otherwise. */
export function worstFee(service: Service, request: ServiceRequest, tokens: number): bigint {
  const facts = { ...request.facts, maxTokens: request.facts.maxTokens ?? tokens };
  return serviceFeeAtMost(service, { ...request, facts }) * BigInt(choicesOf(request));
}
