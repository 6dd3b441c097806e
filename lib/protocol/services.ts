/** What providers sell: the kinds of request, where each is sent, and what a price on chain is the price of. */

export interface ServiceKindFacts {
  /** As registered on chain. */
  readonly serviceType: string;
  /** Below the service's `/v1/proxy`. */
  readonly path: `/${string}`;
  /** For errors and bills. */
  readonly what: string;
}

/** Every kind of request that a provider answers and this project makes. */
export const REQUEST_KINDS = {
  chat: { serviceType: "chatbot", path: "/chat/completions", what: "Chat completion" },
  image: { serviceType: "text-to-image", path: "/images/generations", what: "Image generation" },
  edit: { serviceType: "image-editing", path: "/images/edits", what: "Image edit" },
  transcription: { serviceType: "speech-to-text", path: "/audio/transcriptions", what: "Transcription" },
  embedding: { serviceType: "embedding", path: "/embeddings", what: "Embedding" },
} as const satisfies Readonly<Record<string, ServiceKindFacts>>;

export type RequestKind = keyof typeof REQUEST_KINDS;

/** The kind of request that a service of this type answers; undefined for types that nobody here can ask. */
export function kindOfServiceType(serviceType: string): RequestKind | undefined {
  const found = Object.entries(REQUEST_KINDS).find(([, facts]) => facts.serviceType === serviceType);
  return found?.[0] as RequestKind | undefined;
}

/** What a price is paid for. */
export type PriceUnit = "token" | "image" | "second";

interface PriceUnits {
  readonly input?: PriceUnit;
  readonly output?: PriceUnit;
}

/** The units of the two prices on chain, which are neuron for one each. Source: 0g-serving-broker, its billing per type. */
const PRICE_UNITS: Readonly<Record<string, PriceUnits>> = {
  chatbot: { input: "token", output: "token" },
  "text-to-image": { output: "image" },
  "image-editing": { output: "image" },
  // Models that count tokens instead are registered alike; nothing on chain tells the two apart.
  "speech-to-text": { input: "second" },
  embedding: { input: "token" },
  "video-generation": { output: "second" },
  "audio-generation": { output: "second" },
};

/** What a service's prices are for; of a type that is not known, both count as prices of a token. */
export function priceUnits(serviceType: string): PriceUnits {
  return PRICE_UNITS[serviceType] ?? { input: "token", output: "token" };
}
