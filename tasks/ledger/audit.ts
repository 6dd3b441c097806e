import { borderOf } from "../../lib/border.ts";
import {
  assertFairlyBilled,
  auditBilling,
  unsettledOrWhy,
  type ProviderBilling,
} from "../../lib/compute/billing-audit.ts";
import { readService } from "../../lib/compute/providers.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { fetchUnsettledFee } from "../../lib/compute/unsettled-fee.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { format0g } from "../../lib/units.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { parseCount } from "../support/arguments.ts";
import { ownAddress, withConnection } from "../support/connection.ts";
import { paidRequests } from "../support/paid-requests.ts";
import { table } from "../support/table.ts";

interface Arguments {
  readonly account: string | undefined;
  readonly fromBlock: string;
  readonly receipts: string | undefined;
}

/** One account a provider, whose difference is right to the neuron where decimals would be cut. */
function row({ provider, answers, owed, possible, settled, unsettled, overBilled }: ProviderBilling): string[] {
  const waiting = "fee" in unsettled ? format0g(unsettled.fee) : "not known";
  return [provider, String(answers), ...[owed, possible, settled].map(format0g), waiting, format0g(overBilled)];
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const account = args.account === undefined ? undefined : parseAddress(args.account, "account");
  const fromBlock = parseCount(args.fromBlock, "from-block");
  const elsewhere = args.receipts?.split(",").map((place) => place.trim()) ?? [];
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const user = account ?? ownAddress(open);
      const http = { border: borderOf(network), signal: io.signal };
      const isOwn = open.knownAddress() === user;
      const session = isOwn ? new SessionTokens({ ...read, signer: await open.signer() }) : undefined;
      const ask = async (provider: Address) => {
        if (session === undefined) return { unknown: "only its own key can ask for an account's unsettled fee" };
        return unsettledOrWhy(
          readService(read, provider).then(async (service) => fetchUnsettledFee({ ...http, session }, service)),
        );
      };
      const requests = await paidRequests(hre, read, user, elsewhere);
      const providers = await auditBilling(read, { user, requests, unsettled: ask, fromBlock });
      const unknown = providers.flatMap(({ provider, unsettled }) =>
        "unknown" in unsettled ? [`${provider} was not asked what is unsettled (${unsettled.unknown})`] : [],
      );
      return {
        data: { network: network.name, mode: network.mode, user, fromBlock, providers },
        text: [
          ...(providers.length === 0
            ? ["no provider was asked from here, and none has settled"]
            : table(
                [
                  [
                    "provider",
                    "answers",
                    "they cost 0G",
                    "without answer 0G",
                    "settled 0G",
                    "unsettled 0G",
                    "too much 0G",
                  ],
                  ...providers.map(row),
                ],
                ["left", "right", "right", "right", "right", "right", "right"],
              )),
          ...unknown,
          ...(fromBlock === 0
            ? []
            : ["What was asked for before that block and settled after it looks like too much."]),
          "Answers are those kept on this machine: receipts, runs, batches, jobs and the gateway's log.",
        ],
        refusal: refusalOf(() => {
          assertFairlyBilled(providers);
        }),
      };
    },
    io,
  );
});
