import { VoidSigner } from "ethers";

import type { ReadContext } from "../../lib/chain/context.ts";
import { currentFees } from "../../lib/chain/fees.ts";
import { estimateTransaction, type TransactionDraft } from "../../lib/chain/send.ts";
import { ZgError } from "../../lib/errors.ts";
import type { Address } from "../../lib/hex.ts";
import { FileSource } from "../../lib/storage/source.ts";
import { format0g } from "../../lib/units.ts";
import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { assertEncryption, encryptedSource, encryptionOf, type EncryptionArguments } from "../support/encryption.ts";
import { storageWriter } from "../support/storage.ts";
import { pairs } from "../support/table.ts";

interface Arguments extends EncryptionArguments {
  readonly file: string;
  readonly indexer: string | undefined;
}

/** From above, where nobody is known who could pay: the most subtrees a file can have, with epochs to begin. */
const LARGEST_SUBMISSION_GAS = 1_500_000n;

/** Neuron for the gas of a submission, at the maximum fee. */
async function gasOf(read: ReadContext, from: Address | undefined, draft: TransactionDraft): Promise<bigint> {
  try {
    if (from !== undefined) {
      const { gasLimit, fees } = await estimateTransaction(read, from, draft);
      return gasLimit * fees.maxFeePerGas;
    }
  } catch (error) {
    if (!(error instanceof ZgError)) throw error; // a wallet that could not pay for it, for one
  }
  const { maxFeePerGas } = await currentFees(read);
  return LARGEST_SUBMISSION_GAS * maxFeePerGas;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const name = required(args.file, "The file", "storage estimate photo.jpg --network localhost");
  assertEncryption(args);
  const file = await FileSource.open(name);
  try {
    return await withConnection(
      hre,
      async (open) => {
        const { network, read } = open;
        const recipient = await encryptionOf(open, args);
        const source = await encryptedSource(file, recipient);
        // Whoever it is: the fee is the same for all, and nothing is signed.
        const signer = new VoidSigner(open.knownAddress() ?? developmentAccount(0).address, read.provider);
        const clientFor = await storageWriter(open, args.indexer, io);
        const { root, size, sectors, pricePerSector, fee, draft } = await clientFor({ ...read, signer }).estimate(
          source,
        );
        const gas = draft === undefined ? 0n : await gasOf(read, open.knownAddress(), draft);
        const common = { network: network.name, mode: network.mode, file: name, bytes: file.size };
        const encryption = recipient?.format ?? "none";
        return {
          data: { ...common, encryption, root, size, sectors, pricePerSector, fee, gas, stored: draft === undefined },
          text: [
            ...pairs([
              ["root", root],
              ["bytes", `${size} in ${sectors} sectors, padding included`],
              ["price", `${pricePerSector} neuron a sector`],
              ["fee", `${format0g(fee)} 0G`],
              ["gas", `${format0g(gas)} 0G at most`],
            ]),
            ...(draft === undefined ? ["it was submitted before: storing it pays nothing"] : []),
            // A fresh ephemeral key goes into the file each time, so its root is another one each time.
            ...(encryption === "ecies" ? ["encrypted to a public key, it has another root each time"] : []),
          ],
        };
      },
      io,
    );
  } finally {
    await file.close();
  }
});
