/**
 * What a provider charges, in exact integers of neuron, by the rule of each kind of request.
 * Source: 0g-serving-broker, api/inference/internal/ctrl (chatbot, text_to_image, image_editing, speech_to_text,
 * embedding).
 */

import type { RequestKind } from "./services.ts";

/** A fraction applied to a price. */
export interface Multiplier {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** From this tier's prices on, all tokens of a request are charged alike. */
export interface PriceTier {
  /** The largest prompt the tier is for; 0 is any. */
  readonly maxInputTokens: number;
  readonly input: Multiplier;
  readonly output: Multiplier;
}

/** Cheaper prompt tokens that came from the model's cache, dearer ones that were written to it. */
export interface CacheBilling {
  /** Cached tokens cost the price divided by this. */
  readonly divisor: bigint;
  readonly write?: Multiplier;
  /** Default: as `write`. */
  readonly writeOneHour?: Multiplier;
}

export interface Prices {
  /** Neuron per token, or per second of audio. */
  readonly inputPrice: bigint;
  /** Neuron per token or image. */
  readonly outputPrice: bigint;
  readonly tiers?: readonly PriceTier[];
  readonly cacheBilling?: CacheBilling;
}

/** Token counts of one completion. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly cacheWriteOneHourTokens?: number;
}

/** Neuron. */
export interface Fee {
  readonly inputFee: bigint;
  readonly outputFee: bigint;
  readonly fee: bigint;
}

function scaled(price: bigint, by: Multiplier): bigint {
  return (price * by.numerator) / by.denominator;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The first tier the prompt fits into, else the last. */
function tierOf(tiers: readonly PriceTier[], promptTokens: number): PriceTier | undefined {
  return tiers.find((tier) => tier.maxInputTokens === 0 || promptTokens <= tier.maxInputTokens) ?? tiers.at(-1);
}

/** Charges the prompt in buckets: cached, written to the cache, written for an hour, and the rest in full. */
function chargeInput(price: bigint, usage: Usage, billing: CacheBilling | undefined): bigint {
  let rest = BigInt(usage.promptTokens);
  if (billing === undefined) return rest * price;
  const take = (tokens: number | undefined): bigint => {
    const taken = smaller(BigInt(tokens ?? 0), rest);
    rest -= taken;
    return taken;
  };
  const cached = (take(usage.cachedTokens) * price) / billing.divisor;
  // Written tokens leave the full-price bucket only when the provider prices them apart.
  const write = billing.write === undefined ? 0n : scaled(take(usage.cacheWriteTokens) * price, billing.write);
  const oneHour = billing.writeOneHour ?? billing.write;
  const writeOneHour = oneHour === undefined ? 0n : scaled(take(usage.cacheWriteOneHourTokens) * price, oneHour);
  return rest * price + cached + write + writeOneHour;
}

/** Computes the fee of a completion from its usage. Tiers scale both prices first, for all tokens alike. */
export function chatFee(prices: Prices, usage: Usage): Fee {
  const tier = tierOf(prices.tiers ?? [], usage.promptTokens);
  const inputPrice = tier === undefined ? prices.inputPrice : scaled(prices.inputPrice, tier.input);
  const outputPrice = tier === undefined ? prices.outputPrice : scaled(prices.outputPrice, tier.output);
  const inputFee = chargeInput(inputPrice, usage, prices.cacheBilling);
  const outputFee = outputPrice * BigInt(usage.completionTokens);
  return { inputFee, outputFee, fee: inputFee + outputFee };
}

/** What one answer is charged by. */
export type Measure =
  | ({ readonly unit: "tokens" } & Usage)
  /** Of the text, where a model reports nothing. */
  | { readonly unit: "words"; readonly words: number }
  /** Asked for, whatever came. */
  | { readonly unit: "images"; readonly images: number }
  /** Of audio. */
  | { readonly unit: "seconds"; readonly seconds: number };

/** Words as Go's `strings.Fields` counts them. */
export function wordCount(text: string): number {
  return text.split(/\s+/).filter((word) => word !== "").length;
}

/** Longest audio that is charged for: 99 hours. A longer one is a mistake or a lie. */
const MOST_SECONDS = 99 * 3600;

/** Seconds as they are charged: to the nearest, halves up, at least one; 0 only for none. */
export function billableSeconds(seconds: number): number {
  if (!(seconds > 0)) return 0;
  return Math.max(1, Math.round(Math.min(seconds, MOST_SECONDS)));
}

function total(inputFee: bigint, outputFee: bigint): Fee {
  return { inputFee, outputFee, fee: inputFee + outputFee };
}

/**
 * The fee of an answer from what it is charged by. Of an embedding only the input costs, with the tiers but without the
 * cache; of a transcription tokens cost both prices, seconds the input price; words cost the output price, always.
 */
export function feeFor(kind: RequestKind, prices: Prices, measure: Measure): Fee {
  const { inputPrice, outputPrice } = prices;
  switch (measure.unit) {
    case "words":
      return total(0n, outputPrice * BigInt(measure.words));
    case "images":
      return total(0n, outputPrice * BigInt(measure.images));
    case "seconds":
      return total(inputPrice * BigInt(billableSeconds(measure.seconds)), 0n);
    case "tokens": {
      const { promptTokens, completionTokens } = measure;
      if (kind === "chat") return chatFee(prices, measure);
      if (kind === "transcription") return chatFee({ inputPrice, outputPrice }, { promptTokens, completionTokens });
      const { cacheBilling: _cache, ...tiered } = prices;
      return chatFee(tiered, { promptTokens, completionTokens: 0 });
    }
  }
}
