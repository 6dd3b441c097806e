import { listServices, type Service } from "../../lib/compute/providers.ts";
import { parseAmount } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { withConnection } from "../support/connection.ts";
import { perMillion, serviceData } from "../support/providers.ts";
import { table } from "../support/table.ts";

interface Arguments {
  readonly type: string | undefined;
  readonly model: string | undefined;
  readonly maxPrice: string | undefined;
  readonly all: boolean;
}

/** 0G per million tokens, as the table shows prices, to neuron per token. */
function parsePrice(text: string): bigint {
  return parseAmount(text, "--max-price") / 1_000_000n;
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
    perMillion(service.inputPrice),
    perMillion(service.outputPrice),
    service.endorsed ? "yes" : "no",
    service.mintability.mintable ? "yes" : "no",
  ]);
  return [
    ...table(
      [["model", "provider", "type", "proof", "0G/1M in", "0G/1M out", "endorsed", "mintable"], ...rows],
      ["left", "left", "left", "left", "right", "right", "left", "left"],
    ),
    ...more,
  ];
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const price = args.maxPrice === undefined ? undefined : parsePrice(args.maxPrice);
  return withConnection(
    hre,
    async ({ read, network }) => {
      const matching = await listServices(read, {
        ...(args.type === undefined ? {} : { type: args.type }),
        ...(args.model === undefined ? {} : { model: args.model }),
        ...(price === undefined ? {} : { maxInputPrice: price, maxOutputPrice: price }),
      });
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
