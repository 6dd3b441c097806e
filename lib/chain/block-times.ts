import type { ReadContext } from "./context.ts";
import { inParallel } from "../parallel.ts";
import { chainCall } from "./revert.ts";

/** The time of each of these blocks, in Unix seconds; each is read once. */
export async function blockTimes(
  { provider }: ReadContext,
  blocks: readonly number[],
): Promise<(block: number) => bigint> {
  const distinct = [...new Set(blocks)];
  const times = await inParallel(distinct, async (block) => {
    const found = await chainCall(`Reading block ${block}`, provider.getBlock(block));
    if (found === null) throw new Error(`block ${block} has events, but the node does not know it`);
    return [block, BigInt(found.timestamp)] as const;
  });
  const known = new Map(times);
  return (block) => known.get(block) ?? 0n;
}
