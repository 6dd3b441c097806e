/** What the module of older dialects says. */

import { DialectRefusedError } from "../errors.ts";
import { text, type Args, type Translation, type Translations } from "./arguments.ts";

function refused(problem: (args: Args) => string): Translation {
  return (args, cause) => new DialectRefusedError({ problem: problem(args), ...args }, cause);
}

export const DIALECT_TRANSLATIONS: Translations = {
  DialectUnknownSelector: refused((a) => `neither the iNFT nor its module has a function ${text(a, "selector")}`),
  DialectDirectCall: refused((a) => `${text(a, "module")} is the module itself; call the iNFT`),
  DialectSealedKeyEmpty: refused((a) => `the proof of datum ${text(a, "index")} carries no sealed key`),
  DialectVerifierUnsupported: refused(
    (a) => `the verifier ${text(a, "verifier")} takes proofs of the final standard only`,
  ),
  DocsDraftProofMalformed: refused(() => "its proof is not an encoded array of proofs of the final standard"),
  DocsDraftSealedKeyMismatch: refused(
    (a) => `its sealed key is ${text(a, "given")}, and the proof's is ${text(a, "proven")}`,
  ),
  // The module asks the token and its verifier; only an address without code, or out of gas, answers so.
  AddressEmptyCode: refused((a) => `no contract stands at ${text(a, "target")}`),
  FailedCall: refused(() => "a call inside failed without saying why"),
};
