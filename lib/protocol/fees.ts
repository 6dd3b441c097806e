/** What a provider charges for a chat completion, in exact integers of neuron. */

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
  readonly writeOneHour?: Multiplier;
}

export interface ChatPrices {
  /** Neuron per token. */
  readonly inputPrice: bigint;
  /** Neuron per token. */
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
export interface ChatFee {
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
  const writeOneHour =
    billing.writeOneHour === undefined ? 0n : scaled(take(usage.cacheWriteOneHourTokens) * price, billing.writeOneHour);
  return rest * price + cached + write + writeOneHour;
}

/**
 * Computes the fee of a completion from its usage. Tiers scale both prices first, for all tokens alike.
 * Source: 0g-serving-broker, chatbot billing.
 */
export function chatFee(prices: ChatPrices, usage: Usage): ChatFee {
  const tier = tierOf(prices.tiers ?? [], usage.promptTokens);
  const inputPrice = tier === undefined ? prices.inputPrice : scaled(prices.inputPrice, tier.input);
  const outputPrice = tier === undefined ? prices.outputPrice : scaled(prices.outputPrice, tier.output);
  const inputFee = chargeInput(inputPrice, usage, prices.cacheBilling);
  const outputFee = outputPrice * BigInt(usage.completionTokens);
  return { inputFee, outputFee, fee: inputFee + outputFee };
}

/** The fee when an upstream reported no usage: words of the output at the output price, the input free. */
export function chatFeeWithoutUsage(prices: ChatPrices, output: string): ChatFee {
  const words = output.split(/\s+/).filter((word) => word !== "").length;
  const outputFee = prices.outputPrice * BigInt(words);
  return { inputFee: 0n, outputFee, fee: outputFee };
}
