/** Every way running a provider fails that the contract does not say itself. The Why and How of each code is in docs/errors.md. */

import { EXIT, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";

/** A service is registered for this account already. */
export class ServiceRegisteredError extends ZgError {
  constructor(values: { provider: Address; model: string }) {
    super({
      code: "ZG_SERVICE_REGISTERED",
      exit: EXIT.precondition,
      message: `${values.provider} sells ${values.model} already; an account has one service`,
      remedy: "Change it with npx hardhat provider update, or register from another account.",
      details: values,
    });
  }
}

/** What is to be registered cannot work, or the contract would take it and nobody could use it. */
export class ServiceOfferError extends ZgError {
  constructor(values: { field: string; reason: string }) {
    super({
      code: "ZG_SERVICE_OFFER",
      exit: EXIT.usage,
      message: `The ${values.field} of the service ${values.reason}`,
      remedy: "The contract checks none of this: what is wrong here, users meet later.",
      details: values,
    });
  }
}

/** Endorsing is for the owner of InferenceServing. */
export class NotContractOwnerError extends ZgError {
  constructor(values: { account: Address; owner: Address }) {
    super({
      code: "ZG_NOT_CONTRACT_OWNER",
      exit: EXIT.precondition,
      message: `Only ${values.owner}, the owner of InferenceServing, endorses signers; ${values.account} is not it`,
      remedy: "On an embedded network sign as development account 9: --as 9. On a live one 0G decides.",
      details: values,
    });
  }
}

/** A file of settlements that cannot be read. */
export class SettlementFileError extends ZgError {
  constructor(values: { problem: string }, cause?: unknown) {
    super({
      code: "ZG_SETTLEMENT_FILE",
      exit: EXIT.usage,
      message: `The settlements cannot be read: ${values.problem}`,
      remedy: "Give the JSON list that docs/provider.md shows, as the broker in the TEE signed it.",
      details: values,
      cause,
    });
  }
}
