import { latestBlock } from "../../../lib/chain/connect.ts";
import { UsageError } from "../../../lib/errors.ts";
import { parseAddress, type Address } from "../../../lib/hex.ts";
import { readAttestorsOf, scheduleAttestorDraft } from "../../../lib/inft/attestor/set.ts";
import { assertAttestorsAllowed, type AttestorEntry } from "../../../lib/inft/attestor-entry.ts";
import type { Answer, TaskIo } from "../../support/action.ts";
import { required, type SpendingArguments } from "../../support/arguments.ts";
import { attestorsAt } from "../../support/attestor-entries.ts";
import { withConnection, type OpenConnection } from "../../support/connection.ts";
import { duration } from "../../support/duration.ts";
import { locateInft } from "../../support/inft.ts";
import { plannedAnswer, sendPlanned } from "../../support/planned.ts";
import { parseUntil, untilText } from "../../support/until.ts";
import { openWriter, spendingAction } from "../../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly attestor: string;
  readonly url: string | undefined;
  readonly until: string;
  readonly allowDevelopmentAttestor: boolean;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

/** What will be written on chain. An attestor that nobody can ask counts as a development attestor. */
async function entryOf(
  open: OpenConnection,
  address: Address,
  url: string | undefined,
  io: TaskIo,
): Promise<Omit<AttestorEntry, "validUntil">> {
  if (url === undefined) return { address, development: true };
  const [found] = await attestorsAt([url], open, io);
  if (found?.address === address) return found;
  throw new UsageError({
    message: `The attestor at ${url} is ${found?.address ?? "nobody"}, not ${address}`,
    remedy: "Give the address and the URL of one and the same attestor.",
    details: { url, found: found?.address, attestor: address },
  });
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const attestor = parseAddress(required(args.attestor, "The attestor", "inft attestor add 0x…"), "attestor");
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const { verifier, rotationDelay, attestors } = await readAttestorsOf(read, inft);
      const common = { network: network.name, mode: network.mode, inft, verifier, attestor };
      const listed = attestors.find(({ address }) => address === attestor);
      if (listed !== undefined && listed.state !== "expired") {
        const { activeFrom, validUntil } = listed;
        return {
          data: { ...common, added: false, activeFrom, validUntil },
          text: [
            `${attestor} is an attestor of ${verifier} already, from ${untilText(activeFrom)} ` +
              `until ${untilText(validUntil)}; nothing was sent`,
          ],
        };
      }
      const now = BigInt((await latestBlock(read)).timestamp);
      const validUntil = parseUntil(args.until, "until", now);
      const entry = { ...(await entryOf(open, attestor, args.url, io)), validUntil };
      assertAttestorsAllowed(network, [entry], { allowDevelopment: args.allowDevelopmentAttestor });
      const writer = await openWriter(open, args, io);
      const draft = scheduleAttestorDraft(verifier, attestor, { validUntil, endpoint: entry.url ?? "" });
      const planned = await sendPlanned(writer, [draft], args, io, "add the attestor");
      const when = rotationDelay === 0n ? "now" : `in ${duration(rotationDelay)}`;
      return plannedAnswer(network, planned, { ...common, url: entry.url ?? null, validUntil }, () => ({
        data: { added: true },
        text: [`${attestor} counts ${when}, until ${untilText(validUntil)}`],
      }));
    },
    io,
  );
});
