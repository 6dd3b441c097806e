import { decryptionVariable, setting } from "../../lib/env.ts";
import type { DecryptionKey } from "../../lib/inft/decryption-key.ts";
import { AbortedError, ZgError } from "../../lib/errors.ts";
import type { Hex } from "../../lib/hex.ts";
import { assertProven, verifyToken, type TokenCheck } from "../../lib/inft/verify.ts";
import { action, refusalOf, type Answer, type TaskIo } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { ciphertextFinder, MOST_FETCHED } from "../support/ciphertexts.ts";
import { decryptionKeys } from "../support/decryption.ts";
import { locateInft, parseTokenId, trustedInftCode } from "../support/inft.ts";
import { openStorage } from "../support/storage.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
  readonly decrypt: boolean;
  readonly as: string | undefined;
  readonly indexer: string | undefined;
}

/** Whether 0G Storage holds what a token lists. An outage is no verdict. */
async function storedCheck(
  open: OpenConnection,
  root: Hex,
  indexer: string | undefined,
  io: TaskIo,
): Promise<Pick<TokenCheck, "status" | "detail">> {
  try {
    const { state, nodes, submission } = await (await openStorage(open, indexer, io)).status(root);
    const holders = nodes.filter(({ file }) => file?.finalised === true).length;
    const where = submission === undefined ? "" : `, submission ${submission.txSeq} in block ${submission.blockNumber}`;
    return state === "finalised"
      ? {
          status: "passed",
          detail: `0G Storage holds ${root} (${holders === 1 ? "1 node" : `${holders} nodes`}${where})`,
        }
      : { status: "failed", detail: `0G Storage does not hold ${root}: ${state}` };
  } catch (error) {
    if (error instanceof AbortedError || !(error instanceof ZgError)) throw error;
    return { status: "not checked", detail: error.message };
  }
}

/** The keys that are at hand; those in the keystore, which asks for a password, only when that is wanted. */
async function keysAtHand(open: OpenConnection, { decrypt, as }: Arguments): Promise<readonly DecryptionKey[]> {
  if (decrypt || as !== undefined) return decryptionKeys(open, as);
  const separate = setting(decryptionVariable(open.network.name)) !== undefined;
  return open.knownAddress() === undefined && !separate ? [] : decryptionKeys(open);
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft verify <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft, { tokenId, io });
      const trustedCode = await trustedInftCode(open, io);
      const find = ciphertextFinder(open, { inft, tokenId }, { indexer: args.indexer, maxBytes: MOST_FETCHED }, io);
      const found = await verifyToken(open.read, {
        inft,
        tokenId,
        fromBlock,
        trustedCode,
        ciphertext: async (dataHash) => {
          const found = await find(dataHash);
          return "bytes" in found ? found.bytes : undefined;
        },
        stored: async (dataHash) => storedCheck(open, dataHash, args.indexer, io),
        keys: await keysAtHand(open, args),
      });
      const { status, token, checks } = found;
      return {
        data: { network: open.network.name, status, checks, token },
        text: [
          ...pairs([
            ["verdict", status],
            ["checked on", `${open.network.name} (${open.network.mode})`],
            ["contract", inft],
            ["owner", token.owner],
          ]),
          "",
          ...table(
            checks.map((check) => [check.status === "failed" ? "FAILED" : check.status, check.name, check.detail]),
          ),
        ],
        refusal: refusalOf(() => {
          assertProven(found);
        }),
      };
    },
    io,
  );
});
