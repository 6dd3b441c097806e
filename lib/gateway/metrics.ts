/** What the gateway counts, for Prometheus. Labels are few and fixed: addresses, models and paths, never what a client sent. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

import type { Address } from "../hex.ts";
import type { Measure } from "../protocol/fees.ts";
import type { Fleet } from "./fleet.ts";
import type { ProofState } from "./proofs.ts";

const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter<"endpoint" | "status">;
  readonly #seconds: Histogram<"endpoint">;
  readonly #firstByte: Histogram<"provider">;
  readonly #inFlight: Gauge;
  readonly #failOvers: Counter<"provider">;
  readonly #fees: Counter<"provider">;
  readonly #units: Counter<"model" | "unit">;
  readonly #checks: Counter<"verdict">;
  readonly #topUps: Counter<"provider">;

  constructor() {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: "zg_gateway_requests_total",
      help: "Requests answered, by path and status",
      labelNames: ["endpoint", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "zg_gateway_request_seconds",
      help: "From a request's arrival to the end of its answer",
      labelNames: ["endpoint"],
      buckets: SECONDS,
      registers,
    });
    this.#firstByte = new Histogram({
      name: "zg_gateway_provider_seconds",
      help: "From sending a request to a provider to the beginning of its answer",
      labelNames: ["provider"],
      buckets: SECONDS,
      registers,
    });
    this.#inFlight = new Gauge({ name: "zg_gateway_in_flight", help: "Requests under way", registers });
    this.#failOvers = new Counter({
      name: "zg_gateway_failovers_total",
      help: "Times a provider failed and the next one was asked",
      labelNames: ["provider"],
      registers,
    });
    this.#fees = new Counter({
      name: "zg_gateway_fees_0g_total",
      help: "Fees in 0G, rounded as every number of Prometheus is; exact amounts are in the spending log",
      labelNames: ["provider"],
      registers,
    });
    this.#units = new Counter({
      name: "zg_gateway_units_total",
      help: "What answers were charged by: tokens, images, seconds, words",
      labelNames: ["model", "unit"],
      registers,
    });
    this.#checks = new Counter({
      name: "zg_gateway_checks_total",
      help: "Answers checked against their signatures",
      labelNames: ["verdict"],
      registers,
    });
    this.#topUps = new Counter({
      name: "zg_gateway_top_ups_total",
      help: "Transfers to a provider's sub-account",
      labelNames: ["provider"],
      registers,
    });
  }

  /** Shows what is known of each provider, read when somebody asks. */
  watch(fleet: Fleet, clock: () => number): void {
    const registers = [this.registry];
    const each = (gauge: Gauge<"provider">, value: (member: Fleet["members"][number]) => number) => {
      for (const member of fleet.members) gauge.set({ provider: member.service.provider }, value(member));
    };
    new Gauge({
      name: "zg_gateway_provider_up",
      help: "1 while a provider is asked, 0 while it rests",
      labelNames: ["provider"],
      registers,
      collect() {
        each(this, (member) => Number(member.isUp(clock())));
      },
    });
    new Gauge({
      name: "zg_gateway_free_0g",
      help: "Locked at a provider and not owed, in 0G, rounded",
      labelNames: ["provider"],
      registers,
      collect() {
        each(this, ({ account }) => rounded(account.free));
      },
    });
  }

  entered(): void {
    this.#inFlight.inc();
  }

  /** A request has ended, whichever way. */
  left(endpoint: string, status: number, milliseconds: number): void {
    this.#inFlight.dec();
    this.#requests.inc({ endpoint, status });
    this.#seconds.observe({ endpoint }, milliseconds / 1000);
  }

  /** A provider's answer has begun. */
  began(provider: Address, milliseconds: number): void {
    this.#firstByte.observe({ provider }, milliseconds / 1000);
  }

  failedOver(provider: Address): void {
    this.#failOvers.inc({ provider });
  }

  spent(provider: Address, fee: bigint): void {
    if (fee > 0n) this.#fees.inc({ provider }, rounded(fee));
  }

  measured(model: string, measure: Measure): void {
    switch (measure.unit) {
      case "tokens":
        this.#units.inc({ model, unit: "prompt tokens" }, measure.promptTokens);
        this.#units.inc({ model, unit: "completion tokens" }, measure.completionTokens);
        return;
      case "images":
        this.#units.inc({ model, unit: measure.unit }, measure.images);
        return;
      case "seconds":
        this.#units.inc({ model, unit: measure.unit }, measure.seconds);
        return;
      case "words":
        this.#units.inc({ model, unit: measure.unit }, measure.words);
    }
  }

  checked({ status }: ProofState): void {
    this.#checks.inc({ verdict: status });
  }

  toppedUp(provider: Address): void {
    this.#topUps.inc({ provider });
  }
}

const NEURON_PER_0G = 1e18;

/** For charts only: money is counted in bigint everywhere else. */
function rounded(neuron: bigint): number {
  return Number(neuron) / NEURON_PER_0G;
}
