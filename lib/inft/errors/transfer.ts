/** Every way handing a token over fails before its proofs are made. Why and How of each code: docs/errors.md. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";

/** The signer does not own the token it wants to hand over, clone or change. */
export class TokenNotOwnedError extends DomainError {
  constructor(values: { tokenId: bigint; owner: Address; signer: Address }) {
    const { tokenId, owner, signer } = values;
    super(
      "ZG_NOT_OWNER",
      EXIT.precondition,
      `Token ${tokenId} belongs to ${owner}, not to ${signer}`,
      "Sign with its owner's key; on embedded networks --as picks the development account.",
      values,
    );
  }
}

/** There is nothing to re-encrypt, or nothing to encrypt anew. */
export class TokenWithoutDataError extends DomainError {
  constructor(values: { tokenId: bigint }) {
    super(
      "ZG_TOKEN_WITHOUT_DATA",
      EXIT.precondition,
      `Token ${values.tokenId} holds no data`,
      "Give it some: npx hardhat inft update <token> --data <file or folder>",
      values,
    );
  }
}

/** The receiver must sign, and its key is not here. */
export class AccessProofRequiredError extends DomainError {
  constructor(values: { tokenId: bigint; to: Address; action: string }) {
    const { tokenId, to, action } = values;
    const clone = action === "clone" ? " --clone" : "";
    super(
      "ZG_ACCESS_PROOF_MISSING",
      EXIT.precondition,
      `${to} must sign that it wants token ${tokenId}, and only it can`,
      `Ask it for the file that it makes with npx hardhat inft accept <token>${clone}; then add --access-proof <file>.`,
      values,
    );
  }
}

/** The data keys of a token were sealed to somebody else than its owner, or never published. */
export class KeysNotPublishedError extends DomainError {
  constructor(values: { tokenId: bigint; owner: Address; sealedTo?: Address }) {
    const { tokenId, owner, sealedTo } = values;
    super(
      "ZG_KEYS_NOT_PUBLISHED",
      EXIT.precondition,
      sealedTo === undefined
        ? `No data keys of token ${tokenId} were ever published`
        : `The data keys of token ${tokenId} were last sealed to ${sealedTo}, not to its owner ${owner}`,
      "Only data whose keys are sealed to the owner can be handed over: npx hardhat inft update <token> --data <file or folder>",
      values,
    );
  }
}
