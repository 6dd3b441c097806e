/** How the data of a minted inference came to be what the token lists now. */

import { ZERO_ADDRESS, type Hex } from "../hex.ts";
import type { TokenEvent } from "./events.ts";

/** Whether every change of datum 0 since the mint is one that the contract announced. */
export type DataTrail =
  /** The ciphertext is the one that was minted. */
  | { readonly status: "unchanged" }
  /**
   * The owner replaced it, or it was re-encrypted for a new owner. Who replaced it last says what it is; that it still
   * holds the inference shows only when it is opened.
   */
  | {
      readonly status: "explained";
      readonly changes: number;
      readonly last: "an update by its owner" | "a transfer";
      readonly transaction: Hex;
    }
  /** The token lists what no event of the contract accounts for. */
  | { readonly status: "broken"; readonly expected: Hex | "none" };

/**
 * Follows datum 0 from the mint to now. Updates publish both hashes, so they must join; a transfer publishes none, and
 * what it left is known again only with the next update.
 */
export function traceData(events: readonly TokenEvent[], minted: Hex, listed: Hex | undefined): DataTrail {
  // `unknown` after a transfer.
  let expected: Hex | "none" | "unknown" = minted;
  let changes = 0;
  let last: (DataTrail & { status: "explained" }) | undefined;
  for (const { name, args, transaction } of events) {
    const moved = name === "Transfer" && args["from"] !== ZERO_ADDRESS && args["to"] !== ZERO_ADDRESS;
    const replaced = replacement({ name, args });
    if (moved && expected !== "none") {
      expected = "unknown";
      last = { status: "explained", changes: ++changes, last: "a transfer", transaction };
    } else if (replaced !== undefined) {
      if (expected !== "unknown" && replaced.old !== expected) return { status: "broken", expected };
      expected = replaced.new;
      last = { status: "explained", changes: ++changes, last: "an update by its owner", transaction };
    }
  }
  if (expected !== "unknown" && expected !== (listed ?? "none")) return { status: "broken", expected };
  return last ?? { status: "unchanged" };
}

/** Datum 0 before and after, when an event replaced it. */
function replacement({
  name,
  args,
}: Pick<TokenEvent, "name" | "args">): { old: Hex | "none"; new: Hex | "none" } | undefined {
  if (name === "DataHashesUpdated") {
    const [before, after] = [args["oldDataHashes"], args["newDataHashes"]] as readonly (readonly Hex[])[];
    return { old: before?.[0] ?? "none", new: after?.[0] ?? "none" };
  }
  if (name !== "Updated") return undefined;
  const [before, after] = [args["oldDatas"], args["newDatas"]] as readonly (readonly { readonly dataHash: Hex }[])[];
  return { old: before?.[0]?.dataHash ?? "none", new: after?.[0]?.dataHash ?? "none" };
}
