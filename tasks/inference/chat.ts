import { randomBytes } from "node:crypto";
import path from "node:path";

import { genesisHash } from "../../lib/chain/connect.ts";
import { ChatIdMissingError, NoSubAccountError, NotEndorsedError } from "../../lib/compute/errors.ts";
import { requiredLocked } from "../../lib/compute/funding.ts";
import {
  buildChatRequest,
  chat,
  estimateFee,
  fetchSignature,
  type ChatIdRef,
  type InferenceResult,
  type SignatureDocument,
} from "../../lib/compute/inference.ts";
import { readSubAccount } from "../../lib/compute/ledger.ts";
import type { HttpDeps } from "../../lib/compute/provider-http.ts";
import type { Service } from "../../lib/compute/providers.ts";
import { createReceipt } from "../../lib/compute/receipt.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { assertVerified, verifyInference } from "../../lib/compute/verify.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import { storeResult } from "../../lib/flow/journal.ts";
import { withUnit } from "../../lib/units.ts";
import { assertWritable, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { refusalOf, type Answer, type TaskIo } from "../support/action.ts";
import { parseClaim, parseCount, type SpendingArguments } from "../support/arguments.ts";
import { checkLines, endorsementCheck } from "../support/checks.ts";
import { withConnection } from "../support/connection.ts";
import { runtimeFolders, type Folders } from "../support/folders.ts";
import { printable } from "../support/printable.ts";
import { parseQuestion, type PromptArguments } from "../support/prompt.ts";
import { pickUsableService } from "../support/providers.ts";
import { receiptName } from "../support/receipts.ts";
import { approve, billData } from "../support/spend.ts";
import { openWriter, spendingAction } from "../support/write.ts";

interface Arguments extends SpendingArguments, PromptArguments {
  readonly stream: boolean;
  readonly timeout: string | undefined;
  readonly out: string | undefined;
  readonly claim: string | undefined;
}

/** Fetches the signature; an answer that was paid for and cannot be proved yet is kept, whatever the reason. */
async function prove(
  http: HttpDeps,
  service: Service,
  result: InferenceResult,
  folders: Folders | undefined,
  io: TaskIo,
): Promise<{ chatId: ChatIdRef; signature: SignatureDocument }> {
  const { provider } = service;
  const { chatId } = result;
  try {
    if (chatId === undefined) throw new ChatIdMissingError({ provider });
    return { chatId, signature: await fetchSignature(http, service, chatId) };
  } catch (error) {
    if (folders === undefined) io.log(`the answer, paid for and unproved: ${result.content}`);
    else {
      const file = path.join(folders.answers, receiptName(result.startedAt, chatId?.id ?? provider));
      await writeFileAtomic(file, `${JSON.stringify(storeResult(result), null, 2)}\n`, "private");
      io.log(`the answer is paid for and kept, unproved, in ${file}`);
    }
    throw error;
  }
}

export default spendingAction<Arguments>(async (args, hre, io): Promise<Answer> => {
  const question = await parseQuestion(args);
  const claim = parseClaim(args.claim);
  const timeoutMs = args.timeout === undefined ? undefined : parseCount(args.timeout, "timeout", 1) * 1000;
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const service = await pickUsableService(open, question.provider, io);
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const { messages, maxTokens, temperature } = question;
      const requestBytes = buildChatRequest({
        model: service.model,
        messages,
        maxTokens,
        stream: args.stream,
        ...(temperature === undefined ? {} : { temperature }),
        ...(claim === "bound" ? { boundTo: owner } : {}),
        random: randomBytes,
      });
      const fee = estimateFee(service, requestBytes, maxTokens);
      const account = await readSubAccount(read, owner, service.provider);
      if (account === undefined) {
        throw new NoSubAccountError({ user: owner, provider: service.provider, minimum: requiredLocked(0n, fee) });
      }
      const bill = makeBill([
        {
          what: `one answer of ${service.model}`,
          amount: fee,
          from: "fee",
          note: `at most, from the sub-account, which holds ${withUnit(account.spendable)}`,
        },
      ]);
      const { provider, model } = service;
      const common = { network: network.name, mode: network.mode, user: owner, provider, model, plan: billData(bill) };
      if (!(await approve(bill, args, writer, io, "ask"))) {
        return { data: { ...common, dryRun: true }, text: ["dry run: nothing was sent"] };
      }

      const folder = runtimeFolders(hre, network)?.receipts;
      const place = args.out ?? (folder === undefined ? undefined : path.join(folder, "receipt.json"));
      if (place !== undefined) await assertWritable(place, "private");
      const http = { signal: io.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
      const session = new SessionTokens({ network, provider: read.provider, signer: ctx.signer });
      const live = io.json ? process.stderr : process.stdout;
      const result = await chat(
        { ...http, session },
        {
          service,
          requestBytes,
          stream: args.stream,
          ...(args.stream ? { onDelta: (text) => live.write(printable(text)) } : {}),
        },
      );
      if (args.stream) live.write("\n");
      const { chatId, signature } = await prove(http, service, result, runtimeFolders(hre, network), io);
      const { responseBytes } = result;
      const verification = verifyInference({ service, requestBytes, responseBytes, signature });
      const endorsement = endorsementCheck(service);
      const genesis = await genesisHash(read.provider);
      const receipt = createReceipt({ network, genesisHash: genesis, service, result, signature, verification });
      const file =
        args.out ?? (folder === undefined ? undefined : path.join(folder, receiptName(result.startedAt, chatId.id)));
      if (file !== undefined) {
        await writeFileAtomic(file, new TextEncoder().encode(`${JSON.stringify(receipt, null, 2)}\n`), "private");
      }
      return {
        data: {
          ...common,
          content: result.content,
          usage: result.usage,
          fee: result.fee.fee,
          verification,
          endorsement,
          receipt,
          file,
        },
        text: [
          ...(args.stream ? [] : [result.content]),
          "",
          ...checkLines([...verification.checks, endorsement]),
          `fee ${withUnit(result.fee.fee)}`,
          file === undefined
            ? "the receipt is not kept: this network lives in the process (--out keeps it)"
            : `receipt ${file}`,
        ],
        refusal: refusalOf(() => {
          assertVerified(provider, verification);
          if (!service.endorsed) throw new NotEndorsedError({ provider });
        }),
      };
    },
    io,
  );
});
