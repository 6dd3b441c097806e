/** Sends a transaction so that it can be found again: priced, capped, written down, then broadcast, then awaited. */

import { Transaction, type BaseWallet, type Signer, type TransactionReceipt } from "ethers";

import { AbortedError, EXIT, ZgError } from "../errors.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { NetworkDefinition } from "../networks.ts";
import { pause } from "../pause.ts";
import { withUnit } from "../units.ts";
import type { Reservation, ReadContext, WriteContext } from "./context.ts";
import { assertSignerAllowed } from "./development-keys.ts";
import { currentFees, type Fees } from "./fees.ts";
import { nonceStream, type NonceStream } from "./nonces.ts";
import { asChainError, chainCall, decodeRevert, revertDataOf } from "./revert.ts";
import { shortfallRemedy } from "./shortfall.ts";

export interface TransactionDraft {
  /** What it does, for logs and errors: `deposit 0.5 0G`. */
  readonly what: string;
  /** Absent when it creates a contract. */
  readonly to?: Address;
  readonly data: Hex;
  /** Neuron. */
  readonly value?: bigint;
}

export interface ConfirmedTransaction {
  readonly what: string;
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly gasUsed: bigint;
  /** Neuron paid for gas. */
  readonly fee: bigint;
  /** Neuron sent along. */
  readonly value: bigint;
  readonly receipt: TransactionReceipt;
}

/** The wallet cannot pay the value and the gas at the maximum fee. */
export class InsufficientWalletBalanceError extends ZgError {
  constructor(values: {
    network: Pick<NetworkDefinition, "faucet">;
    address: Address;
    what: string;
    available: bigint;
    required: bigint;
  }) {
    const { network, address, what, available, required } = values;
    const missing = required - available;
    super({
      code: "ZG_WALLET_BALANCE",
      exit: EXIT.precondition,
      message: `${address} holds ${withUnit(available)}, but it takes up to ${withUnit(required)} to ${what}`,
      remedy: shortfallRemedy(network, missing),
      details: { address, what, available, required, missing },
    });
  }
}

/** The transaction is on chain and failed there. Its gas is spent. */
export class TransactionRevertedError extends ZgError {
  constructor(values: { what: string; hash: Hex; reason: string }, cause?: unknown) {
    super({
      code: "ZG_TRANSACTION_REVERTED",
      exit: EXIT.precondition,
      message: `To ${values.what} failed on chain (${values.reason}), transaction ${values.hash}`,
      remedy: "The state changed between estimate and execution; look at it, then run the command again.",
      details: values,
      cause,
    });
  }
}

/** No receipt in time. The transaction may still land: look again before sending another. */
export class ReceiptPendingError extends ZgError {
  constructor(values: { what: string; hash: Hex; nonce: number; waitedMs: number }) {
    super({
      code: "ZG_RECEIPT_PENDING",
      exit: EXIT.network,
      message: `No receipt for ${values.hash} (to ${values.what}, nonce ${values.nonce}) after ${values.waitedMs} ms`,
      remedy:
        "It was sent and may still land: look it up by its hash before you send another. `flow run` with the same --id does.",
      details: values,
    });
  }
}

const RECEIPT_TIMEOUT_MS = 120_000;
const FIRST_POLL_MS = 20;
const SLOWEST_POLL_MS = 2_000;

/** A margin over the estimate, because state can move between estimate and inclusion. */
function withMargin(gas: bigint): bigint {
  return gas + gas / 5n;
}

/** Gas and worst cost of a draft, as its sender would pay them now. Reads only. */
export async function estimateTransaction(
  ctx: ReadContext,
  from: Address,
  draft: TransactionDraft,
): Promise<{ gasLimit: bigint; fees: Fees; worstCost: bigint }> {
  const value = draft.value ?? 0n;
  const [gas, fees] = await Promise.all([
    chainCall(`To ${draft.what}`, ctx.provider.estimateGas({ from, to: draft.to ?? null, data: draft.data, value })),
    currentFees(ctx),
  ]);
  const gasLimit = withMargin(gas);
  return { gasLimit, fees, worstCost: value + gasLimit * fees.maxFeePerGas };
}

function isLocal(signer: Signer): signer is BaseWallet {
  return "signingKey" in signer;
}

/**
 * Signs, records, broadcasts and awaits one transaction.
 * Order: signer allowed on this network → estimate → balance → spending cap → sign → `onSigned` → broadcast → receipt.
 * @throws {ContractRevertError} when it would revert; nothing is sent.
 * @throws {InsufficientWalletBalanceError} when the wallet cannot pay the worst case; nothing is sent.
 * @throws {TransactionRevertedError} when it reverted on chain.
 * @throws {ReceiptPendingError} when no receipt came in time.
 */
