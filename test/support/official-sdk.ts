/**
 * A program as a user of the official SDK writes one. It runs in a process of its own, because the SDK prints on stdout
 * and keeps timers; what it found goes to file descriptor 3.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import type { Address, Hex } from "../../lib/hex.ts";

export interface SdkJob {
  readonly rpc: string;
  readonly privateKey: Hex;
  /** 0G; the SDK takes numbers. Absent: nothing. */
  readonly deposit?: number;
  /** Gets 2 0G, which is what the SDK wants there, and an acknowledgement. */
  readonly fund: readonly Address[];
  readonly questions: readonly { readonly provider: Address; readonly prompt: string; readonly stream?: boolean }[];
  /** Where to put the report of the first funded provider; absent, it is not fetched. */
  readonly reportFolder?: string;
}

export interface SdkFindings {
  readonly listed: readonly string[];
  readonly acknowledged: readonly boolean[];
  readonly answers: readonly {
    readonly endpoint: string;
    readonly model: string;
    readonly authorization: string;
    readonly status: number;
    readonly body: string;
    readonly chatId: string | null;
    /** What `processResponse` said. */
    readonly valid: boolean | null;
  }[];
  readonly report?: { readonly signersMatch: boolean; readonly composePassed: boolean };
}

const REPORT_FD = 3;
const TWO_0G = 2n * 10n ** 18n;
/** With a gas price the SDK does not wait a second before every transaction. Wei. */
const GAS_PRICE = 3_000_000_000;
const THIS_FILE = fileURLToPath(import.meta.url);

async function work(job: SdkJob): Promise<SdkFindings> {
  const [{ createZGComputeNetworkBroker }, { JsonRpcProvider, Wallet }] = await Promise.all([
    import("@0gfoundation/0g-compute-ts-sdk"),
    import("ethers"),
  ]);
  // ethers' answer cache serves stale nonces on a chain that mines at once.
  const rpc = new JsonRpcProvider(job.rpc, undefined, { cacheTimeout: -1 });
  const wallet = new Wallet(job.privateKey, rpc);
  const broker = await createZGComputeNetworkBroker(
    // The SDK's declarations name the CommonJS build of the same ethers.
    wallet as unknown as Parameters<typeof createZGComputeNetworkBroker>[0],
    ...[undefined, undefined, undefined, GAS_PRICE],
  );

  const listed = (await broker.inference.listService()).map(({ provider }) => provider);
  if (job.deposit !== undefined) await broker.ledger.depositFund(job.deposit);
  const acknowledged: boolean[] = [];
  for (const provider of job.fund) {
    await broker.ledger.transferFund(provider, "inference", TWO_0G);
    await broker.inference.acknowledgeProviderSigner(provider);
    acknowledged.push(await broker.inference.acknowledged(provider));
  }

  const answers: SdkFindings["answers"][number][] = [];
  for (const { provider, prompt, stream = false } of job.questions) {
    const { endpoint, model } = await broker.inference.getServiceMetadata(provider);
    const headers = { ...(await broker.inference.getRequestHeaders(provider)) };
    const response = await fetch(`${endpoint}/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify({ model, stream, messages: [{ role: "user", content: prompt }] }),
    });
    const body = await response.text();
    const chatId = response.headers.get("ZG-Res-Key");
    const valid = await broker.inference.processResponse(provider, chatId ?? undefined);
    const authorization = headers["Authorization"];
    answers.push({ endpoint, model, authorization, status: response.status, body, chatId, valid });
  }

  const [provider] = job.fund;
  if (job.reportFolder === undefined || provider === undefined) return { listed, acknowledged, answers };
  const found = await broker.inference.verifyService(provider, job.reportFolder);
  const signersMatch = found?.signerVerification?.allMatch === true;
  const composePassed = found?.composeVerification?.passed === true;
  return { listed, acknowledged, answers, report: { signersMatch, composePassed } };
}

/** Runs the SDK in a child process. */
export async function runOfficialSdk(job: SdkJob): Promise<SdkFindings> {
  const args = ["--import", import.meta.resolve("tsx"), THIS_FILE, JSON.stringify(job)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let printed = "";
  let found = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
  }
  const findings = child.stdio[REPORT_FD] as Readable;
  findings.setEncoding("utf8").on("data", (chunk: string) => (found += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || found === "") throw new Error(`the SDK's program ended with ${String(code)}:\n${printed}`);
  return JSON.parse(found) as SdkFindings;
}

// Test runners load this file, too; then it is only a module.
if (process.argv[1] === THIS_FILE) {
  const findings = await work(JSON.parse(process.argv[2] ?? "") as SdkJob);
  writeSync(REPORT_FD, JSON.stringify(findings));
  process.exit(0); // the SDK's timers would keep it
}
