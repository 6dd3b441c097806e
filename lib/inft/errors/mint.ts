/** What keeps a result from becoming a token. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Mode } from "../../networks.ts";
import { showCommand, timeOf } from "./wording.ts";

/** This result is a token already. */
export class ResultAlreadyMintedError extends DomainError {
  constructor(values: { tokenId: bigint }, cause?: unknown) {
    super(
      "ZG_ALREADY_MINTED",
      EXIT.precondition,
      `This result is token ${values.tokenId} already; a result is minted once`,
      `Look at it: ${showCommand(values.tokenId)}`,
      values,
      cause,
    );
  }
}

/** Somebody else minted the result first: whoever sees a signature, above all its provider, can. */
export class ResultTakenError extends DomainError {
  constructor(values: { tokenId: bigint; owner: string; minter: string }) {
    super(
      "ZG_RESULT_TAKEN",
      EXIT.trust,
      `This result is token ${values.tokenId} of ${values.owner}, minted by somebody else and not for ${values.minter}`,
      "The provider, or whoever it gave the signature to, was faster. Ask again in a new run, of another provider.",
      values,
    );
  }
}

/** The provider lists no TEE signer, so nothing of it can be proven. */
export class SignerMissingError extends DomainError {
  constructor(values: { provider: string }, cause?: unknown) {
    super(
      "ZG_SIGNER_MISSING",
      EXIT.trust,
      `Provider ${values.provider} lists no TEE signer`,
      "Choose a provider whose results can be minted: npx hardhat provider list",
      values,
      cause,
    );
  }
}

/** The signature of a result is not that of the signer its provider lists now. */
export class ResultSignerMismatchError extends DomainError {
  constructor(values: { provider: string; listed: string; recovered: string }, cause?: unknown) {
    super(
      "ZG_RESULT_SIGNER",
      EXIT.trust,
      `The result is signed by ${values.recovered}, but provider ${values.provider} lists ${values.listed}`,
      "The provider changed its signer since, or the result is forged. Ask again: npx hardhat inference chat",
      values,
      cause,
    );
  }
}

/** A result that is not live was to be minted on a live chain. */
export class SimulatedResultError extends DomainError {
  constructor(values: { mode: Mode; network: string }) {
    super(
      "ZG_SIMULATED",
      EXIT.trust,
      `This result is ${values.mode}, and ${values.network} is a live chain`,
      "Add --allow-simulated to mint it all the same; the token then says on chain that it is not live.",
      values,
    );
  }
}

/** The same commitment is open already. */
export class CommitmentPendingError extends DomainError {
  constructor(values: { minter: string; commitment: string; expiresAt: bigint }, cause?: unknown) {
    super(
      "ZG_COMMITMENT_PENDING",
      EXIT.precondition,
      `${values.minter} has made this commitment already; it is good until ${timeOf(values.expiresAt)}`,
      "Run the command again: it finds the commitment and mints.",
      values,
      cause,
    );
  }
}

/** Nobody committed to this mint, or to exactly these arguments. */
export class CommitmentMissingError extends DomainError {
  constructor(values: { minter: string; commitment: string }, cause?: unknown) {
    super(
      "ZG_COMMITMENT_MISSING",
      EXIT.precondition,
      `${values.minter} has not committed to this mint (${values.commitment})`,
      "Run the command again: it commits first. Account, recipient, data and salt must stay the same in between.",
      values,
      cause,
    );
  }
}

/** The commitment is of the same block still. */
export class CommitmentTooYoungError extends DomainError {
  constructor(values: { minter: string; commitment: string; committedBlock: bigint }, cause?: unknown) {
    super(
      "ZG_COMMITMENT_YOUNG",
      EXIT.network,
      `The commitment of block ${values.committedBlock} can be used in the next block, which has not come yet`,
      "Run the command again when the chain has moved on.",
      values,
      cause,
    );
  }
}

/** The commitment was not used in its day. */
export class CommitmentExpiredError extends DomainError {
  constructor(values: { minter: string; commitment: string; expiredAt: bigint }, cause?: unknown) {
    super(
      "ZG_COMMITMENT_EXPIRED",
      EXIT.precondition,
      `The commitment expired at ${timeOf(values.expiredAt)}`,
      "Run the command again: it commits anew and mints.",
      values,
      cause,
    );
  }
}

/** The arguments of a mint contradict each other. */
export class MintArgumentsError extends DomainError {
  constructor(values: { problem: string; [value: string]: unknown }, cause?: unknown) {
    super(
      "ZG_MINT_ARGUMENTS",
      EXIT.usage,
      `This cannot be minted: ${values.problem}`,
      "Give each datum its sealed key, an inference at least one datum, and a mode of live, fork, local or replay.",
      values,
      cause,
    );
  }
}

/** The recipient cannot hold a token. */
export class RecipientRefusesTokenError extends DomainError {
  constructor(values: { receiver: string }, cause?: unknown) {
    super(
      "ZG_RECIPIENT",
      EXIT.precondition,
      `${values.receiver} cannot receive a token: it is the zero address, or a contract that does not accept ERC-721`,
      "Give another recipient with --to.",
      values,
      cause,
    );
  }
}

/** The request of a bound mint is not the one that was signed. */
export class RequestMismatchError extends DomainError {
  constructor(values: { shown: string; signed: string }, cause?: unknown) {
    super(
      "ZG_REQUEST_MISMATCH",
      EXIT.trust,
      `The request shown hashes to ${values.shown}; the provider signed an answer to ${values.signed}`,
      "Mint with the receipt of that very answer; its bytes must not be changed.",
      values,
      cause,
    );
  }
}

/** The request names nobody, or somebody else, as its user. */
export class RequestNotBoundError extends DomainError {
  constructor(values: { minter: string; userOffset?: bigint }, cause?: unknown) {
    super(
      "ZG_REQUEST_NOT_BOUND",
      EXIT.precondition,
      `The request does not name ${values.minter} as its user, so it cannot be claimed as bound to it`,
      "Ask with --claim bound (npx hardhat inference chat, flow run), or mint this one with --claim commit.",
      values,
      cause,
    );
  }
}
