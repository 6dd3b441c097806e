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

/** The encrypted bytes of a datum are kept nowhere that was asked. */
export class ContentNotHereError extends DomainError {
  constructor(values: {
    tokenId: bigint;
    network: string;
    dataHash: Hex;
    /** 0G Storage and attestors, each with what it answered. */
    asked: readonly string[];
  }) {
    const { tokenId, network, dataHash, asked } = values;
    super(
      "ZG_CONTENT_NOT_HERE",
      EXIT.precondition,
      `The encrypted data ${dataHash} of token ${tokenId} is not under .0g/${network}/objects` +
        (asked.length === 0 ? "" : `, and nobody else gives it out: ${asked.join("; ")}`),
      "Ask whoever made it to store it (npx hardhat inft store <token>), or name an attestor that keeps it with --attestor: the chain holds only hashes and sealed keys.",
      values,
    );
  }
}

/** None of the keys at hand is the one that the data was sealed to. */
export class SealedToAnotherKeyError extends DomainError {
  constructor(values: {
    tokenId: bigint;
    index: number;
    /** The account the keys were published for; absent when nobody knows. */
    sealedTo?: Address;
    /** The account of the key they were sealed to, where the chain tells. */
    encryptionKey?: Address;
    tried: readonly { readonly account: Address; readonly from: string }[];
  }) {
    const { tokenId, index, sealedTo, encryptionKey, tried } = values;
    const owner = sealedTo ?? "an unknown account";
    const apart =
      encryptionKey === undefined ? tried.some(({ account }) => account === sealedTo) : encryptionKey !== sealedTo;
    const key = encryptionKey === undefined ? "an encryption key apart from its own" : `the key of ${encryptionKey}`;
    const keys = tried.map(({ account, from }) => `${account} (${from})`).join(" and ");
    super(
      "ZG_SEALED_TO",
      EXIT.precondition,
      `Datum ${index} of token ${tokenId} was sealed for ${owner}${apart ? `, to ${key}` : ""}; ` +
        (tried.length === 0 ? "no key is at hand" : `the keys at hand are of ${keys}`),
      apart
        ? "Set the private key behind it as GALILEO_DECRYPTION_KEY, on mainnet as ARISTOTLE_DECRYPTION_KEY."
        : `Use the key of ${owner}; on embedded networks: --as ${owner}.`,
      values,
    );
  }
}
