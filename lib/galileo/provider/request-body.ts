/** The body as it goes on to the model: untouched where possible, else rewritten as a broker's Go code writes it. */

import { canonicalJson } from "../../protocol/canonical-json.ts";
import { billedImages } from "../../protocol/images.ts";
import { fieldOf, readForm, writeForm, type FormFile, type FormPart } from "../../protocol/multipart.ts";
import { isImageKind, type BilledKind } from "./paths.ts";
import { Refusal } from "./refusal.ts";

type Members = Readonly<Record<string, unknown>>;

export interface ForwardedBody {
  /** What the model gets. */
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** What the first half of the signed text hashes: of images the client's own bytes, else what the model gets. */
  readonly signed: Uint8Array;
  /** Its members, or the fields of a form. */
  readonly request: Members;
  readonly files: readonly FormFile[];
  readonly streamed: boolean;
  /** Images that will be charged for. */
  readonly images: number;
  /** The client wants addresses instead of images. */
  readonly wantsUrls: boolean;
}

interface Parsed {
  readonly request: Members;
  readonly form?: readonly FormPart[];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Before these words a broker puts what it was doing. */
function prefix(kind: BilledKind): string {
  if (kind === "image") return "get text-to-image steps: ";
  return kind === "edit" ? "get image-editing parameters: " : "prepare HTTP request: ";
}

function refuse(kind: BilledKind, text: string): Refusal {
  return new Refusal(400, prefix(kind) + text);
}

function parse(kind: BilledKind, body: Uint8Array, contentType: string): Parsed {
  if (contentType.toLowerCase().startsWith("multipart/")) {
    const form = readForm(body);
    if (form === undefined) throw refuse(kind, "request body is not a form");
    const names = new Set(form.map(({ name }) => name));
    return { form, request: Object.fromEntries([...names].map((name) => [name, fieldOf(form, name)])) };
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw refuse(kind, "request body is not valid JSON");
  }
  if (!isObject(parsed)) throw refuse(kind, "request body is not a JSON object");
  return { request: parsed };
}

/** What a broker changes: the model it fills in, the usage it asks a stream for, images as images. */
function changesOf(kind: BilledKind, request: Members, model: string): Members {
  const changes: Record<string, unknown> = {};
  if (kind === "chat" && request["stream"] === true) {
    const options = isObject(request["stream_options"]) ? request["stream_options"] : {};
    if (!Object.hasOwn(options, "include_usage")) changes["stream_options"] = { ...options, include_usage: true };
  }
  const wanted = request["model"];
  if (wanted === undefined || wanted === "") {
    if (kind === "chat" || kind === "messages" || kind === "embedding") changes["model"] = model;
  } else if (wanted !== model) {
    const names = `requested ${JSON.stringify(wanted)}, accepted: [${JSON.stringify(model)}]`;
    throw new Refusal(400, `prepare HTTP request: enforce configured model: model not supported: ${names}`);
  }
  if (isImageKind(kind) && request["response_format"] !== "b64_json") changes["response_format"] = "b64_json";
  return changes;
}

function boundaryOf(contentType: string): string {
  const [, boundary = "galileo"] = /boundary="?([^";]+)/i.exec(contentType) ?? [];
  return boundary;
}

/** A form with other fields; those it did not have stand first. */
function rewrittenForm(form: readonly FormPart[], changes: Members, contentType: string) {
  const changed = Object.entries(changes).map(([name, value]) => ({ name, value: String(value) }));
  const kept = form.filter(({ name }) => !Object.hasOwn(changes, name));
  return writeForm([...changed, ...kept], boundaryOf(contentType));
}

/**
 * Prepares a request for a service of one model: a missing model is filled in, another one is refused, a stream of a chat
 * is made to report its usage unless the request says otherwise, and images are always asked for as images. Any of these
 * rewrites the whole body.
 * @throws {Refusal} 400
 */
export function forwardedBody(kind: BilledKind, body: Uint8Array, contentType: string, model: string): ForwardedBody {
  const parsed = parse(kind, body, contentType);
  const changes = changesOf(kind, parsed.request, model);
  const request = { ...parsed.request, ...changes };
  const common = {
    request,
    files: (parsed.form ?? []).filter((part) => "bytes" in part),
    streamed: !isImageKind(kind) && (request["stream"] === true || request["stream"] === "true"),
    images: isImageKind(kind) ? billedImages(parsed.request["n"]) : 0,
    wantsUrls: parsed.request["response_format"] === "url",
  };
  if (Object.keys(changes).length === 0) return { ...common, bytes: body, contentType, signed: body };
  const rewritten =
    parsed.form === undefined
      ? { body: Buffer.from(canonicalJson(request)), contentType }
      : rewrittenForm(parsed.form, changes, contentType);
  return {
    ...common,
    bytes: rewritten.body,
    contentType: rewritten.contentType,
    signed: isImageKind(kind) ? body : rewritten.body,
  };
}
