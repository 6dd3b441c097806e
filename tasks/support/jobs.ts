/** What the job tasks share: where jobs are, how a task is told from options, how jobs are shown. */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { setting } from "../../lib/env.ts";
import { UsageError } from "../../lib/errors.ts";
import type { JobStatusView } from "../../lib/jobs/jobs.ts";
import { RemoteJobs } from "../../lib/jobs/remote.ts";
import { JobStore } from "../../lib/jobs/store.ts";
import { parseTask, type JobTask } from "../../lib/jobs/task.ts";
import type { Network } from "../../lib/networks.ts";
import { isAlive } from "../../lib/process-lock.ts";
import { withUnit } from "../../lib/units.ts";
import { parseCount } from "./arguments.ts";
import { selectedNetwork } from "./connection.ts";
import { runtimeFolders } from "./folders.ts";

export interface JobFiles {
  readonly store: string;
  readonly serverKey: string;
}

/** @throws {UsageError} on a network that ends with the command: no job of it could be worked or looked at later. */
export function jobFiles(hre: HardhatRuntimeEnvironment, network: Network): JobFiles {
  const folder = runtimeFolders(hre, network)?.jobs;
  if (folder !== undefined) return { store: path.join(folder, "jobs.db"), serverKey: path.join(folder, "server.key") };
  throw new UsageError({
    message: `The chain of ${network.name} ends with this command, and its jobs with it`,
    remedy: "Run npx hardhat galileo up in another terminal, and use --network localhost.",
    details: { network: network.name },
  });
}

/** This machine, to tell workers of it from others. */
export const HOST = hostname();

/** Opens the jobs of a network for as long as `use` takes. @throws {JobStoreError} {@link UsageError} */
export async function withStore<T>(
  hre: HardhatRuntimeEnvironment,
  use: (store: JobStore, files: JobFiles) => Promise<T>,
): Promise<T> {
  const files = jobFiles(hre, selectedNetwork(hre));
  const store = new JobStore(files.store, { clock: Date.now, isAlive, host: HOST });
  try {
    return await use(store, files);
  } finally {
    store.close();
  }
}

/** Seconds that `--timeout` or the variable gives, as milliseconds. @throws {UsageError} */
export function waitingTime(text: string | undefined): number {
  if (text !== undefined) return parseCount(text, "timeout") * 1000;
  const found = setting("ZEROG_TIMEOUT_SECONDS");
  const seconds = found !== undefined && /^\d{1,6}$/.test(found.value) ? Number(found.value) : 0;
  if (seconds > 0) return seconds * 1000;
  throw new UsageError({
    message: "ZEROG_TIMEOUT_SECONDS is not a whole number of at least 1",
    remedy: "Give seconds, such as 300.",
  });
}

/** The job server that is named, if any. */
export function remoteUrl(option: string | undefined): string | undefined {
  const url = option ?? setting("ZEROG_GRPC_URL")?.value;
  return url === undefined || url.trim() === "" ? undefined : url.trim();
}

/** Uses a job server elsewhere. @throws {JobServerUrlError} */
export async function withRemote<T>(url: string, use: (jobs: RemoteJobs) => Promise<T>): Promise<T> {
  const key = setting("ZEROG_API_KEY")?.value;
  const jobs = await RemoteJobs.open({ url, key, timeoutMs: waitingTime(undefined), random: randomBytes });
  try {
    return await use(jobs);
  } finally {
    jobs.close();
  }
}

/** The options that describe a task. */
export interface TaskArguments {
  readonly task: string;
  readonly type: string | undefined;
  readonly model: string | undefined;
  readonly prompt: string | undefined;
  readonly system: string | undefined;
  readonly maxTokens: string | undefined;
  readonly inputs: string | undefined;
}

function jsonObject(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // JSON.parse throws for nothing else than a text that is none
  }
  throw new UsageError({
    message: `${what} is no JSON object`,
    remedy: 'Give one such as {"prompt":"What is 2+2?"}; docs/jobs.md lists what each type takes.',
  });
}

async function taskFile(file: string): Promise<Record<string, unknown>> {
  if (file === "") return {};
  try {
    return jsonObject(await readFile(file, "utf8"), file);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const remedy = "Give a JSON file in the form of docs/jobs.md, or use --prompt.";
    throw new UsageError({ message: `${file} cannot be read`, remedy, details: { file }, cause });
  }
}

/**
 * The task of a file, changed by what the options say.
 * @throws {UsageError} {@link JobTaskError} {@link JobUnsupportedError}
 */
export async function taskOf(args: TaskArguments): Promise<JobTask> {
  const { type, model, prompt, system, maxTokens } = args;
  const file = await taskFile(args.task);
  const { inputs: given = {}, ...rest } = file;
  const named = { prompt, system, max_tokens: maxTokens };
  const inputs = {
    ...(typeof given === "object" ? given : {}),
    ...(args.inputs === undefined ? {} : jsonObject(args.inputs, "--inputs")),
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
  };
  if (Object.keys(file).length === 0 && Object.keys(inputs).length === 0) {
    throw new UsageError({
      message: "There is no task",
      remedy: 'Give a JSON file, or --prompt: npx hardhat job submit --prompt "What is 2+2?"',
    });
  }
  return parseTask({
    task_type: "inference",
    ...rest,
    ...(type === undefined ? {} : { task_type: type }),
    ...(model === undefined ? {} : { model }),
    inputs,
  });
}

/** `2026-11-21 18:00:00Z` */
export function timeText(unixSeconds: number): string {
  return new Date(unixSeconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

export function statusRows({ job_id, status, progress, message, updated_at }: JobStatusView) {
  return [
    ["job", job_id],
    ["status", status],
    ["progress", `${progress} %`],
    ["message", message],
    ["updated", timeText(updated_at)],
  ] as const;
}

/** What a job cost, for people. */
export function spentText({ amount, assumed }: { readonly amount: string; readonly assumed: boolean }): string {
  return `${assumed ? "up to " : ""}${withUnit(BigInt(amount))}`;
}
