/** Reads a contract's whole list. The contracts give 50 rows at most, and removals move rows between pages. */

import type { BlockTag } from "ethers";

import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { inParallel } from "../parallel.ts";
import { ListUnstableError } from "./errors.ts";

/** The contracts refuse larger pages (`LimitTooLarge`), and read a limit of 0 as this. */
export const PAGE_SIZE = 50;
const ATTEMPTS = 4;

interface Keyed {
  readonly provider: string;
}

export type PageReader<Row> = (
  offset: number,
  limit: number,
  blockTag: BlockTag,
) => Promise<{ readonly rows: readonly Row[]; readonly total: bigint }>;

/**
 * Reads all pages of a list at one block: the first one for the total, the others in parallel. A node that nevertheless
 * answers from another state shows by a changed total or by missing rows; then everything is read again.
 * @throws {ListUnstableError} when it never came out whole.
 */
export async function readAllRows<Row extends Keyed>(
  { provider }: ReadContext,
  what: string,
  readPage: PageReader<Row>,
): Promise<Row[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const blockTag = await chainCall("Reading the block number", provider.getBlockNumber());
    const page = async (offset: number) => chainCall(`Listing ${what}`, readPage(offset, PAGE_SIZE, blockTag));
    const first = await page(0);
    const total = Number(first.total);
    const offsets: number[] = [];
    for (let offset = PAGE_SIZE; offset < total; offset += PAGE_SIZE) offsets.push(offset);
    const pages = [first, ...(await inParallel(offsets, page))];

    const byProvider = new Map<string, Row>();
    for (const { rows } of pages) for (const row of rows) byProvider.set(row.provider, row);
    if (byProvider.size === total && pages.every((each) => each.total === first.total)) return [...byProvider.values()];
  }
  throw new ListUnstableError({ what, attempts: ATTEMPTS });
}
