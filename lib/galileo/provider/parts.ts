import type { BaseWallet } from "ethers";

import type { Address } from "../../hex.ts";
import type { Answerer } from "./answerer.ts";
import type { AsyncJobs } from "./async-jobs.ts";
import type { Bills } from "./bills.ts";
import type { ChainCache } from "./chain-cache.ts";
import type { SessionGate } from "./gate.ts";
import type { ImageStore } from "./image-store.ts";
import type { InFlight } from "./in-flight.ts";
import type { Temper } from "./misbehaviour.ts";
import type { RateLimits, ServiceOffer } from "./options.ts";
import type { RateLimiter } from "./rate-limits.ts";
import type { RequestLog } from "./request-log.ts";
import type { SignatureStore } from "./signatures.ts";

/** The parts of one provider, put together once by `startLocalProvider`. */
export interface ProviderParts {
  readonly address: Address;
  /** Without trailing slash. */
  readonly url: () => string;
  readonly service: ServiceOffer;
  readonly forwards: boolean;
  readonly tee: () => BaseWallet;
  readonly gate: SessionGate;
  readonly inFlight: InFlight;
  readonly rates: RateLimiter;
  readonly rateLimits: RateLimits;
  readonly cache: ChainCache;
  readonly bills: Bills;
  readonly signatures: SignatureStore;
  readonly images: ImageStore;
  readonly jobs: AsyncJobs;
  readonly answerer: Answerer;
  readonly temper: Temper;
  readonly requests: RequestLog;
  readonly uuid: () => string;
  readonly clock: () => number;
  /** Fires when the provider closes. */
  readonly closing: AbortSignal;
}
