/** What the gateway spends, written down before it is spent: one line a fact, appended, readable by the owner only. */

import { appendFileSync, closeSync, createReadStream, existsSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { z } from "zod";

import { addressSchema } from "../hex-schema.ts";
import type { Address } from "../hex.ts";
import { dropCutLine } from "../line-file.ts";
import type { TopUpRecord, TopUpRecords } from "../compute/top-up.ts";
import { SpendingLogError } from "./errors.ts";

/** How an attempt at a provider ended. Everything but the first two is billed as the worst case, for nobody can know. */
export type Outcome = "answered" | "refused" | "unreachable" | "timed-out" | "cut" | "left" | "unreadable";

/** A request about to be sent to a provider. Amounts in neuron. */
export interface Asked {
  readonly id: string;
  readonly client: string;
  readonly provider: Address;
  readonly endpoint: string;
  readonly worst: bigint;
}

export interface Answered {
  readonly id: string;
  readonly outcome: Outcome;
  /** As the provider will bill it, or the worst case where `assumed`. */
  readonly fee: bigint;
  readonly assumed: boolean;
  /** The provider's, when it answered. */
  readonly status?: number;
  readonly chatId?: string;
}

/** What the gateway needs of the log. */
export interface SpendingLog {
  /** Resolves when it is written. @throws {SpendingLogError} when it cannot be; then nothing may be sent. */
  asked(entry: Asked): Promise<void>;
  answered(entry: Answered): void;
  /** What became of checking an answer. */
  checked(entry: { readonly id: string; readonly verdict: string; readonly reason?: string }): void;
}

/** Fees of earlier runs, by client. Requests whose end was never written count with their worst case. */
export type SpentBefore = ReadonlyMap<string, bigint>;

const amount = z.string().regex(/^\d{1,78}$/);
const lineSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("asked"),
    at: z.number(),
    id: z.string(),
    client: z.string(),
    provider: addressSchema,
    worst: amount,
  }),
  z.object({ event: z.literal("answered"), id: z.string(), fee: amount, assumed: z.boolean() }),
  z.object({ event: z.literal("checked"), id: z.string() }),
]);

/** The log in a file. Lines of one turn of the event loop are written together, so that many requests cost one write. */
export class FileSpendingLog implements SpendingLog {
  readonly file: string;
  readonly #clock: () => number;
  readonly #descriptor: number;
  #lines: string[] = [];
  #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #scheduled = false;
  #unwritten = Buffer.alloc(0);
  #broken: SpendingLogError | undefined;

  constructor(file: string, clock: () => number = Date.now) {
    this.file = file;
    this.#clock = clock;
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      dropCutLine(file);
      this.#descriptor = openSync(file, "a", 0o600);
    } catch (error) {
      throw new SpendingLogError({ file, problem: "cannot be opened for writing" }, error);
    }
  }

  async asked({ id, client, provider, endpoint, worst }: Asked): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#add({ event: "asked", at: this.#clock(), id, client, provider, endpoint, worst: worst.toString() });
    });
  }

  answered({ fee, ...entry }: Answered): void {
    this.#add({ event: "answered", at: this.#clock(), ...entry, fee: fee.toString() });
  }

  checked(entry: { readonly id: string; readonly verdict: string; readonly reason?: string }): void {
    this.#add({ event: "checked", at: this.#clock(), ...entry });
  }

  /** Writes what is left. */
  close(): void {
    this.#write();
    closeSync(this.#descriptor);
  }

  #add(line: object): void {
    this.#lines.push(`${JSON.stringify(line)}\n`);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#write());
  }

  #write(): void {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    let bytes = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    if (this.#unwritten.length > 0) bytes = Buffer.concat([this.#unwritten, bytes]);
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#descriptor, bytes, at);
      this.#broken = undefined;
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      // What is left is tried again with the next line; until that succeeds nothing more is spent.
      this.#broken = new SpendingLogError({ file: this.file, problem: "cannot be written" }, error);
      for (const { reject } of waiting) reject(this.#broken);
    }
    this.#unwritten = bytes.subarray(at);
  }
}

/** A request that the gateway sent, and what it cost; in the worst case where nobody can know. */
export interface SpentRequest extends Pick<Asked, "id" | "client" | "provider"> {
  /** Neuron. */
  readonly fee: bigint;
  readonly assumed: boolean;
  /** Unix milliseconds. */
  readonly at: number;
}

/**
 * Reads what was asked for and what it cost; those whose end was never written last. A last line that a kill cut off is
 * dropped: what it was about was never sent.
 * @throws {SpendingLogError} for any other line that is none of ours.
 */
export async function* spentRequests(file: string): AsyncGenerator<SpentRequest> {
  if (!existsSync(file)) return;
  const open = new Map<string, SpentRequest>();
  let number = 0;
  let broken: SpendingLogError | undefined;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (broken !== undefined) throw broken;
    number += 1;
    const parsed = lineSchema.safeParse(jsonOf(text));
    if (!parsed.success) {
      broken = new SpendingLogError({ file, problem: `holds something else on line ${number}` }, parsed.error);
      continue;
    }
    const line = parsed.data;
    if (line.event === "asked") {
      const { id, client, provider, at, worst } = line;
      open.set(id, { id, client, provider, at, fee: BigInt(worst), assumed: true });
    } else if (line.event === "answered") {
      const asked = open.get(line.id);
      open.delete(line.id);
      if (asked !== undefined) yield { ...asked, fee: BigInt(line.fee), assumed: line.assumed };
    }
  }
  yield* open.values();
}

/** Adds up what each client has spent. @throws {SpendingLogError} as {@link spentRequests} does. */
export async function readSpending(file: string): Promise<SpentBefore> {
  const spent = new Map<string, bigint>();
  for await (const { client, fee } of spentRequests(file)) spent.set(client, (spent.get(client) ?? 0n) + fee);
  return spent;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // JSON.parse throws for nothing else
  }
}

const topUpSchema = z.object({ at: z.number(), user: addressSchema, provider: addressSchema, amount });

/** Top-ups in a file beside the log, shared by all processes of the user. */
export class FileTopUpRecords implements TopUpRecords {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async since(at: number, user: Address, provider: Address): Promise<readonly TopUpRecord[]> {
    if (!existsSync(this.#file)) return [];
    const records: TopUpRecord[] = [];
    let number = 0;
    for await (const text of createInterface({ input: createReadStream(this.#file), crlfDelay: Infinity })) {
      number += 1;
      const parsed = topUpSchema.safeParse(jsonOf(text));
      if (!parsed.success) {
        throw new SpendingLogError(
          { file: this.#file, problem: `holds something else on line ${number}` },
          parsed.error,
        );
      }
      const record = { ...parsed.data, amount: BigInt(parsed.data.amount) };
      if (record.at >= at && record.user === user && record.provider === provider) records.push(record);
    }
    return records;
  }

  async add(record: TopUpRecord): Promise<void> {
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const line = JSON.stringify({ ...record, amount: record.amount.toString() });
    appendFileSync(this.#file, `${line}\n`, { mode: 0o600, flush: true });
  }
}
