import { borderOf } from "../../lib/border.ts";
import { fetchModels } from "../../lib/compute/models.ts";
import { resolveService } from "../../lib/compute/providers.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { mintableText, priceText, pricingLines, serviceData } from "../support/providers.ts";
import { pairs } from "../support/table.ts";

interface Arguments {
  readonly provider: string;
  readonly models: boolean;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const named = required(args.provider, "The provider", "provider show <address or model>");
  return withConnection(
    hre,
    async ({ read, network }) => {
      const service = await resolveService(read, named);
      const models = args.models
        ? await fetchModels({ border: borderOf(network), signal: io.signal }, service)
        : undefined;
      return {
        data: {
          network: network.name,
          mode: network.mode,
          service: serviceData(service),
          ...(models === undefined ? {} : { models }),
        },
        text: pairs([
          ["provider", service.provider],
          ["model", service.model],
          ...(models ?? []).map((model) => ["serves", model] as const),
          ["type", service.serviceType],
          ["url", service.url],
          ["price in 0G", `${priceText(service, "input")} in, ${priceText(service, "output")} out`],
          ...pricingLines(service),
          ["proof", service.verifiability],
          ["signs", service.topology],
          ["signer", service.expectedSigner ?? "nobody"],
          ["endorsed", service.endorsed ? "yes" : "no"],
          ["mintable", mintableText(service)],
          ["updated", new Date(Number(service.updatedAt) * 1000).toISOString()],
        ]),
      };
    },
    io,
  );
});
