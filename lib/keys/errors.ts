/** Every way handling API keys fails, one class each. The Why and How of each code is in docs/errors.md. */

import { EXIT, UsageError, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";

/** The file that remembers issued keys is damaged. Without it two keys could share an id. */
export class KeyRegistryError extends ZgError {
  constructor(values: { file: string; problem: string }, cause?: unknown) {
    super({
      code: "ZG_KEY_REGISTRY",
      exit: EXIT.precondition,
      message: `${values.file}, which remembers the keys made here, cannot be read: ${values.problem}`,
      remedy: "Restore it; or move it away, and name --token-id yourself for keys at the same provider.",
      details: values,
      cause,
    });
  }
}

/** The id was given to a key before, or is revoked. */
export class KeyIdTakenError extends ZgError {
  constructor(values: { provider: Address; tokenId: number; by: string }) {
    super({
      code: "ZG_KEY_ID_TAKEN",
      exit: EXIT.precondition,
      message: `Token id ${values.tokenId} at ${values.provider} is taken: ${values.by}`,
      remedy: "Leave --token-id out: a free one is chosen.",
      details: values,
    });
  }
}

/** All 255 ids of a sub-account are used up. */
export class KeyIdsExhaustedError extends ZgError {
  constructor(values: { provider: Address }) {
    super({
      code: "ZG_KEY_IDS_EXHAUSTED",
      exit: EXIT.precondition,
      message: `All 255 token ids at ${values.provider} are in use or revoked`,
      remedy: `Begin anew with npx hardhat inference key revoke-all ${values.provider}, which ends all keys there.`,
      details: values,
    });
  }
}

/** A name for a key that another one bears at this provider. */
export class KeyLabelTakenError extends UsageError {
  constructor(values: { provider: Address; label: string }) {
    super({
      message: `A key labelled ${JSON.stringify(values.label)} for ${values.provider} is there already`,
      remedy: "Give another --label, or revoke that key first.",
      details: values,
    });
  }
}

/** No key of this name or id was made here. */
export class KeyUnknownError extends UsageError {
  constructor(values: { provider: Address; named: string }) {
    super({
      message: `No key ${JSON.stringify(values.named)} for ${values.provider} was made here`,
      remedy: "See which there are with npx hardhat inference key list; one made elsewhere is named by its token id.",
      details: values,
    });
  }
}

/** The provider did not take a token of the new generation in time. */
export class GenerationUnseenError extends ZgError {
  constructor(values: { provider: Address; waitedMs: number }) {
    super({
      code: "ZG_GENERATION_UNSEEN",
      exit: EXIT.network,
      message: `After ${Math.round(values.waitedMs / 1000)} s ${values.provider} still goes by what the chain said before`,
      remedy:
        "Providers look at the chain every ten minutes. New tokens work from then on; the revocation itself is done.",
      details: values,
    });
  }
}
