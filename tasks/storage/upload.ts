import { FileSource } from "../../lib/storage/source.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { assertEncryption, encryptedSource, encryptionOf, type EncryptionArguments } from "../support/encryption.ts";
import { approve, billData } from "../support/spend.ts";
import { storageWriter } from "../support/storage.ts";
import { planStoring, sourceToStore, storedData, waitedFor } from "../support/storing.ts";
import { onNetwork } from "../support/on-network.ts";
import { openWriter, spendingAction, transactionLines } from "../support/write.ts";

interface Arguments extends SpendingArguments, EncryptionArguments {
  readonly file: string;
  readonly waitFinal: boolean;
  readonly indexer: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const name = required(args.file, "The file", "storage upload photo.jpg --network localhost");
  assertEncryption(args);
  const file = await FileSource.open(name);
  try {
    return await withConnection(
      hre,
      async (open) => {
        const { network } = open;
        const recipient = await encryptionOf(open, args);
        const source = await encryptedSource(file, recipient);
        const clientFor = await storageWriter(open, args.indexer, io);
        const writer = await openWriter(open, args, io);
        const waitFor = waitedFor(args.waitFinal);
        const storing = await planStoring(clientFor(writer.ctx), writer, [sourceToStore(name, source)], io, {
          waitFor,
        });
        const [planned] = storing.planned;
        const bill = makeBill(storing.rows);
        const common = { network: network.name, mode: network.mode, file: name, bytes: file.size };
        const data = { ...common, encryption: recipient?.format ?? "none", ...planned, plan: billData(bill) };
        if (!(await approve(bill, args, writer, io, "store"))) {
          return {
            data: { ...data, dryRun: true },
            text: [`root ${planned?.root ?? ""}`, "dry run: nothing was sent"],
          };
        }
        const [stored] = await storing.store();
        if (stored === undefined) throw new Error("one file was to be stored");
        const { root, size, state, txSeq, transaction, nodes } = stored;
        return {
          data: { ...data, ...storedData(network, stored) },
          text: [
            root,
            `${state}: ${size} bytes as submission ${txSeq}, on ${nodes.length === 1 ? "1 node" : `${nodes.length} nodes`}`,
            ...(transaction === undefined
              ? ["it was submitted before, and nothing was paid"]
              : transactionLines(network, [transaction])),
            `fetch it with: ${onNetwork(`npx hardhat storage download ${root}`, network.name)}${decryptOption(recipient?.format)}`,
          ],
        };
      },
      io,
    );
  } finally {
    await file.close();
  }
});

function decryptOption(format: string | undefined): string {
  return format === undefined ? "" : ` --decrypt ${format}`;
}
