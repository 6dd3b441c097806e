import { cloneDraft, clonedTokenId, findClone } from "../../lib/inft/clone.ts";
import { requireOwner } from "../../lib/inft/transfer.ts";
import type { Answer } from "../support/action.ts";
import { withConnection } from "../support/connection.ts";
import {
  accessProofFor,
  openHandover,
  parseHandover,
  reencryptFor,
  type HandoverArguments,
} from "../support/handover.ts";
import { onNetwork } from "../support/on-network.ts";
import { sendPlanned } from "../support/planned.ts";
import { planCiphertexts, storedData } from "../support/storing.ts";
import { spendingAction, transactionData, transactionLines } from "../support/write.ts";

const EXAMPLE = "inft clone <token> --to 0x… --network localhost";
/** Of a buyer's side that is signed here. Seconds. */
const LIFETIME = 3600n;

export default spendingAction<HandoverArguments>(async (args, hre, io): Promise<Answer> => {
  const request = await parseHandover(args, EXAMPLE);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { tokenId, to, given } = request;
      const { writer, token, query } = await openHandover(open, request, args, io);
      const { inft, owner } = token;
      const common = { network: network.name, mode: network.mode, inft, tokenId, from: owner, to };
      // The proof of an earlier sequence may be spent: by the command that died before it could say so.
      const spent =
        given !== undefined && given.sequence < token.sequence ? await findClone(read, query, given) : undefined;
      if (spent !== undefined) {
        return {
          data: { ...common, cloned: false, newTokenId: spent },
          text: [`this access proof was spent on token ${spent} already; nothing was sent`],
        };
      }
      requireOwner(token, writer.owner);
      const { proof, sealTo } = await accessProofFor(open, token, { to, given, action: "clone", lifetime: LIFETIME });
      const handover = await reencryptFor(open, writer, token, proof, args, io);
      const { proofs, newDataHashes, ciphertexts, attestors } = handover;
      const draft = cloneDraft(token, to, proofs);
      const storing = await planCiphertexts(open, writer, ciphertexts, args, io);
      const what = draft.what;
      const { plan, sent, stored } = await sendPlanned(writer, [draft], args, io, what, { storing });
      const { deadline, sequence, oldDataHashes } = proof;
      const data = { ...common, sequence, deadline, sealTo, attestors, oldDataHashes, newDataHashes, plan };
      const [transaction] = sent ?? [];
      if (transaction === undefined) {
        return {
          data: { ...data, dryRun: true },
          text: ["dry run: the attestors re-encrypted the data; nothing was sent"],
        };
      }
      const newTokenId = clonedTokenId(transaction, inft);
      return {
        data: {
          ...data,
          cloned: true,
          newTokenId,
          stored: stored.map((object) => storedData(network, object)),
          transactions: [transactionData(network, transaction)],
        },
        text: [
          `token ${newTokenId} of ${to} has the data of token ${tokenId}`,
          `It reads them with: ${onNetwork(`npx hardhat inft decrypt ${newTokenId}`, network.name)}`,
          ...transactionLines(network, [transaction]),
        ],
      };
    },
    io,
  );
});
