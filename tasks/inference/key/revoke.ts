import { isRevoked } from "../../../lib/compute/sub-accounts.ts";
import { translateRefusal } from "../../../lib/compute/translate.ts";
import { resolveProvider } from "../../support/providers.ts";
import { requireTokenState, revokeDraft } from "../../../lib/keys/revoke.ts";
import type { Answer } from "../../support/action.ts";
import { required, type SpendingArguments } from "../../support/arguments.ts";
import { selectedNetwork, withConnection } from "../../support/connection.ts";
import { keyFolder, namedIds } from "../../support/keys.ts";
import { plannedAnswer, sendPlanned } from "../../support/planned.ts";
import { openWriter, spendingAction } from "../../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string;
  readonly keys: string;
  readonly as: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const example = "inference key revoke <provider> <label or token id>";
  const named = required(args.provider, "The provider", example);
  const keys = required(args.keys, "What to revoke", example);
  const { registry } = keyFolder(hre, selectedNetwork(hre), io.signal);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const provider = await resolveProvider(open, named, "inference");
      const writer = await openWriter(open, args, io);
      const user = writer.owner;
      const state = await requireTokenState(read, user, provider);
      const tokenIds = namedIds(await registry.read(), { user, provider, generation: state.generation }, keys);
      const due = tokenIds.filter((id) => !isRevoked(state, id));
      const common = { network: network.name, mode: network.mode, user, provider, tokenIds };
      if (due.length === 0) {
        return { data: { ...common, changed: false }, text: ["revoked already; nothing was sent"] };
      }
      const draft = revokeDraft(network, provider, due);
      const translate = translateRefusal({ kind: "revokeTokens", values: { user, provider } });
      const planned = await sendPlanned(writer, [draft], args, io, draft.what, { translate });
      const ids = `token ${due.length === 1 ? "id" : "ids"} ${due.join(", ")}`;
      return plannedAnswer(network, planned, common, () => ({
        data: { changed: true },
        text: [`revoked ${ids}; the provider may take up to ten minutes to see it`],
      }));
    },
    io,
  );
});
