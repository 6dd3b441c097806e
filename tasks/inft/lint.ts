import { lintContract, type DialectFinding } from "../../lib/inft/lint.ts";
import { parseAddress } from "../../lib/hex.ts";
import { action, type Answer } from "../support/action.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly contract: string;
  readonly token: string | undefined;
}

async function contractOf(open: OpenConnection, given: string) {
  if (given !== "") return parseAddress(given, "contract address");
  return (await locateInft(open, undefined)).address;
}

/** What keeps a dialect from being spoken, for one that is spoken in part. */
function lacks({ title, missingFunctions, missingEvents, notAnnounced }: DialectFinding): string[] {
  const nameOf = ({ name }: { name: string }) => name.slice(0, name.indexOf("("));
  return [
    "",
    `${title} lacks`,
    ...table([
      ...missingFunctions.map((its) => [`  ${its.id}`, "function", nameOf(its)]),
      ...missingEvents.map((its) => [`  ${its.id.slice(0, 10)}…`, "event", nameOf(its)]),
      ...notAnnounced.map((its) => [`  ${its.id}`, "ERC-165 id", its.name]),
    ]),
  ];
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = args.token === undefined ? undefined : parseTokenId(args.token);
  return withConnection(
    hre,
    async (open) => {
      const contract = await contractOf(open, args.contract);
      const report = await lintContract(open.read, { contract, ...(tokenId === undefined ? {} : { tokenId }) });
      const { code, dialects, observations } = report;
      return {
        data: { network: open.network.name, ...report },
        text: [
          ...pairs([
            ["contract", `${contract} on ${open.network.name}`],
            ...code.slice(1).map(({ address, role }) => [role, address] as const),
          ]),
          "",
          ...table([
            ["dialect", "spoken", "functions", "ERC-165"],
            ...dialects.map(({ title, speaks, functions, announced, notAnnounced }) => [
              title,
              speaks,
              functions.of === 0 ? "" : `${functions.found} of ${functions.of}`,
              announced.length + notAnnounced.length === 0
                ? ""
                : `${announced.length} of ${announced.length + notAnnounced.length}`,
            ]),
          ]),
          ...dialects.filter(({ speaks }) => speaks === "partly").flatMap(lacks),
          "",
          ...table(observations.map(({ status, name, detail }) => [status, name, detail])),
        ],
      };
    },
    io,
  );
});
