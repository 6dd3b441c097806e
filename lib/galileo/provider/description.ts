/** What a service says of itself: on chain, and in the list of models. */

import type { Address } from "../../hex.ts";
import type { Multiplier } from "../../protocol/fees.ts";
import type { RateLimits, ServiceOffer } from "./options.ts";
import { RESPONDER_CARDS } from "./responders/index.ts";

function fraction({ numerator, denominator }: Multiplier, name: string): Record<string, number> {
  const top = { [name]: Number(numerator) };
  return denominator === 1n ? top : { ...top, [`${name}Denominator`]: Number(denominator) };
}

function writePrice(multiplier: Multiplier, name: string): Record<string, number> {
  const { numerator, denominator } = multiplier;
  return { [`${name}Numerator`]: Number(numerator), [`${name}Denominator`]: Number(denominator) };
}

/** The `additionalInfo` of a registration, with keys and casing as brokers write them. */
export function additionalInfo({ tiers, cacheBilling }: ServiceOffer): string {
  const write = cacheBilling?.write;
  const oneHour = cacheBilling?.writeOneHour ?? write;
  return JSON.stringify({
    VerifierURL: "",
    // `dstack` is the verifier whose report shape `/v1/quote` follows.
    TEEVerifier: "dstack",
    TargetSeparated: false,
    TargetTeeAddress: "",
    ImageName: "",
    ImageDigest: "",
    Notice: "development only: runs in no TEE",
    ...(tiers === undefined
      ? {}
      : {
          tieredPricing: {
            tiers: tiers.map(({ maxInputTokens, input, output }) => ({
              maxInputTokens,
              ...fraction(input, "inputMultiplier"),
              ...fraction(output, "outputMultiplier"),
            })),
          },
        }),
    ...(cacheBilling === undefined
      ? {}
      : {
          cacheTokenBilling: {
            divisor: Number(cacheBilling.divisor),
            ...(write === undefined ? {} : writePrice(write, "writeMultiplier")),
            ...(oneHour === undefined ? {} : writePrice(oneHour, "write1hMultiplier")),
          },
        }),
  });
}

const PARAMETERS: Readonly<Record<ServiceOffer["serviceType"], readonly string[]>> = {
  chatbot: ["max_tokens", "max_completion_tokens", "stream", "stream_options"],
  "text-to-image": ["n", "size", "response_format"],
  "image-editing": ["n", "size", "response_format"],
  "speech-to-text": ["response_format", "stream"],
  embedding: ["dimensions", "encoding_format"],
};

/** The body of `/v1/models`. Prices are neuron per token, image or second, as decimal text. */
export function modelList(options: {
  readonly service: ServiceOffer;
  readonly provider: Address;
  readonly prices: { readonly inputPrice: bigint; readonly outputPrice: bigint };
  readonly forwards: boolean;
  readonly rateLimits: RateLimits;
  readonly created: number;
}): unknown {
  const { service, provider, prices, forwards, rateLimits, created } = options;
  const { model, serviceType, title } = service;
  const description = forwards
    ? `${title}. A local provider for development forwards to an upstream; it runs in no TEE.`
    : `${title}. ${RESPONDER_CARDS[serviceType]}`;
  const images = serviceType === "text-to-image" || serviceType === "image-editing";
  const completion = prices.outputPrice.toString();
  const rates = {
    requests_per_minute: rateLimits.requestsPerMinute,
    tokens_per_minute: rateLimits.tokensPerMinute,
    images_per_minute: rateLimits.imagesPerMinute,
  };
  const entry = {
    id: model,
    object: "model",
    created,
    owned_by: provider,
    name: title,
    description,
    type: serviceType,
    supported_parameters: PARAMETERS[serviceType],
    pricing: { prompt: prices.inputPrice.toString(), completion, ...(images ? { image: completion } : {}) },
    verifiability: "TeeML",
    tee_attested: false,
    ...(Object.values(rates).some((rate) => rate !== undefined) ? { rate_limits: rates } : {}),
  };
  return { object: "list", data: [entry] };
}
