import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";

import { borderOf } from "../../lib/border.ts";
import { genesisHash } from "../../lib/chain/connect.ts";
import type { ReadContext } from "../../lib/chain/context.ts";
import { NotEndorsedError } from "../../lib/compute/errors.ts";
import { proveAnswer, withImages } from "../../lib/compute/prove.ts";
import { readService } from "../../lib/compute/providers.ts";
import { parseUnproved, receiptBytes, type UnprovedAnswer } from "../../lib/compute/receipt.ts";
import { readAnswer } from "../../lib/compute/service-answer.ts";
import { serviceRequest } from "../../lib/compute/service-request.ts";
import { assertVerified } from "../../lib/compute/verify.ts";
import { UsageError } from "../../lib/errors.ts";
import { isEphemeral } from "../../lib/networks.ts";
import { kindOfServiceType } from "../../lib/protocol/services.ts";
import { isMissing, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { checkLines, endorsementCheck } from "../support/checks.ts";
import { selectedNetwork, withConnection } from "../support/connection.ts";
import { runtimeFolders, type Folders } from "../support/folders.ts";
import { allImages, present } from "../support/present.ts";
import { receiptName } from "../support/receipts.ts";
import { table } from "../support/table.ts";

interface Arguments {
  readonly answer: string;
  readonly out: string | undefined;
  readonly receipt: string | undefined;
}

async function keptIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function readKept(file: string): Promise<UnprovedAnswer> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError({
      message: `${file} cannot be read`,
      remedy: "Name one that npx hardhat inference finish lists.",
      details: { file },
      cause,
    });
  }
  return parseUnproved(text);
}

/** The file a person means: its path, its name in the folder, or the chat id in that. */
async function located(named: string, { answers }: Folders): Promise<string> {
  const kept = await keptIn(answers);
  const [found, ...others] = kept.filter((name) => name === named || name.endsWith(`-${named}.json`));
  return found !== undefined && others.length === 0 ? path.join(answers, found) : path.resolve(named);
}

async function list({ answers }: Folders): Promise<Answer> {
  const rows = await Promise.all(
    (await keptIn(answers)).map(async (name) => {
      const file = path.join(answers, name);
      const { startedAt, service, chatId } = await readKept(file);
      return { file, startedAt, model: service.model, chatId: chatId?.id ?? null };
    }),
  );
  const lines = rows.map(({ file, startedAt, model, chatId }) => [startedAt, model, chatId ?? "no chat id", file]);
  return {
    data: { answers: rows },
    text:
      rows.length === 0
        ? ["no answer waits for its proof"]
        : table([["asked at", "model", "chat id", "file"], ...lines]),
  };
}

async function assertSameChain({ network, provider }: ReadContext, answer: UnprovedAnswer): Promise<void> {
  const genesis = await genesisHash(provider);
  if (answer.chainId === network.chainId && answer.genesisHash === genesis) return;
  throw new UsageError({
    message: `The answer was given on another chain: ${answer.network}, block 0 ${answer.genesisHash}`,
    remedy: `Name that network: --network ${answer.network}.`,
    details: { network: answer.network, chainId: answer.chainId, genesisHash: answer.genesisHash },
  });
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const network = selectedNetwork(hre);
  const folders = runtimeFolders(hre, network);
  if (isEphemeral(network) || folders === undefined) {
    throw new UsageError({
      message: `Nothing is kept on ${network.name}: its chain ends with the command`,
      remedy: "Name the network of the answer, such as --network localhost.",
    });
  }
  if (args.answer === "") return list(folders);
  const kept = await located(args.answer, folders);
  const unproved = await readKept(kept);
  return withConnection(
    hre,
    async ({ read }) => {
      await assertSameChain(read, unproved);
      const { provider } = unproved.service;
      const service = await readService(read, provider);
      const http = { border: borderOf(network), signal: io.signal };
      const answer = await withImages(http, service, unproved);
      const { receipt, verification } = await proveAnswer(http, service, answer);
      const endorsement = endorsementCheck(service);
      const name = receiptName(Date.parse(receipt.startedAt), receipt.chatId?.id ?? provider);
      const file = args.receipt ?? path.join(folders.receipts, name);
      await writeFileAtomic(file, `${JSON.stringify(receipt, null, 2)}\n`, "private");
      await rm(kept);

      const { requestBytes, responseBytes, images } = receiptBytes(receipt);
      const request = serviceRequest(kindOfServiceType(receipt.service.serviceType) ?? "chat", requestBytes);
      const { answer: said } = readAnswer(request, responseBytes);
      const stem = path.join(folders.outputs, path.parse(name).name);
      const shown = await present({
        ...{ request, answer: said, responseBytes, out: args.out, stem, printed: false },
        images: allImages(said, images),
      });
      return {
        data: {
          network: network.name,
          provider,
          model: receipt.service.model,
          ...shown.data,
          verification,
          endorsement,
          file,
        },
        text: [...shown.text, "", ...checkLines([...verification.checks, endorsement]), `receipt ${file}`],
        refusal: refusalOf(() => {
          assertVerified(provider, verification);
          if (!service.endorsed) throw new NotEndorsedError({ provider });
        }),
      };
    },
    io,
  );
});
