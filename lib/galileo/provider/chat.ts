/** One chat request from session to signature. */

import { createHash } from "node:crypto";

import { readChatCompletion, readChatStream, type ChatAnswer } from "../../protocol/chat.ts";
import { CHAT_ID_HEADER } from "../../protocol/constants.ts";
import { chatFee, feeFor, wordCount, type Fee, type Prices } from "../../protocol/fees.ts";
import { sha256Hex } from "../../protocol/signed-text.ts";
import { admit } from "./admission.ts";
import type { Answer } from "./answerer.ts";
import type { Delivery } from "./delivery.ts";
import type { Session } from "./gate.ts";
import { altered, inflated, type Misbehaviour } from "./misbehaviour.ts";
import type { ProviderParts } from "./parts.ts";
import { Refusal, statusText } from "./refusal.ts";
import { forwardedBody, type ForwardedBody } from "./request-body.ts";
import type { RequestNote } from "./request-log.ts";

export interface ChatCall {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  readonly note: RequestNote;
}

/** Ids of one exchange. */
interface Exchange {
  readonly requestId: string;
  readonly chatId: string;
  readonly forwarded: ForwardedBody;
  readonly how: Misbehaviour | undefined;
  readonly note: RequestNote;
  readonly prices: Prices;
}

/**
 * Checks, bills and answers a chat request. The delivery it returns signs before its last bytes come out.
 * @throws {Refusal} at the first check that fails.
 */
export async function serveChat(parts: ProviderParts, call: ChatCall): Promise<Delivery> {
  const { gate, inFlight } = parts;
  const session = await gate.check(one(call.headers["authorization"]), "validate session: ");
  call.note.update({ user: session.address });
  const finished = inFlight.enterAs(session.address);
  try {
    return { ...(await admitAndAnswer(parts, call, session)), finished };
  } catch (error) {
    finished();
    throw error;
  }
}

