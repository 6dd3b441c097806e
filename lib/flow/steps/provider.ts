import { assertAnswers, chooseAnsweringService } from "../../compute/liveness.ts";
import { assertProviderSees, listServices, resolveService, type Service } from "../../compute/providers.ts";
import { assertMintable } from "../../compute/verify.ts";
import { withUnit } from "../../units.ts";
import { chosenService, type FlowReadContext, type FlowStep } from "../context.ts";

/**
 * Picks the provider: the one the user named, else the cheapest that answers, can see this chain and whose results can
 * be minted. Refuses here, before anything is paid, what the mint would refuse and a provider that is not there.
 */
export async function pickService(ctx: FlowReadContext): Promise<Service> {
  const { http, question, read } = ctx;
  const named = await chosenService(ctx);
  if (named === undefined && question.provider === undefined) {
    return chooseAnsweringService(http, await listServices(read), { network: read.network });
  }
  const service = named ?? (await resolveService(read, question.provider ?? ""));
  assertProviderSees(read.network, service);
  assertMintable(service);
  await assertAnswers(http, service);
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
