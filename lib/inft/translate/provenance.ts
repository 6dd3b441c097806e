/** What the token says of a result that shall be minted. */

import { NotEndorsedError, ProviderUnknownError } from "../../compute/errors.ts";
import { SignatureMalformedError } from "../../protocol/errors.ts";
import {
  CommitmentExpiredError,
  CommitmentMissingError,
  CommitmentPendingError,
  CommitmentTooYoungError,
  MintArgumentsError,
  RequestMismatchError,
  RequestNotBoundError,
  ResultAlreadyMintedError,
  ResultSignerMismatchError,
  ServingMissingError,
  SignerMissingError,
} from "../errors.ts";
import { address, number, text, type Args, type Translations } from "./arguments.ts";

function commitment(args: Args) {
  return { minter: text(args, "minter"), commitment: text(args, "commitment") };
}

export const PROVENANCE_TRANSLATIONS: Translations = {
  InferenceAlreadyMinted: (a, cause) => new ResultAlreadyMintedError({ tokenId: number(a, "tokenId") }, cause),
  InferenceSignerMissing: (a, cause) => new SignerMissingError({ provider: text(a, "provider") }, cause),
  InferenceSignerNotEndorsed: (a, cause) => new NotEndorsedError({ provider: address(a, "provider") }, cause),
  InferenceSignerMismatch: (a, cause) =>
    new ResultSignerMismatchError(
      { provider: text(a, "provider"), listed: text(a, "teeSigner"), recovered: text(a, "recovered") },
      cause,
    ),
  InferenceServingWithoutCode: (a, cause) =>
    new ServingMissingError({ inferenceServing: text(a, "inferenceServing") }, cause),
  ServiceNotExist: (a, cause) => new ProviderUnknownError({ provider: text(a, "provider") }, cause),

  CommitmentPending: (a, cause) =>
    new CommitmentPendingError({ ...commitment(a), expiresAt: number(a, "expiresAt") }, cause),
  CommitmentMissing: (a, cause) => new CommitmentMissingError(commitment(a), cause),
  CommitmentTooYoung: (a, cause) =>
    new CommitmentTooYoungError({ ...commitment(a), committedBlock: number(a, "committedBlock") }, cause),
  CommitmentExpired: (a, cause) =>
    new CommitmentExpiredError({ ...commitment(a), expiredAt: number(a, "expiredAt") }, cause),

  InferenceRequestMismatch: (a, cause) =>
    new RequestMismatchError({ shown: text(a, "shown"), signed: text(a, "signed") }, cause),
  InferenceRequestNotBound: (a, cause) =>
    new RequestNotBoundError({ minter: text(a, "minter"), userOffset: number(a, "userOffset") }, cause),

  ECDSAInvalidSignature: (_, cause) => new SignatureMalformedError("", cause),
  ECDSAInvalidSignatureLength: (a, cause) => new SignatureMalformedError(`(${number(a, "length")} bytes)`, cause),
  ECDSAInvalidSignatureS: (a, cause) => new SignatureMalformedError(`s = ${text(a, "s")}`, cause),

  InferenceWithoutData: (_, cause) => new MintArgumentsError({ problem: "an inference without data" }, cause),
  InferenceModeInvalid: (a, cause) =>
    new MintArgumentsError({ problem: `mode ${number(a, "mode")} is none`, mode: number(a, "mode") }, cause),
};
