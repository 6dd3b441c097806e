/** Private data that does not open, or is not what it should be. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address, Hex } from "../../hex.ts";

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
