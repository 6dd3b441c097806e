import type { Provider, Signer } from "ethers";

import type { Address, Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import type { Time } from "./inclusion.ts";
import type { SharedNonces } from "./nonce-file.ts";

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

/** What one transaction may cost at worst, held back until its end is known. */
export interface Reservation {
  /** Holds `worst` neuron instead: a replacement may cost more. Throws when the cap would be exceeded, and changes nothing. */
  resize(worst: bigint): void;
  /** Ends it with what was really spent; 0 when nothing was. Only the first call counts. */
  settle(actual: bigint): void;
}

/** Caps and counts all that leaves the wallet in one command. */
export interface Spending {
  /** Reserves `worst` neuron before a broadcast. Throws when the cap would be exceeded; then nothing is sent. */
  reserve(what: string, worst: bigint): Reservation;
}

/** What a write needs. */
export interface WriteContext extends ReadContext {
  readonly signer: Signer;
  readonly log?: Log;
  readonly spending?: Spending;
  /** Called with hash and nonce before a transaction is broadcast, so that a crash cannot lose it. */
  readonly onSigned?: (transaction: SignedTransaction) => void | Promise<void>;
  /** Keeps the nonces of the key apart among processes. Without it, among the senders of this process only. */
  readonly sharedNonces?: SharedNonces;
  readonly signal?: AbortSignal;
  /** How long to wait for a receipt before asking the user to look again. Milliseconds; default 120 000. */
  readonly receiptTimeout?: number;
  /** How long a transaction may wait for a block before it is sent again for more. Milliseconds; default 30 000. */
  readonly replaceAfter?: number;
  /** Default: the system's. */
  readonly time?: Time;
}
