import { borderOf } from "../../../lib/border.ts";
import { readService } from "../../../lib/compute/providers.ts";
import { SessionTokens } from "../../../lib/compute/session.ts";
import { translateRefusal } from "../../../lib/compute/translate.ts";
import { awaitGeneration, requireTokenState, revokeAllDraft } from "../../../lib/keys/revoke.ts";
import type { Answer } from "../../support/action.ts";
import { required, type SpendingArguments } from "../../support/arguments.ts";
import { withConnection } from "../../support/connection.ts";
import { plannedAnswer, sendPlanned } from "../../support/planned.ts";
import { resolveProvider } from "../../support/providers.ts";
import { openWriter, spendingAction } from "../../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly provider: string;
  readonly wait: boolean;
  readonly as: string | undefined;
}

const WINDOW = "for up to ten minutes the provider takes old tokens and refuses new ones";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const named = required(args.provider, "The provider", "inference key revoke-all <address or model>");
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const provider = await resolveProvider(open, named, "inference");
      const writer = await openWriter(open, args, io);
      const { owner: user, ctx } = writer;
      const { generation } = await requireTokenState(read, user, provider);
      io.log(`note: this ends every API key and session token of ${user} at ${provider}; ${WINDOW}`);
      const draft = revokeAllDraft(network, provider);
      const translate = translateRefusal({ kind: "revokeTokens", values: { user, provider } });
      const planned = await sendPlanned(writer, [draft], args, io, draft.what, { translate });
      const common = { network: network.name, mode: network.mode, user, provider };
      return plannedAnswer(network, planned, common, async () => {
        let waitedMs: number | null = null;
        if (args.wait) {
          io.log("waiting until the provider takes tokens of the new generation; Ctrl-C ends the waiting only");
          const session = new SessionTokens({ ...read, signer: ctx.signer });
          waitedMs = await awaitGeneration(
            { session, border: borderOf(network), signal: io.signal },
            await readService(read, provider),
          );
        }
        return {
          data: { generation: generation + 1n, waitedMs },
          text: [
            `revoked all tokens; generation ${generation + 1n} now`,
            waitedMs === null ? `${WINDOW}: --wait waits that out` : "the provider takes new tokens",
          ],
        };
      });
    },
    io,
  );
});
