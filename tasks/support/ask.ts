/** One paid question to a provider, whatever it sells: plan, ask, prove, keep a receipt, show the answer. */

import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { borderOf } from "../../lib/border.ts";
import { genesisHash } from "../../lib/chain/connect.ts";
import { ask, serviceFeeAtMost, type ServiceResult } from "../../lib/compute/ask.ts";
import { askAsJob } from "../../lib/compute/async-job.ts";
import { NoSubAccountError, NotEndorsedError } from "../../lib/compute/errors.ts";
import { requiredLocked } from "../../lib/compute/funding.ts";
import { readSubAccount } from "../../lib/compute/ledger.ts";
import { namedImages, proveAnswer } from "../../lib/compute/prove.ts";
import type { HttpDeps } from "../../lib/compute/provider-http.ts";
import type { Service } from "../../lib/compute/providers.ts";
import { unprovedAnswer, type AnswerParams } from "../../lib/compute/receipt.ts";
import type { ServiceRequest } from "../../lib/compute/service-request.ts";
import { SessionTokens } from "../../lib/compute/session.ts";
import { assertVerified } from "../../lib/compute/verify.ts";
import { makeBill } from "../../lib/flow/bill.ts";
import type { Address } from "../../lib/hex.ts";
import type { Network } from "../../lib/networks.ts";
import type { RequestKind } from "../../lib/protocol/services.ts";
import { assertWritable, writeFileAtomic } from "../../lib/storage/atomic-file.ts";
import { withUnit } from "../../lib/units.ts";
import { refusalOf, type Answer, type TaskIo } from "./action.ts";
import { parseCount, type SpendingArguments } from "./arguments.ts";
import { checkLines, endorsementCheck } from "./checks.ts";
import { withConnection } from "./connection.ts";
import { runtimeFolders, type Folders } from "./folders.ts";
import { allImages, numbered, present, type Presented } from "./present.ts";
import { printable } from "./printable.ts";
import { pickUsableService } from "./providers.ts";
import { receiptName } from "./receipts.ts";
import { approve, billData } from "./spend.ts";
import { openWriter } from "./write.ts";

/** Images are megabytes each, and base64 makes a third more of them. */
const LARGEST_ANSWER = 128 * 1024 * 1024;

export interface Asking {
  readonly kind: RequestKind;
  readonly provider: string | undefined;
  /** Seconds, as typed. */
  readonly timeout: string | undefined;
  /** Builds the request, once it is known whom it goes to and who asks. */
  readonly request: (service: Service, owner: Address) => ServiceRequest;
  /** As a job that is asked for until it is done. */
  readonly asJob?: boolean;
  /** Where the receipt goes, and where what the answer holds. */
  readonly receipt: string | undefined;
  readonly out: string | undefined;
}

