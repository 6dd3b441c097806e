import { randomBytes } from "node:crypto";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { makeBill } from "../../lib/flow/bill.ts";
import { sealAgent } from "../../lib/inft/agent.ts";
import { mintPlain, plainMintDraft } from "../../lib/inft/mint.ts";
import type { Answer, TaskIo } from "../support/action.ts";
import { readAgent } from "../support/agent.ts";
import type { SpendingArguments } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft } from "../support/inft.ts";
import { recipient } from "../support/recipient.ts";
import { approve, billData } from "../support/spend.ts";
import { openStores } from "../support/stores.ts";
import { planCiphertexts, storedData, type StorageArguments } from "../support/storing.ts";
import { openWriter, transactionData, transactionLines, transactionRows } from "../support/write.ts";

/** What `inft mint` takes with `--data`. */
export interface DataArguments extends SpendingArguments, StorageArguments {
  readonly data: string;
  readonly maxSize: string;
  readonly to: string | undefined;
  readonly publicKey: string | undefined;
  readonly inft: string | undefined;
}

/** Mints an agent that nobody proves: its files, encrypted and sealed to the recipient. */
export async function mintData(args: DataArguments, hre: HardhatRuntimeEnvironment, io: TaskIo): Promise<Answer> {
  const agent = await readAgent(args, io);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft } = await locateInft(open, args.inft);
      const stores = openStores(hre, read);
      const writer = await openWriter(open, args, io);
      const { to, publicKey } = await recipient(args, open, writer);
      const { chainId } = network;
      const { ciphertexts, ...sealed } = sealAgent({ chainId, inft, agent, ownerPublicKey: publicKey, randomBytes });
      const mint = { inft, to, ...sealed };
      const storing = await planCiphertexts(open, writer, ciphertexts, args, io);
      const bill = makeBill([...(storing?.rows ?? []), ...(await transactionRows(writer, plainMintDraft(mint)))]);
      const parts = agent.parts.map(({ part, name, bytes }, index) => {
        return { part, name, bytes: bytes.length, ...sealed.datas[index] };
      });
      const planned = { network: network.name, inft, to, proven: false, parts, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "mint"))) {
        return { data: { ...planned, dryRun: true }, text: ["dry run: nothing was sent"] };
      }
      // Before the mint: a token whose bytes are nowhere is worth nothing.
      for (const [index, { dataHash }] of sealed.datas.entries()) {
        const ciphertext = ciphertexts[index];
        if (ciphertext !== undefined) await stores.objects.put(dataHash, ciphertext);
      }
      const stored = (await storing?.store()) ?? [];
      const { tokenId, transaction } = await mintPlain(writer.ctx, mint);
      const sent = transaction === undefined ? [] : [transaction];
      return {
        data: {
          ...planned,
          minted: true,
          tokenId,
          owner: to,
          stored: stored.map((object) => storedData(network, object)),
          transactions: sent.map((one) => transactionData(network, one)),
        },
        text: [
          `minted token ${tokenId} for ${to}: unproven, nobody but its minter vouches for what it holds`,
          ...parts.map(({ part, name, bytes, dataHash }) => `  ${part}  ${name}  ${bytes} B  ${dataHash ?? ""}`),
          ...transactionLines(network, sent),
        ],
      };
    },
    io,
  );
}
