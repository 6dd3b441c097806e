import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";

import { decodeDirectory } from "../../lib/storage/directory.ts";
import { ObjectTooLargeError } from "../../lib/storage/client-errors.ts";
import { StoredSizeError } from "../../lib/storage/errors.ts";
import { moveIntoFolder, type StagedFile } from "../../lib/storage/output-folder.ts";
import { writeOutputFile } from "../../lib/storage/output-file.ts";
import { readStoredFile } from "../../lib/storage/stored-file.ts";
import { parseByteSize } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { openingKeys, parseFormat } from "../support/encryption.ts";
import { ProgressBar, progressOutput } from "../support/progress.ts";
import { openStorage, parseRoot } from "../support/storage.ts";
import { contentNote, parseFragments, type FetchArguments } from "./download.ts";

interface Arguments extends FetchArguments {
  readonly root: string;
}

/** Of the list of a folder: a hundred thousand files and more. */
const MOST_LISTED_BYTES = 64 * 1024 * 1024;

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const root = parseRoot(required(args.root, "The root", "storage download-dir 0x… --network localhost"));
  const format = parseFormat(args.decrypt, "--decrypt");
  const fragments = parseFragments(args.fragments);
  const mostBytes = parseByteSize(args.maxSize, "--max-size");
  const out = path.resolve(args.out ?? root);
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const keys = await openingKeys(open, format, args);
      const reader = await openStorage(open, args.indexer, io);
      const list = await collect(readStoredFile(reader, [root], { keys, maxBytes: MOST_LISTED_BYTES }));
      const { files, emptyFolders, links } = decodeDirectory(list);
      for (const link of links) io.log(`note: ${link} is a link, which may lead anywhere; it is not made`);
      const total = files.reduce((sum, { size }) => sum + size, 0);
      if (total > mostBytes) throw new ObjectTooLargeError({ root, size: total, maxBytes: mostBytes });

      const staging = `${out}.${randomUUID()}.part`;
      const bar = new ProgressBar(progressOutput(io), "downloading");
      const contents = new Set<string>();
      let done = 0;
      try {
        const staged: StagedFile[] = [];
        for (const [index, { name, size, roots }] of files.entries()) {
          const file = path.join(staging, String(index));
          const onProgress = (part: { readonly done: number }) => bar.update(done + Math.min(part.done, size), total);
          const pieces = ofSize(name, size, readStoredFile(reader, roots, { keys, fragments, onProgress }));
          const { content } = await writeOutputFile(file, pieces, { force: false });
          if (content !== undefined) contents.add(content);
          done += size;
          staged.push({ name, file });
        }
        const written = await moveIntoFolder(out, { files: staged, folders: emptyFolders }, { force: args.force });
        const content = contents.has("not authenticated") ? "not authenticated" : [...contents][0];
        return {
          data: {
            ...{ network: network.name, mode: network.mode, root, out, bytes: total, content },
            ...{ files: written, links },
          },
          text: [out, `${files.length} files, ${total} bytes, each checked against its root`, ...contentNote(content)],
        };
      } finally {
        bar.end();
        await rm(staging, { recursive: true, force: true });
      }
    },
    io,
  );
});

async function collect(pieces: AsyncGenerator<Uint8Array, unknown>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return new Uint8Array(Buffer.concat(all));
}

/** Passes a file on, unless it is not as long as the folder's list says. */
async function* ofSize<Result>(
  name: string,
  listed: number,
  pieces: AsyncGenerator<Uint8Array, Result>,
): AsyncGenerator<Uint8Array, Result> {
  let actual = 0;
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      if (done === true) {
        if (actual !== listed) throw new StoredSizeError({ name, listed, actual });
        return value;
      }
      actual += value.length;
      yield value;
    }
  } finally {
    await pieces.return(undefined as never); // it stops what is under way when it is left early
  }
}
