import { AbortedError, ZgError } from "../../lib/errors.ts";
import type { Hex } from "../../lib/hex.ts";
import { readAuditLog } from "../../lib/inft/audit-log.ts";
import { TokenMissingError } from "../../lib/inft/errors.ts";
import { readHistory, type HistoryEntry } from "../../lib/inft/history.ts";
import { readToken, type TokenQuery } from "../../lib/inft/show.ts";
import {
  loggedEntries,
  readTokenSubmissions,
  tell,
  type LoggedEntry,
  type StoryEntry,
} from "../../lib/inft/storage-history.ts";
import { action, type Answer, type TaskIo } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { openStorage } from "../support/storage.ts";
import { table } from "../support/table.ts";
import { untilText } from "../support/until.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
  readonly indexer: string | undefined;
}

/** A log has some lines, and a line for every lost request. */
const MOST_LOG_BYTES = 1024 * 1024;

function logged({ event, root }: LoggedEntry): string {
  const from = `by the audit log ${root}`;
  if (event.event === "submitted") return `request ${event.requestHash} to ${event.provider}, ${from}`;
  if (event.event === "completed") return `response ${event.responseHash} signed by ${event.signer}, ${from}`;
  return event.event === "reported" ? `receipt ${event.receiptHash}, ${from}` : from;
}

function story(entry: StoryEntry): string {
  switch (entry.kind) {
    case "stored":
      return `${entry.root}, ${entry.size} B on 0G Storage by ${entry.by}`;
    case "logged":
      return logged(entry);
    case "minted": {
      const { to, by, proven, mode, cloneOf } = entry;
      const what = proven ? `a proven inference (${mode ?? ""})` : "unproven";
      return `for ${to} by ${by}, ${cloneOf === undefined ? what : `a clone of ${cloneOf}, unproven`}`;
    }
    case "transferred":
      return `from ${entry.from} to ${entry.to}, ${entry.withKeys ? "with its data keys" : "without data"}`;
    case "cloned":
      return `for ${entry.to}, as token ${entry.newTokenId}`;
    case "updated":
      return entry.dataHashes.length === 0 ? "holds no data since" : `data ${entry.dataHashes.join(", ")}`;
    case "keys published":
      return `${entry.keys} sealed to ${entry.to}`;
    case "authorised":
      return `${entry.user}, until ${untilText(entry.expiry)}, permissions ${entry.permissions}`;
    case "authorisation revoked":
      return entry.user;
    case "authorisations cleared":
      return `epoch ${entry.epoch} begins without users`;
    case "transfer staged":
      return `to ${entry.to}, good until ${untilText(entry.deadline)}`;
    case "staged transfer ended":
      return "it will not happen as it was";
    case "burnt":
      return `by the will of ${entry.from}`;
  }
}

/** Every hash that the token is known to have listed: at the mint, by updates, now. A burnt token lists none. */
async function listedRoots(open: OpenConnection, query: TokenQuery, history: readonly HistoryEntry[]): Promise<Hex[]> {
  const updated = history.flatMap((entry) => (entry.kind === "updated" ? entry.dataHashes : []));
  try {
    const { datas, record } = await readToken(open.read, query);
    const now = datas.map(({ dataHash }) => dataHash);
    return [...new Set([...updated, ...now, ...(record === undefined ? [] : [record.storageRoot])])];
  } catch (error) {
    if (error instanceof TokenMissingError) return updated;
    throw error;
  }
}

/** The chain's story, and what 0G Storage adds to it. Without an indexer the chain's is all there is. */
async function readStory(
  open: OpenConnection,
  query: TokenQuery,
  history: readonly HistoryEntry[],
  indexer: string | undefined,
  io: TaskIo,
): Promise<readonly StoryEntry[]> {
  const roots = await listedRoots(open, query, history);
  const { data, logs } = await readTokenSubmissions(open.read, query, history, roots);
  const [log] = logs;
  const entries = [...history, ...data];
  if (log === undefined) return tell(entries);
  try {
    const reader = await openStorage(open, indexer, io);
    const { bytes } = await reader.getBytes(log.root, { maxBytes: MOST_LOG_BYTES });
    return tell(entries, loggedEntries(readAuditLog(bytes), log.root));
  } catch (error) {
    if (error instanceof AbortedError || !(error instanceof ZgError)) throw error;
    io.log(`note: the audit log ${log.root} cannot be read: ${error.message}`);
    return tell(entries);
  }
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft history <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft, { tokenId, io });
      const query = { inft, tokenId, fromBlock };
      const history = await readStory(open, query, await readHistory(open.read, query), args.indexer, io);
      return {
        data: { network: open.network.name, inft, tokenId, history },
        text: table(
          history.map((entry) => [
            untilText(entry.time),
            entry.kind === "logged" ? "" : `block ${entry.block}`,
            entry.kind === "logged" ? entry.event.event : entry.kind,
            story(entry),
            entry.kind === "logged" ? "" : entry.transaction,
          ]),
        ),
      };
    },
    io,
  );
});
