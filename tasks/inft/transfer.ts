import { UsageError } from "../../lib/errors.ts";
import { readStaged, stageDraft, unstageDraft } from "../../lib/inft/stage.ts";
import { plainTransferDraft, requireOwner, tokenTransferDraft } from "../../lib/inft/transfer.ts";
import type { Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import {
  accessProofFor,
  openHandover,
  parseHandover,
  reencryptFor,
  type HandoverArguments,
  type HandoverRequest,
} from "../support/handover.ts";
import { parseTokenId } from "../support/inft.ts";
import { onNetwork } from "../support/on-network.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import type { TaskIo } from "../support/action.ts";
import { planCiphertexts, storedData } from "../support/storing.ts";
import { untilText } from "../support/until.ts";
import { spendingAction, transactionData, transactionLines } from "../support/write.ts";

interface Arguments extends HandoverArguments {
  readonly stage: boolean;
  readonly unstage: boolean;
}

const EXAMPLE = "inft transfer <token> --to 0x… --network localhost";
/** Of a buyer's side that is signed here: long enough to send, or for a sale. Seconds. */
const LIFETIME = { transfer: 3600n, stage: 7n * 86_400n } as const;

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  if (args.unstage) {
    const tokenId = parseTokenId(required(args.token, "The token id", EXAMPLE));
    if (args.stage || args.to !== undefined || args.accessProof !== undefined) {
      throw new UsageError({
        message: "--unstage takes a staged transfer back, and is given with --stage, --to or --access-proof",
        remedy: "Give --unstage alone.",
        details: { token: args.token },
      });
    }
    return withConnection(hre, async (open) => unstage(open, tokenId, args, io), io);
  }
  const request = await parseHandover(args, EXAMPLE);
  return withConnection(hre, async (open) => transfer(open, request, args, io), io);
});

async function transfer(open: OpenConnection, request: HandoverRequest, args: Arguments, io: TaskIo): Promise<Answer> {
  const { network, read } = open;
  const { tokenId, to } = request;
  const { writer, token } = await openHandover(open, request, args, io);
  const { inft, owner } = token;
  const common = { network: network.name, mode: network.mode, inft, tokenId, from: owner, to };
  if (owner === to) {
    return {
      data: { ...common, transferred: false },
      text: [`token ${tokenId} belongs to ${to} already; nothing was sent`],
    };
  }
  requireOwner(token, writer.owner);
  if (token.datas.length === 0) {
    const planned = await sendPlanned(writer, [plainTransferDraft(token, to)], args, io, "transfer");
    return plannedAnswer(network, planned, common, () => ({
      data: { transferred: true },
      text: [`token ${tokenId}, which holds no data, belongs to ${to} now`],
    }));
  }

  const staged = args.stage ? await readStaged(read, token) : undefined;
  if (staged?.to === to && (request.given === undefined || request.given.deadline === staged.deadline)) {
    return {
      data: { ...common, staged: true, deadline: staged.deadline, transactions: [] },
      text: [`the transfer to ${to} is staged already, until ${untilText(staged.deadline)}; nothing was sent`],
    };
  }
  const { proof, sealTo } = await accessProofFor(open, token, {
    ...request,
    action: "transfer",
    lifetime: args.stage ? LIFETIME.stage : LIFETIME.transfer,
  });
  const { proofs, newDataHashes, ciphertexts, attestors } = await reencryptFor(open, writer, token, proof, args, io);
  const draft = args.stage ? stageDraft(token, to, proofs) : tokenTransferDraft(token, to, proofs);
  // The keys of a staged transfer are on chain at once: its buyer would read a public ciphertext before the sale.
  const storing = args.stage ? undefined : await planCiphertexts(open, writer, ciphertexts, args, io);
  const { plan, sent, stored } = await sendPlanned(writer, [draft], args, io, draft.what, { storing });
  const { deadline, sequence, oldDataHashes } = proof;
  const data = { ...common, sequence, deadline, sealTo, attestors, oldDataHashes, newDataHashes, plan };
  if (sent === undefined) {
    return {
      data: { ...data, dryRun: true },
      text: ["dry run: the attestors re-encrypted the data; nothing was sent"],
    };
  }
  const transactions = sent.map((each) => transactionData(network, each));
  return args.stage
    ? {
        data: { ...data, staged: true, transactions },
        text: [
          `a plain transfer of token ${tokenId} to ${to} carries its data along until ${untilText(deadline)}`,
          "Let the market move it: approve(market, token), then list it for that buyer.",
          `When it is sold, store its data: ${onNetwork(`npx hardhat inft store ${tokenId}`, network.name)}`,
          ...transactionLines(network, sent),
        ],
      }
    : {
        data: {
          ...data,
          transferred: true,
          stored: stored.map((object) => storedData(network, object)),
          transactions,
        },
        text: [
          `token ${tokenId} and its data belong to ${to} now`,
          `It reads them with: ${onNetwork(`npx hardhat inft decrypt ${tokenId}`, network.name)}`,
          ...transactionLines(network, sent),
        ],
      };
}

async function unstage(open: OpenConnection, tokenId: bigint, args: Arguments, io: TaskIo): Promise<Answer> {
  const { network } = open;
  const { writer, token } = await openHandover(open, { tokenId }, args, io);
  const planned = await sendPlanned(writer, [unstageDraft(token)], args, io, "unstage");
  const common = { network: network.name, mode: network.mode, inft: token.inft, tokenId };
  return plannedAnswer(network, planned, common, () => ({
    data: { staged: false },
    text: [`no transfer of token ${tokenId} is staged any more`],
  }));
}
