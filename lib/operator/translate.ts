import { ContractRevertError } from "../chain/revert.ts";
import { translate } from "../compute/translate.ts";
import type { Address } from "../hex.ts";

/** What InferenceServing's refusal means to `provider`, or who else runs the service. Other errors come back as they are. */
export function operatorRefusal(provider: Address): (error: unknown) => unknown {
  return (error) =>
    error instanceof ContractRevertError ? translate(error, { kind: "operate", values: { provider } }) : error;
}
