import { AddressRefusedError, borderOf, type Border } from "../../../lib/border.ts";
import type { ZgError } from "../../../lib/errors.ts";
import { AttestorDownError, AttestorLiesError, AttestorUrlError } from "../../../lib/inft/attestor/errors.ts";
import type { FoundAttestor } from "../../../lib/inft/attestor/client.ts";
import { activeIn, readAttestorsOf, type ListedAttestor } from "../../../lib/inft/attestor/set.ts";
import { action, type Answer, type TaskIo } from "../../support/action.ts";
import { attestorAt, ownAttestors } from "../../support/attestors.ts";
import { selectedNetwork, withConnection, type OpenConnection } from "../../support/connection.ts";
import { duration } from "../../support/duration.ts";
import { locateInft } from "../../support/inft.ts";
import { pairs, table } from "../../support/table.ts";
import { untilText } from "../../support/until.ts";

interface Arguments {
  readonly url: string;
  readonly inft: string | undefined;
}

/** What an attestor answers at the address it is listed with, or why that cannot be had. */
interface Probed extends ListedAttestor {
  readonly url: string;
  readonly answers: boolean;
  readonly kind?: string;
  readonly reason?: string;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  if (args.url !== "") return oneAttestor(await attestorAt(args.url, "given", io), selectedNetwork(hre).name);
  return withConnection(hre, async (open) => collection(open, args.inft, io), io);
});

function oneAttestor(found: FoundAttestor, network: string): Answer {
  const { address, kind, chainId, publicKey, limits, url } = found;
  return {
    data: { network, ...found },
    text: pairs([
      ["attestor", address],
      ["kind", kind],
      ["at", url],
      ["reads chain", String(chainId)],
      ["public key", publicKey],
      [
        "takes",
        `${limits.maxBytes} bytes a request, deadlines up to ${duration(BigInt(limits.maxDeadlineSeconds))} ahead`,
      ],
    ]),
  };
}

async function collection(open: OpenConnection, given: string | undefined, io: TaskIo): Promise<Answer> {
  const { network, read } = open;
  const { address: inft } = await locateInft(open, given);
  const set = await readAttestorsOf(read, inft);
  const own = await ownAttestors(open);
  const attestors = await Promise.all(
    set.attestors.map(async (listed) => {
      const url = listed.endpoint === "" ? own.find(({ address }) => address === listed.address)?.url : listed.endpoint;
      return probe(listed, url ?? "", borderOf(network), io);
    }),
  );
  const { verifier, threshold, rotationDelay } = set;
  const active = activeIn(set);
  return {
    data: { network: network.name, mode: network.mode, inft, verifier, threshold, rotationDelay, active, attestors },
    text: [
      ...pairs([
        ["contract", inft],
        ["verifier", verifier],
        [
          "must sign",
          `${threshold} of ${active} that count now${active < threshold ? ": no data can change hands" : ""}`,
        ],
        ["a new one counts after", duration(rotationDelay)],
      ]),
      "",
      ...(attestors.length === 0
        ? ["no attestors; add one: npx hardhat inft attestor add <address>"]
        : table([
            ["attestor", "counts", "from", "until", "answers", "at"],
            ...attestors.map(({ address, state, activeFrom, validUntil, answers, kind, reason, url }) => [
              address,
              state === "active" ? "yes" : state,
              untilText(activeFrom),
              untilText(validUntil),
              answers ? (kind ?? "yes") : `no: ${reason ?? "it publishes no address"}`,
              url,
            ]),
          ])),
    ],
  };
}

async function probe(listed: ListedAttestor, url: string, border: Border, io: TaskIo): Promise<Probed> {
  if (url === "") return { ...listed, url, answers: false };
  try {
    const { address, kind } = await attestorAt(url, border, io);
    if (address === listed.address) return { ...listed, url, answers: true, kind };
    return { ...listed, url, answers: false, reason: `${address} answers there` };
  } catch (error) {
    const failed = [AddressRefusedError, AttestorDownError, AttestorLiesError, AttestorUrlError].some(
      (kind) => error instanceof kind,
    );
    if (!failed) throw error;
    return { ...listed, url, answers: false, reason: (error as ZgError).message };
  }
}
