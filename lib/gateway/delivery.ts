/** An answer on its way to the client: whole or piece by piece, counted, hashed, and checked now or later. */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

import { requestUrl, serviceFee } from "../compute/ask.ts";
import { ChatIdMissingError, ProviderTimeoutError, ResponseCutError } from "../compute/errors.ts";
import { answerReader, readAnswer, type ReadAnswer } from "../compute/service-answer.ts";
import { assertVerified, hashesOf } from "../compute/verify.ts";
import { ZgError } from "../errors.ts";
import { chatIdFrom, type ChatId } from "../protocol/chat.ts";
import { CHAT_ID_HEADER } from "../protocol/constants.ts";
import { REQUEST_KINDS } from "../protocol/services.ts";
import { sha256Hex } from "../protocol/signed-text.ts";
import { JSON_TYPE, mediaType } from "../server-guards.ts";
import type { Sent } from "./attempt.ts";
import { errorEvent } from "./error-shape.ts";
import type { Failure } from "./failure.ts";
import type { Call, GatewayParts, Sink } from "./parts.ts";
import type { Proof } from "./proofs.ts";
import { ClientLeftError, headersFor, readWhole } from "./upstream.ts";

export const PROVIDER_HEADER = "zg-provider";
/** What is known of an answer's proof when it is released: `verified`, `pending`, or `unverifiable`. */
export const VERIFICATION_HEADER = "zg-verification";
const EVENT_STREAM = "text/event-stream";
const NO_CHAT_ID = "the answer names no usable chat id";

/** Gives a successful answer to the client. Throws only while the client has nothing of it. */
export async function deliver(
  parts: GatewayParts,
  call: Call,
  sent: Sent,
  response: IncomingMessage,
): Promise<Failure | undefined> {
  const streamed = sent.fitted.facts.stream && mediaType(response.headers["content-type"]) !== JSON_TYPE;
  return streamed && !parts.verifyFirst ? inPieces(parts, call, sent, response) : asAWhole(parts, call, sent, response);
}

async function asAWhole(
  parts: GatewayParts,
  call: Call,
  sent: Sent,
  response: IncomingMessage,
): Promise<Failure | undefined> {
  const { member, fitted } = sent;
  const { service } = member;
  const { maxAnswer: limit, idleMs } = parts.limits;
  const url = requestUrl(service, fitted);
  const body = await readWhole(response, { what: REQUEST_KINDS[fitted.kind].what, url, limit, idleMs }, call.sink.gone);
  const status = response.statusCode ?? 200;
  const headers = headersFor(response.headers);

  if (parts.verifyFirst) {
    const read = readAnswer(fitted, body);
    const chatId = chatIdOf(response, read.answer.id);
    settle(parts, sent, { read, status, chatId });
    if (read.problem?.kind === "cut") throw new ResponseCutError({ url, bytes: body.length });
    const failure = await verified(parts, call, sent, chatId, seen(sent, body, read));
    if (failure !== undefined) return failure;
    call.sink.whole(status, { ...headers, ...described(service.provider, chatId, "verified") }, body);
    return undefined;
  }
  // The client first; reading what it costs can wait until it has its answer.
  const chatId = chatIdOf(response, undefined);
  const verifiable = service.expectedSigner !== undefined;
  call.sink.whole(
    status,
    { ...headers, ...described(service.provider, chatId, verifiable ? "pending" : "unverifiable") },
    body,
  );
  const read = readAnswer(fitted, body);
  const found = chatId.status === "absent" ? chatIdOf(response, read.answer.id) : chatId;
  settle(parts, sent, { read, status, chatId: found });
  if (verifiable) later(parts, call, sent, found, seen(sent, body, read));
  return undefined;
}

async function inPieces(
  parts: GatewayParts,
  call: Call,
  sent: Sent,
  response: IncomingMessage,
): Promise<Failure | undefined> {
  const { member, fitted, reservation } = sent;
  const { service } = member;
  const { sink } = call;
  const url = requestUrl(service, fitted);
  const { what } = REQUEST_KINDS[fitted.kind];
  const status = response.statusCode ?? 200;
  const events = mediaType(response.headers["content-type"]) === EVENT_STREAM;
  const chatId = chatIdOf(response, undefined);
  const verifiable = service.expectedSigner !== undefined;
  const hash = createHash("sha256");
  const reader = answerReader(fitted);
  let bytes = 0;
  let broken: ZgError | undefined;
  try {
    for await (const chunk of withDeadline(response, sink, parts.limits.idleMs)) {
      if (bytes === 0) {
        const proof = described(service.provider, chatId, verifiable ? "pending" : "unverifiable");
        sink.begin(status, { ...headersFor(response.headers), ...proof });
      }
      bytes += chunk.length;
      const room = sink.write(chunk);
      hash.update(chunk);
      reader.push(chunk);
      if (room !== undefined) await room;
    }
  } catch (error) {
    if (sink.gone.gone) throw new ClientLeftError();
    const { idleMs: timeoutMs } = parts.limits;
    broken =
      error instanceof StalledError
        ? new ProviderTimeoutError({ what, url, timeoutMs }, error)
        : new ResponseCutError({ url, bytes }, error);
  }
  if (sink.gone.gone) throw new ClientLeftError();
  const { answer, problem } = reader.end();
  if (problem?.kind === "cut") broken ??= new ResponseCutError({ url, bytes });
  if (broken !== undefined && bytes === 0) throw broken; // the client has nothing yet: another provider may serve

  if (broken === undefined) {
    sink.end();
    const found = chatId.status === "absent" ? chatIdOf(response, answer.id) : chatId;
    settle(parts, sent, { read: problem === undefined ? { answer } : { answer, problem }, status, chatId: found });
    if (verifiable) {
      const hashes = { request: sha256Hex(fitted.body), response: hash.digest("hex") };
      later(parts, call, sent, found, { hashes });
    }
    return undefined;
  }
  // It has begun, so it can only end honestly: with an event that clients throw, where the form has one.
  if (events) {
    void sink.write(Buffer.from(errorEvent(broken)));
    sink.end();
  } else sink.end(true);
  member.failed(parts.clock());
  reservation.settle({ outcome: broken instanceof ProviderTimeoutError ? "timed-out" : "cut", status });
  return undefined;
}

