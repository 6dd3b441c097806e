/** A provider of 0G Compute on this computer: real HTTP, real settlements, a key where a TEE would be. */

import { randomBytes, randomUUID } from "node:crypto";

import { Wallet, type BaseWallet } from "ethers";

import { checksum, toHex } from "../../hex.ts";
import { listen } from "../../listen.ts";
import { SIGNATURE_LIFETIME_MS } from "../../protocol/constants.ts";
import { asyncJobs } from "./async-jobs.ts";
import { bills as newBills } from "./bills.ts";
import { inferenceServingChain } from "./chain.ts";
import { chainCache } from "./chain-cache.ts";
import { additionalInfo } from "./description.ts";
import { sessionGate } from "./gate.ts";
import { imageStore } from "./image-store.ts";
import { DEFAULT_LIMITS, inFlight } from "./in-flight.ts";
import { lateServer, letProcessEnd } from "./late-server.ts";
import { temper as newTemper } from "./misbehaviour.ts";
import type { LocalProvider, LocalProviderOptions } from "./options.ts";
import type { ProviderParts } from "./parts.ts";
import { rateLimiter } from "./rate-limits.ts";
import { requestLog } from "./request-log.ts";
import { responder } from "./responders/index.ts";
import { providerServer } from "./server.ts";
import { settler as newSettler } from "./settlement.ts";
import { signatureStore } from "./signatures.ts";
import { upstreamAnswerer } from "./upstream.ts";

export { PortTakenError } from "../../listen.ts";
export type { Misbehaviour } from "./misbehaviour.ts";
export type {
  InFlightLimits,
  LocalProvider,
  LocalProviderOptions,
  RateLimits,
  ServedRequest,
  ServiceOffer,
  SettlementOutcome,
} from "./options.ts";
export { firstUpstreamModel } from "./upstream.ts";

const UPSTREAM_TIMEOUT_MS = 300_000;

/**
 * Starts a provider on 127.0.0.1. Registering it (`serviceParams`) and having it endorsed is the caller's; until then
 * it refuses every paid request. Sends nothing until it settles.
 * @throws {PortTakenError} when something listens on the port already.
 * @throws {UsageError} when `upstream` is no URL.
 */
export async function startLocalProvider(options: LocalProviderOptions): Promise<LocalProvider> {
  const { network, wallet, service, log = () => undefined, clock = () => Date.now() } = options;
  const address = checksum(wallet.address);
  const closing = new AbortController();
  let teeWallet: BaseWallet = options.teeWallet;
  const tee = () => teeWallet;

  const chain = options.chain ?? inferenceServingChain({ network, wallet, log });
  const cache = chainCache(chain, options.accountCacheMs ?? 0, clock);
  const bills = newBills(clock);
  const lifetimeMs = options.chatCacheMs ?? SIGNATURE_LIFETIME_MS;
  const rateLimits = options.rateLimits ?? {};
  let url = "";
  const settler = newSettler({ network, provider: address, tee, chain, bills, clock, log });
  const parts: ProviderParts = {
    address,
    url: () => url,
    service,
    forwards: options.upstream !== undefined,
    tee,
    gate: sessionGate({ provider: address, cache, clock }),
    inFlight: inFlight({ ...DEFAULT_LIMITS, ...options.limits }),
    rates: rateLimiter(rateLimits, clock),
    rateLimits,
    cache,
    bills,
    signatures: signatureStore({ tee, lifetimeMs, clock }),
    images: imageStore(lifetimeMs, clock),
    jobs: asyncJobs({ enabled: options.asyncJobs ?? true, lifetimeMs, clock }),
    answerer:
      options.upstream === undefined
        ? responder(service, clock)
        : upstreamAnswerer({
            upstream: options.upstream,
            headers: options.upstreamHeaders ?? {},
            timeoutMs: options.upstreamTimeoutMs ?? UPSTREAM_TIMEOUT_MS,
            fetch: options.fetch ?? fetch,
            closing: closing.signal,
          }),
    temper: newTemper(),
    requests: requestLog(clock),
    uuid: options.uuid ?? randomUUID,
    clock,
    closing: closing.signal,
  };

  const { server, close } = lateServer(async () => providerServer(parts));
  if (options.keepAlive !== true) letProcessEnd(server);
  const port = await listen(server, { port: options.port, what: `local provider of ${service.model}` });
  url = `http://127.0.0.1:${port}`;
  const stopTimer = settleEvery(options.settleIntervalMs, async () => {
    try {
      await settler.settle({ patient: true });
    } catch (error) {
      log(`settlement failed and is tried again: ${error instanceof Error ? error.message : String(error)}`);
    }
  });

  return {
    address,
    url,
    port,
    get teeSigner() {
      return checksum(teeWallet.address);
    },
    serviceParams: () => ({
      serviceType: service.serviceType,
      url,
      model: service.model,
      verifiability: "TeeML",
      inputPrice: service.inputPrice,
      outputPrice: service.outputPrice,
      additionalInfo: additionalInfo(service),
      teeSignerAddress: teeWallet.address,
    }),
    misbehave: (how) => parts.temper.set(how),
    requests: () => parts.requests.all(),
    unsettledFee: (user) => bills.unsettled(checksum(user)),
    settle: () => settler.settle(),
    rotateTeeSigner() {
      teeWallet = new Wallet(toHex(randomBytes(32)));
      return checksum(teeWallet.address);
    },
    async close() {
      stopTimer();
      closing.abort();
      await close();
    },
  };
}

function settleEvery(ms: number | undefined, settle: () => Promise<void>): () => void {
  if (ms === undefined) return () => undefined;
  const timer = setInterval(() => void settle(), ms);
  timer.unref();
  return () => clearInterval(timer);
}
