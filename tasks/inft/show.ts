import { fromHex, type Hex } from "../../lib/hex.ts";
import { decodeContent, openDatum } from "../../lib/inft/content.ts";
import { ContentNotHereError } from "../../lib/inft/errors.ts";
import { readToken, type TokenView } from "../../lib/inft/show.ts";
import { readChatCompletion, readChatStream } from "../../lib/protocol/chat.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { openStores } from "../support/stores.ts";
import { pairs } from "../support/table.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
  readonly decrypt: boolean;
}

/** Opens datum 0 with the signer's key. */
async function decrypt(open: OpenConnection, token: TokenView) {
  const [datum] = token.datas;
  const sealedKey = token.sealedKeys?.[0];
  const dataHash = datum?.dataHash;
  const ciphertext = dataHash === undefined ? undefined : await openStores(open.hre, open.read).objects.get(dataHash);
  if (ciphertext === undefined || dataHash === undefined || sealedKey === undefined) {
    throw new ContentNotHereError({ tokenId: token.tokenId, network: open.network.name });
  }
  const { privateKey } = await open.signer();
  const plaintext = openDatum({
    ciphertext,
    dataHash,
    sealedKey,
    privateKey: fromHex(privateKey as Hex),
    chainId: open.network.chainId,
    contract: token.inft,
    tokenId: token.tokenId,
    index: 0,
  });
  const { request, response } = decodeContent(plaintext);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
  return { request: text(request), response: text(response) };
}

/** What the response says; the response itself when it says nothing that can be read. */
function answerOf(response: string): string {
  let body: unknown;
  try {
    body = JSON.parse(response);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Not one JSON document: a stream.
    const reader = readChatStream();
    reader.push(Buffer.from(response));
    reader.end();
    const { content } = reader.answer();
    return content === "" ? response : content;
  }
  return readChatCompletion(body).content;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft show <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft);
      const token = await readToken(open.read, { inft, tokenId, fromBlock });
      const content = args.decrypt ? await decrypt(open, token) : undefined;
      const { record } = token;
      return {
        data: { network: open.network.name, ...token, ...(content === undefined ? {} : { content }) },
        text: pairs([
          ["token", tokenId.toString()],
          ["contract", inft],
          ["owner", token.owner],
          ["content", token.proven ? "a proven inference" : "unproven: nobody proved it"],
          ...token.datas.map(({ dataDescription, dataHash }) => ["data", `${dataHash}  ${dataDescription}`] as const),
          ...(record === undefined
            ? []
            : ([
                ["model", `${record.model} at ${record.provider}`],
                ["signer", record.teeSigner],
                ["mode", `${record.mode}, as the minter declared`],
                ["minted", `block ${record.block}, transaction ${record.transaction}`],
              ] as const)),
          ...(content === undefined
            ? []
            : ([
                ["request", content.request],
                ["answer", answerOf(content.response)],
              ] as const)),
        ]),
      };
    },
    io,
  );
});
