import { randomBytes } from "node:crypto";

import { assertReceipt, receiptBytes, verifyReceipt, type Receipt } from "../../lib/compute/receipt.ts";
import { currentFees } from "../../lib/chain/fees.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { GAS_BOUNDS } from "../../lib/flow/gas.ts";
import {
  assertResultMintable,
  commitDraft,
  commitMint,
  findMinted,
  prepareInferenceMint,
  revealMint,
  sealInference,
  inferenceTokenId,
} from "../../lib/inft/mint.ts";
import { resultOfReceipt } from "../../lib/inft/receipt.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Mode } from "../../lib/networks.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { locateInft } from "../support/inft.ts";
import { readReceiptFile } from "../support/receipts.ts";
import { recipient } from "../support/recipient.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";
import { mintData } from "./mint-data.ts";

interface Arguments extends SpendingArguments {
  readonly receipt: string;
  readonly data: string | undefined;
  readonly maxSize: string;
  readonly to: string | undefined;
  readonly publicKey: string | undefined;
  readonly inft: string | undefined;
  readonly allowSimulated: boolean;
}

/** Checks the receipt here and now. One made on another chain is a replay of it, and all else must still hold. */
async function modeOf(open: OpenConnection, receipt: Receipt): Promise<Mode> {
  const found = await verifyReceipt(open.read, receipt);
  const elsewhere = found.checks.some(({ name, passed }) => name === "network" && !passed);
  if (!elsewhere) {
    assertReceipt(found);
    return open.network.mode;
  }
  const wrong = found.checks.filter(({ name, passed }) => !passed && name !== "network");
  if (wrong.length > 0) assertReceipt(found);
  return "replay";
}

const EXAMPLE = "inft mint receipt.json";

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const { data, receipt: file } = args;
  if (data !== undefined) {
    if (file === "") return mintData({ ...args, data }, hre, io);
    throw new UsageError({
      message: "A receipt and --data are two tokens",
      remedy: "Mint one after the other.",
      details: { receipt: file, data },
    });
  }
  const receipt = await readReceiptFile(required(file, "The receipt, or --data", EXAMPLE));
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const stores = openStores(hre, read);
      const mode = await modeOf(open, receipt);
      const result = resultOfReceipt(receipt, mode);
      await assertResultMintable(read, result, { allowSimulated: args.allowSimulated });
      const { address: inft } = await locateInft(open, args.inft);
      const common = { network: network.name, mode, inft };
      const tokenId = inferenceTokenId(network, result);
      const existing = await findMinted(read, inft, tokenId);
      if (existing !== undefined) {
        return {
          data: { ...common, minted: false, ...existing },
          text: [`this result is token ${tokenId} of ${existing.owner} already; nothing was sent`],
        };
      }

      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const { to, publicKey } = await recipient(args, open, writer);
      const { requestBytes, responseBytes } = receiptBytes(receipt);
      const content = { request: requestBytes, response: responseBytes };
      const { ciphertext, ...sealed } = sealInference({
        network,
        inft,
        result,
        content,
        ownerPublicKey: publicKey,
        randomBytes,
      });
      const prepared = prepareInferenceMint({ network, inft, minter: owner, to, result, sealed });
      const { maxFeePerGas } = await currentFees(read);
      // The mint itself can be estimated only once the commitment is there.
      const mintRow: BillRow = {
        what: "gas to mint",
        amount: GAS_BOUNDS.mint * maxFeePerGas,
        from: "wallet",
        note: `up to ${GAS_BOUNDS.mint} gas`,
      };
      const bill = makeBill([...(await transactionRows(writer, commitDraft(prepared))), mintRow]);
      const planned = { ...common, tokenId, to, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "commit and mint"))) {
        return { data: { ...planned, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      const dataHash = sealed.datas[0]?.dataHash;
      if (dataHash !== undefined) await stores.objects.put(dataHash, ciphertext);
      const commit = await commitMint(ctx, prepared, { allowSimulated: args.allowSimulated });
      const reveal = await revealMint(ctx, prepared);
      const sent = [commit.status === "committed" ? commit.transaction : undefined, reveal.transaction].filter(
        (transaction) => transaction !== undefined,
      );
      return {
        data: {
          ...planned,
          minted: true,
          owner: reveal.owner,
          dataHash,
          transactions: sent.map((transaction) => transactionData(network, transaction)),
        },
        text: [`minted token ${tokenId} for ${reveal.owner}`, ...transactionLines(network, sent)],
      };
    },
    io,
  );
});
