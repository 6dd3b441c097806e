/** The attestors a verifier is deployed with, and until when each counts. */

import { latestBlock } from "../../lib/chain/connect.ts";
import { UsageError } from "../../lib/errors.ts";
import type { AttestorEntry } from "../../lib/inft/attestor-entry.ts";
import { DEVELOPMENT_KIND } from "../../lib/inft/attestor/protocol.ts";
import type { TaskIo } from "./action.ts";
import { attestorAt, ownAttestors } from "./attestors.ts";
import type { OpenConnection } from "./connection.ts";

/** Long enough to forget, short enough to be renewed before the hardware is old. */
const YEAR_SECONDS = 365n * 86_400n;

/** Until when an attestor counts of which nothing else is said. Unix seconds, by the chain's clock. */
export async function defaultValidity({ read }: OpenConnection): Promise<bigint> {
  return BigInt((await latestBlock(read)).timestamp) + YEAR_SECONDS;
}

/** The attestors of the network's own, which an embedded network and a fork have; none on live networks. */
export async function ownAttestorEntries(open: OpenConnection): Promise<readonly AttestorEntry[]> {
  const [own, validUntil] = await Promise.all([ownAttestors(open), defaultValidity(open)]);
  return own.map(({ address, url }) => ({ address, url, validUntil, development: true }));
}

/**
 * The attestors that serve at these addresses, each asked who it is and which chain it reads.
 * @throws {UsageError} for one of another chain. {@link AttestorUrlError} {@link AttestorDownError}
 */
export async function attestorsAt(
  urls: readonly string[],
  open: OpenConnection,
  io: Pick<TaskIo, "signal">,
): Promise<readonly AttestorEntry[]> {
  const validUntil = await defaultValidity(open);
  const { chainId } = open.network;
  return Promise.all(
    urls.map(async (asked) => {
      const { address, url, kind, chainId: reads } = await attestorAt(asked, "given", io);
      if (reads !== chainId) {
        throw new UsageError({
          message: `The attestor at ${url} reads chain ${reads}, and this is chain ${chainId}`,
          remedy: "Name attestors of this chain.",
          details: { url, reads, chainId },
        });
      }
      return { address, url, validUntil, development: kind === DEVELOPMENT_KIND };
    }),
  );
}
