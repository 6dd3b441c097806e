/** Whom an account lets sign access proofs in its place: for contract accounts and keys that are kept offline. */

import type { ReadContext } from "../chain/context.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { inftCall } from "./translate.ts";

/** The delegate of `user` in this contract; undefined when there is none. Reads one slot. */
export async function readDelegate(ctx: ReadContext, inft: Address, user: Address): Promise<Address | undefined> {
  const contract = inftContract(inft, ctx.provider);
  const delegate = checksum(await inftCall(`Reading the delegate of ${user}`, contract.getDelegateAccess(user)));
  return delegate === ZERO_ADDRESS ? undefined : delegate;
}

/** The transaction that names a delegate of its sender, or with none ends that. */
export function delegateDraft(inft: Address, delegate: Address | undefined): TransactionDraft {
  const data = inftInterface().encodeFunctionData("delegateAccess", [delegate ?? ZERO_ADDRESS]) as Hex;
  const what = delegate === undefined ? "end the delegation of access" : `let ${delegate} sign access proofs`;
  return { what, to: inft, data };
}
