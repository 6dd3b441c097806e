import { isAddress } from "ethers";

import { assertServes } from "../../lib/compute/ask.ts";
import type { ServiceKind } from "../../lib/compute/ledger.ts";
import { chooseAnsweringService } from "../../lib/compute/liveness.ts";
import { assertProviderSees, listServices, resolveService, type Service } from "../../lib/compute/providers.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import type { Multiplier } from "../../lib/protocol/fees.ts";
import { priceUnits, type PriceUnit, type RequestKind } from "../../lib/protocol/services.ts";
import { format0g } from "../../lib/units.ts";
import type { TaskIo } from "./action.ts";
import type { OpenConnection } from "./connection.ts";

/** The address of a provider given by address or, for inference, by model name. */
export async function resolveProvider(open: OpenConnection, text: string, service: ServiceKind): Promise<Address> {
  // Fine-tuning providers list several models each, so only their address names them.
  if (service === "fine-tuning" || isAddress(text)) return parseAddress(text, "provider");
  return (await resolveService(open.read, text)).provider;
}

/** How many of a unit people compare prices of, and what that is called. */
const SHOWN: Readonly<Record<PriceUnit, { readonly count: bigint; readonly name: string }>> = {
  token: { count: 1_000_000n, name: "1M tokens" },
  image: { count: 1n, name: "image" },
  second: { count: 1n, name: "second" },
};

type Priced = Pick<Service, "serviceType" | "inputPrice" | "outputPrice">;

/** A price as the tables show it, in neuron; undefined where the type is not charged for this side. */
export function shownPrice(service: Priced, side: "input" | "output"): bigint | undefined {
  const unit = priceUnits(service.serviceType)[side];
  return unit === undefined ? undefined : service[`${side}Price`] * SHOWN[unit].count;
}

/** A price with its unit, exact: `0.05/1M tokens`, `0.004/image`, `-`. In 0G. */
export function priceText(service: Priced, side: "input" | "output"): string {
  const unit = priceUnits(service.serviceType)[side];
  const price = shownPrice(service, side);
  return unit === undefined || price === undefined ? "-" : `${format0g(price)}/${SHOWN[unit].name}`;
}

function times({ numerator, denominator }: Multiplier): string {
  return denominator === 1n ? `x${numerator}` : `x${numerator}/${denominator}`;
}

/** What changes a service's prices: the length of the prompt, and the model's cache. One line each. */
export function pricingLines({ info }: Pick<Service, "info">): readonly (readonly [label: string, value: string])[] {
  if (!info.ok) return [];
  const { tiers = [], cacheBilling, pricingUnreadable } = info.info;
  const rows = tiers.map(({ maxInputTokens, input, output }): readonly [string, string] => [
    "tier",
    `${maxInputTokens === 0 ? "any prompt" : `prompts up to ${maxInputTokens} tokens`}: ${times(input)} in, ${times(output)} out`,
  ]);
  const { divisor, write, writeOneHour } = cacheBilling ?? {};
  const written =
    write === undefined ? "" : `; written to it ${times(write)}, for an hour ${times(writeOneHour ?? write)}`;
  return [
    ...rows,
    ...(divisor === undefined ? [] : [["cache", `cached tokens cost 1/${divisor}${written}`] as const]),
    ...(pricingUnreadable
      ? [["pricing", "states tiers or a cache price that cannot be read: expect other fees"] as const]
      : []),
  ];
}

export function mintableText({ mintability }: Service): string {
  return mintability.mintable ? "yes" : `no: ${mintability.explanation}`;
}

/** A service as data for scripts. */
export function serviceData(service: Service) {
  const { info, ...facts } = service;
  return { ...facts, units: priceUnits(service.serviceType), info: info.ok ? info.info : { unreadable: info.reason } };
}

/**
 * The service to ask: the one named, else the cheapest of its kind that answers and can be minted.
 * @throws {ServiceTypeError} for a named one that answers something else.
 * @throws {ProviderCannotSeeError} for a named one that serves another chain than this.
 */
export async function pickUsableService(
  { read, network }: OpenConnection,
  kind: RequestKind,
  named: string | undefined,
  io: Pick<TaskIo, "signal">,
): Promise<Service> {
  const { signal } = io;
  if (named === undefined) return chooseAnsweringService({ signal }, await listServices(read), { network, kind });
  const service = await resolveService(read, named);
  assertServes(service, kind);
  assertProviderSees(network, service);
  return service;
}
