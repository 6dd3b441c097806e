/** Whether a request whose answer was lost was charged for: what the provider billed since, in all ways it can show. */

import { latestBlock } from "../chain/connect.ts";
import { readLedgerHistory } from "../compute/ledger-history.ts";
import { readService, type Service } from "../compute/providers.ts";
import { fetchUnsettledFee } from "../compute/unsettled-fee.ts";
import { AbortedError, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { withUnit } from "../units.ts";
import type { FlowReadContext } from "./context.ts";
import type { Billed, FactOf } from "./journal.ts";

/** Neuron that the provider billed this user since the request left, whichever request it is for. */
export type PossibleCharge =
  { readonly known: true; readonly amount: bigint } | { readonly known: false; readonly why: string };

/** The charge in words. */
export function chargeText(charge: PossibleCharge): string {
  if (!charge.known) return `what it charged cannot be told (${charge.why})`;
  return charge.amount === 0n
    ? "by its own account nothing was charged until now"
    : `it has billed ${withUnit(charge.amount)} since, to all requests of this account`;
}

type Asking = Pick<FlowReadContext, "read" | "http" | "session" | "owner">;

/** Asks a provider what it has not collected, before something is asked of it. Why it is not known, where it is not. */
export async function billedNow(ctx: Asking, service: Pick<Service, "provider" | "url">): Promise<Billed> {
  // Before the provider is asked: what it collects in between would count twice, not go missing.
  const { number: block } = await latestBlock(ctx.read);
  const asked = await askUnsettled(ctx, async () => Promise.resolve(service));
  return typeof asked === "bigint" ? { block, unsettled: asked.toString() } : { block, unknown: asked.why };
}

async function askUnsettled(
  { http, session }: Asking,
  service: () => Promise<Pick<Service, "provider" | "url">>,
): Promise<bigint | { readonly why: string }> {
  if (session === undefined) return { why: "no key is at hand to ask the provider with" };
  try {
    return await fetchUnsettledFee({ ...http, session }, await service());
  } catch (error) {
    if (!(error instanceof ZgError) || error instanceof AbortedError) throw error;
    return { why: `the provider could not be asked: ${error.code}` };
  }
}

/**
 * Compares what a provider has billed with what it had billed when a request left: not collected yet, and collected
 * since by the chain's account. Reads; asks the provider, which costs nothing.
 */
export async function possibleCharge(ctx: Asking, asked: FactOf<"asked">): Promise<PossibleCharge> {
  const { billed, provider } = asked;
  if (billed === undefined) return { known: false, why: "what was billed before it was not written down" };
  if ("unknown" in billed) return { known: false, why: `before it ${billed.unknown}` };
  const now = await askUnsettled(ctx, async () => readService(ctx.read, provider));
  if (typeof now !== "bigint") return { known: false, why: now.why };
  const amount = now + (await settledSince(ctx, provider, billed.block)) - BigInt(billed.unsettled);
  return { known: true, amount: amount > 0n ? amount : 0n };
}

async function settledSince({ read, owner }: Asking, provider: Address, block: number): Promise<bigint> {
  const history = await readLedgerHistory(read, owner, { fromBlock: block + 1 });
  return history
    .filter((entry) => entry.kind === "settled" && entry.service === "inference" && entry.provider === provider)
    .reduce((sum, { amount = 0n }) => sum + amount, 0n);
}
