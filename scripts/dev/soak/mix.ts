/** Which faults a round of a soak meets, drawn from a seed: the same seed draws the same ones. */

import type { Misbehaviour } from "../../../lib/galileo/provider/local-provider.ts";
import type { Fault, When } from "../../../test/support/fault-proxy.ts";

export interface Planned {
  readonly fault: Fault;
  readonly when: When;
}

export interface RoundFaults {
  /** Between us and the provider. */
  readonly market: readonly Planned[];
  /** Between us and the chain. */
  readonly chain: readonly Planned[];
  /** What the provider itself does to one of its answers. */
  readonly lie?: Misbehaviour;
}

/** Numbers from 0 to 1, exclusive. Mulberry32, by Tommy Ettinger. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CHAT = /\/chat\/completions$/;
const SIGNATURE = /\/signature\//;

const CHAT_FAULTS: readonly Fault[] = [
  { kind: "status", status: 500 },
  { kind: "status", status: 502 },
  { kind: "status", status: 503 },
  { kind: "status", status: 429, retryAfter: 0 },
  { kind: "drop" },
  { kind: "drop", delivered: true },
  { kind: "cut", afterBytes: 60 },
  { kind: "hang", delivered: true },
  { kind: "slow", bytes: 40 },
];
const SIGNATURE_FAULTS: readonly Fault[] = [
  { kind: "status", status: 503 },
  { kind: "status", status: 429, retryAfter: 0 },
  { kind: "drop" },
  { kind: "cut", afterBytes: 20 },
  { kind: "slow", bytes: 30 },
];
const CHAIN_FAULTS: readonly Fault[] = [
  { kind: "status", status: 503 },
  { kind: "status", status: 429, retryAfter: 0 },
  { kind: "drop" },
  { kind: "drop", delivered: true },
  { kind: "slow", bytes: 200 },
];
const CHAIN_METHODS = ["eth_call", "eth_getTransactionReceipt", "eth_sendRawTransaction", "eth_estimateGas"] as const;
const LIES: readonly Misbehaviour["kind"][] = [
  "wrong-signature",
  "foreign-signature",
  "wrong-request-hash",
  "wrong-response-hash",
  "altered-body",
  "no-signature",
];

/** One item in so many meets a fault at the provider, as many signatures do, and one round in so many a lie. */
const CHAT_SHARE = 8;
const SIGNATURE_SHARE = 12;
const CHAIN_FAULTS_A_ROUND = 4;
const ROUNDS_PER_LIE = 5;

/** Draws the faults of a round of so many items. */
export function drawRound(random: () => number, items: number): RoundFaults {
  const below = (end: number) => Math.floor(random() * end);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const draw = (count: number, faults: readonly Fault[], of: () => When): Planned[] =>
    Array.from({ length: count }, () => ({ fault: pick(faults), when: { ...of(), nth: 1 + below(items), times: 1 } }));
  const lies = below(ROUNDS_PER_LIE) === 0;
  return {
    market: [
      ...draw(Math.ceil(items / CHAT_SHARE), CHAT_FAULTS, () => ({ path: CHAT })),
      ...draw(Math.ceil(items / SIGNATURE_SHARE), SIGNATURE_FAULTS, () => ({ path: SIGNATURE })),
    ],
    chain: draw(CHAIN_FAULTS_A_ROUND, CHAIN_FAULTS, () => ({ method: pick(CHAIN_METHODS) })),
    ...(lies ? { lie: { kind: pick(LIES), requests: 1 } as Misbehaviour } : {}),
  };
}