class StalledError extends Error {}

/** The pieces of an answer. A client that takes none for so long is sent away. @throws {StalledError} when none comes. */
async function* withDeadline(response: IncomingMessage, sink: Sink, idleMs: number): AsyncGenerator<Buffer> {
  let client = false;
  const timer = setTimeout(() => {
    if (client) sink.end(true);
    else response.destroy(new StalledError("nothing came"));
  }, idleMs);
  try {
    for await (const chunk of response) {
      timer.refresh();
      client = true;
      yield chunk as Buffer;
      client = false;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What a proof is checked against. */
type Seen = Pick<Proof, "hashes" | "named">;

function seen({ member, fitted }: Sent, body: Buffer, { answer }: ReadAnswer): Seen {
  const hashes = hashesOf({ service: member.service, requestBytes: fitted.body, responseBytes: body });
  const { images } = answer;
  return images?.some((image) => "url" in image) === true ? { hashes, named: images } : { hashes };
}

function chatIdOf({ headers }: IncomingMessage, bodyId: string | undefined): ChatId {
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return typeof value === "string" ? value : null;
  };
  return chatIdFrom({ get }, bodyId === undefined ? {} : { id: bodyId });
}

/** What the gateway says of an answer in its headers. A chat id that could do harm in a URL is not passed on. */
function described(
  provider: string,
  chatId: ChatId,
  proof: "verified" | "pending" | "unverifiable",
): Record<string, string> {
  const headers: Record<string, string> = { [PROVIDER_HEADER]: provider, [VERIFICATION_HEADER]: proof };
  if (chatId.status === "found" && chatId.source === "header") headers[CHAT_ID_HEADER] = chatId.id;
  if (chatId.status === "invalid") headers[VERIFICATION_HEADER] = "unverifiable";
  return headers;
}

/** Counts an answer by what it says of itself. One that cannot be read costs nobody knows what. */
function settle(
  parts: GatewayParts,
  { member, fitted, reservation }: Sent,
  { read, status, chatId }: { read: ReadAnswer; status: number; chatId: ChatId },
): void {
  const named = chatId.status === "found" ? { chatId: chatId.id } : {};
  // Images are charged by what was asked for, whatever came.
  const readable = read.problem === undefined || read.answer.measure.unit !== "words";
  if (!readable) {
    reservation.settle({ outcome: "unreadable", status, ...named });
    return;
  }
  const { fee } = serviceFee(member.service, fitted.kind, read.answer.measure);
  reservation.settle({ outcome: "answered", status, ...named }, fee);
  parts.metrics.measured(member.service.model, read.answer.measure);
}

function proofOf(call: Call, { reservation }: Sent, chatId: ChatId & { status: "found" }, what: Seen): Proof {
  const { id, source } = chatId;
  const { id: request, provider } = reservation;
  return { id: request, client: call.client.name, provider, chatId: { id, source }, ...what };
}

function later(parts: GatewayParts, call: Call, sent: Sent, chatId: ChatId, what: Seen): void {
  if (chatId.status === "found") parts.proofs.later(proofOf(call, sent, chatId, what));
  else parts.proofs.impossible(sent.reservation.id, NO_CHAT_ID);
}

/** Verifies before release. A failure keeps the answer from the client; it is paid for all the same. */
async function verified(
  parts: GatewayParts,
  call: Call,
  sent: Sent,
  chatId: ChatId,
  what: Seen,
): Promise<Failure | undefined> {
  const { provider } = sent.member.service;
  try {
    if (chatId.status !== "found") {
      parts.proofs.impossible(sent.reservation.id, NO_CHAT_ID);
      throw new ChatIdMissingError(chatId.status === "absent" ? { provider } : { provider, chatId: chatId.id });
    }
    assertVerified(provider, await parts.proofs.now(proofOf(call, sent, chatId, what)));
    return undefined;
  } catch (error) {
    if (!(error instanceof ZgError)) throw error;
    return { error, failOver: false };
  }
}
