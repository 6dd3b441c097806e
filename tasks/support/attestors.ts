/** Which attestors a task asks: named by the user, the network's own, or those that the token's verifier publishes. */

import { borderOf, type Border } from "../../lib/border.ts";
import { describeAttestor, findAttestors, type FoundAttestor } from "../../lib/inft/attestor/client.ts";
import { setting } from "../../lib/env.ts";
import { ATTESTORS_METHOD, type LocalAttestorEntry } from "../../lib/galileo/attestor.ts";
import type { Address } from "../../lib/hex.ts";
import { isEphemeral, type Network } from "../../lib/networks.ts";
import type { TaskIo } from "./action.ts";
import type { OpenConnection } from "./connection.ts";
import { askServed } from "./served.ts";

/**
 * The attestors of the network's own: of this process, or of the one that serves `localhost`. None on live networks, nor
 * on a node that is no `galileo up`.
 */
export async function ownAttestors(open: OpenConnection): Promise<readonly LocalAttestorEntry[]> {
  const { network, connection } = open;
  if (isEphemeral(network)) return [connection.galileo.attestor];
  if (network.mode === "live") return [];
  return (await askServed<LocalAttestorEntry[]>(connection, ATTESTORS_METHOD, "attestors")) ?? [];
}

/** The URLs of `--attestor`, else of ZG_ATTESTORS; empty when neither is given. */
export function namedAttestors(given: string | undefined): readonly string[] {
  return (given ?? setting("ZG_ATTESTORS")?.value ?? "")
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "");
}

/**
 * Finds as many attestors as the verifier of a token demands.
 * @param given what `--attestor` gave.
 * @throws {AttestorsMissingError} {@link AttestorUrlError} {@link AttestorUnknownError} {@link AttestorLiesError}
 */
export async function attestorsFor(
  open: OpenConnection,
  verifier: Address,
  given: string | undefined,
  io: TaskIo,
): Promise<readonly FoundAttestor[]> {
  const named = namedAttestors(given);
  const known = named.length > 0 ? [] : (await ownAttestors(open)).map(({ url }) => url);
  const http = { border: attestorBorder(open.network, given), signal: io.signal };
  return findAttestors(open.read, http, { verifier, named, known });
}

/** Attestors that the user named may be anywhere; those that a verifier publishes were named by its owner. */
export function attestorBorder(network: Network, given: string | undefined): Border {
  return namedAttestors(given).length > 0 ? "given" : borderOf(network);
}

/** What the attestor at an address says of itself. @throws what {@link describeAttestor} throws. */
export async function attestorAt(url: string, border: Border, io: Pick<TaskIo, "signal">): Promise<FoundAttestor> {
  return describeAttestor({ border, signal: io.signal, timeoutMs: PROBE_TIMEOUT_MS }, url);
}

const PROBE_TIMEOUT_MS = 5_000;
