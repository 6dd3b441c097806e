/** Every way the iNFT domain fails, one class each. The Why and How of each code is in docs/errors.md. */

import { DomainError, EXIT } from "../errors.ts";
import type { Address, Hex } from "../hex.ts";
import type { Mode } from "../networks.ts";

const DEPLOY_AGAIN = "npx hardhat inft deploy --force";
const SHOW = (tokenId: bigint) => `npx hardhat inft show ${tokenId}`;

// --- Contract and record ----------------------------------------------------------------------------------------

/** No contract stands where an iNFT was expected. */
export class InftMissingError extends DomainError {
  constructor(values: { address: Address; network: string }) {
    super(
      "ZG_INFT_MISSING",
      EXIT.precondition,
      `There is no contract at ${values.address} on ${values.network}`,
      `Check --inft and --network, or deploy one: npx hardhat inft deploy --network ${values.network}`,
      values,
    );
  }
}

/** The iNFT was to be deployed on a chain without InferenceServing. */
export class ServingMissingError extends DomainError {
  constructor(values: { inferenceServing: string }, cause?: unknown) {
    super(
      "ZG_SERVING_MISSING",
      EXIT.precondition,
      `0G's InferenceServing is not at ${values.inferenceServing} on this chain`,
      "The RPC node serves another chain than the network's name says: npx hardhat doctor",
      values,
      cause,
    );
  }
}

/** A deployment record cannot be read. The file is left as it is. */
export class RecordMalformedError extends DomainError {
  constructor(values: { file: string; problem: string }, cause?: unknown) {
    super(
      "ZG_RECORD_MALFORMED",
      EXIT.precondition,
      `${values.file} is not a deployment record: ${values.problem}`,
      `Restore it, or deploy again: ${DEPLOY_AGAIN}`,
      values,
      cause,
    );
  }
}

/** A deployment record names another chain than the one connected to, or the code there is another. */
export class RecordMismatchError extends DomainError {
  constructor(values: { file: string; field: string; recorded: string | number; actual: string | number }) {
    const { file, field, recorded, actual } = values;
    super(
      "ZG_RECORD_MISMATCH",
      EXIT.precondition,
      `${file} does not fit this chain: its ${field} is ${recorded}, here it is ${actual}`,
      `A served chain starts anew each time; deploy on this one: ${DEPLOY_AGAIN}`,
      values,
    );
  }
}

// --- Minting ----------------------------------------------------------------------------------------------------

/** This result is a token already. */
export class ResultAlreadyMintedError extends DomainError {
  constructor(values: { tokenId: bigint }, cause?: unknown) {
    super(
      "ZG_ALREADY_MINTED",
      EXIT.precondition,
      `This result is token ${values.tokenId} already; a result is minted once`,
      `Look at it: ${SHOW(values.tokenId)}`,
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

// --- Tokens -----------------------------------------------------------------------------------------------------

/** No such token. */
export class TokenMissingError extends DomainError {
  constructor(values: { tokenId: bigint; inft?: Address }, cause?: unknown) {
    super(
      "ZG_TOKEN_MISSING",
      EXIT.precondition,
      `There is no token ${values.tokenId}${values.inft === undefined ? "" : ` in ${values.inft}`}`,
      "Check the id, --inft and --network; a mint prints the id of its token.",
      values,
      cause,
    );
  }
}

/** A token with private data was to move without the proof that carries its keys over. */
export class TransferNeedsProofError extends DomainError {
  constructor(values: { tokenId: bigint; from: string; to: string }, cause?: unknown) {
    super(
      "ZG_TRANSFER_PROOF",
      EXIT.precondition,
      `Token ${values.tokenId} holds private data; a plain transfer to ${values.to} would leave its keys behind`,
      `It stays with its owner ${values.from}: this contract has no transfer that carries the keys over.`,
      values,
      cause,
    );
  }
}

/** A rule of ERC-721 itself. */
export class TokenRuleError extends DomainError {
  constructor(values: { error: string; sentence: string; args: Readonly<Record<string, unknown>> }, cause?: unknown) {
    const { error, sentence, args } = values;
    super(
      "ZG_TOKEN_RULE",
      EXIT.precondition,
      `${sentence} (${error})`,
      "Look at owner and approvals of the token: npx hardhat inft show <token>",
      { error, args },
      cause,
    );
  }
}

// --- Content and keys -------------------------------------------------------------------------------------------

/** What was decrypted is not a document of a request and a response. */
export class ContentMalformedError extends DomainError {
  constructor(problem: string, cause?: unknown) {
    super(
      "ZG_CONTENT",
      EXIT.trust,
      `The decrypted content is not an inference: ${problem}`,
      "Whoever minted the token sealed something else. npx hardhat inft verify <token> names what is proven.",
      { problem },
      cause,
    );
  }
}

/** A sealed document was made for another token than the one that holds it. */
export class ContentMisplacedError extends DomainError {
  constructor(values: { expected: Hex; actual: Hex }) {
    super(
      "ZG_CONTENT_TOKEN",
      EXIT.trust,
      `The encrypted data was made for token ${values.actual}, not for ${values.expected}`,
      "Whoever minted the token attached another token's data.",
      values,
    );
  }
}

/** No public key of the owner can be had, so nothing can be sealed to it. */
export class PublicKeyUnavailableError extends DomainError {
  constructor(values: { address: Address; recovered?: Address }, cause?: unknown) {
    super(
      "ZG_OWNER_KEY",
      EXIT.precondition,
      values.recovered === undefined
        ? `The public key of ${values.address} is not known: it did not sign`
        : `What ${values.address} signed yields the key of ${values.recovered}`,
      "Use an account with its own private key; a contract account has none to seal to.",
      values,
      cause,
    );
  }
}

function timeOf(unixSeconds: bigint): string {
  return new Date(Number(unixSeconds) * 1000).toISOString();
}

/** The encrypted bytes of a token are not on this machine, or its keys were never published. */
export class ContentNotHereError extends DomainError {
  constructor(values: { tokenId: bigint; network: string }) {
    super(
      "ZG_CONTENT_NOT_HERE",
      EXIT.precondition,
      `The encrypted data of token ${values.tokenId} is not under .0g/${values.network}/objects`,
      "Run this where the token was minted, or copy its objects here: the chain holds only their hashes and sealed keys.",
      values,
    );
  }
}

/** A token's proof does not hold, or does not reach far enough. */
export class TokenNotProvenError extends DomainError {
  constructor(values: { tokenId: bigint; status: string; reason: string }) {
    super(
      "ZG_TOKEN_NOT_PROVEN",
      EXIT.trust,
      `Token ${values.tokenId} is ${values.status}: ${values.reason}`,
      "Do not take its content for an inference of that provider.",
      values,
    );
  }
}
