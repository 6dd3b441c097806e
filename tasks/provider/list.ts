import { listServices, type Service } from "../../lib/compute/providers.ts";
import { UsageError } from "../../lib/errors.ts";
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

function parsePrice(text: string): bigint {
  if (/^\d{1,30}$/.test(text)) return BigInt(text);
  throw new UsageError({
    message: `--max-price ${JSON.stringify(text)} is not a whole number of neuron`,
    remedy: "Give neuron per token, digits only: 100000000000 is 0.1 0G per million tokens.",
    details: { maxPrice: text },
  });
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
