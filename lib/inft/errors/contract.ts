/** No iNFT contract, or not the one that is recorded. */

import { DomainError, EXIT } from "../../errors.ts";
import type { Address } from "../../hex.ts";
import { DEPLOY_AGAIN } from "./wording.ts";

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

/** No contract stands where the verifier of transfers was expected. */
export class VerifierMissingError extends DomainError {
  constructor(values: { verifier: string }, cause?: unknown) {
    super(
      "ZG_VERIFIER_MISSING",
      EXIT.precondition,
      `No verifier of transfers is at ${values.verifier} on this chain`,
      "Check --verifier and --network, or leave --verifier out: inft deploy then deploys one.",
      values,
      cause,
    );
  }
}

/** A royalty above the price, or one that nobody would get. */
export class RoyaltyRefusedError extends DomainError {
  constructor(values: { basisPoints: bigint; problem: string }, cause?: unknown) {
    super(
      "ZG_ROYALTY",
      EXIT.usage,
      `A royalty of ${Number(values.basisPoints) / 100} % ${values.problem}`,
      "Give --royalty as a percentage between 0 and 100, and --royalty-receiver as the address to pay.",
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
