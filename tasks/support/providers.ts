import { isAddress } from "ethers";

import type { ServiceKind } from "../../lib/compute/ledger.ts";
import { chooseAnsweringService } from "../../lib/compute/liveness.ts";
import { assertProviderSees, listServices, resolveService, type Service } from "../../lib/compute/providers.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { format0g } from "../../lib/units.ts";
import type { TaskIo } from "./action.ts";
import type { OpenConnection } from "./connection.ts";

/** The address of a provider given by address or, for inference, by model name. */
export async function resolveProvider(open: OpenConnection, text: string, service: ServiceKind): Promise<Address> {
  // Fine-tuning providers list several models each, so only their address names them.
  if (service === "fine-tuning" || isAddress(text)) return parseAddress(text, "provider");
  return (await resolveService(open.read, text)).provider;
}

/** A price per token as 0G per million tokens, exact: how providers are compared. */
export function perMillion(neuronPerToken: bigint): string {
  return format0g(neuronPerToken * 1_000_000n);
}

export function mintableText({ mintability }: Service): string {
  return mintability.mintable ? "yes" : `no: ${mintability.explanation}`;
}

/** A service as data for scripts. */
export function serviceData(service: Service) {
  const { info, ...facts } = service;
  return { ...facts, info: info.ok ? info.info : { unreadable: info.reason } };
}

/**
 * The service to ask: the one named, else the cheapest that answers and can be minted.
 * @throws {ProviderCannotSeeError} for a named one that serves another chain than this.
 */
export async function pickUsableService(
  { read, network }: OpenConnection,
  named: string | undefined,
  io: Pick<TaskIo, "signal">,
): Promise<Service> {
  if (named === undefined) return chooseAnsweringService({ signal: io.signal }, await listServices(read), { network });
  const service = await resolveService(read, named);
  assertProviderSees(network, service);
  return service;
}
