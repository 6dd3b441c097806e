import { assertAnswers, chooseAnsweringService } from "../compute/liveness.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import { assertProviderSees, listServices, readService, resolveService, type Service } from "../compute/providers.ts";
import { assertMintable } from "../compute/verify.ts";
import type { ReadContext } from "../chain/context.ts";
import { UsageError } from "../errors.ts";
import { tooDear, whyTooDear, type PriceCeiling } from "../guards/price-ceiling.ts";
import type { BatchQueue } from "./queue.ts";

/**
 * Whom a batch asks: the provider the user names, else the one it asked before, else the cheapest that answers and whose
 * results can be minted. Never one whose answer failed verification in this batch.
 * @throws {UsageError} for a named one that did. {@link NotMintableError} {@link NotEndorsedError} {@link ProviderDownError}
 * @throws {PriceCeilingError}
 */
export async function chooseForBatch(
  deps: { readonly read: ReadContext; readonly http: HttpDeps; readonly ceilings?: readonly PriceCeiling[] },
  queue: Pick<BatchQueue, "assignment" | "quarantined">,
  named?: string,
): Promise<Service> {
  const { read, http, ceilings = [] } = deps;
  const quarantined = await queue.quarantined();
  const before = (await queue.assignment())?.terms.provider;
  let service: Service | undefined;
  if (named !== undefined) service = await resolveService(read, named);
  else if (before !== undefined && !quarantined.has(before)) service = await readService(read, before);
  if (service === undefined) {
    const refuse = (candidate: Service) => {
      const failed = quarantined.get(candidate.provider);
      if (failed !== undefined) return `its answer is not proved: ${failed}`;
      return tooDear(candidate, ceilings) === undefined ? undefined : whyTooDear(candidate);
    };
    return chooseAnsweringService(http, await listServices(read), { network: read.network, refuse });
  }
  const reason = quarantined.get(service.provider);
  if (reason !== undefined) {
    throw new UsageError({
      message: `Provider ${service.provider} gave this batch an answer that is not proved: ${reason}`,
      remedy: "Name another one with --provider, or none.",
      details: { provider: service.provider, reason },
    });
  }
  const dear = tooDear(service, ceilings);
  if (dear !== undefined) throw dear;
  assertProviderSees(read.network, service);
  assertMintable(service);
  await assertAnswers(http, service);
  return service;
}
