/** What the verifier says of attestors, and of who may change its set. */

import { AttestorNotActiveError, AttestorSetError, AttestorSignaturesError } from "../errors.ts";
import { number, text, type Args, type Translation, type Translations } from "./arguments.ts";

function signatures(problem: (args: Args) => string): Translation {
  return (args, cause) => new AttestorSignaturesError({ problem: problem(args), ...args }, cause);
}

function rule(sentence: (args: Args) => string): Translation {
  return (args, cause) => new AttestorSetError({ error: cause.revert.name, sentence: sentence(args), args }, cause);
}

export const ATTESTOR_TRANSLATIONS: Translations = {
  AttestorSignatureCount: signatures(
    (a) => `${text(a, "bytesGiven")} bytes of them, and exactly ${text(a, "required")} of 65 bytes are wanted`,
  ),
  AttestorOrder: signatures(
    (a) => `${text(a, "next")} stands after ${text(a, "previous")}, and each counts once, in ascending order`,
  ),
  AttestorNotActive: (a, cause) =>
    new AttestorNotActiveError(
      {
        signer: text(a, "signer"),
        activeFrom: number(a, "activeFrom"),
        validUntil: number(a, "validUntil"),
        timestamp: number(a, "timestamp"),
      },
      cause,
    ),

  AttestorThresholdZero: rule(() => "At least one attestor must have to sign"),
  AttestorInvalid: rule(
    (a) =>
      `${text(a, "attestor")}, valid until ${text(a, "validUntil")}, cannot be an attestor: nobody, twice, or over`,
  ),
  AttestorKnown: rule((a) => `${text(a, "attestor")} is an attestor already, or about to be; remove it first`),
  AttestorEndpointTooLong: rule((a) => `An attestor's address of ${text(a, "length")} bytes is too long to keep`),
  AttestorUnknown: rule((a) => `${text(a, "attestor")} is no attestor`),
  AttestorRemovalUnauthorized: rule(
    (a) => `${text(a, "caller")} may not remove ${text(a, "attestor")}: only the owner or the attestor itself may`,
  ),
  OwnableUnauthorizedAccount: rule((a) => `${text(a, "account")} does not own the verifier`),
  OwnableInvalidOwner: rule((a) => `${text(a, "owner")} cannot own the verifier`),
};
