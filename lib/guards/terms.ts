/** What was agreed to when a plan was made, held against what the chain lists right before it is paid for. */

import { pricesOf, type Service } from "../compute/providers.ts";
import { assertMintable } from "../compute/verify.ts";
import type { Address } from "../hex.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { withUnit } from "../units.ts";
import { TermsChangedError } from "./errors.ts";

/** Of a service, what an answer's price and proof rest on. Prices in neuron, as decimal strings. */
export interface ServiceTerms {
  readonly provider: Address;
  readonly model: string;
  readonly inputPrice: string;
  readonly outputPrice: string;
  /** Tiers and cache billing as canonical JSON; absent when all tokens cost the same. */
  readonly pricing?: string;
  /** Whose signature an answer must carry. */
  readonly signer?: Address;
}

/** The terms of a service as it is listed. */
export function termsOf(service: Service): ServiceTerms {
  const { provider, model, inputPrice, outputPrice, expectedSigner } = service;
  const { inputPrice: _input, outputPrice: _output, ...more } = pricesOf(service);
  const pricing = JSON.stringify(more, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  return {
    provider,
    model,
    inputPrice: inputPrice.toString(),
    outputPrice: outputPrice.toString(),
    ...(pricing === "{}" ? {} : { pricing: canonicalJson(JSON.parse(pricing)) }),
    ...(expectedSigner === undefined ? {} : { signer: expectedSigner }),
  };
}

const FIELDS = {
  model: "model",
  inputPrice: "price of a token in",
  outputPrice: "price of a token out",
  pricing: "tiers of the price",
  signer: "TEE signer",
} as const satisfies Partial<Record<keyof ServiceTerms, string>>;

/**
 * Asserts that a service is still what the plan was made with, and that its answers can still be minted.
 * @param service as the chain lists it now.
 * @throws {TermsChangedError} {@link NotEndorsedError} {@link NotMintableError}
 */
export function assertSameTerms(planned: ServiceTerms, service: Service): void {
  const now = termsOf(service);
  for (const field of Object.keys(FIELDS) as (keyof typeof FIELDS)[]) {
    if (planned[field] === now[field]) continue;
    const [was, is] = [planned, now].map((terms) => shown(field, terms[field]));
    throw new TermsChangedError({
      provider: service.provider,
      field: FIELDS[field],
      planned: was ?? "none",
      now: is ?? "none",
    });
  }
  assertMintable(service);
}

function shown(field: keyof typeof FIELDS, value: string | undefined): string {
  if (value === undefined) return "none";
  return field === "inputPrice" || field === "outputPrice" ? withUnit(BigInt(value)) : value;
}
