import path from "node:path";

import { decryptedFiles, type DecryptedDatum, type DecryptedFile } from "../../lib/inft/decrypt.ts";
import { readToken } from "../../lib/inft/show.ts";
import { writeOutputFolder } from "../../lib/storage/output-folder.ts";
import { parseByteSize } from "../../lib/units.ts";
import { action, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { withConnection } from "../support/connection.ts";
import { decryptHere } from "../support/decryption.ts";
import { locateInft, parseTokenId } from "../support/inft.ts";

interface Arguments {
  readonly token: string;
  readonly out: string | undefined;
  readonly force: boolean;
  readonly inft: string | undefined;
  readonly as: string | undefined;
  readonly attestor: string | undefined;
  readonly indexer: string | undefined;
  readonly maxSize: string;
}

/** The text of a file; undefined when it is none, or holds characters that no terminal should get. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /[^\P{Cc}\t\r\n]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function contentOf({ name, bytes }: DecryptedFile) {
  const text = textOf(bytes);
  const content = text === undefined ? { base64: Buffer.from(bytes).toString("base64") } : { text };
  return { name, bytes: bytes.length, ...content };
}

function contentLines({ dataDescription, openedWith, files }: DecryptedDatum): string[] {
  return files.flatMap(({ name, bytes }) => [
    `${name}  ${bytes.length} B  ${dataDescription}, opened with the key of ${openedWith}`,
    ...(textOf(bytes)?.split(/\r?\n/) ?? ["(not text: --out writes it to a file)"]),
    "",
  ]);
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const tokenId = parseTokenId(required(args.token, "The token id", "inft decrypt <token> --network localhost"));
  const fetching = {
    attestor: args.attestor,
    indexer: args.indexer,
    maxBytes: parseByteSize(args.maxSize, "--max-size"),
  };
  return withConnection(
    hre,
    async (open) => {
      const { address: inft, fromBlock } = await locateInft(open, args.inft, { tokenId, io });
      const token = await readToken(open.read, { inft, tokenId, fromBlock });
      const data = await decryptHere(open, token, io, { as: args.as, fromBlock, fetching });
      const common = { network: open.network.name, inft, tokenId, owner: token.owner, proven: token.proven };
      if (args.out === undefined) {
        return {
          data: { ...common, data: data.map((datum) => ({ ...datum, files: datum.files.map(contentOf) })) },
          text: data.flatMap(contentLines),
        };
      }
      const written = await writeOutputFolder(path.resolve(args.out), decryptedFiles(data), { force: args.force });
      return {
        data: {
          ...common,
          written,
          data: data.map(({ files, ...datum }) => ({
            ...datum,
            files: files.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
          })),
        },
        text: written,
      };
    },
    io,
  );
});
