import { findAuditLogs } from "../../lib/inft/audit-trail.ts";
import { readAuditLog, type AuditEvent } from "../../lib/inft/audit-log.ts";
import { assertAudited, replayAudit } from "../../lib/inft/audit-replay.ts";
import { AuditLogMissingError, RecordMissingError } from "../../lib/inft/errors.ts";
import { readToken } from "../../lib/inft/show.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { readReceiptFile } from "../support/receipts.ts";
import { openStorage, parseRoot } from "../support/storage.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly token: string;
  readonly root: string | undefined;
  readonly receipt: string | undefined;
  readonly inft: string | undefined;
  readonly indexer: string | undefined;
}

/** A log has some lines, and a line for every lost request. */
const MOST_BYTES = 1024 * 1024;

function story(event: AuditEvent): string {
  switch (event.event) {
    case "submitted":
      return `request ${event.requestHash} to ${event.provider}`;
    case "refused":
      return `turned down by ${event.provider}`;
    case "completed":
      return `response ${event.responseHash}, signed by ${event.signer}`;
    case "stored":
      return `${event.root}, ${event.size} B, submission ${event.txSeq}`;
    case "minted":
      return `token ${event.tokenId} of ${event.inft}`;
    case "reported":
      return `receipt ${event.receiptHash}`;
  }
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "flow audit <token> --network localhost"));
  const given = args.root === undefined ? undefined : parseRoot(args.root);
  const receipt = args.receipt === undefined ? undefined : await readReceiptFile(args.receipt);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft, fromBlock } = await locateInft(open, args.inft, { tokenId, io });
      const view = await readToken(read, { inft, tokenId, fromBlock });
      const { record } = view;
      if (record === undefined) throw new RecordMissingError({ tokenId });
      const { minter, block } = record;
      const found = given === undefined ? await findAuditLogs(read, { inft, tokenId, minter, fromBlock: block }) : [];
      const root = given ?? found[0]?.root;
      if (root === undefined) throw new AuditLogMissingError({ tokenId, minter, fromBlock: block });
      if (found.length > 1) io.log(`note: ${found.length} logs name this token; the first counts`);
      const reader = await openStorage(open, args.indexer, io);
      const { bytes } = await reader.getBytes(root, { maxBytes: MOST_BYTES });
      const log = readAuditLog(bytes);
      const checks = await replayAudit(read, { log, token: { ...view, record }, receipt });
      return {
        data: {
          network: network.name,
          mode: network.mode,
          inft,
          tokenId,
          root,
          header: log.header,
          events: log.events,
          checks,
        },
        text: [
          ...pairs([
            ["audit log", root],
            ["of the run of", log.header.owner],
            ["checked on", `${network.name} (${network.mode})`],
          ]),
          "",
          ...table(log.events.map((event) => ["time" in event ? (event.time ?? "") : "", event.event, story(event)])),
          "",
          ...table(checks.map(({ name, status, detail }) => [status === "failed" ? "FAILED" : status, name, detail])),
        ],
        refusal: refusalOf(() => assertAudited(root, checks)),
      };
    },
    io,
  );
});
