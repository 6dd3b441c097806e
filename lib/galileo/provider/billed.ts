/** One paid request from session to signature. */

import type { Fee, Prices } from "../../protocol/fees.ts";
import { CHAT_ID_HEADER } from "../../protocol/constants.ts";
import { sha256Hex } from "../../protocol/signed-text.ts";
import { admit } from "./admission.ts";
import type { Answer } from "./answerer.ts";
import { charge } from "./billing.ts";
import { deliveredImages, deliveredStream, deliveredWhole, imageBase, type DeliveredParts } from "./delivered.ts";
import type { Delivery } from "./delivery.ts";
import type { Session } from "./gate.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import type { ProviderParts } from "./parts.ts";
import { isImageKind, type BilledKind } from "./paths.ts";
import { Refusal, statusText } from "./refusal.ts";
import { forwardedBody, type ForwardedBody } from "./request-body.ts";
import type { RequestNote } from "./request-log.ts";

export interface BilledCall {
  readonly kind: BilledKind;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  readonly note: RequestNote;
}

/** What is known of a call once it is let in. */
export interface Admitted {
  readonly call: BilledCall;
  readonly session: Session;
  readonly forwarded: ForwardedBody;
  readonly how: Misbehaviour | undefined;
  readonly prices: Prices;
}

/** One exchange with what stands behind the provider. */
interface Exchange extends Admitted {
  readonly requestId: string;
  readonly chatId: string;
}

/**
 * Checks, bills and answers a paid request. The delivery it returns signs before its last bytes come out.
 * @throws {Refusal} at the first check that fails.
 */
export async function serveBilled(parts: ProviderParts, call: BilledCall): Promise<Delivery> {
  const session = await parts.gate.check(header(call, "authorization"), "validate session: ");
  call.note.update({ user: session.address });
  const limits = parts.rates.enter(session.address, call.kind);
  const finished = parts.inFlight.enterAs(session.address);
  try {
    const delivery = await answerAdmitted(parts, await letIn(parts, call, session));
    return { ...delivery, headers: { ...delivery.headers, ...limits }, finished };
  } catch (error) {
    finished();
    throw error;
  }
}

/**
 * The checks of a call whose session was accepted and who is below all limits: request, account, model.
 * @throws {Refusal}
 */
export async function letIn(parts: ProviderParts, call: BilledCall, session: Session): Promise<Admitted> {
  const { bills, cache, address, temper, service } = parts;
  const { note, kind } = call;
  const { address: user, account } = session;
  // Of images a request that cannot be read is refused before the account is looked at, of all else after it.
  const read = () => forwardedBody(kind, call.body, header(call, "content-type") ?? "application/json", service.model);
  const early = isImageKind(kind) ? read() : undefined;
  const prices = await admit({ provider: address, cache }, { user, account, unsettled: () => bills.unsettled(user) });
  const forwarded = early ?? read();
  const how = temper.next();
  note.update({
    streamed: forwarded.streamed,
    requestHash: sha256Hex(call.body),
    ...(how === undefined ? {} : { misbehaviour: how.kind }),
  });
  return { call, session, forwarded, how, prices: { ...pricing(parts), ...prices } };
}

/** The prices that are on no chain but in the service's description. */
function pricing({ service: { tiers, cacheBilling } }: ProviderParts): Pick<Prices, "tiers" | "cacheBilling"> {
  return { ...(tiers === undefined ? {} : { tiers }), ...(cacheBilling === undefined ? {} : { cacheBilling }) };
}

/** Answers a call that was let in, and bills it. */
export async function answerAdmitted(parts: ProviderParts, admitted: Admitted): Promise<Delivery> {
  const { bills, uuid } = parts;
  const { how, session } = admitted;
  if (how?.kind === "status") throw new Refusal(how.status, how.error ?? statusText(how.status));
  if (how?.kind === "hang") return { status: 200, headers: {}, chunks: nothing(), hang: true };
  const exchange: Exchange = { ...admitted, requestId: uuid(), chatId: uuid() };
  bills.open({ requestId: exchange.requestId, user: session.spelling, address: session.address });
  try {
    return await answer(parts, exchange);
  } catch (error) {
    bills.remove([exchange.requestId]); // failed calls cost nothing
    throw error;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An answer that never comes.
}

function header({ headers }: BilledCall, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function answer(parts: ProviderParts, exchange: Exchange): Promise<Delivery> {
  const { call, chatId, requestId, forwarded, how } = exchange;
  const completionId = how?.kind === "missing-key" && how.alsoInBody === true ? parts.uuid() : chatId;
  const given = await parts.answerer.answer({
    kind: call.kind,
    body: forwarded,
    completionId: `chatcmpl-${completionId}`,
    headers: call.headers,
  });
  const headers = { "content-type": given.contentType, provider: parts.address, "x-accel-buffering": "no" };
  if (given.status !== 200) {
    parts.bills.remove([requestId]);
    return { status: given.status, headers, chunks: given.chunks };
  }
  call.note.update({ chatId });
  return {
    status: 200,
    headers: { ...headers, ...keyHeader(chatId, how) },
    chunks: delivered(parts, exchange, given),
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

function delivered(parts: ProviderParts, exchange: Exchange, given: Answer): AsyncIterable<Uint8Array> {
  const { call, chatId, forwarded, how } = exchange;
  const common: DeliveredParts = {
    how,
    settle: async ({ bytes, signed }) => {
      bill(parts, exchange, bytes);
      await parts.signatures.sign(chatId, sha256Hex(forwarded.signed), signed, how);
    },
    told: (responseHash) => call.note.update({ responseHash }),
  };
  if (isImageKind(call.kind)) {
    return deliveredImages(given, common, {
      keep: (images) => parts.images.put(chatId, images),
      base: imageBase(parts.url(), chatId),
      wantsUrls: forwarded.wantsUrls,
    });
  }
  const streamed = call.kind === "transcription" ? forwarded.streamed : given.contentType.includes("event-stream");
  return streamed ? deliveredStream(given, common) : deliveredWhole(given, common);
}

function bill(parts: ProviderParts, exchange: Exchange, bytes: Uint8Array): void {
  const { call, requestId, session, forwarded, how, prices } = exchange;
  const { fee: honest, units, used } = charge(call.kind, prices, forwarded, bytes);
  const fee = how?.kind === "over-billing" ? multiplied(honest, how.times) : honest;
  parts.bills.complete(requestId, fee, units);
  parts.rates.consume(session.address, call.kind, used);
  call.note.update({ fee: fee.fee });
}

function multiplied({ inputFee, outputFee }: Fee, times: number): Fee {
  const factor = BigInt(times);
  return { inputFee: inputFee * factor, outputFee: outputFee * factor, fee: (inputFee + outputFee) * factor };
}
