/** What the parts of a broker share. */

import type { WriteContext } from "../chain/context.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { SessionTokens } from "../compute/session.ts";

export interface BrokerParts {
  /** The context, once the chain is known to be the named one. */
  readonly ready: () => Promise<WriteContext>;
  readonly session: SessionTokens;
  readonly http: HttpDeps;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly random: (size: number) => Uint8Array;
}
