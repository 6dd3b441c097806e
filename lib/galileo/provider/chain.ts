/** All that a provider does on chain: it reads its service and its users' accounts, and collects fees. */

import type { BaseWallet } from "ethers";

import type { Log, WriteContext } from "../../chain/context.ts";
import { inferenceServing } from "../../chain/contracts.ts";
import { chainCall, isRevert } from "../../chain/revert.ts";
import { sendTransaction } from "../../chain/send.ts";
import { checksum, type Address, type Hex } from "../../hex.ts";
import type { Network } from "../../networks.ts";
import {
  previewSettlement,
  settlementDraft,
  settlementResults,
  type SettlementPreview,
  type SettlementResult,
  type SignedSettlement,
} from "../../operator/settle.ts";

/** A user's sub-account with this provider. Amounts in neuron. */
export interface ProviderAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly pendingRefund: bigint;
  readonly acknowledged: boolean;
  readonly generation: bigint;
  readonly revokedBitmap: bigint;
}

/** This provider's registered service, as far as the server needs it. Prices in neuron per token. */
export interface ProviderService {
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  readonly teeSignerAcknowledged: boolean;
}

export interface SettlementReceipt {
  readonly hash: Hex;
  readonly results: ReadonlyMap<Address, SettlementResult>;
}

/** Absence is `undefined` and only the contract's own word for it; an outage throws. */
export interface ProviderChain {
  getAccount(user: Address): Promise<ProviderAccount | undefined>;
  getService(): Promise<ProviderService | undefined>;
  /** At most 50 items, each of another user. */
  previewSettlement(items: readonly SignedSettlement[]): Promise<SettlementPreview>;
  /** At most 50 items, each of another user. Sends one transaction as the provider. */
  settle(items: readonly SignedSettlement[]): Promise<SettlementReceipt>;
}

async function unlessReverted<T>(call: Promise<T>, error: string): Promise<T | undefined> {
  try {
    return await call;
  } catch (caught) {
    if (isRevert(caught, error)) return undefined;
    throw caught;
  }
}

/** The real thing: InferenceServing on `network`, read and written as `wallet`. */
export function inferenceServingChain(options: {
  readonly network: Network;
  readonly wallet: BaseWallet;
  readonly log?: Log;
}): ProviderChain {
  const { network, wallet, log } = options;
  const { provider } = wallet;
  if (provider === null) throw new Error("the provider's wallet is connected to no chain");
  const address = checksum(wallet.address);
  const serving = inferenceServing(network, wallet);
  const write: WriteContext = { network, provider, signer: wallet, ...(log === undefined ? {} : { log }) };

  return {
    async getAccount(user) {
      const read = chainCall(`Reading ${user}'s account`, serving.getAccount(user, address));
      const account = await unlessReverted(read, "AccountNotExists");
      if (account === undefined) return undefined;
      const { nonce, balance, pendingRefund, acknowledged, generation, revokedBitmap } = account;
      return { nonce, balance, pendingRefund, acknowledged, generation, revokedBitmap };
    },

    async getService() {
      const read = chainCall(`Reading the service of ${address}`, serving.getService(address));
      const service = await unlessReverted(read, "ServiceNotExist");
      if (service === undefined) return undefined;
      const { inputPrice, outputPrice, teeSignerAcknowledged } = service;
      return { inputPrice, outputPrice, teeSignerAcknowledged };
    },

    async previewSettlement(items) {
      return previewSettlement({ network, provider }, address, items);
    },

    async settle(items) {
      const { hash, receipt } = await sendTransaction(write, settlementDraft(network, items));
      return { hash, results: settlementResults(network, receipt) };
    },
  };
}
