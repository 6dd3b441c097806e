/** A user's balances at providers, refunds included. */

import type { BlockTag } from "ethers";

import type { IFineTuningServing, IInferenceServing } from "../../types/ethers-contracts/index.ts";
import { latestBlock } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import { fineTuningServing, inferenceServing } from "../chain/contracts.ts";
import { chainCall, isRevert } from "../chain/revert.ts";
import { checksum, type Address } from "../hex.ts";
import { readAllRows } from "./paging.ts";
import { serving, type ServiceKind } from "./service-kind.ts";

/** Money on its way back: requested, and held until the lock time is over. */
export interface Refund {
  /** Neuron. */
  readonly amount: bigint;
  /** Unix seconds, of the block. */
  readonly createdAt: bigint;
  /** From this block time on, inclusive, a second retrieve moves it to the ledger. Unix seconds. */
  readonly unlocksAt: bigint;
  /** Seconds from the latest block to `unlocksAt`; 0 when it can be collected. */
  readonly remainingSeconds: bigint;
}

/** What a user holds at one provider. Amounts in neuron. */
export interface SubAccount {
  readonly service: ServiceKind;
  readonly user: Address;
  readonly provider: Address;
  /** All of it, pending refunds included. */
  readonly balance: bigint;
  readonly pendingRefund: bigint;
  /** `balance - pendingRefund`: what the provider counts as locked for it. */
  readonly spendable: bigint;
  /** Live ones only, oldest first. */
  readonly refunds: readonly Refund[];
  /** The user's acknowledgement of the provider's TEE signer. Every transfer sets it. */
  readonly acknowledged: boolean;
  /** Of the last settlement. */
  readonly nonce: bigint;
  /** Session tokens of a lower generation are void. Fine-tuning has no tokens: 0. */
  readonly generation: bigint;
  /** Bit `1 << tokenId` is set for a revoked API key. */
  readonly revokedBitmap: bigint;
}

type InferenceAccount = IInferenceServing.AccountStructOutput;
type FineTuningAccount = IFineTuningServing.AccountDetailsStructOutput;

/** Time on chain and the lock, against which refunds are measured. */
interface LockClock {
  readonly now: bigint;
  readonly lockTime: bigint;
}

/**
 * Reads `lockTime()` of a serving contract, in seconds. The owner may change it, also for refunds already waiting.
 */
export async function readLockTime(ctx: ReadContext, service: ServiceKind = "inference"): Promise<bigint> {
  return chainCall("Reading the lock time", serving(ctx.network, ctx.provider, service).lockTime());
}

async function readLockClock(ctx: ReadContext, service: ServiceKind): Promise<LockClock> {
  const [lockTime, block] = await Promise.all([readLockTime(ctx, service), latestBlock(ctx)]);
  return { lockTime, now: BigInt(block.timestamp) };
}

function toSubAccount(
  service: ServiceKind,
  account: InferenceAccount | FineTuningAccount,
  { now, lockTime }: LockClock,
): SubAccount {
  // Only the first `validRefundsLength` entries are live; the rest are leftovers, and `processed` is never used.
  const live = account.refunds.slice(0, Number(account.validRefundsLength));
  return {
    service,
    user: checksum(account.user),
    provider: checksum(account.provider),
    balance: account.balance,
    pendingRefund: account.pendingRefund,
    spendable: account.balance - account.pendingRefund,
    refunds: live.map(({ amount, createdAt }) => {
      const unlocksAt = createdAt + lockTime;
      return { amount, createdAt, unlocksAt, remainingSeconds: unlocksAt > now ? unlocksAt - now : 0n };
    }),
    acknowledged: account.acknowledged,
    nonce: account.nonce,
    // By kind and not by `in`: ethers' results answer to names without having them as properties.
    generation: service === "inference" ? (account as InferenceAccount).generation : 0n,
    revokedBitmap: service === "inference" ? (account as InferenceAccount).revokedBitmap : 0n,
  };
}

async function readAccount(
  { network, provider: chain }: ReadContext,
  user: Address,
  provider: Address,
  service: ServiceKind,
  blockTag: BlockTag,
): Promise<InferenceAccount | FineTuningAccount | undefined> {
  const contract = service === "inference" ? inferenceServing(network, chain) : fineTuningServing(network, chain);
  try {
    return await chainCall(
      `Reading the sub-account of ${user} at ${provider}`,
      contract.getAccount(user, provider, { blockTag }) as Promise<InferenceAccount | FineTuningAccount>,
    );
  } catch (error) {
    if (isRevert(error, "AccountNotExists")) return undefined;
    throw error;
  }
}

/**
 * Reads a user's sub-account at a provider. Remaining lock times are measured at the latest block.
 * @returns undefined when the contract says that there is none.
 * @throws {RpcUnreachableError} when nobody answers; an outage is not an absence.
 */
export async function readSubAccount(
  ctx: ReadContext,
  user: Address,
  provider: Address,
  service: ServiceKind = "inference",
  blockTag: BlockTag = "latest",
): Promise<SubAccount | undefined> {
  const [account, clock] = await Promise.all([
    readAccount(ctx, user, provider, service, blockTag),
    readLockClock(ctx, service),
  ]);
  return account === undefined ? undefined : toSubAccount(service, account, clock);
}

/** What a session token depends on. */
export type TokenState = Pick<SubAccount, "acknowledged" | "generation" | "revokedBitmap">;

/** Whether the chain has revoked a token id in the generation of `state`. */
export function isRevoked({ revokedBitmap }: Pick<TokenState, "revokedBitmap">, tokenId: number): boolean {
  return ((revokedBitmap >> BigInt(tokenId)) & 1n) === 1n;
}

/**
 * Reads only what a session token depends on: one call.
 * @returns undefined when the contract says that there is no sub-account.
 */
export async function readTokenState(
  ctx: ReadContext,
  user: Address,
  provider: Address,
): Promise<TokenState | undefined> {
  const account = await readAccount(ctx, user, provider, "inference", "latest");
  if (account === undefined) return undefined;
  const { acknowledged, generation, revokedBitmap } = account as InferenceAccount;
  return { acknowledged, generation, revokedBitmap };
}

/** Lists all of a user's sub-accounts of a kind, empty ones included. Reads every page. */
export async function listSubAccounts(
  ctx: ReadContext,
  user: Address,
  service: ServiceKind = "inference",
): Promise<SubAccount[]> {
  const { network, provider: chain } = ctx;
  const clock = readLockClock(ctx, service);
  if (service === "inference") {
    const contract = inferenceServing(network, chain);
    const [rows, lock] = await Promise.all([
      readAllRows(ctx, "sub-accounts", async (offset, limit, blockTag) => {
        const { accounts, total } = await contract.getAccountsByUser(user, offset, limit, { blockTag });
        return { rows: accounts, total };
      }),
      clock,
    ]);
    return rows.map((row) => toSubAccount(service, row, lock));
  }
  const contract = fineTuningServing(network, chain);
  // This contract's list leaves the refunds out, so each account is read again.
  const [rows, lock] = await Promise.all([
    readAllRows(ctx, "sub-accounts", async (offset, limit, blockTag) => {
      const { accounts, total } = await contract.getAccountsByUser(user, offset, limit, { blockTag });
      return { rows: accounts, total };
    }),
    clock,
  ]);
  const accounts = await Promise.all(
    rows.map((row) => readAccount(ctx, user, checksum(row.provider), service, "latest")),
  );
  return accounts.filter((account) => account !== undefined).map((account) => toSubAccount(service, account, lock));
}
