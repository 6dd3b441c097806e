/** What the iNFT contract and its verifier refuse, in words. */

import type { WriteContext } from "../chain/context.ts";
import { chainCall, ContractRevertError } from "../chain/revert.ts";
import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../chain/send.ts";
import { ATTESTOR_TRANSLATIONS } from "./translate/attestors.ts";
import { DIALECT_TRANSLATIONS } from "./translate/dialects.ts";
import { PROOF_TRANSLATIONS } from "./translate/proof.ts";
import { PROVENANCE_TRANSLATIONS } from "./translate/provenance.ts";
import { TOKEN_TRANSLATIONS } from "./translate/token.ts";
import type { Translations } from "./translate/arguments.ts";

/** Every custom error a call can meet, InferenceServing's own included. A test walks the ABIs. */
const TRANSLATIONS: Translations = {
  ...TOKEN_TRANSLATIONS,
  ...PROVENANCE_TRANSLATIONS,
  ...PROOF_TRANSLATIONS,
  ...ATTESTOR_TRANSLATIONS,
  ...DIALECT_TRANSLATIONS,
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

/** Awaits a read of the iNFT or its verifier and gives its failure a class of this domain. */
export async function inftCall<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await chainCall(what, call);
  } catch (error) {
    throw translateInftError(error);
  }
}

/** {@link sendTransaction} to the iNFT or its verifier, with its refusals translated. */
export async function sendToInft(ctx: WriteContext, draft: TransactionDraft): Promise<ConfirmedTransaction> {
  try {
    return await sendTransaction(ctx, draft);
  } catch (error) {
    throw translateInftError(error);
  }
}
