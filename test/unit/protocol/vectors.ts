import { readFileSync } from "node:fs";

/** Reads a vector of this folder. Vectors were made with other software than ours. */
export function vector<T>(name: "session-token" | "response-signature" | "settlement"): T {
  return JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), "utf8")) as T;
}

/** A deterministic stream of numbers in [0, 1), so that a failing case can be found again. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
