/** Every way opening sealed data fails. The Why and How of each code is in docs/errors.md. */

import { EXIT, ZgError } from "../errors.ts";

/** The envelope is of a version this code does not know, or no envelope at all. */
export class EnvelopeVersionError extends ZgError {
  constructor(values: { version: number | undefined; expected: number; length: number }) {
    const { version, length } = values;
    super({
      code: "ZG_ENVELOPE_VERSION",
      exit: EXIT.precondition,
      message:
        version === undefined || version === values.expected
          ? `${length} bytes are too few for a data envelope`
          : `A data envelope of version ${version} is unknown here (known: ${values.expected})`,
      remedy: "Check that these are the bytes of the token's data hash; a newer version needs a newer release.",
      details: values,
    });
  }
}

/** The data key is not the one this envelope was made with. */
export class WrongDataKeyError extends ZgError {
  constructor() {
    super({
      code: "ZG_WRONG_DATA_KEY",
      exit: EXIT.precondition,
      message: "The data key does not belong to this envelope",
      remedy: "Open the key sealed for this token and this datum; an earlier owner's key opens only the earlier data.",
    });
  }
}

/** The bytes, or the place they were made for, changed since they were encrypted. */
export class EnvelopeTamperedError extends ZgError {
  constructor(values: { chainId: string; contract: string; token: string; index: number }, cause?: unknown) {
    super({
      code: "ZG_ENVELOPE_TAMPERED",
      exit: EXIT.trust,
      message:
        `The encrypted data was altered, or was not made for datum ${values.index} of ${values.token} ` +
        `in ${values.contract} on chain ${values.chainId}`,
      remedy:
        "Fetch the bytes again by their data hash, and check that token, contract and network are the right ones.",
      details: values,
      cause,
    });
  }
}

/** These are not 129 bytes with a point of the curve in front. */
export class SealedKeyMalformedError extends ZgError {
  constructor(reason: string, cause?: unknown) {
    super({
      code: "ZG_SEALED_KEY_MALFORMED",
      exit: EXIT.trust,
      message: `This is not a sealed data key: ${reason}`,
      remedy: "Read it again from the token's PublishedSealedKey event: npx hardhat inft show <token>",
      details: { reason },
      cause,
    });
  }
}

/** Sealed to another key, or damaged; the format cannot tell the two apart. */
export class SealedKeyNotOpenedError extends ZgError {
  constructor(cause?: unknown) {
    super({
      code: "ZG_SEALED_KEY",
      exit: EXIT.precondition,
      message: "The sealed data key does not open: it was sealed to another key, or damaged",
      remedy: "Use the key of the token's owner; npx hardhat inft show <token> names the owner.",
      cause,
    });
  }
}

/** A public key must be a point of secp256k1, as 33, 64 or 65 bytes. */
export class PublicKeyMalformedError extends ZgError {
  constructor(values: { length: number }, cause?: unknown) {
    super({
      code: "ZG_PUBLIC_KEY",
      exit: EXIT.usage,
      message: `${values.length} bytes are not a public key of secp256k1`,
      remedy: "Give 33 (compressed), 64 (X and Y) or 65 bytes (0x04, X and Y).",
      details: values,
      cause,
    });
  }
}

/** These are not the JSON that 0G's Go inference agent mints. */
export class GoAgentEnvelopeMalformedError extends ZgError {
  constructor(reason: string, cause?: unknown) {
    super({
      code: "ZG_GO_AGENT_ENVELOPE",
      exit: EXIT.trust,
      message: `This is not metadata of the Go inference agent: ${reason}`,
      remedy: "Give the bytes the agent minted: JSON with ciphertext, nonce, key_id and algorithm AES-256-GCM.",
      details: { reason },
      cause,
    });
  }
}

/** The agent used a key of another name: its operator rotated it. */
export class GoAgentKeyIdError extends ZgError {
  constructor(values: { envelope: string; given: string }) {
    super({
      code: "ZG_GO_AGENT_KEY_ID",
      exit: EXIT.precondition,
      message: `The agent's metadata is encrypted under key ${JSON.stringify(values.envelope)}, and the key given is ${JSON.stringify(values.given)}`,
      remedy: "Set ZG_ENCRYPTION_KEY and ZG_ENCRYPTION_KEY_ID to the pair the agent had when it minted the token.",
      details: values,
    });
  }
}

/** Another key of the same name, or altered bytes; the format cannot tell the two apart. */
export class GoAgentEnvelopeNotOpenedError extends ZgError {
  constructor(values: { keyId: string }, cause?: unknown) {
    super({
      code: "ZG_GO_AGENT_KEY",
      exit: EXIT.precondition,
      message: `The agent's metadata does not open with the key named ${JSON.stringify(values.keyId)}: another key, or damaged`,
      remedy: "Set ZG_ENCRYPTION_KEY to the very key the agent had, 64 hexadecimal digits.",
      details: values,
      cause,
    });
  }
}

/** These bytes are no encrypted file of 0G's storage clients. */
export class StorageFileHeaderError extends ZgError {
  constructor(reason: string) {
    super({
      code: "ZG_STORAGE_FILE",
      exit: EXIT.precondition,
      message: `This is not an encrypted file of a 0G storage client: ${reason}`,
      remedy: "Leave the key out to take the bytes as they are stored, or check the root.",
      details: { reason },
    });
  }
}

/** A file is encrypted in one of two ways, and the key for that way is not given. */
export class StorageFileKeyMissingError extends ZgError {
  constructor(values: { format: "aes256" | "ecies" }) {
    const wanted = values.format === "aes256" ? "the 32-byte key it was encrypted with" : "a private key";
    super({
      code: "ZG_STORAGE_FILE_KEY_MISSING",
      exit: EXIT.precondition,
      message: `The file is encrypted (${values.format}), and opens with ${wanted}, which is not given`,
      remedy:
        values.format === "aes256"
          ? "Add --decrypt aes256 and the key: --key-file <file>, or ZG_STORAGE_ENCRYPTION_KEY."
          : "Add --decrypt ecies, with the key of the account it was encrypted to.",
      details: values,
    });
  }
}

/** An AES-256 key has 32 bytes. Never carries the key. */
export class StorageFileKeyError extends ZgError {
  constructor(values: { length: number }) {
    super({
      code: "ZG_STORAGE_FILE_KEY_LENGTH",
      exit: EXIT.usage,
      message: `A key of a stored file has 32 bytes, not ${values.length}`,
      remedy: "Give 64 hexadecimal digits, or a file of 32 bytes.",
      details: values,
    });
  }
}

/** The tag inside the file says that this key does not open it, or that it was altered; it cannot tell the two apart. */
export class StorageFileNotOpenedError extends ZgError {
  constructor() {
    super({
      code: "ZG_STORAGE_FILE_KEY",
      exit: EXIT.trust,
      message: "The stored file does not open: it was encrypted to another key, or altered before it was stored",
      remedy: "Give the key it was encrypted with. Nothing was written.",
    });
  }
}
