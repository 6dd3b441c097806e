import { listServices, type Service } from "../../lib/compute/providers.ts";
import { parseAmount } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { withConnection } from "../support/connection.ts";
import { priceText, serviceData, shownPrice } from "../support/providers.ts";
import { table } from "../support/table.ts";

interface Arguments {
  readonly type: string | undefined;
  readonly model: string | undefined;
  readonly maxPrice: string | undefined;
  readonly all: boolean;
}

/** Whether neither price, as the table shows them, is above `most` neuron. */
function costsAtMost(service: Service, most: bigint): boolean {
  return (["input", "output"] as const).every((side) => (shownPrice(service, side) ?? 0n) <= most);
}

function lines(services: readonly Service[], hidden: number): string[] {
  const more =
    hidden === 0 ? [] : [`${hidden} hidden: the contract owner has not endorsed their signer (--all shows them)`];
  if (services.length === 0) return ["no provider matches", ...more];
  const rows = services.map((service) => [
    service.model,
    service.provider,
    service.serviceType,
    service.verifiability,
    priceText(service, "input"),
    priceText(service, "output"),
    service.endorsed ? "yes" : "no",
    service.mintability.mintable ? "yes" : "no",
  ]);
  return [
    ...table(
      [["model", "provider", "type", "proof", "0G in", "0G out", "endorsed", "mintable"], ...rows],
      ["left", "left", "left", "left", "right", "right", "left", "left"],
    ),
    ...more,
  ];
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const most = args.maxPrice === undefined ? undefined : parseAmount(args.maxPrice, "--max-price");
  return withConnection(
    hre,
    async ({ read, network }) => {
      const listed = await listServices(read, {
        ...(args.type === undefined ? {} : { type: args.type }),
        ...(args.model === undefined ? {} : { model: args.model }),
      });
      const matching = most === undefined ? listed : listed.filter((service) => costsAtMost(service, most));
      const shown = args.all ? matching : matching.filter(({ endorsed }) => endorsed);
      const hidden = matching.length - shown.length;
      return {
        data: { network: network.name, mode: network.mode, services: shown.map(serviceData), hidden },
        text: lines(shown, hidden),
      };
    },
    io,
  );
});
