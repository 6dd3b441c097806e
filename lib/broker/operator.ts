/** A broker's own service, for whoever runs a provider, and endorsements, for whoever owns the contract. */

import type { WriteContext } from "../chain/context.ts";
import { sendTransaction, type ConfirmedTransaction, type TransactionDraft } from "../chain/send.ts";
import { readService } from "../compute/providers.ts";
import { translated } from "../compute/translate.ts";
import { checksum, type Address } from "../hex.ts";
import { assertContractOwner, endorsementDraft } from "../operator/endorse.ts";
import { planRegistration, planUpdate, removalDraft, type ServiceOffer } from "../operator/service.ts";
import type { BrokerParts } from "./parts.ts";

/** Each answers with what was sent: nothing where it is so already. */
export interface OperatorBroker {
  /** Registers the signer's service, with the stake the contract asks for now. */
  registerService(offer: ServiceOffer): Promise<readonly ConfirmedTransaction[]>;
  /** Changes it; what is not given stays. */
  updateService(change: Partial<ServiceOffer>): Promise<readonly ConfirmedTransaction[]>;
  /** Removes it; the stake comes back. */
  removeService(): Promise<readonly ConfirmedTransaction[]>;
  /** As the owner of InferenceServing, vouches for the signer a provider lists. */
  endorse(provider: string): Promise<readonly ConfirmedTransaction[]>;
  unendorse(provider: string): Promise<readonly ConfirmedTransaction[]>;
}

export function operatorPart({ ready, session }: BrokerParts): OperatorBroker {
  const send = async (ctx: WriteContext, provider: Address, draft: TransactionDraft) => [
    await translated({ kind: "operate", values: { provider } }, sendTransaction(ctx, draft)),
  ];
  const endorsement = async (named: string, wanted: boolean) => {
    const ctx = await ready();
    const { provider, endorsed } = await readService(ctx, checksum(named));
    if (endorsed === wanted) return [];
    await assertContractOwner(ctx, await session.user());
    return send(ctx, provider, endorsementDraft(ctx.network, provider, wanted));
  };
  return {
    registerService: async (offer) => {
      const [ctx, provider] = [await ready(), await session.user()];
      return send(ctx, provider, (await planRegistration(ctx, provider, offer)).draft);
    },
    updateService: async (change) => {
      const [ctx, provider] = [await ready(), await session.user()];
      const { changed, draft } = planUpdate(ctx.network, await readService(ctx, provider), change);
      return changed.length === 0 ? [] : send(ctx, provider, draft);
    },
    removeService: async () => {
      const [ctx, provider] = [await ready(), await session.user()];
      await readService(ctx, provider); // says so when there is none
      return send(ctx, provider, removalDraft(ctx.network, provider));
    },
    endorse: async (provider) => endorsement(provider, true),
    unendorse: async (provider) => endorsement(provider, false),
  };
}
