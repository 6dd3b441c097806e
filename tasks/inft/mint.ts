import { randomBytes } from "node:crypto";

import type { ReadContext } from "../../lib/chain/context.ts";
import { currentFees } from "../../lib/chain/fees.ts";
import { makeBill, type BillRow } from "../../lib/flow/bill.ts";
import { mintGas } from "../../lib/flow/gas.ts";
import {
  assertResultMintable,
  commitDraft,
  commitMint,
  findMinted,
  hasOpenCommitment,
  prepareInferenceMint,
  revealDraft,
  revealMint,
  sealInference,
  inferenceTokenId,
} from "../../lib/inft/mint.ts";
import { resultOfReceipt } from "../../lib/inft/receipt.ts";
import { contentOfReceipt } from "../../lib/inft/content.ts";
import { UsageError } from "../../lib/errors.ts";
import { DEFAULT_CLAIM } from "../../lib/inft/claim.ts";
import type { Answer } from "../support/action.ts";
import { parseClaim, required, type SpendingArguments } from "../support/arguments.ts";
import { warnOfClaim } from "../support/claim.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft } from "../support/inft.ts";
import { modeOfReceipt, readReceiptFile } from "../support/receipts.ts";
import { recipient } from "../support/recipient.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { planCiphertexts, storedData, type StorageArguments } from "../support/storing.ts";
import { openWriter, spendingAction, transactionData, transactionLines, transactionRows } from "../support/write.ts";
import { mintReceipts } from "./mint-batch.ts";
import { mintData } from "./mint-data.ts";

export interface MintArguments extends SpendingArguments, StorageArguments {
  readonly to: string | undefined;
  readonly publicKey: string | undefined;
  readonly inft: string | undefined;
  readonly allowSimulated: boolean;
}

interface Arguments extends MintArguments {
  readonly receipts: readonly string[];
  readonly claim: string | undefined;
  readonly revealPrompt: boolean;
  readonly data: string | undefined;
  readonly maxSize: string;
}

const EXAMPLE = "inft mint receipt.json";

/** A mint by commitment can be estimated only once the commitment is there. */
async function mintRow(read: ReadContext): Promise<BillRow> {
  const { maxFeePerGas } = await currentFees(read);
  const gas = mintGas();
  return { what: "gas to mint", amount: gas * maxFeePerGas, from: "wallet", note: `up to ${gas} gas` };
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const { data, receipts } = args;
  const [file = "", ...others] = receipts;
  const claim = parseClaim(args.claim) ?? DEFAULT_CLAIM;
  warnOfClaim(claim, args, io);
  if (data !== undefined) {
    if (file === "") return mintData({ ...args, data }, hre, io);
    throw new UsageError({
      message: "A receipt and --data are two tokens",
      remedy: "Mint one after the other.",
      details: { receipt: file, data },
    });
  }
  if (others.length > 0) {
    if (claim === "commit") return mintReceipts(receipts, args, hre, io);
    throw new UsageError({
      message: `Several receipts are minted together by commitment only, not with --claim ${claim}`,
      remedy: "Mint them one by one, or leave --claim out.",
      details: { claim, receipts },
    });
  }
  const receipt = await readReceiptFile(required(file, "The receipt, or --data", EXAMPLE));
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const stores = openStores(hre, read);
      const mode = await modeOfReceipt(read, receipt);
      const result = resultOfReceipt(receipt, mode);
      await assertResultMintable(read, result, { allowSimulated: args.allowSimulated });
      const { address: inft } = await locateInft(open, args.inft);
      const common = { network: network.name, mode, inft };
      const tokenId = inferenceTokenId(network, result);
      return stores.mints.inTurn(tokenId, io.signal, async () => {
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
        const content = contentOfReceipt(receipt);
        const place = { inft, tokenId, to, publicKey };
        const seal = () => sealInference({ network, inft, result, content, ownerPublicKey: publicKey, randomBytes });
        const { ciphertext, ...sealed } = await stores.mints.sealOnce(place, seal);
        const parts = { network, inft, minter: owner, to, result, sealed, claim, request: content.request };
        const prepared = prepareInferenceMint(parts);
        const storing = await planCiphertexts(open, writer, [ciphertext], args, io);
        // By a command that ended before it could mint.
        const committed = await hasOpenCommitment(read, prepared);
        const bill = makeBill([
          ...(storing?.rows ?? []),
          ...(claim === "commit"
            ? [...(committed ? [] : await transactionRows(writer, commitDraft(prepared))), await mintRow(writer.ctx)]
            : await transactionRows(writer, revealDraft(prepared))),
        ]);
        const planned = { ...common, tokenId, to, claim, plan: billData(bill) };
        if (!(await approve(bill, args, writer, io, claim === "commit" ? "commit and mint" : "mint"))) {
          return { data: { ...planned, dryRun: true }, text: ["dry run: nothing was sent"] };
        }
        await stores.mints.keep(place, { ...sealed, ciphertext });
        const stored = (await storing?.store()) ?? [];
        const commit = await commitMint(ctx, prepared, { allowSimulated: args.allowSimulated });
        const reveal = await revealMint(ctx, prepared);
        await stores.mints.drop(place);
        const sent = [commit.status === "committed" ? commit.transaction : undefined, reveal.transaction].filter(
          (transaction) => transaction !== undefined,
        );
        return {
          data: {
            ...planned,
            minted: true,
            owner: reveal.owner,
            dataHash: sealed.datas[0]?.dataHash,
            stored: stored.map((object) => storedData(network, object)),
            transactions: sent.map((transaction) => transactionData(network, transaction)),
          },
          text: [`minted token ${tokenId} for ${reveal.owner}`, ...transactionLines(network, sent)],
        };
      });
    },
    io,
  );
});
