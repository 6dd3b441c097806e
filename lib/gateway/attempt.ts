/** One attempt at one provider: send, read how the answer begins, and settle what it cost however it ends. */

import type { IncomingMessage } from "node:http";

import { ProviderTimeoutError, RedirectRefusedError, ResponseTooLargeError } from "../compute/errors.ts";
import { neverReached } from "../compute/provider-http.ts";
import { classify, refusal } from "../compute/provider-refusals.ts";
import type { ServiceRequest } from "../compute/service-request.ts";
import { ZgError } from "../errors.ts";
import { requestUrl } from "../compute/ask.ts";
import { isSessionRefusal } from "../protocol/provider-errors.ts";
import { REQUEST_KINDS } from "../protocol/services.ts";
import { deliver } from "./delivery.ts";
import { worthAnother, type Failure } from "./failure.ts";
import type { Member } from "./fleet.ts";
import type { Call, GatewayParts } from "./parts.ts";
import type { Reservation } from "./reservation.ts";
import { ClientLeftError, headersFor, readWhole } from "./upstream.ts";

/** A refusal is read up to here. */
const MAX_REFUSAL_BYTES = 1024 * 1024;

/** A request as one provider gets it, and the money set aside for it. */
export interface Sent {
  readonly member: Member;
  readonly fitted: ServiceRequest;
  readonly reservation: Reservation;
}

/**
 * Asks one provider. Settles the reservation in every case.
 * @returns undefined when the client has its answer, or as much of it as came; or went away.
 */
export async function attempt(parts: GatewayParts, call: Call, sent: Sent): Promise<Failure | undefined> {
  try {
    return await ask(parts, call, sent);
  } catch (error) {
    return failed(parts, sent, error);
  } finally {
    sent.reservation.settle({ outcome: "unreadable" }); // unless it is settled already
  }
}

function failed(parts: GatewayParts, { member, reservation }: Sent, error: unknown): Failure | undefined {
  if (error instanceof ClientLeftError) {
    // Providers run an answer to its end, and bill it, whoever still listens.
    reservation.settle({ outcome: "left" });
    return undefined;
  }
  if (!(error instanceof ZgError)) throw error;
  if (neverReached(error)) reservation.settle({ outcome: "unreachable" }, 0n);
  else reservation.settle({ outcome: error instanceof ProviderTimeoutError ? "timed-out" : "cut" });
  member.failed(parts.clock());
  return { error, failOver: !(error instanceof ResponseTooLargeError) };
}

async function ask(parts: GatewayParts, call: Call, sent: Sent): Promise<Failure | undefined> {
  const { member, reservation } = sent;
  const { provider } = member.service;
  // A refused session token is replaced once; the refusal cost nothing.
  for (let attempts = 1; ; attempts++) {
    let authorization: string;
    try {
      authorization = await parts.session.header(provider);
    } catch (error) {
      if (!(error instanceof ZgError)) throw error;
      reservation.settle({ outcome: "refused" }, 0n);
      return { error, failOver: true }; // no sub-account there, or not acknowledged, or the chain does not answer
    }
    const started = performance.now();
    const response = await send(parts, call, sent, authorization);
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) {
      const waited = performance.now() - started;
      member.answered(waited);
      parts.metrics.began(provider, waited);
      return deliver(parts, call, sent, response);
    }
    const { failure, session } = await refused(parts, call, sent, response);
    if (session) parts.session.invalidate(provider, authorization);
    if (session && attempts === 1) continue;
    reservation.settle({ outcome: "refused", status: statusCode }, 0n);
    return failure;
  }
}

async function send(
  parts: GatewayParts,
  call: Call,
  { member, fitted }: Sent,
  authorization: string,
): Promise<IncomingMessage> {
  const { kind, path, contentType, body } = fitted;
  const { timeoutMs } = parts.limits;
  const { what } = REQUEST_KINDS[kind];
  return member.upstream.send({ what, path, contentType, authorization, body, timeoutMs }, call.sink.gone);
}

/** What an answer that is no success means. */
async function refused(
  parts: GatewayParts,
  call: Call,
  { member, fitted }: Sent,
  response: IncomingMessage,
): Promise<{ failure: Failure; session: boolean }> {
  const { provider } = member.service;
  const { what } = REQUEST_KINDS[fitted.kind];
  const url = requestUrl(member.service, fitted);
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    response.destroy();
    member.failed(parts.clock());
    const { location } = response.headers;
    const error = new RedirectRefusedError(location === undefined ? { url } : { url, location });
    return { failure: { error, failOver: true }, session: false };
  }
  const options = { what, url, limit: MAX_REFUSAL_BYTES, idleMs: parts.limits.idleMs };
  const body = await readWhole(response, options, call.sink.gone);
  const headers = headersFor(response.headers);
  const answer = { status, headers: new Headers(headers), bytes: body };
  const classified = classify(answer);
  const { kind } = classified;
  if (status >= 500 && kind !== "busy") member.failed(parts.clock());
  if (kind === "insufficient-balance") member.account.learn(classified.balance?.required);
  const error = refusal(classified, answer, { what, url, provider, user: parts.user });
  return {
    failure: {
      error,
      answer: { status, headers: { ...headers, "zg-error-code": error.code }, body },
      failOver: worthAnother(kind, status),
      short: kind === "insufficient-balance",
    },
    session: isSessionRefusal(classified),
  };
}
