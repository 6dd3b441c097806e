/** How a provider collects: what its TEE signed, asked of the contract first, then sent in batches. */

import { readFile } from "node:fs/promises";

import type { TransactionReceipt } from "ethers";
import { z } from "zod";

import type { ReadContext } from "../chain/context.ts";
import { INTERFACES, inferenceServing } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { addressSchema, hashSchema } from "../hex-schema.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { SETTLEMENT_BATCH } from "../protocol/constants.ts";
import { settlementStatus, type SettlementMessage, type SettlementStatus } from "../protocol/settlement.ts";
import { SettlementFileError } from "./errors.ts";
import { servingEvents } from "./events.ts";

export interface SignedSettlement extends SettlementMessage {
  /** Of the provider's TEE signer, over the EIP-712 message. 65 bytes. */
  readonly signature: Hex;
}

/** What the contract says it would do. Users who are in neither would pay in full. */
export interface SettlementPreview {
  readonly failed: ReadonlyMap<Address, SettlementStatus>;
  /** Neuron that would stay unpaid, per user whose balance covers only a part. No record of it would remain. */
  readonly partial: ReadonlyMap<Address, bigint>;
}

/** What the contract did with one user's item; `unsettled` in neuron. */
export interface SettlementResult {
  readonly status: SettlementStatus;
  readonly unsettled: bigint;
}

const decimal = z
  .string()
  .regex(/^\d{1,78}$/, "not a whole number in decimal")
  .transform(BigInt);
const fileSchema = z
  .array(
    z.strictObject({
      user: addressSchema,
      provider: addressSchema,
      totalFee: decimal,
      requestsHash: hashSchema,
      nonce: decimal,
      signature: z
        .string()
        .regex(/^0x[0-9a-fA-F]{130}$/, "not 65 bytes")
        .transform((text) => text as Hex),
    }),
  )
  .min(1, "no settlement in it")
  .refine((items) => new Set(items.map(({ user }) => user)).size === items.length, "one user twice");

/**
 * Reads settlements from JSON: a list of objects with the fields of the contract's `TEESettlementData`, fees and nonces as
 * decimal strings.
 * @throws {SettlementFileError}
 */
export async function readSettlements(file: string): Promise<readonly SignedSettlement[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new SettlementFileError({ problem: error instanceof Error ? error.message : String(error) }, error);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) throw new SettlementFileError({ problem: z.prettifyError(parsed.error) }, parsed.error);
  return parsed.data;
}

/** As many lists of at most {@link SETTLEMENT_BATCH} items as it takes: the contract settles no more at once. */
export function settlementBatches<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / SETTLEMENT_BATCH);
  return Array.from({ length: count }, (_, i) => items.slice(i * SETTLEMENT_BATCH, (i + 1) * SETTLEMENT_BATCH));
}

/** Asks the contract, as `provider`, what it would do with one batch: each item of another user. Sends nothing. */
export async function previewSettlement(
  { network, provider: chain }: Pick<ReadContext, "network" | "provider">,
  provider: Address,
  items: readonly SignedSettlement[],
): Promise<SettlementPreview> {
  const { failedUsers, failureReasons, partialUsers, partialAmounts } = await chainCall(
    `Previewing the settlement of ${items.length} users`,
    inferenceServing(network, chain).previewSettlementResults([...items], { from: provider }),
  );
  const failed = failedUsers.map((user, i) => [checksum(user), settlementStatus(failureReasons[i] ?? -1)] as const);
  const partial = partialUsers.map((user, i) => [checksum(user), partialAmounts[i] ?? 0n] as const);
  return { failed: new Map(failed), partial: new Map(partial) };
}

/** The call that settles one batch. */
export function settlementDraft(network: Network, items: readonly SignedSettlement[]): TransactionDraft {
  return {
    what: `settle the fees of ${items.length} user${items.length === 1 ? "" : "s"}`,
    to: network.contracts.inferenceServing,
    data: INTERFACES.inferenceServing().encodeFunctionData("settleFeesWithTEE", [items]) as Hex,
  };
}

/** What became of each item, from the events of a settlement. */
export function settlementResults(
  network: Network,
  receipt: TransactionReceipt,
): ReadonlyMap<Address, SettlementResult> {
  const results = new Map<Address, SettlementResult>();
  for (const { name, args } of servingEvents(network, receipt)) {
    if (name !== "TEESettlementResult") continue;
    const [user, status, unsettled] = args as unknown as [string, bigint, bigint];
    results.set(checksum(user), { status: settlementStatus(status), unsettled });
  }
  return results;
}