export async function sendTransaction(ctx: WriteContext, draft: TransactionDraft): Promise<ConfirmedTransaction> {
  const { network, provider, signer } = ctx;
  const { what } = draft;
  const value = draft.value ?? 0n;
  const from = checksum(await signer.getAddress());
  assertSignerAllowed(network, from);

  const available = await chainCall(`Reading the balance of ${from}`, provider.getBalance(from));
  if (available < value) throw insufficient(ctx, from, what, available, value);
  const { gasLimit, fees, worstCost } = await estimateTransaction(ctx, from, draft);
  if (available < worstCost) throw insufficient(ctx, from, what, available, worstCost);
  const reservation = ctx.spending?.reserve(what, worstCost);
  const nonces = await nonceStream(ctx, from);
  const request = {
    type: 2,
    chainId: network.chainId,
    to: draft.to ?? null,
    data: draft.data,
    value,
    gasLimit,
    ...fees,
  };
  const { hash, nonce } = await release(
    reservation,
    nonces.turn(ctx, what, async (nonce) => {
      if (ctx.signal?.aborted === true) throw new AbortedError(`To ${what}`);
      return { nonce, hash: await broadcast(ctx, what, from, { ...request, nonce }, nonces) };
    }),
  );
  const receipt = await waitForReceipt(ctx, what, hash, nonce).catch((error: unknown) => {
    nonces.abandoned(nonce);
    throw error;
  });
  nonces.landed(nonce, hash);
  const fee = receipt.gasUsed * receipt.gasPrice;
  const reverted = receipt.status === 0;
  reservation?.settle(reverted ? fee : value + fee); // a reverted transaction gives its value back
  if (reverted) {
    throw new TransactionRevertedError({ what, hash, reason: await reasonOf(ctx, from, draft, receipt) });
  }
  ctx.log?.(`${what}: ${hash} (${receipt.gasUsed} gas)`);
  return { what, hash, blockNumber: receipt.blockNumber, gasUsed: receipt.gasUsed, fee, value, receipt };
}

/** Ends a reservation for what was not sent. */
async function release<T>(reservation: Reservation | undefined, sending: Promise<T>): Promise<T> {
  try {
    return await sending;
  } catch (error) {
    reservation?.settle(0n);
    throw error;
  }
}

function insufficient(
  { network }: Pick<ReadContext, "network">,
  address: Address,
  what: string,
  available: bigint,
  required: bigint,
) {
  return new InsufficientWalletBalanceError({ network, address, what, available, required });
}

/**
 * Asserts that a wallet holds `required` neuron: before the first of several payments, so that none is made in vain.
 * @throws {InsufficientWalletBalanceError} otherwise.
 */
export async function assertWalletHolds(
  ctx: Pick<ReadContext, "network" | "provider">,
  address: Address,
  what: string,
  required: bigint,
): Promise<void> {
  const available = await chainCall(`Reading the balance of ${address}`, ctx.provider.getBalance(address));
  if (available < required) throw insufficient(ctx, address, what, available, required);
}

type PopulatedRequest = Parameters<Signer["sendTransaction"]>[0] & { nonce: number };

async function broadcast(
  ctx: WriteContext,
  what: string,
  from: Address,
  request: PopulatedRequest,
  nonces: NonceStream,
): Promise<Hex> {
  const { signer, provider } = ctx;
  const { nonce } = request;
  const record = async (hash: Hex) => ctx.onSigned?.({ what, hash, nonce, from });
  if (!isLocal(signer)) {
    // A remote signer signs and sends in one step, so its hash can only be recorded after.
    const { hash } = await chainCall(`To ${what}`, signer.sendTransaction(request));
    nonces.sent(ctx, nonce, { hash: hash as Hex });
    await record(hash as Hex);
    return hash as Hex;
  }
  const raw = await signer.signTransaction(request);
  const hash = Transaction.from(raw).hash as Hex;
  await record(hash);
  const again = async () => {
    await provider.broadcastTransaction(raw).catch(() => undefined); // whether a node holds it is asked for next
  };
  nonces.sent(ctx, nonce, { hash, again });
  try {
    await provider.broadcastTransaction(raw);
  } catch (error) {
    const known = await provider.getTransaction(hash).catch(() => null);
    // Without a "no" from the node nobody knows whether it took the transaction: a second one might pay twice.
    if (known === null && wasRefused(error)) {
      nonces.refused(ctx, nonce, hash);
      throw asChainError(`To ${what}`, error);
    }
  }
  return hash;
}

/** Hardhat's code for whatever went wrong on the way to the node or back. */
const NO_ANSWER = -1;

/** Whether a node said no (a JSON-RPC error), or none was there to take it. */
function wasRefused(error: unknown, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > 6) return false;
  const { code, error: inner, info, cause } = error as Record<"code" | "error" | "info" | "cause", unknown>;
  if (typeof code === "number" && code !== NO_ANSWER) return true;
  if (code === "ECONNREFUSED" || code === "ENOTFOUND") return true;
  return [inner, info, cause].some((nested) => wasRefused(nested, depth + 1));
}

/**
 * Polls until the receipt is there. "Not found" means: look again.
 * @throws {ReceiptPendingError} when it is not there in time. {@link AbortedError}
 */
export async function waitForReceipt(
  ctx: Pick<WriteContext, "provider" | "receiptTimeout" | "signal">,
  what: string,
  hash: Hex,
  nonce: number,
): Promise<TransactionReceipt> {
  const timeout = ctx.receiptTimeout ?? RECEIPT_TIMEOUT_MS;
  const started = Date.now();
  for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, SLOWEST_POLL_MS)) {
    // An RPC node that fails once or lags behind is asked again until the time is over.
    const receipt = await ctx.provider.getTransactionReceipt(hash).catch(() => null);
    if (receipt !== null) return receipt;
    const waitedMs = Date.now() - started;
    if (waitedMs >= timeout) throw new ReceiptPendingError({ what, hash, nonce, waitedMs });
    await pause(delay, ctx.signal, `Waiting to ${what}`);
  }
}

/** Replays a reverted transaction on the block before it, to learn what the contract said. */
async function reasonOf(
  ctx: WriteContext,
  from: Address,
  draft: TransactionDraft,
  receipt: TransactionReceipt,
): Promise<string> {
  try {
    await ctx.provider.call({
      from,
      to: draft.to ?? null,
      data: draft.data,
      value: draft.value ?? 0n,
      blockTag: receipt.blockNumber - 1,
    });
  } catch (error) {
    const data = revertDataOf(error);
    if (data !== undefined) return decodeRevert(data).name;
  }
  return "no reason given";
}