async function admitAndAnswer(parts: ProviderParts, call: ChatCall, session: Session): Promise<Delivery> {
  const { bills, cache, address, temper, uuid } = parts;
  const { note } = call;
  const { address: user, account, spelling } = session;
  const prices = await admit({ provider: address, cache }, { user, account, unsettled: () => bills.unsettled(user) });
  const forwarded = forwardedBody(call.body, parts.service.model);
  const how = temper.next();
  note.update({
    streamed: forwarded.streamed,
    requestHash: sha256Hex(call.body),
    ...(how === undefined ? {} : { misbehaviour: how.kind }),
  });
  if (how?.kind === "status") throw new Refusal(how.status, how.error ?? statusText(how.status));
  if (how?.kind === "hang") return { status: 200, headers: {}, chunks: nothing(), hang: true };

  const exchange: Exchange = { requestId: uuid(), chatId: uuid(), forwarded, how, note, prices };
  bills.open({ requestId: exchange.requestId, user: spelling, address: user });
  try {
    return await answer(parts, call, exchange);
  } catch (error) {
    bills.remove([exchange.requestId]); // failed calls cost nothing
    throw error;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An answer that never comes.
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

async function answer(parts: ProviderParts, call: ChatCall, exchange: Exchange): Promise<Delivery> {
  const { chatId, requestId, forwarded, how, note } = exchange;
  const completionId = how?.kind === "missing-key" && how.alsoInBody === true ? parts.uuid() : chatId;
  const given = await parts.answerer.answer({
    body: forwarded,
    completionId: `chatcmpl-${completionId}`,
    headers: call.headers,
  });
  const headers = { "content-type": given.contentType, provider: parts.address, "x-accel-buffering": "no" };
  if (given.status !== 200) {
    parts.bills.remove([requestId]);
    return { status: given.status, headers, chunks: given.chunks };
  }
  note.update({ chatId });
  const streamed = given.contentType.includes("event-stream");
  return {
    status: 200,
    headers: { ...headers, ...keyHeader(chatId, how) },
    chunks: deliver(parts, exchange, given, streamed),
    ...faults(how),
  };
}

function keyHeader(chatId: string, how: Misbehaviour | undefined): Record<string, string> {
  if (how?.kind === "missing-key") return {};
  return { [CHAT_ID_HEADER]: how?.kind === "hostile-key" ? "../../v1/quote" : chatId };
}

function faults(how: Misbehaviour | undefined): Pick<Delivery, "cutAfter" | "delayMs"> {
  switch (how?.kind) {
    case "cut-stream":
      return { cutAfter: how.afterBytes ?? 40 };
    case "slow":
      return { delayMs: how.ms };
    default:
      return {};
  }
}

const DONE_LINE = /^data:\s*\[DONE\]/;

/**
 * Gives out the answer's bytes, and holds back the last of them (`[DONE]`, or the whole of a plain body) until the
 * fee is billed and the signature can be fetched.
 */
async function* deliver(
  parts: ProviderParts,
  exchange: Exchange,
  given: Answer,
  streamed: boolean,
): AsyncGenerator<Uint8Array> {
  const { how, note } = exchange;
  const signed = createHash("sha256");
  const delivered = createHash("sha256");
  const reader = readChatStream();
  const whole: Uint8Array[] = [];
  const held: Uint8Array[] = [];
  let tampered = how?.kind !== "altered-body";
  let broken: Error | undefined;

  const prepare = (chunk: Uint8Array): Uint8Array => {
    const honest = how?.kind === "inflated-usage" ? inflated(chunk, how.times) : chunk;
    signed.update(honest);
    if (streamed) reader.push(honest);
    else whole.push(honest);
    let sent = honest;
    if (!tampered) ({ bytes: sent, changed: tampered } = altered(honest));
    delivered.update(sent);
    return sent;
  };

  try {
    const source = streamed ? lines(given.chunks) : oneChunk(given.chunks);
    for await (const chunk of source) {
      const sent = prepare(chunk);
      const last = !streamed || held.length > 0 || DONE_LINE.test(Buffer.from(chunk).toString("latin1"));
      if (last) held.push(sent);
      else yield sent;
    }
  } catch (error) {
    broken = new Error("the upstream broke off", { cause: error }); // the upstream broke off: what came is billed and signed, then the client is cut off as well
  }
  if (streamed) reader.end();
  bill(parts, exchange, streamed ? reader.answer() : readWhole(whole));
  await parts.signatures.sign(exchange.chatId, sha256Hex(exchange.forwarded.bytes), signed.digest("hex"), how);
  if (!tampered) {
    const more = Buffer.from("\n");
    delivered.update(more);
    held.push(more);
  }
  note.update({ responseHash: delivered.digest("hex") });
  yield* held;
  if (broken !== undefined) throw broken;
}

function bill(parts: ProviderParts, { requestId, how, note, prices }: Exchange, answered: ChatAnswer): void {
  const { usage, content } = answered;
  const honest =
    usage === undefined ? feeFor("chat", prices, { unit: "words", words: wordCount(content) }) : chatFee(prices, usage);
  const fee = how?.kind === "over-billing" ? multiplied(honest, how.times) : honest;
  parts.bills.complete(requestId, fee, usage?.completionTokens ?? content.split(/\s+/).filter(Boolean).length);
  note.update({ fee: fee.fee });
}

function multiplied({ inputFee, outputFee }: Fee, times: number): Fee {
  const factor = BigInt(times);
  return { inputFee: inputFee * factor, outputFee: outputFee * factor, fee: (inputFee + outputFee) * factor };
}

function readWhole(chunks: readonly Uint8Array[]): ChatAnswer {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    body = undefined; // an upstream that answers 200 without JSON: no usage, no words, nothing to bill
  }
  return readChatCompletion(body);
}

async function* oneChunk(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  yield Buffer.concat(all);
}

/** Whole lines with their line feeds. Comment lines are dropped. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const COLON = 0x3a;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
      if (line[0] !== COLON) yield line;
    }
  }
  if (rest.length > 0 && rest[0] !== COLON) yield rest;
}