function http(network: Network, asking: Asking, io: TaskIo): HttpDeps {
  const timeoutMs = asking.timeout === undefined ? undefined : parseCount(asking.timeout, "timeout", 1) * 1000;
  return {
    border: borderOf(network),
    signal: io.signal,
    maxResponseBytes: LARGEST_ANSWER,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** Asks, and tells on stderr what is going on; the text of a stream goes where the answer goes. */
async function askNow(
  deps: HttpDeps & { readonly session: SessionTokens },
  service: Service,
  request: ServiceRequest,
  asking: Asking,
  io: TaskIo,
): Promise<ServiceResult> {
  io.log(`asking ${service.model} at ${service.provider}`);
  if (asking.asJob === true) {
    const onStatus = ({ jobId, status }: { jobId: string; status: string }) => {
      io.log(`job ${jobId}: ${status}`);
    };
    return askAsJob(deps, { service, request, onStatus });
  }
  if (!request.facts.stream) return ask(deps, { service, request });
  const live = io.json ? process.stderr : process.stdout;
  const result = await ask(deps, { service, request, onText: (text) => live.write(printable(text)) });
  live.write("\n");
  return result;
}

/** Where files will go is known to work before anything is paid for. */
async function assertPlaces(asking: Asking, request: ServiceRequest, folders: Folders | undefined): Promise<void> {
  const { receipt, out } = asking;
  const receiptPlace = receipt ?? (folders === undefined ? undefined : path.join(folders.receipts, "receipt.json"));
  const count = Math.max(1, request.facts.images);
  const outputs = out === undefined ? [] : Array.from({ length: count }, (_, i) => numbered(out, i, count));
  for (const place of [receiptPlace, ...outputs]) if (place !== undefined) await assertWritable(place, "private");
}

async function writeJson(file: string, value: object): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`, "private");
}

/** Proves an answer; one that was paid for and cannot be proved yet is kept, whatever the reason. */
async function prove(
  deps: HttpDeps,
  network: Network,
  params: AnswerParams & { readonly result: ServiceResult },
  show: (images: readonly Uint8Array[] | undefined) => Promise<Presented>,
  folders: Folders | undefined,
  io: TaskIo,
) {
  const { result, service } = params;
  let answer = unprovedAnswer(params);
  let images: readonly Uint8Array[] | undefined;
  try {
    images = await namedImages(deps, service, result.images);
    if (images !== undefined) answer = unprovedAnswer({ ...params, images });
    return { ...(await proveAnswer(deps, service, answer)), images };
  } catch (error) {
    for (const line of (await show(images)).text) io.log(`unproved: ${line}`);
    if (folders !== undefined) {
      const name = receiptName(result.startedAt, result.chatId?.id ?? service.provider);
      const file = path.join(folders.answers, name);
      await writeJson(file, answer);
      io.log(`the answer is paid for and kept, unproved, in ${file}`);
      io.log(`prove it later: npx hardhat inference finish ${file} --network ${network.name}`);
    }
    throw error;
  }
}

/** Runs one question from plan to receipt. */
export async function askAndProve(
  args: SpendingArguments,
  hre: HardhatRuntimeEnvironment,
  io: TaskIo,
  asking: Asking,
): Promise<Answer> {
  return withConnection(
    hre,
    async (open) => {
      const { network, read } = open;
      const deps = http(network, asking, io);
      const service = await pickUsableService(open, asking.kind, asking.provider, io);
      const writer = await openWriter(open, args, io);
      const { ctx, owner } = writer;
      const request = asking.request(service, owner);
      const fee = serviceFeeAtMost(service, request);
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

      const folders = runtimeFolders(hre, network);
      await assertPlaces(asking, request, folders);
      const session = new SessionTokens({ network, provider: read.provider, signer: ctx.signer });
      const result = await askNow({ ...deps, session }, service, request, asking, io);
      const params = { network, genesisHash: await genesisHash(read.provider), service, result };
      const name = receiptName(result.startedAt, result.chatId?.id ?? provider);
      const show = async (images: readonly Uint8Array[] | undefined) =>
        present({
          request,
          answer: result,
          responseBytes: result.responseBytes,
          images: allImages(result, images),
          out: asking.out,
          stem: folders === undefined ? undefined : path.join(folders.outputs, path.parse(name).name),
          printed: request.facts.stream,
        });
      const { receipt, verification, images } = await prove(deps, network, params, show, folders, io);
      const endorsement = endorsementCheck(service);
      const file = asking.receipt ?? (folders === undefined ? undefined : path.join(folders.receipts, name));
      if (file !== undefined) await writeJson(file, receipt);
      const shown = await show(images);
      return {
        data: {
          ...common,
          ...shown.data,
          fee: result.fee.fee,
          verification,
          endorsement,
          // Of images it is megabytes, and where it is kept is said below.
          ...(asking.kind === "chat" || file === undefined ? { receipt } : {}),
          file,
        },
        text: [
          ...shown.text,
          "",
          ...checkLines([...verification.checks, endorsement]),
          `fee ${withUnit(result.fee.fee)}`,
          file === undefined
            ? `the receipt is not kept: this network lives in the process (${asking.kind === "chat" ? "--out" : "--receipt"} keeps it)`
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
}
