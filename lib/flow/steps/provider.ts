import { assertAnswers, chooseAnsweringService } from "../../compute/liveness.ts";
import {
  assertProviderSees,
  listServices,
  readService,
  resolveService,
  type Service,
} from "../../compute/providers.ts";
import { assertMintable } from "../../compute/verify.ts";
import { pricePerMillion } from "../../guards/price-ceiling.ts";
import { assertSameTerms, termsOf } from "../../guards/terms.ts";
import { withUnit } from "../../units.ts";
import { chosenService, type FlowReadContext, type FlowStep } from "../context.ts";
import { lastFact } from "../journal.ts";
import { assertMayAskAnother, ceilingError, refusedBy } from "../quarantine.ts";

/**
 * Picks the provider: the one the user named, else the cheapest that answers, can see this chain and whose results can
 * be minted. Refuses here, before anything is paid, what the mint would refuse, a price above the ceiling, terms that
 * changed since they were agreed to, and a provider that is not there.
 */
export async function pickService(ctx: FlowReadContext): Promise<Service> {
  const { http, question, read } = ctx;
  const named = await chosenService(ctx);
  if (named === undefined && question.provider === undefined) {
    const refuse = (candidate: Service) => refusedBy(ctx, candidate);
    return chooseAnsweringService(http, await listServices(read), { network: read.network, refuse });
  }
  const service = named ?? (await resolveService(read, question.provider ?? ""));
  const terms = lastFact(ctx.journal, "provider")?.terms;
  if (terms !== undefined) assertSameTerms(terms, service);
  const tooDear = ceilingError(ctx, service);
  if (tooDear !== undefined) throw tooDear;
  assertProviderSees(read.network, service);
  assertMintable(service);
  await assertAnswers(http, service);
  return service;
}

export const providerStep: FlowStep = {
  id: "provider",
  title: "provider",
  check: async (ctx) => {
    const chosen = lastFact(ctx.journal, "provider");
    // Whatever the provider does once it has answered, no more is asked of it but the proof.
    if (chosen !== undefined && lastFact(ctx.journal, "received") !== undefined) {
      return { done: true, detail: `${chosen.terms?.model ?? "answered"} at ${chosen.provider}` };
    }
    const service = await chosenService(ctx);
    if (service === undefined) return { done: false, reason: "none chosen" };
    assertMintable(service);
    const price = withUnit(pricePerMillion(service));
    return { done: true, detail: `${service.model} at ${service.provider}, ${price} per million tokens in and out` };
  },
  run: async (ctx) => {
    assertMayAskAnother(ctx);
    const planned = ctx.plan?.terms;
    const service = planned === undefined ? await pickService(ctx) : await readService(ctx.read, planned.provider);
    const terms = termsOf(service);
    assertSameTerms(planned ?? terms, service);
    ctx.journal.append({ type: "provider", provider: service.provider, terms });
  },
};
