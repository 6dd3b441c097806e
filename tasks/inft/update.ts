import { randomBytes } from "node:crypto";

import type { TransactionDraft } from "../../lib/chain/send.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Hex } from "../../lib/hex.ts";
import { sealAgent, type Agent } from "../../lib/inft/agent.ts";
import { rekey, rekeyDraft } from "../../lib/inft/rekey.ts";
import { readOwnedToken, requireOwner, type OwnedToken } from "../../lib/inft/transfer.ts";
import { updateDraft } from "../../lib/inft/update.ts";
import type { Answer, TaskIo } from "../support/action.ts";
import { readAgent } from "../support/agent.ts";
import { required, type SpendingArguments } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { decryptionKeys, ownEncryptionKey } from "../support/decryption.ts";
import { ciphertextsOf, keepCiphertexts, MOST_FETCHED } from "../support/ciphertexts.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { plannedAnswer, sendPlanned } from "../support/planned.ts";
import { planCiphertexts, storedData, type StorageArguments } from "../support/storing.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, StorageArguments {
  readonly token: string;
  readonly data: string | undefined;
  readonly maxSize: string;
  readonly rekey: boolean;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

const EXAMPLE = "inft update <token> --data ./agent --network localhost";

/** What will stand in the token, and the bytes to keep for it. */
interface Replacement {
  readonly draft: TransactionDraft;
  readonly newDataHashes: readonly Hex[];
  readonly ciphertexts: readonly Uint8Array[];
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", EXAMPLE));
  if ((args.data === undefined) !== args.rekey) {
    throw new UsageError({
      message: args.rekey ? "Both --data and --rekey are given" : "Neither --data nor --rekey is given",
      remedy: "Give --data <file or folder> for new content, or --rekey for new keys of the same content.",
      details: { data: args.data, rekey: args.rekey },
    });
  }
  const agent = args.data === undefined ? undefined : await readAgent({ data: args.data, maxSize: args.maxSize }, io);
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const writer = await openWriter(open, args, io);
      const token = await readOwnedToken(read, { inft, tokenId, fromBlock });
      requireOwner(token, writer.owner);
      if (agent !== undefined && token.proven) {
        io.log("note: a proven inference; its record stays, its data will not be what was proven any more");
      }
      const replacement =
        agent === undefined ? await rekeyed(open, token, args, io) : await sealed(open, token, agent, args.as);
      const { draft, newDataHashes, ciphertexts } = replacement;
      // Before anything is sent: a token whose bytes are nowhere is worth nothing.
      await keepCiphertexts(open, newDataHashes, ciphertexts);
      const storing = await planCiphertexts(open, writer, ciphertexts, args, io);
      const planned = await sendPlanned(writer, [draft], args, io, draft.what, { storing });
      const oldDataHashes = token.datas.map(({ dataHash }) => dataHash);
      const common = { network: network.name, mode: network.mode, inft, tokenId, rekey: args.rekey };
      return plannedAnswer(network, planned, { ...common, oldDataHashes, newDataHashes }, () => ({
        data: { updated: true, stored: planned.stored.map((object) => storedData(network, object)) },
        text: [
          args.rekey
            ? `the data of token ${tokenId} are encrypted under fresh keys; the old ones open only the old ciphertexts`
            : `token ${tokenId} holds new data`,
          ...newDataHashes.map((hash) => `  ${hash}`),
          "access proofs and staged transfers of before are void",
        ],
      }));
    },
    io,
  );
});

async function sealed(
  open: OpenConnection,
  token: OwnedToken,
  agent: Agent,
  as: string | undefined,
): Promise<Replacement> {
  const ownerPublicKey = await ownEncryptionKey(open, as);
  const { chainId } = open.network;
  const { ciphertexts, ...data } = sealAgent({ chainId, inft: token.inft, agent, ownerPublicKey, randomBytes });
  const newDataHashes = data.datas.map(({ dataHash }) => dataHash);
  return { draft: updateDraft(token, data), newDataHashes, ciphertexts };
}

async function rekeyed(
  open: OpenConnection,
  token: OwnedToken,
  { as, indexer }: Pick<Arguments, "as" | "indexer">,
  io: TaskIo,
): Promise<Replacement> {
  const datas = rekey({
    token,
    chainId: open.network.chainId,
    ciphertexts: await ciphertextsOf(open, token, { indexer, maxBytes: MOST_FETCHED }, io),
    keys: await decryptionKeys(open, as),
    publicKey: await ownEncryptionKey(open, as),
    randomBytes,
  });
  return {
    draft: rekeyDraft(token, datas),
    newDataHashes: datas.map(({ dataHash }) => dataHash),
    ciphertexts: datas.map(({ ciphertext }) => ciphertext),
  };
}
