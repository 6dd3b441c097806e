import { readToken, type TokenQuery } from "../../lib/inft/show.ts";
import { assertProven, verifyToken } from "../../lib/inft/verify.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { locateInft, parseTokenId, trustedInftCode } from "../support/inft.ts";
import { openStores } from "../support/stores.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
}

/** The encrypted bytes of datum 0, where this machine keeps them. */
async function storedCiphertext(open: OpenConnection, query: TokenQuery): Promise<Uint8Array | undefined> {
  const { datas } = await readToken(open.read, query);
  const root = datas[0]?.dataHash;
  return root === undefined ? undefined : openStores(open.hre, open.read).objects.get(root);
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft verify <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const trustedCode = await trustedInftCode(open, io);
      const ciphertext = await storedCiphertext(open, { inft, tokenId, fromBlock });
      const found = await verifyToken(open.read, {
        inft,
        tokenId,
        fromBlock,
        trustedCode,
        ...(ciphertext === undefined ? {} : { ciphertext }),
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
