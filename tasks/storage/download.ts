import path from "node:path";

import { UsageError } from "../../lib/errors.ts";
import type { FragmentKind } from "../../lib/sealing/storage-file.ts";
import { writeOutputFile } from "../../lib/storage/output-file.ts";
import { readStoredFile } from "../../lib/storage/stored-file.ts";
import { parseByteSize } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { openingKeys, parseFormat, type KeyArguments } from "../support/encryption.ts";
import { ProgressBar, progressOutput } from "../support/progress.ts";
import { openStorage, parseRoot } from "../support/storage.ts";

export interface FetchArguments extends KeyArguments {
  readonly out: string | undefined;
  readonly force: boolean;
  readonly decrypt: string;
  readonly fragments: string | undefined;
  readonly maxSize: string;
  readonly indexer: string | undefined;
}

interface Arguments extends FetchArguments {
  readonly roots: readonly string[];
}

/** @throws {UsageError} */
export function parseFragments(text: string | undefined): FragmentKind | undefined {
  if (text === undefined || text === "apart" || text === "one") return text;
  throw new UsageError({
    message: `--fragments ${JSON.stringify(text)} is neither apart nor one`,
    remedy: "Leave it out: the first bytes of the fragments tell.",
    details: { fragments: text },
  });
}

/** What a reader of this file has to know about it beside its name. */
export function contentNote(content: string | undefined): string[] {
  return content === "not authenticated"
    ? ["content not authenticated: 0G's client encrypted it, whose format tells no right key from a wrong one"]
    : [];
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const [first, ...more] = args.roots;
  const roots = [required(first, "The root", "storage download 0x… --network localhost"), ...more].map(parseRoot);
  const format = parseFormat(args.decrypt, "--decrypt");
  const fragments = parseFragments(args.fragments);
  const maxBytes = parseByteSize(args.maxSize, "--max-size");
  const file = path.resolve(args.out ?? roots[0] ?? "");
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const keys = await openingKeys(open, format, args);
      const reader = await openStorage(open, args.indexer, io);
      const bar = new ProgressBar(progressOutput(io), "downloading");
      const onProgress = ({ done, total }: { done: number; total: number }) => bar.update(done, total);
      const pieces = readStoredFile(reader, roots, { keys, fragments, maxBytes, onProgress });
      const read = await writeOutputFile(file, pieces, { force: args.force }).finally(() => bar.end());
      const { size, content, objects, mayBe } = read;
      if (mayBe !== undefined)
        io.log(`note: it may be an encrypted file of a 0G client; --decrypt ${mayBe} would open it`);
      return {
        data: { network: network.name, mode: network.mode, written: file, ...read },
        text: [
          file,
          `${size} bytes, each checked against ${objects.length === 1 ? "the root" : `${objects.length} roots`}`,
          ...contentNote(content),
          ...objects.filter(({ sizeFrom }) => sizeFrom === "nodes").map(({ root }) => sizeNote(root)),
        ],
      };
    },
    io,
  );
});

function sizeNote(root: string): string {
  return `note: the size of ${root} is what nodes say; the chain was not found to tell, and zeros at the end are in no root`;
}
