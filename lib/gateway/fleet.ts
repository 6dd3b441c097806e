/** The providers of a gateway: which serve a request, in which order, and which to leave alone for a while. */

import { answers } from "../compute/liveness.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { namesOf, type Service } from "../compute/providers.ts";
import { UsageError } from "../errors.ts";
import { REQUEST_KINDS, type RequestKind } from "../protocol/services.ts";
import { ProviderAccount, type AccountDeps } from "./account.ts";
import { GatewayModelError } from "./errors.ts";
import { Upstream } from "./upstream.ts";

export const STRATEGIES = ["priority", "price", "latency"] as const;
/** How providers of the same model are ordered: as they were named, cheapest first, or quickest first. */
export type Strategy = (typeof STRATEGIES)[number];

/** @throws {UsageError} */
export function parseStrategy(text: string): Strategy {
  const found = STRATEGIES.find((strategy) => strategy === text);
  if (found !== undefined) return found;
  throw new UsageError({
    message: `${JSON.stringify(text)} is no way to choose among providers`,
    remedy: `Use one of: ${STRATEGIES.join(", ")}.`,
    details: { route: text },
  });
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
/** How much the latest answer counts in the average. */
const WEIGHT = 0.2;

/** One provider, and what the gateway has learnt of it. */
export class Member {
  readonly service: Service;
  readonly upstream: Upstream;
  readonly account: ProviderAccount;
  /** Average milliseconds to the first byte; absent before the first answer. */
  latencyMs: number | undefined;
  #failures = 0;
  #restsUntil = 0;

  constructor(service: Service, deps: AccountDeps) {
    this.service = service;
    this.upstream = new Upstream(service.url, deps.http.border);
    this.account = new ProviderAccount(deps, service);
  }

  isUp(now: number): boolean {
    return this.#restsUntil <= now;
  }

  answered(latencyMs: number): void {
    this.#failures = 0;
    this.#restsUntil = 0;
    this.latencyMs = this.latencyMs === undefined ? latencyMs : this.latencyMs + WEIGHT * (latencyMs - this.latencyMs);
  }

  /** Leaves it alone, longer each time it fails again. */
  failed(now: number): void {
    this.#restsUntil = now + Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
  }

  /** Looks whether anybody answers there now. Costs nothing: the list of models is free. */
  async check(http: HttpDeps, now: () => number): Promise<boolean> {
    const up = await answers(http, this.service);
    if (!up) this.failed(now());
    else if (!this.isUp(now())) this.#restsUntil = 0;
    return up;
  }
}

export class Fleet {
  readonly members: readonly Member[];
  readonly #strategy: Strategy;
  readonly #clock: () => number;
  readonly #byModel = new Map<string, readonly Member[]>();

  constructor(members: readonly Member[], strategy: Strategy, clock: () => number) {
    this.members = members;
    this.#strategy = strategy;
    this.#clock = clock;
    for (const kind of Object.keys(REQUEST_KINDS) as RequestKind[]) this.#index(kind);
  }

  #index(kind: RequestKind): void {
    const serving = this.members.filter(({ service }) => service.serviceType === REQUEST_KINDS[kind].serviceType);
    for (const name of new Set(serving.flatMap(({ service }) => namesOf(service)))) {
      const named = serving.filter(({ service }) => namesOf(service).includes(name));
      // A short name may stand for models of several makers; then it stands for none.
      if (new Set(named.map(({ service }) => service.model)).size === 1) this.#byModel.set(`${kind} ${name}`, named);
    }
    if (new Set(serving.map(({ service }) => service.model)).size === 1) this.#byModel.set(`${kind} `, serving);
  }

  /**
   * Who serves a request, best first; those that rest come last, for when nobody else is left.
   * @throws {GatewayModelError} when nobody does, or when no model is named and there are several.
   */
  candidates(kind: RequestKind, model: string | undefined): readonly Member[] {
    const found = this.#byModel.get(`${kind} ${model ?? ""}`);
    if (found === undefined) throw new GatewayModelError({ model, known: this.#modelsOf(kind) });
    const [only] = found;
    if (found.length === 1 && only !== undefined) return found;
    const now = this.#clock();
    return [...found].sort((a, b) => Number(b.isUp(now)) - Number(a.isUp(now)) || this.#compare(a, b));
  }

  /** 0 keeps the order in which they were named. */
  #compare(a: Member, b: Member): number {
    switch (this.#strategy) {
      case "priority":
        return 0;
      case "price": {
        const difference = priceOf(a) - priceOf(b);
        return difference === 0n ? 0 : difference < 0n ? -1 : 1;
      }
      case "latency":
        return (a.latencyMs ?? 0) - (b.latencyMs ?? 0); // one that was never asked is worth a try
    }
  }

  #modelsOf(kind: RequestKind): readonly string[] {
    const serving = this.members.filter(({ service }) => service.serviceType === REQUEST_KINDS[kind].serviceType);
    return [...new Set(serving.map(({ service }) => service.model))];
  }

  close(): void {
    for (const { upstream } of this.members) upstream.close();
  }
}

function priceOf({ service }: Member): bigint {
  return service.inputPrice + service.outputPrice;
}
