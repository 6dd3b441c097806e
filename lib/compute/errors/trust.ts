/** Every way a proof fails. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import { withUnit } from "../../units.ts";
import type { Address } from "../../hex.ts";
import { COMMANDS } from "../commands.ts";
import { quoted } from "./wording.ts";

/** The answer carries no usable chat id, so that its signature cannot be asked for. */
export class ChatIdMissingError extends DomainError {
  constructor(values: { provider: Address; chatId?: string }) {
    super(
      "ZG_CHAT_ID",
      EXIT.trust,
      values.chatId === undefined
        ? `The answer of provider ${values.provider} names no chat id; its signature cannot be fetched`
        : `The chat id ${JSON.stringify(values.chatId.slice(0, 80))} of provider ${values.provider} is malformed`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
    );
  }
}

/** The provider has no signature for this answer. */
export class SignatureMissingError extends DomainError {
  constructor(values: { provider: Address; chatId: string; status: number; said: string }) {
    super(
      "ZG_SIGNATURE_MISSING",
      EXIT.trust,
      `Provider ${values.provider} has no signature for chat ${values.chatId} (status ${values.status}: ${quoted(values.said)})`,
      "Signatures are kept for about 20 minutes. Ask again; without a signature nothing can be proved or minted.",
      values,
    );
  }
}

/** The provider's signature document cannot be read. */
export class SignatureDocumentError extends DomainError {
  constructor(values: { provider: Address; chatId: string; why: string }, cause?: unknown) {
    super(
      "ZG_SIGNATURE_DOCUMENT",
      EXIT.trust,
      `The signature document of provider ${values.provider} for chat ${values.chatId} is malformed: ${values.why}`,
      `Use another provider: ${COMMANDS.providers}`,
      values,
      cause,
    );
  }
}

interface Rejection {
  readonly provider: Address;
  readonly reason: string;
}

/** What was signed is no valid signature over the text. */
export class SignatureInvalidError extends DomainError {
  constructor(values: Rejection) {
    super(
      "ZG_SIG_INVALID",
      EXIT.trust,
      `The answer of provider ${values.provider} is not validly signed: ${values.reason}`,
      "Do not rely on it; nothing was minted.",
      { ...values },
    );
  }
}

/** The signature is somebody else's. */
export class SignerMismatchError extends DomainError {
  constructor(values: Rejection) {
    super(
      "ZG_SIG_SIGNER",
      EXIT.trust,
      `The answer of provider ${values.provider} is not signed by the signer the chain lists: ${values.reason}`,
      "Do not rely on it; nothing was minted.",
      { ...values },
    );
  }
}

/** The signature is right, but over other bytes than those sent and received. */
export class SignatureUnboundError extends DomainError {
  constructor(values: Rejection) {
    super(
      "ZG_SIG_UNBOUND",
      EXIT.trust,
      `The signature of provider ${values.provider} does not cover the bytes sent and received: ${values.reason}`,
      "Do not rely on it; nothing was minted.",
      { ...values },
    );
  }
}

/** A receipt cannot be read. */
export class ReceiptMalformedError extends DomainError {
  constructor(why: string, cause?: unknown) {
    super(
      "ZG_RECEIPT_MALFORMED",
      EXIT.usage,
      `This is not a receipt of an inference: ${why}`,
      `Give the JSON file that ${COMMANDS.chat} wrote.`,
      { why },
      cause,
    );
  }
}

/** A receipt of a version this code does not know. */
export class ReceiptVersionError extends DomainError {
  constructor(version: unknown, known: readonly number[]) {
    super(
      "ZG_RECEIPT_VERSION",
      EXIT.usage,
      `The receipt has version ${JSON.stringify(version)}; this program reads ${known.join(", ")}`,
      "Check it with the version of the program that wrote it, or a newer one.",
      { version, known },
    );
  }
}

/** A receipt whose proofs do not hold. */
export class ReceiptRejectedError extends DomainError {
  constructor(values: { reason: string; failed: readonly string[] }) {
    super(
      "ZG_RECEIPT_REJECTED",
      EXIT.trust,
      `The receipt is not proved: ${values.reason}`,
      "Do not rely on it; ask whoever made it for the original.",
      values,
    );
  }
}

/** A provider claims more for past answers than the sub-account holds: its own admission rule rules that out. */
export class UnsettledFeeError extends DomainError {
  constructor(values: { provider: Address; claimed: bigint; balance: bigint }) {
    const { provider, claimed, balance } = values;
    super(
      "ZG_UNSETTLED_FEE",
      EXIT.trust,
      `Provider ${provider} claims ${withUnit(claimed)} for past answers; the sub-account holds ${withUnit(balance)} in all`,
      `Use another provider (${COMMANDS.providers}); if you do owe it, transfer it yourself with npx hardhat ledger transfer.`,
      values,
    );
  }
}

/** A provider took, or says it will take, more than all answers of it that are kept here cost. */
export class OverBilledError extends DomainError {
  constructor(values: { shown: string; providers: readonly object[] }) {
    const { shown, providers } = values;
    super(
      "ZG_OVER_BILLED",
      EXIT.trust,
      `More was billed than the answers kept here cost: ${shown}`,
      `If nobody asked with this account elsewhere, use another provider (${COMMANDS.providers}) and take back what is left: npx hardhat ledger retrieve`,
      { providers },
    );
  }
}
