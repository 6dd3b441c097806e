/** Sends a transaction so that it can be found again: priced, capped, written down, then broadcast, then awaited. */

import type { TransactionReceipt } from "ethers";

import { AbortedError, EXIT, ZgError } from "../errors.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { NetworkDefinition } from "../networks.ts";
import { withUnit } from "../units.ts";
import type { ReadContext, Reservation, WriteContext } from "./context.ts";
import { assertSignerAllowed } from "./development-keys.ts";
import { currentFees, type Fees } from "./fees.ts";
import { awaitInclusion } from "./inclusion.ts";
import { nonceStream, type NonceStream } from "./nonces.ts";
import { TransactionDroppedError, TransactionReplacedError, TransactionRevertedError } from "./outcomes.ts";
import { Outgoing } from "./outgoing.ts";
import { chainCall, decodeRevert, revertDataOf } from "./revert.ts";
import { shortfallRemedy } from "./shortfall.ts";

export interface TransactionDraft {
  /** What it does, for logs and errors: `deposit 0.5 0G`. */
  readonly what: string;
  /** Absent when it creates a contract. */
  readonly to?: Address;
  readonly data: Hex;
  /** Neuron. */
  readonly value?: bigint;
  /** What it takes at most, where that is known and it was tried with `eth_call`; estimated when absent. */
  readonly gas?: bigint;
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
  const estimate = async () =>
    withMargin(
      await chainCall(
        `To ${draft.what}`,
        ctx.provider.estimateGas({ from, to: draft.to ?? null, data: draft.data, value }),
      ),
    );
  const [gasLimit, fees] = await Promise.all([draft.gas ?? estimate(), currentFees(ctx)]);
  return { gasLimit, fees, worstCost: value + gasLimit * fees.maxFeePerGas };
}

/**
 * Signs, records, broadcasts and awaits one transaction.
 * Order: signer allowed on this network → balance → estimate → spending cap → [nonce → sign → `onSigned` → broadcast] →
 * receipt. What stands in brackets one sender of a key does at a time; they wait together. What no block takes in time is
 * sent again for a better price, with the same nonce, within `gasPrice` and the cap.
 * @throws {ContractRevertError} when it would revert; nothing is sent.
 * @throws {InsufficientWalletBalanceError} when the wallet cannot pay the worst case; nothing is sent.
 * @throws {TransactionRefusedError} when the node did not take it; nothing is sent.
 * @throws {TransactionRevertedError} when it reverted on chain.
 * @throws {TransactionReplacedError} when a transaction that is not ours took its nonce.
 * @throws {TransactionDroppedError} when no node holds it any more, nor takes it again.
 * @throws {ReceiptPendingError} when its end is not known in time.
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
  const { to = null, data } = draft;
  const request = { type: 2, chainId: network.chainId, to, data, value, gasLimit } as const;
  let made: Outgoing | undefined;
  let nonces: NonceStream;
  try {
    nonces = await nonceStream(ctx, from);
    made = await nonces.turn(ctx, what, async (nonce) => {
      if (ctx.signal?.aborted === true) throw new AbortedError(`To ${what}`);
      made = new Outgoing(ctx, { what, from, request, fees, nonces, reservation }, nonce);
      await made.send();
      return made;
    });
  } catch (error) {
    if (made?.mayBeSent !== true) reservation?.settle(0n);
    throw error;
  }
  const receipt = await included(ctx, nonces, made, reservation);
  const hash = receipt.hash as Hex;
  const fee = receipt.gasUsed * receipt.gasPrice;
  const reverted = receipt.status === 0;
  reservation?.settle(reverted ? fee : value + fee); // a reverted transaction gives its value back
  if (reverted) {
    throw new TransactionRevertedError({ what, hash, reason: await reasonOf(ctx, from, draft, receipt) });
  }
  ctx.log?.(`${what}: ${hash} (${receipt.gasUsed} gas)`);
  return { what, hash, blockNumber: receipt.blockNumber, gasUsed: receipt.gasUsed, fee, value, receipt };
}

async function included(
  ctx: WriteContext,
  nonces: NonceStream,
  outgoing: Outgoing,
  reservation: Reservation | undefined,
): Promise<TransactionReceipt> {
  try {
    const receipt = await awaitInclusion(ctx, outgoing);
    nonces.landed(outgoing.nonce, receipt.hash as Hex);
    return receipt;
  } catch (error) {
    nonces.abandoned(outgoing.nonce);
    const isOver = error instanceof TransactionReplacedError || error instanceof TransactionDroppedError;
    if (isOver) reservation?.settle(0n);
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
