import { decryptionVariable, setting } from "../../lib/env.ts";
import type { DecryptionKey } from "../../lib/inft/decryption-key.ts";
import { assertProven, verifyToken } from "../../lib/inft/verify.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { decryptionKeys } from "../support/decryption.ts";
import { locateInft, parseTokenId, trustedInftCode } from "../support/inft.ts";
import { openStores } from "../support/stores.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
  readonly decrypt: boolean;
  readonly as: string | undefined;
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
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const trustedCode = await trustedInftCode(open, io);
      const { objects } = openStores(hre, open.read);
      const found = await verifyToken(open.read, {
        inft,
        tokenId,
        fromBlock,
        trustedCode,
        ciphertext: async (dataHash) => objects.get(dataHash),
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
