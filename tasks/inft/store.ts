import { makeBill } from "../../lib/flow/bill.ts";
import { readToken } from "../../lib/inft/show.ts";
import { TokenWithoutDataError } from "../../lib/inft/errors.ts";
import type { Answer } from "../support/action.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { ciphertextsOf, MOST_FETCHED } from "../support/ciphertexts.ts";
import { withConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { approve, billData } from "../support/spend.ts";
import { planCiphertexts, storedData } from "../support/storing.ts";
import { openWriter, spendingAction, transactionLines } from "../support/write.ts";

interface Arguments extends SpendingArguments {
  readonly token: string;
  readonly attestor: string | undefined;
  readonly indexer: string | undefined;
  readonly waitFinal: boolean;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft store <token> --network localhost"));
  const { attestor, indexer } = args;
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const token = await readToken(read, { inft, tokenId, fromBlock });
      if (token.datas.length === 0) throw new TokenWithoutDataError({ tokenId });
      const ciphertexts = await ciphertextsOf(open, token, { attestor, indexer, maxBytes: MOST_FETCHED }, io);
      const writer = await openWriter(open, args, io);
      const storing = await planCiphertexts(open, writer, ciphertexts, { ...args, noStorage: false }, io);
      const bill = makeBill(storing?.rows ?? []);
      const data = { network: network.name, mode: network.mode, inft, tokenId, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "store"))) {
        return { data: { ...data, dryRun: true, planned: storing?.planned }, text: ["dry run: nothing was sent"] };
      }
      const stored = (await storing?.store()) ?? [];
      const sent = stored.flatMap(({ transaction }) => (transaction === undefined ? [] : [transaction]));
      return {
        data: { ...data, stored: stored.map((object) => storedData(network, object)) },
        text: [
          ...stored.map(({ root, size, state }) => `${state}: ${root}, ${size} B`),
          ...(sent.length === 0 ? ["it was submitted before, and nothing was paid"] : transactionLines(network, sent)),
        ],
      };
    },
    io,
  );
});
