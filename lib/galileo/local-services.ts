/** The services every embedded network and every fork starts with. Data only. */

import { ROLES } from "../chain/development-roles.ts";
import type { NewProvider } from "./galileo.ts";

/** What `galileo up` and tests may change about what runs beside the chain. */
export interface LocalServiceOptions {
  /** First of consecutive ports: three providers, the attestor, storage indexer and nodes, further providers; 0 or absent takes free ones. */
  readonly providerPort?: number;
  /** Milliseconds between settlements of each provider. Absent: they settle when told to. */
  readonly settleIntervalMs?: number;
  /** Base URL of an OpenAI-compatible server that answers instead of the deterministic responder. */
  readonly upstream?: string;
  /** The name of the model that server serves. Services that forward are registered under it. */
  readonly upstreamModel?: string;
  /** Also one provider each for images, edits, transcriptions and embeddings. Default: chat only, which boots faster. */
  readonly allServices?: boolean;
  /** How many storage nodes share every file: a power of two. Default 1. */
  readonly storageNodes?: number;
}

const TITLE = "Deterministic responder of the embedded Galileo; not a language model";

/** Prices in neuron a token: 0.05/0.10 and 0.08/0.16 0G a million, as Galileo's services ask. */
const SERVICES = [
  { model: "not-a-language-model", inputPrice: 50_000_000_000n, outputPrice: 100_000_000_000n, endorsed: true },
  { model: "not-a-language-model-dear", inputPrice: 80_000_000_000n, outputPrice: 160_000_000_000n, endorsed: true },
  // The cheapest, so that whoever picks by price alone picks wrong.
  { model: "not-endorsed", inputPrice: 20_000_000_000n, outputPrice: 40_000_000_000n, endorsed: false },
] as const;

/** The port after the last provider's. */
export function attestorPort({ providerPort = 0 }: LocalServiceOptions): number {
  return providerPort === 0 ? 0 : providerPort + SERVICES.length;
}

/** The port after the attestor's: the indexer's. The storage nodes follow. */
export function storagePort(options: LocalServiceOptions): number {
  const attestor = attestorPort(options);
  return attestor === 0 ? 0 : attestor + 1;
}

/** What else is sold, at prices in neuron of what each is charged by: 0.004 0G an image, 0.0001 0G a second of audio. */
const OTHER_SERVICES = [
  { model: "not-an-image-model", serviceType: "text-to-image", inputPrice: 0n, outputPrice: 4_000_000_000_000_000n },
  { model: "not-an-image-editor", serviceType: "image-editing", inputPrice: 0n, outputPrice: 5_000_000_000_000_000n },
  { model: "not-a-speech-model", serviceType: "speech-to-text", inputPrice: 100_000_000_000_000n, outputPrice: 0n },
  { model: "not-an-embedding-model", serviceType: "embedding", inputPrice: 10_000_000_000n, outputPrice: 0n },
] as const;

const OTHER_TITLE = "Deterministic responder of the embedded Galileo; no model is behind it";

/** Providers of everything but chat, for the embedded network. They answer by themselves, whatever the upstream is. */
export function otherServices(options: LocalServiceOptions = {}): readonly NewProvider[] {
  const { allServices = false, settleIntervalMs, storageNodes = 1 } = options;
  if (!allServices) return [];
  const indexer = storagePort(options);
  return OTHER_SERVICES.map((service, index) => ({
    account: ROLES.serviceProviders[index] ?? 0,
    port: indexer === 0 ? 0 : indexer + 1 + storageNodes + index,
    ...(settleIntervalMs === undefined ? {} : { settleIntervalMs }),
    service: { ...service, model: `local/${service.model}`, title: OTHER_TITLE },
  }));
}

/** The three providers, with their accounts and names: others on a fork, which may be a fork of an embedded network. */
export function localServices(mode: "local" | "fork", options: LocalServiceOptions = {}): readonly NewProvider[] {
  const accounts = mode === "fork" ? ROLES.forkProviders : ROLES.providers;
  const { providerPort = 0, upstream, upstreamModel, settleIntervalMs } = options;
  return SERVICES.map(({ endorsed, model, ...prices }, index) => ({
    account: accounts[index] ?? 0,
    endorsed,
    port: providerPort === 0 ? 0 : providerPort + index,
    ...(upstream === undefined ? {} : { upstream }),
    ...(settleIntervalMs === undefined ? {} : { settleIntervalMs }),
    service: {
      ...prices,
      model: upstreamModel ?? `${mode}/${model}`,
      serviceType: "chatbot",
      title: upstream === undefined ? TITLE : `Forwards to ${upstream}`,
    },
  }));
}
