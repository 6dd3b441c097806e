/** What a provider has billed and not yet collected on chain. Only the provider knows it. */

import { z } from "zod";

import { borderOf } from "../border.ts";
import type { Address } from "../hex.ts";
import { unsettledFeeUrl } from "../protocol/endpoints.ts";
import { isSessionRefusal } from "../protocol/provider-errors.ts";
import { ResponseMalformedError, UnsettledFeeError } from "./errors.ts";
import { exchange, textOf, type HttpDeps } from "./provider-http.ts";
import { classify, refusal } from "./provider-refusals.ts";
import { assertProviderSees, type Service } from "./providers.ts";
import type { Session } from "./session.ts";

const feeSchema = z.object({ unsettledFee: z.string().regex(/^\d{1,78}$/) });
const TIMEOUT_MS = 10_000;
const WHAT = "Asking for the unsettled fee";

/**
 * Asks a provider for the user's unsettled fee, in neuron. Costs nothing.
 * @throws {ProviderDownError} and the other errors of a request; the caller decides what not knowing means.
 */
export async function fetchUnsettledFee(
  deps: HttpDeps & { readonly session: Session },
  service: Pick<Service, "provider" | "url">,
): Promise<bigint> {
  const { session, timeoutMs = TIMEOUT_MS } = deps;
  const { provider } = service;
  assertProviderSees(session.network, service);
  const user = await session.user();
  const url = unsettledFeeUrl(service.url, user);
  for (let attempt = 1; ; attempt++) {
    const authorization = await session.header(provider);
    const headers = { Authorization: authorization };
    const answer = await exchange(
      { border: borderOf(session.network), ...deps, timeoutMs, maxResponseBytes: 64 * 1024 },
      { what: WHAT, url, method: "GET", headers },
    );
    if (answer.status === 200) return parseFee(textOf(answer), url);
    const error = classify(answer);
    if (isSessionRefusal(error)) {
      session.invalidate(provider, authorization);
      if (attempt === 1) continue;
    }
    throw refusal(error, answer, { what: WHAT, url, provider, user });
  }
}

/**
 * Asserts that a claim can be true: nobody is served beyond what is locked, so nobody owes more, and a larger claim would
 * have money moved for nothing.
 * @throws {UnsettledFeeError}
 */
export function assertCanBeOwed(claim: {
  readonly provider: Address;
  readonly claimed: bigint;
  readonly balance: bigint;
}): void {
  if (claim.claimed > claim.balance) throw new UnsettledFeeError(claim);
}

function parseFee(text: string, url: string): bigint {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ResponseMalformedError({ url, why: "its body is not JSON" }, error);
  }
  const parsed = feeSchema.safeParse(json);
  if (!parsed.success) throw new ResponseMalformedError({ url, why: z.prettifyError(parsed.error) }, parsed.error);
  return BigInt(parsed.data.unsettledFee);
}
