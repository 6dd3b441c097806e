/** What to ask, from the options of a task. */

import { readFile } from "node:fs/promises";

import { z } from "zod";

import { UsageError } from "../../lib/errors.ts";
import type { Question } from "../../lib/flow/question.ts";
import type { ChatMessage } from "../../lib/protocol/chat.ts";
import { parseCount, PROMPT } from "./arguments.ts";

export interface PromptArguments {
  readonly prompt: string | undefined;
  readonly system: string | undefined;
  readonly messages: string | undefined;
  readonly maxTokens: string;
  readonly temperature?: string | undefined;
  readonly provider: string | undefined;
}

const MESSAGES = z
  .array(
    z.object({ role: z.string().min(1), content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]) }),
  )
  .min(1);

async function messagesFrom(file: string): Promise<readonly ChatMessage[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError({ message: `${file} cannot be read`, remedy: "Give a JSON file.", details: { file }, cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError({ message: `${file} is not JSON`, remedy: "Correct the file.", details: { file }, cause });
  }
  const parsed = MESSAGES.safeParse(value);
  if (!parsed.success) {
    throw new UsageError({
      message: `${file} holds no chat: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
      remedy: 'Give a list such as [{"role":"user","content":"What is 2+2?"}].',
      details: { file },
      cause: parsed.error,
    });
  }
  return parsed.data;
}

export function parseTemperature(text: string): number {
  const value = /^\d(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value <= 2)) {
    throw new UsageError({
      message: `--temperature ${JSON.stringify(text)} is not between 0 and 2`,
      remedy: "Give a decimal such as 0.7.",
      details: { temperature: text },
    });
  }
  return value;
}

/**
 * Reads the question from `--prompt` or `--messages`.
 * @param fallback the prompt when neither is given; without one that is an error.
 * @throws {UsageError} for contradicting, missing or malformed options.
 */
export async function parseQuestion(args: PromptArguments, fallback?: string): Promise<Question> {
  if (args.prompt !== undefined && args.messages !== undefined) {
    throw new UsageError({ message: "--prompt and --messages are both given", remedy: "Give one of them." });
  }
  const prompt = args.messages === undefined ? (args.prompt ?? fallback) : undefined;
  if (prompt?.trim() === "" || (prompt === undefined && args.messages === undefined)) {
    throw new UsageError({ message: "There is no question", remedy: 'Add --prompt "What is 2+2?".' });
  }
  const asked = prompt === undefined ? await messagesFrom(args.messages ?? "") : [{ role: "user", content: prompt }];
  const system = args.system === undefined ? [] : [{ role: "system", content: args.system }];
  return {
    messages: [...system, ...asked],
    maxTokens: parseCount(args.maxTokens, "max-tokens", 1),
    ...limitsOf(args),
  };
}

function limitsOf({ temperature, provider }: PromptArguments): Pick<Question, "temperature" | "provider"> {
  return {
    ...(temperature === undefined ? {} : { temperature: parseTemperature(temperature) }),
    ...(provider === undefined ? {} : { provider }),
  };
}

/**
 * The question a run was started with, changed by the options given now: the run refuses one that differs, and so
 * nothing that was typed is passed over in silence.
 * @throws {UsageError} for a system message without the rest of the question.
 */
export function repeatQuestion(question: Question, args: PromptArguments): Question {
  if (args.system !== undefined) {
    throw new UsageError({
      message: "--system is given without --prompt or --messages",
      remedy: "Repeat the whole question, or leave --system out to continue the run.",
    });
  }
  const { maxTokens } = args;
  return {
    ...question,
    ...(maxTokens === PROMPT.maxTokens.defaultValue ? {} : { maxTokens: parseCount(maxTokens, "max-tokens", 1) }),
    ...limitsOf(args),
  };
}
