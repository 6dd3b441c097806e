/** What a local provider is told, and what it gives back. */

import type { BaseWallet } from "ethers";

import type { IInferenceServing } from "../../../types/ethers-contracts/index.ts";
import type { Log } from "../../chain/context.ts";
import type { Address, Hex } from "../../hex.ts";
import type { Network } from "../../networks.ts";
import type { CacheBilling, PriceTier } from "../../protocol/fees.ts";
import type { SettlementStatus } from "../../protocol/settlement.ts";
import type { ProviderChain } from "./chain.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

/** The service as it will be registered. */
export interface ServiceOffer {
  /** With the built-in responder, a name that says it is no language model; with an upstream, the upstream's name. */
  readonly model: string;
  readonly serviceType: "chatbot" | "text-to-image" | "image-editing" | "speech-to-text" | "embedding";
  /** Neuron per token, or per second of audio. */
  readonly inputPrice: bigint;
  /** Neuron per token or image. */
  readonly outputPrice: bigint;
  /** Prices by the length of the prompt, and of cached tokens: published on chain and charged. */
  readonly tiers?: readonly PriceTier[];
  readonly cacheBilling?: CacheBilling;
  /** One line for people. */
  readonly title: string;
}

/** What one user may ask for in a minute; the next request gets 429. Absent: no limit, and no headers about it. */
export interface RateLimits {
  readonly requestsPerMinute?: number;
  /** These two are counted after the answer: only then the number is known. */
  readonly tokensPerMinute?: number;
  readonly imagesPerMinute?: number;
}

/** How many requests may be answered at the same time. */
export interface InFlightLimits {
  /** Over all users; the next one gets 503. Default 20. */
  readonly global: number;
  /** Of one user; the next one gets 429. Default 5. */
  readonly perUser: number;
}

export interface LocalProviderOptions {
  readonly network: Network;
  /** The provider's account, connected to the chain: it registers, and it sends settlements. */
  readonly wallet: BaseWallet;
  /** Stands in for the key inside a TEE: it signs answers and settlements. Made anew for every run. */
  readonly teeWallet: BaseWallet;
  readonly service: ServiceOffer;
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** An OpenAI-compatible server to forward to, with or without `/v1`. Absent: the built-in responder answers. */
  readonly upstream?: string;
  /** Added to every request to the upstream, e.g. its key. */
  readonly upstreamHeaders?: Readonly<Record<string, string>>;
  /** Default 300 000. */
  readonly upstreamTimeoutMs?: number;
  readonly limits?: Partial<InFlightLimits>;
  readonly rateLimits?: RateLimits;
  /** Images as jobs that are asked for later. Default true. */
  readonly asyncJobs?: boolean;
  /**
   * How long an account or service read from the chain is believed. Default 0: tests see every change at once. Live
   * providers take 600 000; set that to see what their users see after a revocation.
   */
  readonly accountCacheMs?: number;
  /** How long a signature, a kept image or a finished job can be fetched. Default 20 minutes. */
  readonly chatCacheMs?: number;
  /** Settle every so often on its own. Default: only when told to. */
  readonly settleIntervalMs?: number;
  /** Keep the process running for as long as the server is open. Default false. */
  readonly keepAlive?: boolean;
  /** Unix milliseconds. Default: the computer's clock. */
  readonly clock?: () => number;
  readonly log?: Log;
  /** Default: 0G's contract on `network`, through `wallet`. */
  readonly chain?: ProviderChain;
  readonly fetch?: typeof fetch;
  /** Default: random. */
  readonly uuid?: () => string;
}

/** One request that was served, for tests. Holds no token and no text. */
export interface ServedRequest {
  readonly at: number;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** Absent while nothing has been answered yet. */
  readonly status?: number;
  /** Who asked, once the session was accepted. */
  readonly user?: Address;
  readonly streamed?: boolean;
  readonly chatId?: string;
  /** SHA-256 of the body as received and as delivered; hexadecimal. */
  readonly requestHash?: string;
  readonly responseHash?: string;
  /** Neuron, once billed. */
  readonly fee?: bigint;
  readonly misbehaviour?: Misbehaviour["kind"];
}

/** What became of one user's fees in a settlement. */
export interface SettlementOutcome {
  readonly provider: Address;
  readonly user: Address;
  /** `skipped`: nothing of it fits the user's balance; tried again later. */
  readonly status: SettlementStatus | "skipped";
  /** How many requests were settled. */
  readonly requests: number;
  /** Neuron asked for in the settlement. */
  readonly totalFee: bigint;
  /** Neuron of it, or beyond it, that the user's balance did not cover. */
  readonly unsettled: bigint;
  /** The transaction; absent when nothing was sent for this user. */
  readonly hash?: Hex;
}

export interface LocalProvider {
  readonly address: Address;
  /** Without trailing slash; the URL to register. */
  readonly url: string;
  readonly port: number;
  readonly teeSigner: Address;
  /** What to pass to `addOrUpdateService`, with the present signer. */
  serviceParams(): IInferenceServing.ServiceParamsStruct;
  /** Makes it lie, fail or dawdle from the next paid request on; `undefined` makes it honest again. */
  misbehave(how: Misbehaviour | undefined): void;
  /** The last 1000 requests, oldest first. */
  requests(): readonly ServedRequest[];
  /** Neuron a user owes and has not paid yet. */
  unsettledFee(user: string): bigint;
  /** Collects all fees on chain now. One settlement at a time; a second call waits for the first. */
  settle(): Promise<SettlementOutcome[]>;
  /** Replaces the TEE key. Registering and endorsing the new signer is the caller's. */
  rotateTeeSigner(): Address;
  /** Stops serving at once, open answers included. */
  close(): Promise<void>;
}
