/** What can be wrong between two programs, as data, so that a test asks for the fault it needs. */

import type { RpcCall } from "./json-rpc.ts";

export type Fault =
  | {
      /** Hangs up without an answer. */
      readonly kind: "drop";
      /** Only after it has handed the request on, so that it was done and nobody hears of it. */
      readonly delivered?: boolean;
    }
  | { /** Never answers. */ readonly kind: "hang"; readonly delivered?: boolean }
  | {
      /** Answers in small pieces, with a turn of the event loop between them. */ readonly kind: "slow";
      readonly bytes: number;
    }
  | { /** Breaks off inside the answer. */ readonly kind: "cut"; readonly afterBytes: number }
  | {
      /** Hands the request on twice and gives the first answer, or the second. */ readonly kind: "duplicate";
      readonly answer?: 1 | 2;
    }
  | {
      /** Gives the answers of a batch backwards; holds any other one back until the next one has overtaken it. */
      readonly kind: "reorder";
    }
  | {
      readonly kind: "corrupt";
      /** `bytes` turns one bit over, `json` ends it early, `id` names another question, `types` swaps numbers and texts. */
      readonly how: "bytes" | "json" | "id" | "types";
    }
  | {
      /** Answers reads from an older state: of a chain at this block, of all else with the first answer to this question. */
      readonly kind: "stale";
      readonly block?: number;
    }
  | {
      /** Refuses. */ readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: number;
      readonly body?: string;
    }
  | {
      /** JSON-RPC with this result, whatever was asked: another chain's id, say. */ readonly kind: "answer";
      readonly result: unknown;
    };

/** Which requests a fault is for; all of them where nothing is said. */
export interface When {
  /** Of JSON-RPC. */
  readonly method?: string | RegExp;
  readonly path?: RegExp;
  /** Of JSON-RPC, asked of every call in turn until one fits. */
  readonly call?: (call: RpcCall) => boolean;
  /** From the so-manieth such request on. Default 1. */
  readonly nth?: number;
  /** For so many of them. Default: until healed. */
  readonly times?: number;
}
