import { decryptedFiles, type DecryptedFile } from "../../lib/inft/decrypt.ts";
import { readListedModel, readSituation, readToken, type TokenSituation, type TokenView } from "../../lib/inft/show.ts";
import { readChatCompletion, readChatStream } from "../../lib/protocol/chat.ts";
import { action, type Answer, type TaskIo } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection, type OpenConnection } from "../support/connection.ts";
import { MOST_FETCHED } from "../support/ciphertexts.ts";
import { decryptHere } from "../support/decryption.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";
import { pairs } from "../support/table.ts";
import { untilText } from "../support/until.ts";

interface Arguments {
  readonly token: string;
  readonly inft: string | undefined;
  readonly decrypt: boolean;
}

/** Request and response of an inference; of anything else the files, which `inft decrypt` writes out. */
async function decrypt(open: OpenConnection, token: TokenView, io: TaskIo, fromBlock: number) {
  const data = await decryptHere(open, token, io, { fromBlock, fetching: { maxBytes: MOST_FETCHED } });
  const [request, response] = data.find(({ content }) => content === "inference")?.files ?? [];
  if (request === undefined || response === undefined) {
    return { files: decryptedFiles(data).map(({ name, bytes }) => ({ name, bytes: bytes.length })) };
  }
  const text = ({ bytes }: DecryptedFile) => Buffer.from(bytes).toString("utf8");
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

function contentRows(content: Awaited<ReturnType<typeof decrypt>>): (readonly [string, string])[] {
  if (content.files !== undefined)
    return content.files.map(({ name, bytes }) => ["file", `${name}  ${bytes} B`] as const);
  return [
    ["request", content.request],
    ["answer", answerOf(content.response)],
  ];
}

function situationRows(situation: TokenSituation): (readonly [string, string])[] {
  const { verifier, attestors, staged, authorizedUsers } = situation;
  const vouching =
    attestors === undefined
      ? "keeps no set of attestors"
      : `${attestors.threshold} of ${attestors.active} attestors must sign`;
  return [
    ["verifier", `${verifier}, ${vouching}`],
    ...(staged === undefined
      ? []
      : ([["staged", `a transfer to ${staged.to}, good until ${untilText(staged.deadline)}`]] as const)),
    ["users", `${authorizedUsers} may use its data`],
  ];
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft show <token> --network localhost"));
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft, { tokenId, io });
      const token = await readToken(open.read, { inft, tokenId, fromBlock });
      const content = args.decrypt ? await decrypt(open, token, io, fromBlock) : undefined;
      const { record } = token;
      const situation = await readSituation(open.read, token);
      const listedModel = record === undefined ? undefined : await readListedModel(open.read, record.provider);
      const more = { ...situation, listedModel };
      return {
        data: { network: open.network.name, ...token, ...more, ...(content === undefined ? {} : { content }) },
        text: pairs([
          ["token", tokenId.toString()],
          ["contract", inft],
          ["owner", token.owner],
          ["content", token.proven ? "a proven inference" : "unproven: nobody proved it"],
          ["sequence", `${token.sequence}: so many transfers, clones and updates`],
          ...token.datas.map(({ dataDescription, dataHash }) => ["data", `${dataHash}  ${dataDescription}`] as const),
          ...(record === undefined
            ? []
            : ([
                ["provider", `${record.provider}, which lists ${listedModel ?? "no model"} now`],
                ["signer", record.teeSigner],
                ["mode", `${record.mode}, as the minter declared`],
                ["minted", `block ${record.block}, transaction ${record.transaction}`],
              ] as const)),
          ...situationRows(situation),
          ...(content === undefined ? [] : contentRows(content)),
        ]),
      };
    },
    io,
  );
});
