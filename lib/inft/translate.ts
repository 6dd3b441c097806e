/** What the iNFT contract refuses, in words. */

import type { WriteContext } from "../chain/context.ts";
import { chainCall, ContractRevertError } from "../chain/revert.ts";
import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../chain/send.ts";
import { NotEndorsedError, ProviderUnknownError } from "../compute/errors.ts";
import type { ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { SignatureMalformedError } from "../protocol/errors.ts";
import * as errors from "./errors.ts";

type Args = Readonly<Record<string, unknown>>;
type Translation = (args: Args, cause: ContractRevertError) => ZgError;

/** Arguments come out of the ABI decoder, so their types are known by name. */
function text(args: Args, name: string): string {
  return String(args[name]);
}
function number(args: Args, name: string): bigint {
  return args[name] as bigint;
}
function commitment(args: Args) {
  return { minter: text(args, "minter"), commitment: text(args, "commitment") };
}
function rule(sentence: (args: Args) => string): Translation {
  return (args, cause) =>
    new errors.TokenRuleError({ error: cause.revert.name, sentence: sentence(args), args }, cause);
}

/** Every custom error a call of the iNFT can meet, InferenceServing's own included. A test walks the ABI. */
const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  InferenceAlreadyMinted: (a, cause) => new errors.ResultAlreadyMintedError({ tokenId: number(a, "tokenId") }, cause),
  InferenceSignerMissing: (a, cause) => new errors.SignerMissingError({ provider: text(a, "provider") }, cause),
  InferenceSignerNotEndorsed: (a, cause) => new NotEndorsedError({ provider: text(a, "provider") as Address }, cause),
  InferenceSignerMismatch: (a, cause) =>
    new errors.ResultSignerMismatchError(
      { provider: text(a, "provider"), listed: text(a, "teeSigner"), recovered: text(a, "recovered") },
      cause,
    ),
  InferenceServingWithoutCode: (a, cause) =>
    new errors.ServingMissingError({ inferenceServing: text(a, "inferenceServing") }, cause),
  ServiceNotExist: (a, cause) => new ProviderUnknownError({ provider: text(a, "provider") }, cause),

  CommitmentPending: (a, cause) =>
    new errors.CommitmentPendingError({ ...commitment(a), expiresAt: number(a, "expiresAt") }, cause),
  CommitmentMissing: (a, cause) => new errors.CommitmentMissingError(commitment(a), cause),
  CommitmentTooYoung: (a, cause) =>
    new errors.CommitmentTooYoungError({ ...commitment(a), committedBlock: number(a, "committedBlock") }, cause),
  CommitmentExpired: (a, cause) =>
    new errors.CommitmentExpiredError({ ...commitment(a), expiredAt: number(a, "expiredAt") }, cause),

  ECDSAInvalidSignature: (_, cause) => new SignatureMalformedError("", cause),
  ECDSAInvalidSignatureLength: (a, cause) => new SignatureMalformedError(`(${number(a, "length")} bytes)`, cause),
  ECDSAInvalidSignatureS: (a, cause) => new SignatureMalformedError(`s = ${text(a, "s")}`, cause),

  InferenceWithoutData: (_, cause) => new errors.MintArgumentsError({ problem: "an inference without data" }, cause),
  InferenceModeInvalid: (a, cause) =>
    new errors.MintArgumentsError({ problem: `mode ${number(a, "mode")} is none`, mode: number(a, "mode") }, cause),
  ERC7857SealedKeyCount: (a, cause) => {
    const [sealedKeys, datas] = [number(a, "sealedKeys"), number(a, "datas")];
    return new errors.MintArgumentsError(
      { problem: `${sealedKeys} sealed keys for ${datas} data`, sealedKeys, datas },
      cause,
    );
  },

  ERC7857TransferNeedsProof: (a, cause) =>
    new errors.TransferNeedsProofError(
      { tokenId: number(a, "tokenId"), from: text(a, "from"), to: text(a, "to") },
      cause,
    ),
  ERC721NonexistentToken: (a, cause) => new errors.TokenMissingError({ tokenId: number(a, "tokenId") }, cause),
  ERC721InvalidReceiver: (a, cause) => new errors.RecipientRefusesTokenError({ receiver: text(a, "receiver") }, cause),
  ERC721IncorrectOwner: rule(
    (a) => `Token ${text(a, "tokenId")} belongs to ${text(a, "owner")}, not to ${text(a, "sender")}`,
  ),
  ERC721InsufficientApproval: rule((a) => `${text(a, "operator")} may not move token ${text(a, "tokenId")}`),
  ERC721InvalidApprover: rule((a) => `${text(a, "approver")} may not approve for this token`),
  ERC721InvalidOperator: rule((a) => `${text(a, "operator")} cannot be an operator`),
  ERC721InvalidOwner: rule((a) => `${text(a, "owner")} cannot own tokens`),
  ERC721InvalidSender: rule((a) => `${text(a, "sender")} cannot send tokens`),
};

/** Whether {@link translateInftError} has a sentence for the custom error of this name. */
export function isTranslated(name: string): boolean {
  return Object.hasOwn(TRANSLATIONS, name);
}

/** The error of this domain for what the contract said; anything else passes through. */
export function translateInftError(error: unknown): unknown {
  if (!(error instanceof ContractRevertError)) return error;
  const { name, args } = error.revert;
  const translate = isTranslated(name) ? TRANSLATIONS[name] : undefined;
  return translate === undefined ? error : translate(args, error);
}

/** Awaits a read of the iNFT and gives its failure a class of this domain. */
export async function inftCall<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await chainCall(what, call);
  } catch (error) {
    throw translateInftError(error);
  }
}

/** {@link sendTransaction} to the iNFT, with its refusals translated. */
export async function sendToInft(ctx: WriteContext, draft: TransactionDraft): Promise<ConfirmedTransaction> {
  try {
    return await sendTransaction(ctx, draft);
  } catch (error) {
    throw translateInftError(error);
  }
}
