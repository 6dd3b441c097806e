import type { Hex } from "../../lib/hex.ts";
import type { NodeStatus } from "../../lib/storage/client.ts";
import { ObjectNotFoundError } from "../../lib/storage/client-errors.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { openStorage, parseRoot } from "../support/storage.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly root: string;
  readonly indexer: string | undefined;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const root = parseRoot(required(args.root, "The root", "storage show 0x… --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const reader = await openStorage(open, args.indexer, io);
      const status = await reader.status(root);
      const { state, nodes, submission } = status;
      return {
        data: { network: network.name, mode: network.mode, ...status },
        text: [
          ...pairs([
            ["root", root],
            ["state", state],
            ...(submission === undefined
              ? []
              : ([
                  ["bytes", String(submission.size)],
                  ["submission", `${submission.txSeq} by ${submission.submitter}, block ${submission.blockNumber}`],
                  ["transaction", submission.transactionHash],
                ] as const)),
          ]),
          "",
          ...table(
            nodes.map(({ url, shardId, numShard, file, problem }) => [
              url,
              `shard ${shardId} of ${numShard}`,
              problem ?? (file === undefined ? "does not know it" : held(file)),
            ]),
          ),
        ],
        refusal: state === "unknown" ? notFound(root, nodes) : undefined,
      };
    },
    io,
  );
});

function held({
  finalised,
  pruned,
  uploadedSegments,
}: {
  finalised: boolean;
  pruned: boolean;
  uploadedSegments: number;
}) {
  if (pruned) return "has dropped it";
  return finalised ? "holds it whole" : `has ${uploadedSegments} segments so far`;
}

function notFound(root: Hex, nodes: readonly NodeStatus[]): ObjectNotFoundError {
  const asked = nodes.flatMap(({ url, problem }) => (problem === undefined ? [url] : []));
  const problems = nodes.flatMap(({ url, problem }) => (problem === undefined ? [] : [`${url}: ${problem}`]));
  return new ObjectNotFoundError({ root, asked, problems });
}
