/** How a transaction can end but well: refused, reverted, replaced, dropped, or unknown. */

import { EXIT, ZgError } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";

/** A node looked at the transaction and did not take it. Nothing was sent, and its nonce is free. */
export class TransactionRefusedError extends ZgError {
  constructor(values: { what: string; hash: Hex; nonce: number; reason: string }, cause: unknown) {
    const { what, nonce, reason } = values;
    super({
      code: "ZG_TRANSACTION_REFUSED",
      exit: EXIT.precondition,
      message: `The node did not take the transaction to ${what} (nonce ${nonce}): ${reason}`,
      remedy:
        "Nothing was sent. Mend what it names, or ask a node that does not lag; `npx hardhat doctor` shows wallet, fees and node.",
      details: values,
      cause,
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

/** A transaction that is not ours took the nonce. Ours can never land. */
export class TransactionReplacedError extends ZgError {
  constructor(values: {
    what: string;
    from: Address;
    nonce: number;
    hashes: readonly Hex[];
    replacedBy: Hex;
    block: number;
  }) {
    const { what, from, nonce, replacedBy, block } = values;
    super({
      code: "ZG_TRANSACTION_REPLACED",
      exit: EXIT.precondition,
      message: `To ${what} was not done: nonce ${nonce} of ${from} went to ${replacedBy}, in block ${block}`,
      remedy:
        "It can no longer land, so that running the command again pays once. If you did not send the other, somebody else holds the key.",
      details: values,
    });
  }
}

/** No node holds the transaction, none takes it again, and its nonce is free: the next one takes it. */
export class TransactionDroppedError extends ZgError {
  constructor(values: { what: string; from: Address; nonce: number; hashes: readonly Hex[] }) {
    const { what, from, nonce, hashes } = values;
    super({
      code: "ZG_TRANSACTION_DROPPED",
      exit: EXIT.network,
      message: `To ${what} was not done: no node holds ${hashes.join(" or ")} any more, and nonce ${nonce} of ${from} is free`,
      remedy: "Run the command again: the next transaction takes the same nonce, so that only one of them can land.",
      details: values,
    });
  }
}

/** No end that could be seen in time. The transaction may still land: look again before sending another. */
export class ReceiptPendingError extends ZgError {
  constructor(values: {
    what: string;
    from: Address;
    nonce: number;
    hashes: readonly Hex[];
    waitedMs: number;
    /** Why it is not known, as far as the node said. */
    seen: "no answer" | "waiting" | "nonce used" | "not confirmed";
  }) {
    const { what, from, nonce, hashes, waitedMs, seen } = values;
    const newest = hashes.at(-1);
    const others = hashes.length > 1 ? ` nor for the ${hashes.length - 1} it replaced` : "";
    super({
      code: "ZG_RECEIPT_PENDING",
      exit: EXIT.network,
      message: `No receipt for ${newest}${others} (to ${what}, nonce ${nonce}) after ${waitedMs} ms: ${SEEN[seen]}`,
      remedy:
        seen === "nonce used"
          ? `Look at the transactions of ${from} before you send another: the one with nonce ${nonce} tells. \`flow run\` with the same --id looks by itself.`
          : "It was sent and may still land: look it up by its hash before you send another. `flow run` with the same --id does.",
      details: { ...values, hash: newest },
    });
  }
}

const SEEN = {
  "no answer": "the node does not say",
  waiting: "it waits to be included",
  "nonce used": "its nonce is used, and the node shows no receipt",
  "not confirmed": "it is in a block that no other has followed",
} as const;
