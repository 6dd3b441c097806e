import { randomBytes } from "node:crypto";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { currentFees } from "../../lib/chain/fees.ts";
import type { Receipt } from "../../lib/compute/receipt.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { batchMintGas } from "../../lib/flow/gas.ts";
import { ResultAlreadyMintedError } from "../../lib/inft/errors.ts";
import {
  assertBatch,
  checkItem,
  commitBatchDraft,
  mintBatch,
  providersToSync,
  syncDraft,
} from "../../lib/inft/mint-batch.ts";
import {
  assertResultMintable,
  findMinted,
  inferenceTokenId,
  prepareInferenceMint,
  sealInference,
  type MintableResult,
} from "../../lib/inft/mint.ts";
import { resultOfReceipt } from "../../lib/inft/receipt.ts";
import { contentOfReceipt } from "../../lib/inft/content.ts";
import { inParallel } from "../../lib/parallel.ts";
import type { Answer, TaskIo } from "../support/action.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft } from "../support/inft.ts";
import { modeOfReceipt, readReceiptFile } from "../support/receipts.ts";
import { recipient } from "../support/recipient.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { planCiphertexts, storedData } from "../support/storing.ts";
import { openWriter, transactionData, transactionLines, transactionRows } from "../support/write.ts";
import type { MintArguments } from "./mint.ts";

interface Item {
  readonly file: string;
  readonly receipt: Receipt;
  readonly result: MintableResult;
  readonly tokenId: bigint;
}

/** Mints several receipts together: one commitment transaction, one mint, all or none. */
export async function mintReceipts(
  files: readonly string[],
  args: MintArguments,
  hre: HardhatRuntimeEnvironment,
  io: TaskIo,
): Promise<Answer> {
  const receipts = await Promise.all(
    files.map(async (file) => ({ file, receipt: await checkItem(file, async () => readReceiptFile(file)) })),
  );
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const items: Item[] = [];
      for (const { file, receipt } of receipts) {
        items.push(
          await checkItem(file, async () => {
            const result = resultOfReceipt(receipt, await modeOfReceipt(read, receipt));
            await assertResultMintable(read, result, { allowSimulated: args.allowSimulated });
            const tokenId = inferenceTokenId(network, result);
            if ((await findMinted(read, inft, tokenId)) !== undefined) throw new ResultAlreadyMintedError({ tokenId });
            return { file, receipt, result, tokenId };
          }),
        );
      }
      assertBatch(items.map(({ tokenId }) => tokenId));

      const { mints } = openStores(hre, read);
      const writer = await openWriter(open, args, io);
      const { to, publicKey: ownerPublicKey } = await recipient(args, open, writer);
      const minter = writer.owner;
      const prepared = await inParallel(items, async ({ receipt, result, tokenId }) => {
        const content = contentOfReceipt(receipt);
        const place = { inft, tokenId, to, publicKey: ownerPublicKey };
        const seal = () => sealInference({ network, inft, result, content, ownerPublicKey, randomBytes });
        const { ciphertext, ...sealed } = await mints.sealOnce(place, seal);
        const mint = prepareInferenceMint({ network, inft, minter, to, result, sealed });
        return { place, ciphertext, sealed, mint };
      });
      const batch = prepared.map(({ mint }) => mint);
      const sync = await providersToSync(read, inft, batch);
      const drafts = [
        commitBatchDraft(
          inft,
          batch.map(({ commitment }) => commitment),
        ),
        ...sync.map((provider) => syncDraft(inft, provider)),
      ];
      const ciphertexts = prepared.map(({ ciphertext }) => ciphertext);
      const storing = await planCiphertexts(open, writer, ciphertexts, args, io);
      const rows: BillRow[] = [...(storing?.rows ?? [])];
      for (const draft of drafts) rows.push(...(await transactionRows(writer, draft)));
      // The mints can be estimated only once the commitments are there.
      const gas = batchMintGas(batch.length);
      const { maxFeePerGas } = await currentFees(writer.ctx);
      const what = `gas to mint ${batch.length} inferences`;
      rows.push({ what, amount: gas * maxFeePerGas, from: "wallet", note: `up to ${gas} gas` });
      const bill = makeBill(rows);
      const common = { network: network.name, inft, to, plan: billData(bill) };
      const tokens = items.map(({ file, tokenId, result: { mode } }) => ({ file, tokenId, mode }));
      if (!(await approve(bill, args, writer, io, "commit and mint"))) {
        return { data: { ...common, tokens, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      for (const { place, ciphertext, sealed } of prepared) await mints.keep(place, { ...sealed, ciphertext });
      const stored = (await storing?.store()) ?? [];
      const sent = await mintBatch(writer.ctx, inft, batch);
      for (const { place } of prepared) await mints.drop(place);
      return {
        data: {
          ...common,
          minted: true,
          tokens,
          stored: stored.map((object) => storedData(network, object)),
          transactions: sent.map((transaction) => transactionData(network, transaction)),
        },
        text: [
          ...tokens.map(({ file, tokenId }) => `minted token ${tokenId} for ${to}: ${file}`),
          ...transactionLines(network, sent),
        ],
      };
    },
    io,
  );
}
