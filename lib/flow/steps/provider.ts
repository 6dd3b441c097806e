import { assertMintable } from "../../compute/verify.ts";
import {
  assertProviderSees,
  chooseService,
  listServices,
  resolveService,
  type Service,
} from "../../compute/providers.ts";
import { withUnit } from "../../units.ts";
import { chosenService, type FlowReadContext, type FlowStep } from "../context.ts";

/**
 * Picks the provider: the one the user named, else the cheapest that can see this chain and whose results can be minted.
 * Refuses here, before anything is paid, what the mint would refuse.
 */
export async function pickService(ctx: FlowReadContext): Promise<Service> {
  const chosen = await chosenService(ctx);
  if (chosen !== undefined) return chosen;
  const { provider } = ctx.question;
  if (provider === undefined) {
    return chooseService(await listServices(ctx.read), { network: ctx.read.network });
  }
  const service = await resolveService(ctx.read, provider);
  assertProviderSees(ctx.read.network, service);
  assertMintable(service);
  return service;
}

export const providerStep: FlowStep = {
  id: "provider",
  title: "provider",
  check: async (ctx) => {
    const service = await chosenService(ctx);
    if (service === undefined) return { done: false, reason: "none chosen" };
    assertMintable(service);
    const price = withUnit((service.inputPrice + service.outputPrice) * 1_000_000n);
    return { done: true, detail: `${service.model} at ${service.provider}, ${price} per million tokens in and out` };
  },
  run: async (ctx) => {
    const { provider } = await pickService(ctx);
    ctx.journal.append({ type: "provider", provider });
  },
};
