/** The lines of a batch file: what to ask, one item a line. */

import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

import { z } from "zod";

import { UsageError } from "../errors.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import type { ChatMessage } from "../protocol/chat.ts";
import { BatchLineError } from "./errors.ts";

/** One thing to ask. */
export interface BatchItem {
  /** Its place in the file, from 0. */
  readonly seq: number;
  /** As the file names it, else the number of its line. */
  readonly id: string;
  readonly messages: readonly ChatMessage[];
  /** Bounds the price of the answer. */
  readonly maxTokens: number;
  readonly temperature?: number;
}

/** What holds for a line that says nothing else. */
export interface ItemDefaults {
  readonly maxTokens: number;
  readonly temperature?: number;
  /** Put before every item that has no system message of its own. */
  readonly system?: string;
}

export const MOST_ITEMS = 100_000;
export const LARGEST_LINE = 1024 * 1024;
const LARGEST_FILE = 256 * 1024 * 1024;
const LONGEST_ID = 128;

const lineSchema = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(LONGEST_ID)
      .regex(/^[\x21-\x7e]+$/, "has blanks or characters outside ASCII")
      .optional(),
    prompt: z.string().min(1).optional(),
    system: z.string().min(1).optional(),
    messages: z
      .array(
        z.looseObject({
          role: z.string().min(1),
          content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]),
        }),
      )
      .min(1)
      .optional(),
    maxTokens: z.int().min(1).max(10_000_000).optional(),
    temperature: z.number().min(0).max(2).optional(),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    error: "it must have either prompt or messages",
  });

/**
 * Reads a batch file.
 * @throws {UsageError} when it cannot be read, is too large or holds nothing. {@link BatchLineError} naming the line.
 */
export async function readItems(file: string, defaults: ItemDefaults): Promise<readonly BatchItem[]> {
  let text: string;
  try {
    const handle = await open(file, "r");
    try {
      const { size } = await handle.stat();
      if (size > LARGEST_FILE) throw tooLarge(file, size);
      text = new TextDecoder("utf-8", { fatal: true }).decode(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError({
      message: `${file} cannot be read as text`,
      remedy: 'Give a file with one JSON object a line, such as {"prompt":"What is 2+2?"}.',
      details: { file },
      cause,
    });
  }
  return parseItems(text, file, defaults);
}

function tooLarge(file: string, size: number): UsageError {
  return new UsageError({
    message: `${file} has ${size} bytes, more than the ${LARGEST_FILE} of one batch`,
    remedy: "Split it into several batches.",
    details: { file, size, limit: LARGEST_FILE },
  });
}

/**
 * Parses the text of a batch file. Empty lines are passed over; they count as lines.
 * @throws {BatchLineError} {@link UsageError}
 */
export function parseItems(text: string, file: string, defaults: ItemDefaults): readonly BatchItem[] {
  const items: BatchItem[] = [];
  const lines = new Map<string, number>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const number = index + 1;
    if (items.length === MOST_ITEMS) {
      throw new BatchLineError({ file, line: number, problem: `a batch has at most ${MOST_ITEMS} items` });
    }
    const item = parseLine(line, { file, line: number, seq: items.length }, defaults);
    const before = lines.get(item.id);
    if (before !== undefined) {
      throw new BatchLineError({ file, line: number, problem: `its id ${item.id} is that of line ${before}` });
    }
    lines.set(item.id, number);
    items.push(item);
  }
  if (items.length > 0) return items;
  throw new UsageError({
    message: `${file} holds no item`,
    remedy: 'Give one JSON object a line, such as {"prompt":"What is 2+2?"}.',
    details: { file },
  });
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly seq: number;
}

function parseLine(text: string, { file, line, seq }: Place, defaults: ItemDefaults): BatchItem {
  if (Buffer.byteLength(text) > LARGEST_LINE) {
    throw new BatchLineError({ file, line, problem: `it is longer than ${LARGEST_LINE} bytes` });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new BatchLineError({ file, line, problem: "it is not JSON" }, cause);
  }
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) {
    const problem = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ");
    throw new BatchLineError({ file, line, problem }, parsed.error);
  }
  const { id, prompt, messages, maxTokens, temperature, system } = parsed.data;
  const asked: readonly ChatMessage[] = messages ?? [{ role: "user", content: prompt ?? "" }];
  const instruction = system ?? (asked.some(({ role }) => role === "system") ? undefined : defaults.system);
  const heat = temperature ?? defaults.temperature;
  return {
    seq,
    id: id ?? String(line),
    messages: instruction === undefined ? asked : [{ role: "system", content: instruction }, ...asked],
    maxTokens: maxTokens ?? defaults.maxTokens,
    ...(heat === undefined ? {} : { temperature: heat }),
  };
}

/** One text for one item, whatever the order of its keys. */
export function itemText({ seq: _seq, ...item }: BatchItem): string {
  return canonicalJson(item);
}

/** What tells two batches apart: SHA-256 over all items in their order. */
export function itemsDigest(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\n");
  return hash.digest("hex");
}
