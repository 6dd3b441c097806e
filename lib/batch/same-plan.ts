import { itemText, type BatchItem } from "./items.ts";
import { BatchMismatchError } from "./errors.ts";
import type { BatchPlan } from "./queue.ts";

/**
 * Asserts that a batch that was begun is the one that is continued.
 * @param itemAt what it was begun with at a place, for the error.
 * @throws {BatchMismatchError}
 */
export async function assertSamePlan(
  recorded: BatchPlan,
  now: BatchPlan,
  items: readonly BatchItem[],
  itemAt: (seq: number) => Promise<string | undefined>,
): Promise<void> {
  const { id } = recorded;
  for (const field of ["network", "genesisHash", "owner", "claim", "mint", "stores", "items"] as const) {
    if (recorded[field] !== now[field]) {
      throw new BatchMismatchError({
        id,
        field: NAMES[field],
        recorded: String(recorded[field]),
        now: String(now[field]),
      });
    }
  }
  if (recorded.digest === now.digest) return;
  for (const item of items) {
    const [before, text] = [await itemAt(item.seq), itemText(item)];
    if (before !== text) {
      throw new BatchMismatchError({ id, field: `item ${item.seq + 1}`, recorded: shown(before), now: shown(text) });
    }
  }
  throw new BatchMismatchError({ id, field: "items", recorded: recorded.digest, now: now.digest });
}

const NAMES = {
  network: "network",
  genesisHash: "genesis hash",
  owner: "owner",
  claim: "claim",
  mint: "minting",
  stores: "storing on 0G Storage",
  items: "a number of items",
} as const;

const LONGEST_SHOWN = 160;

function shown(text = "nothing"): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
