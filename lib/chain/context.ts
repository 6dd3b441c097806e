import type { Provider, Signer } from "ethers";

import type { Address, Hex } from "../hex.ts";
import type { Network } from "../networks.ts";

/** Progress for people, one line a call, without a line end. Libraries never print; they call this. */
export type Log = (line: string) => void;

/** What a read needs. */
export interface ReadContext {
  readonly network: Network;
  readonly provider: Provider;
  /** What a unit of gas costs at most, tip included, in neuron; the network's own fees when absent. */
  readonly gasPrice?: bigint;
}

/** A transaction that is signed and about to be sent. Its hash is known before it leaves. */
export interface SignedTransaction {
  readonly what: string;
  readonly hash: Hex;
  readonly nonce: number;
  readonly from: Address;
}

/** Caps and counts all that leaves the wallet in one command. */
export interface Spending {
  /** Reserves `worst` neuron before a broadcast. Throws when the cap would be exceeded; then nothing is sent. */
  reserve(what: string, worst: bigint): void;
  /** Replaces the last reservation by what was really spent. */
  settle(what: string, actual: bigint): void;
}

/** What a write needs. */
export interface WriteContext extends ReadContext {
  readonly signer: Signer;
  readonly log?: Log;
  readonly spending?: Spending;
  /** Called with hash and nonce before a transaction is broadcast, so that a crash cannot lose it. */
  readonly onSigned?: (transaction: SignedTransaction) => void | Promise<void>;
  readonly signal?: AbortSignal;
  /** How long to wait for a receipt before asking the user to look again. Milliseconds; default 120 000. */
  readonly receiptTimeout?: number;
}
