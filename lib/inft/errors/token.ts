/** What a token refuses, or cannot prove. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";

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
      `Transfer it with its keys: npx hardhat inft transfer ${values.tokenId} --to ${values.to}`,
      values,
      cause,
    );
  }
}

/** An authorisation that cannot be given, or is not there to be taken back. */
export class AuthorizationRefusedError extends DomainError {
  constructor(values: { problem: string; [value: string]: unknown }, cause?: unknown) {
    super(
      "ZG_AUTHORIZATION",
      EXIT.precondition,
      `This authorisation is refused: ${values.problem}`,
      "npx hardhat inft users <token> lists who may use the token's data, and until when.",
      values,
      cause,
    );
  }
}

/** A rule of ERC-721 itself, or of what this contract adds to it. */
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
