/** How a provider collects its fees: totals per user, signed by its TEE key (EIP-712). */

import { id } from "ethers";

import type { Address, Hex } from "../hex.ts";

/** The order of the fields is part of the type hash; it is not the order of the contract's struct. */
export const SETTLEMENT_TYPES = {
  TEESettlement: [
    { name: "requestsHash", type: "bytes32" },
    { name: "nonce", type: "uint256" },
    { name: "provider", type: "address" },
    { name: "user", type: "address" },
    { name: "totalFee", type: "uint256" },
  ],
};

export interface SettlementMessage {
  readonly requestsHash: Hex;
  readonly nonce: bigint;
  readonly provider: Address;
  readonly user: Address;
  /** Neuron. */
  readonly totalFee: bigint;
}

/** The EIP-712 domain of InferenceServing; `serving` is the proxy that is called. */
export function settlementDomain(chainId: number | bigint, serving: Address) {
  return { name: "0G Inference Serving", version: "1", chainId: BigInt(chainId), verifyingContract: serving } as const;
}

export interface BilledRequest {
  /** The provider's own uuid of the request; users never learn it. */
  readonly requestId: string;
  /** As the session token spells it. */
  readonly user: string;
  readonly fee: bigint;
  readonly inputFee: bigint;
  readonly outputFee: bigint;
}

/** keccak256 over the requests, oldest first: id, user and the three fees as decimal text, nothing in between. */
export function requestsHash(rows: readonly BilledRequest[]): Hex {
  return id(rows.map((row) => `${row.requestId}${row.user}${row.fee}${row.inputFee}${row.outputFee}`).join("")) as Hex;
}

/** The nonce of a settlement made at `nowMs`: Unix seconds times ten million. The contract wants it strictly growing. */
export function settlementNonce(nowMs: number): bigint {
  return BigInt(Math.floor(nowMs / 1000)) * 10_000_000n;
}

/** What the contract answers for one settlement. */
export const SETTLEMENT_STATUS = {
  0: "success",
  1: "partial",
  2: "provider-mismatch",
  3: "no-tee-signer",
  4: "invalid-nonce",
  5: "invalid-signature",
} as const;

export type SettlementStatus = (typeof SETTLEMENT_STATUS)[keyof typeof SETTLEMENT_STATUS];

/** @throws {RangeError} for a status this contract version does not know. */
export function settlementStatus(status: number | bigint): SettlementStatus {
  const name = (SETTLEMENT_STATUS as Record<string, SettlementStatus>)[String(status)];
  if (name === undefined) throw new RangeError(`unknown settlement status ${status}`);
  return name;
}
