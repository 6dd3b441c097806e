/**
 * The book of what was spent: append-only, one entry a line, on the disk before the money moves. What was reserved and
 * never settled counts in full, so that a crash can only count too much.
 */

import { z } from "zod";

import { exclusively, type Exclusively } from "../exclusively.ts";
import { addressSchema } from "../hex-schema.ts";
import type { Address } from "../hex.ts";
import { appendLines, dropCutLine, readWholeLines } from "../line-file.ts";
import { BudgetBookError } from "./errors.ts";

/** An expense that is about to be made. Amounts in neuron. */
export interface Reserved {
  readonly event: "reserved";
  readonly id: string;
  /** ISO 8601. An expense counts on the day it was reserved. */
  readonly at: string;
  readonly run: string;
  readonly what: string;
  /** Whom it pays. Absent: gas and storage. */
  readonly provider?: Address;
  readonly worst: bigint;
}

/** What became of it: 0 when nothing was spent. */
export interface Settled {
  readonly event: "settled";
  readonly id: string;
  readonly actual: bigint;
}

export type BookEntry = Reserved | Settled;

export interface Sum {
  readonly spent: bigint;
  /** At worst, of what is under way or was never settled. */
  readonly reserved: bigint;
}

const NOTHING: Sum = { spent: 0n, reserved: 0n };

/** The UTC day of a time in ISO 8601. */
export function utcDay(iso: string): string {
  return iso.slice(0, 10);
}

/** The sums of a book, kept up entry by entry. */
export class Tally {
  readonly #sums = new Map<string, Sum>();
  readonly #open = new Map<string, Reserved>();

  ofDay(day: string): Sum {
    return this.#sums.get(`day ${day}`) ?? NOTHING;
  }

  ofProvider(provider: Address): Sum {
    return this.#sums.get(`provider ${provider}`) ?? NOTHING;
  }

  ofRun(run: string): Sum {
    return this.#sums.get(`run ${run}`) ?? NOTHING;
  }

  /** What was reserved for a run and is not settled. */
  openOf(run: string): readonly Reserved[] {
    return [...this.#open.values()].filter((reserved) => reserved.run === run);
  }

  isOpen(id: string): boolean {
    return this.#open.has(id);
  }

  /** The first settlement of a reservation counts, and no other. */
  add(entry: BookEntry): void {
    if (entry.event === "reserved") {
      this.#open.set(entry.id, entry);
      this.#count(entry, { spent: 0n, reserved: entry.worst });
      return;
    }
    const reserved = this.#open.get(entry.id);
    if (reserved === undefined) return;
    this.#open.delete(entry.id);
    this.#count(reserved, { spent: entry.actual, reserved: -reserved.worst });
  }

  #count({ at, provider, run }: Reserved, more: Sum): void {
    const keys = [`day ${utcDay(at)}`, `run ${run}`, ...(provider === undefined ? [] : [`provider ${provider}`])];
    for (const key of keys) {
      const { spent, reserved } = this.#sums.get(key) ?? NOTHING;
      this.#sums.set(key, { spent: spent + more.spent, reserved: reserved + more.reserved });
    }
  }
}

export interface Book {
  /**
   * Lets `decide` see all that was spent, by every process, and writes down what it answers before anybody else decides.
   * Durable when it resolves. What `decide` throws is thrown, and then nothing is written.
   */
  write(decide: (tally: Tally) => readonly BookEntry[]): Promise<void>;
  /** All that was spent until now. */
  read(): Tally;
}

/** A book that ends with the process, for networks that do. */
export class MemoryBook implements Book {
  readonly #tally = new Tally();

  async write(decide: (tally: Tally) => readonly BookEntry[]): Promise<void> {
    for (const entry of decide(this.#tally)) this.#tally.add(entry);
    return Promise.resolve();
  }

  read(): Tally {
    return this.#tally;
  }
}

const amount = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);
const entrySchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("reserved"),
    id: z.string(),
    at: z.iso.datetime(),
    run: z.string(),
    what: z.string(),
    provider: addressSchema.optional(),
    worst: amount,
  }),
  z.object({ event: z.literal("settled"), id: z.string(), actual: amount }),
]);

interface Waiting {
  readonly decide: (tally: Tally) => readonly BookEntry[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Held for the length of a few writes only. */
const LOCK_POLL_MS = 10;

/** A book in a file that all processes share. What is decided while another write waits goes to the disk together. */
export class FileBook implements Book {
  readonly file: string;
  readonly #alone: Exclusively;
  #tally = new Tally();
  #read = 0;
  #line = 0;
  #waiting: Waiting[] = [];

  constructor(file: string, signal?: AbortSignal) {
    this.file = file;
    this.#alone = exclusively(`${file}.lock`, { pollMs: LOCK_POLL_MS, ...(signal === undefined ? {} : { signal }) });
  }

  async write(decide: Waiting["decide"]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ decide, resolve, reject });
      if (this.#waiting.length > 1) return;
      const work = async () => {
        this.#flush();
        return Promise.resolve();
      };
      this.#alone("write down what is spent", work).catch((error: unknown) => {
        for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
      });
    });
  }

  /** @throws {BudgetBookError} */
  read(): Tally {
    this.#catchUp();
    return this.#tally;
  }

  /** One at a time, here and in all processes. */
  #flush(): void {
    const waiting = this.#waiting.splice(0);
    const written: Waiting[] = [];
    try {
      this.#catchUp();
      const entries: BookEntry[] = [];
      for (const each of waiting) {
        try {
          const decided = each.decide(this.#tally);
          for (const entry of decided) this.#tally.add(entry);
          entries.push(...decided);
          written.push(each);
        } catch (error) {
          each.reject(error);
        }
      }
      if (entries.length > 0) this.#append(entries);
    } catch (error) {
      // What is in memory is no longer what is on the disk: the next one reads everything again.
      this.#forget();
      for (const each of waiting) each.reject(error);
      return;
    }
    for (const each of written) each.resolve();
  }

  #append(entries: readonly BookEntry[]): void {
    dropCutLine(this.file, this.#read);
    const lines = entries.map((entry) =>
      JSON.stringify(entry, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
    );
    appendLines(this.file, lines);
    this.#line += lines.length;
    this.#read += lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0);
  }

  #forget(): void {
    this.#tally = new Tally();
    this.#read = 0;
    this.#line = 0;
  }

  #catchUp(): void {
    let found = readWholeLines(this.file, this.#read);
    if (found.size < this.#read) {
      this.#forget(); // somebody restored the file or took it away
      found = readWholeLines(this.file);
    }
    for (const text of found.lines) {
      this.#line += 1;
      this.#tally.add(this.#parse(text, this.#line));
    }
    this.#read = found.whole;
  }

  #parse(text: string, line: number): BookEntry {
    const parsed = entrySchema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    this.#forget();
    throw new BudgetBookError({ file: this.file, problem: `holds something else on line ${line}` }, parsed.error);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // JSON.parse throws for nothing else
  }
}
