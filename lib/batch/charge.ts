/** What items whose answer was lost may have cost: what the provider counted, less what the batch knows of. */

import type { ReadContext } from "../chain/context.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { Service } from "../compute/providers.ts";
import type { Session } from "../compute/session.ts";
import { readSubAccount } from "../compute/sub-accounts.ts";
import { fetchUnsettledFee } from "../compute/unsettled-fee.ts";
import { EXIT, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";

/**
 * What was consumed at a provider, but for a constant: what it has not collected less what is locked. A settlement moves
 * both alike; only a further transfer lowers it. Undefined when the provider does not say.
 */
export async function readConsumed(
  deps: { readonly read: ReadContext; readonly owner: Address; readonly session: Session; readonly http: HttpDeps },
  service: Pick<Service, "provider" | "url">,
): Promise<bigint | undefined> {
  const account = await readSubAccount(deps.read, deps.owner, service.provider);
  if (account === undefined) return undefined;
  try {
    return (await fetchUnsettledFee({ ...deps.http, session: deps.session }, service)) - account.balance;
  } catch (error) {
    if (error instanceof ZgError && (error.exit === EXIT.network || error.exit === EXIT.precondition)) return undefined;
    throw error;
  }
}
