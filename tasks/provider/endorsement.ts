import { resolveService } from "../../lib/compute/providers.ts";
import { assertContractOwner, endorsementDraft } from "../../lib/operator/endorse.ts";
import { translateRefusal } from "../../lib/compute/translate.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string;
  readonly as: string | undefined;
}

/** `provider endorse` and `provider unendorse`: one action, which differs in what it wants. */
export function endorsementAction(wanted: boolean) {
  const verb = wanted ? "endorse" : "unendorse";
  return spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
    const named = required(args.provider, "The provider", `provider ${verb} <address or model>`);
    return withConnection(
      hre,
      async (open) => {
        const { network } = open;
        const { provider, teeSignerAddress: signer, endorsed } = await resolveService(open.read, named);
        const common = { network: network.name, mode: network.mode, provider, signer };
        if (endorsed === wanted) {
          const state = wanted ? "is endorsed already" : "is not endorsed";
          return { data: { ...common, changed: false }, text: [`${signer} ${state}; nothing was sent`] };
        }
        const writer = await openWriter(open, args, io);
        await assertContractOwner(open.read, writer.owner);
        const draft = endorsementDraft(network, provider, wanted);
        const translate = translateRefusal({ kind: "operate", values: { provider } });
        const planned = await sendPlanned(writer, [draft], args, io, draft.what, { translate });
        return plannedAnswer(network, planned, common, () => ({
          data: { changed: true },
          text: [
            wanted
              ? `${signer} of ${provider} is endorsed; nothing on chain checks its attestation`
              : `${signer} of ${provider} is no longer endorsed; ${provider} can settle nothing`,
          ],
        }));
      },
      io,
    );
  });
}
