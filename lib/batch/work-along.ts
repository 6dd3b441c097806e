/** A worker's part of a batch that another process began: it asks and proves, whoever the batch asks, until all is asked. */

import type { ReadContext } from "../chain/context.ts";
import { readService } from "../compute/providers.ts";
import { ZgError } from "../errors.ts";
import { pause } from "../pause.ts";
import { askItems, itemBound, type AskingDeps } from "./ask-items.ts";
import { BatchProviderError, BatchUnknownError } from "./errors.ts";
import { itemOf, type BatchPlan, type BatchQueue } from "./queue.ts";

const LOOK_MS = 500;

/** What the items that wait can cost at most at the provider the batch asks now, in neuron; 0 while there is none. */
export async function openFees(queue: BatchQueue, read: ReadContext, plan: BatchPlan): Promise<bigint> {
  const assignment = await queue.assignment();
  if (assignment === undefined) return 0n;
  const service = await readService(read, assignment.terms.provider);
  let fees = 0n;
  for await (const row of queue.each()) if (row.state === "waiting") fees += itemBound(itemOf(row), service, plan);
  return fees;
}

/**
 * Works along until no item is left to ask, or the signal fires. When the provider is left, it waits for the next one.
 * @throws {BatchUnknownError} when nobody began the batch. What stops a worker stops no other.
 */
export async function workAlong(
  deps: Omit<AskingDeps, "assignment" | "genesisHash" | "claim" | "owner"> & { readonly id: string },
): Promise<void> {
  const { queue, signal, id } = deps;
  const plan = await queue.plan();
  if (plan === undefined) throw new BatchUnknownError({ id, where: queue.where });
  const { claim, genesisHash, owner } = plan;
  let left: string | undefined;
  while (signal?.aborted !== true) {
    const { waiting, asked, answered } = await queue.counts();
    if (waiting + asked + answered === 0) return;
    const assignment = await queue.assignment();
    if (assignment === undefined || assignment.terms.provider === left) {
      try {
        await pause(LOOK_MS, signal, "Waiting for the batch to be funded");
      } catch (error) {
        if (error instanceof ZgError) return;
        throw error;
      }
      continue;
    }
    const stopped = await askItems({ ...deps, assignment, claim, genesisHash, owner });
    if (stopped instanceof BatchProviderError) left = assignment.terms.provider;
    else if (stopped !== undefined) throw stopped;
  }
}
