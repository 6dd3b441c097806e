/** The most a model may cost. One way to say what a price is, where they are shown and where they are limited. */

import { namesOf, pricesOf, type Service } from "../compute/providers.ts";
import { UsageError } from "../errors.ts";
import { chatFee } from "../protocol/fees.ts";
import { format0g, parseAmount, withUnit } from "../units.ts";
import { PriceCeilingError } from "./errors.ts";

const MILLION = 1_000_000;

type Priced = Pick<Service, "inputPrice" | "outputPrice" | "info">;

/**
 * What a million tokens in and a million tokens out cost together, in neuron: of a service with tiers, in the dearest.
 */
export function pricePerMillion(service: Priced): bigint {
  const prices = pricesOf(service);
  const { inputPrice, outputPrice, tiers = [] } = prices;
  const of = (tier?: (typeof tiers)[number]) =>
    chatFee(
      { inputPrice, outputPrice, ...(tier === undefined ? {} : { tiers: [{ ...tier, maxInputTokens: 0 }] }) },
      { promptTokens: MILLION, completionTokens: MILLION },
    ).fee;
  return tiers.map(of).reduce((highest, price) => (price > highest ? price : highest), of());
}

/** Neuron per million tokens in and out: of one model by its name, or of every other. */
export interface PriceCeiling {
  readonly byModel: ReadonlyMap<string, bigint>;
  readonly others?: bigint;
}

/**
 * Parses `0.5`, `qwen=0.2` or `0.5,qwen=0.2,local/llama=1`: 0G per million tokens in and out, for all models or by name.
 * @param what where it was given, for the error.
 * @throws {UsageError}
 */
export function parsePriceCeiling(text: string, what = "--max-price"): PriceCeiling {
  const byModel = new Map<string, bigint>();
  let others: bigint | undefined;
  for (const part of text.split(",")) {
    const [amount = "", name] = part.split("=").reverse();
    const price = parseAmount(amount.trim(), what);
    const model = name?.trim().toLowerCase();
    const twice = model === undefined ? others !== undefined : byModel.has(model);
    if (twice || model === "" || part.split("=").length > 2) {
      throw new UsageError({
        message: `${what} ${JSON.stringify(text)} is not a list of prices, each model once`,
        remedy: "Give one price for all (0.5), or prices by model: 0.5,qwen=0.2. In 0G per million tokens in and out.",
        details: { [what]: text },
      });
    }
    if (model === undefined) others = price;
    else byModel.set(model, price);
  }
  return { byModel, ...(others === undefined ? {} : { others }) };
}

/** The same ceiling, the same text: what a run is held to when it is continued. */
export function priceCeilingText({ byModel, others }: PriceCeiling): string {
  const named = [...byModel].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, price]) => `${name}=${format0g(price)}`);
  return [...(others === undefined ? [] : [format0g(others)]), ...named].join(",");
}

/** The ceiling that holds for a service, if one does. */
function ceilingOf(service: Pick<Service, "model">, { byModel, others }: PriceCeiling): bigint | undefined {
  const named = namesOf(service).flatMap((name) => byModel.get(name.toLowerCase()) ?? []);
  return named[0] ?? others;
}

/** Why a service is passed over that is {@link tooDear}. */
export function whyTooDear(service: Priced): string {
  return `costs more than the price ceiling (--max-price, ZG_MAX_PRICE) allows: ${withUnit(pricePerMillion(service))} per million tokens in and out`;
}

/** Why a service is too dear; undefined when it is not. */
export function tooDear(
  service: Priced & Pick<Service, "provider" | "model">,
  ceilings: readonly PriceCeiling[],
): PriceCeilingError | undefined {
  const price = pricePerMillion(service);
  for (const limits of ceilings) {
    const ceiling = ceilingOf(service, limits);
    if (ceiling === undefined || price <= ceiling) continue;
    const { provider, model } = service;
    return new PriceCeilingError({ provider, model, price, ceiling });
  }
  return undefined;
}
