import { randomBytes } from "node:crypto";

import { makeBill } from "../../lib/flow/bill.ts";
import { SEED_BYTES } from "../../lib/sealing/index.ts";
import type { StorageFileRecipient } from "../../lib/sealing/storage-file.ts";
import { encodeDirectory } from "../../lib/storage/directory.ts";
import { listFolder, type FolderFile } from "../../lib/storage/folder-files.ts";
import { bytesSource, FileSource } from "../../lib/storage/source.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { assertEncryption, encryptedSource, encryptionOf, type EncryptionArguments } from "../support/encryption.ts";
import { onNetwork } from "../support/on-network.ts";
import { approve, billData } from "../support/spend.ts";
import { storageWriter } from "../support/storage.ts";
import { planStoring, sourceToStore, storedData, type ToStore, waitedFor } from "../support/storing.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, EncryptionArguments {
  readonly folder: string;
  readonly hidden: boolean;
  readonly waitFinal: boolean;
  readonly indexer: string | undefined;
}

/** A file that is open only while it is read: a folder may have more of them than a process may open. */
function fileToStore({ name, path }: FolderFile, recipient: StorageFileRecipient | undefined): ToStore {
  const seed = randomBytes(SEED_BYTES);
  return {
    label: name,
    open: async () => {
      const file = await FileSource.open(path);
      const close = async () => file.close();
      try {
        return { source: await encryptedSource(file, recipient, seed), close };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const folder = required(args.folder, "The folder", "storage upload-dir ./site --network localhost");
  assertEncryption(args);
  const { files, emptyFolders, leftOut } = await listFolder(folder, { hidden: args.hidden });
  // Names that others could not write are found before anything is opened.
  encodeDirectory({ files: files.map(({ name }) => ({ name, size: 0, roots: [] })), emptyFolders });
  for (const name of leftOut) io.log(`note: ${name} is left out: a link, no file, or a hidden name (--hidden)`);
  return withConnection(
    hre,
    async (open) => {
      const { network } = open;
      const recipient = await encryptionOf(open, args);
      const clientFor = await storageWriter(open, args.indexer, io);
      const writer = await openWriter(open, args, io);
      const client = clientFor(writer.ctx);
      const waitFor = waitedFor(args.waitFinal);
      const plan = async (things: readonly ToStore[]) => planStoring(client, writer, things, io, { waitFor });

      const filled = files.filter(({ size }) => size > 0);
      const contents = await plan(filled.map((file) => fileToStore(file, recipient)));
      const rootOf = new Map(contents.planned.map(({ label, root }) => [label, root]));
      const list = encodeDirectory({
        files: files.map(({ name, size }) => {
          const root = rootOf.get(name);
          return { name, size, roots: root === undefined ? [] : [root] };
        }),
        emptyFolders,
      });
      const source = await encryptedSource(bytesSource(list, "the list of files"), recipient);
      const listing = await plan([sourceToStore("the list of files", source)]);

      const bill = makeBill([...contents.rows, ...listing.rows]);
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      const common = { network: network.name, mode: network.mode, folder, files: files.length, bytes, leftOut };
      const root = listing.planned[0]?.root ?? "";
      const data = { ...common, encryption: recipient?.format ?? "none", root, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "store the folder"))) {
        return {
          data: { ...data, dryRun: true, planned: contents.planned },
          text: [`root ${root}`, "dry run: nothing was sent"],
        };
      }
      const stored = await contents.store();
      const [listed] = await listing.store();
      const option = recipient === undefined ? "" : ` --decrypt ${recipient.format}`;
      return {
        data: {
          ...data,
          stored: stored.map((object, index) => ({ name: filled[index]?.name, ...storedData(network, object) })),
          list: listed === undefined ? undefined : storedData(network, listed),
        },
        text: [
          root,
          `${files.length} files, ${bytes} bytes; the root is that of their list`,
          `fetch them with: ${onNetwork(`npx hardhat storage download-dir ${root}`, network.name)}${option}`,
        ],
      };
    },
    io,
  );
});
