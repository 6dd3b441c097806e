/** From a task's inputs, which are texts, to the request that is sent to a provider. */

import { z } from "zod";

import {
  buildChatRequest,
  editRequest,
  embeddingRequest,
  imageRequest,
  serviceRequest,
  transcriptionRequest,
  type RandomSource,
  type ServiceRequest,
  type Upload,
} from "../compute/service-request.ts";
import type { ChatMessage } from "../protocol/chat.ts";
import { TRANSCRIPTION_FORMATS } from "../protocol/transcription.ts";
import { JobTaskError } from "./errors.ts";
import type { JobTask, TaskType } from "./task.ts";

/** Most tokens of an answer when the task sets no bound: it bounds the price. */
export const DEFAULT_MAX_TOKENS = 512;
const LONGEST_COUNT = /^\d{1,9}$/;

/** The inputs each type takes; any other is refused by name. */
export const INPUTS: Readonly<Record<TaskType, readonly string[]>> = {
  inference: ["prompt", "messages", "system", "max_tokens", "temperature"],
  embedding: ["input", "inputs", "dimensions"],
  image: ["prompt", "n", "size"],
  edit: ["prompt", "image", "mask", "n", "size"],
  transcription: ["audio", "file_name", "language", "prompt", "format"],
};

const messagesSchema = z
  .array(
    z.object({ role: z.string().min(1), content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]) }),
  )
  .min(1);
const textsSchema = z.array(z.string()).min(1);

/** Reads inputs one by one, and refuses in words. */
class Inputs {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    return value === undefined || value.trim() === "" ? undefined : value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw problem(name, "is missing");
    return value;
  }

  count(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const count = LONGEST_COUNT.test(value) ? Number(value) : 0;
    if (count < 1) throw problem(name, "is not a whole number of at least 1");
    return count;
  }

  temperature(): number | undefined {
    const value = this.text("temperature");
    if (value === undefined) return undefined;
    const temperature = /^\d(?:\.\d{1,6})?$/.test(value) ? Number(value) : Number.NaN;
    if (!(temperature >= 0 && temperature <= 2)) throw problem("temperature", "is not between 0 and 2");
    return temperature;
  }

  json<T>(name: string, schema: z.ZodType<T>, what: string): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    let json: unknown;
    try {
      json = JSON.parse(value);
    } catch (error) {
      throw problem(name, "is not JSON", error);
    }
    const parsed = schema.safeParse(json);
    if (!parsed.success) throw problem(name, `is not ${what}`, parsed.error);
    return parsed.data;
  }

  file(name: string, fileName: string, contentType: string): Upload | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const parsed = z.base64().min(1).safeParse(value.trim());
    if (!parsed.success) throw problem(name, "is not base64", parsed.error);
    return { fileName, contentType, bytes: new Uint8Array(Buffer.from(parsed.data, "base64")) };
  }
}

function problem(name: string, what: string, cause?: unknown): JobTaskError {
  return new JobTaskError(`the input ${name} ${what}`, `inputs.${name}`, cause);
}

function messagesOf(inputs: Inputs): readonly ChatMessage[] {
  const messages = inputs.json("messages", messagesSchema, 'a list such as [{"role":"user","content":"2+2?"}]');
  const prompt = inputs.text("prompt");
  if ((messages === undefined) === (prompt === undefined)) {
    throw new JobTaskError("of the inputs prompt and messages exactly one is needed", "inputs.prompt");
  }
  const system = inputs.text("system");
  return [
    ...(system === undefined ? [] : [{ role: "system", content: system }]),
    ...(messages ?? [{ role: "user", content: prompt ?? "" }]),
  ];
}

function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** What a file is, by the name it was given: providers and the models behind them look at both. */
const AUDIO_TYPES: Readonly<Record<string, string>> = {
  wav: "audio/wav",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  ogg: "audio/ogg",
  flac: "audio/flac",
  webm: "audio/webm",
};

function audioOf(inputs: Inputs): Upload {
  const fileName = inputs.text("file_name") ?? "audio.wav";
  const type = /^[\w-]{1,100}\.(\w{1,5})$/.exec(fileName)?.[1];
  const contentType = type === undefined ? undefined : AUDIO_TYPES[type.toLowerCase()];
  if (contentType === undefined) {
    throw problem("file_name", `is not a plain name that ends in one of ${Object.keys(AUDIO_TYPES).join(", ")}`);
  }
  const audio = inputs.file("audio", fileName, contentType);
  if (audio === undefined) throw problem("audio", "is missing");
  return audio;
}

/**
 * Builds the request of a task.
 * @param model as the service calls it.
 * @throws {JobTaskError} for an input that is missing, malformed or unknown.
 */
export function requestOfTask(
  { task_type, inputs: given }: JobTask,
  model: string,
  random: RandomSource,
): ServiceRequest {
  const known = INPUTS[task_type];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new JobTaskError(
      `${task_type} takes no input ${JSON.stringify(unknown)}; it takes ${known.join(", ")}`,
      `inputs.${unknown}`,
    );
  }
  const inputs = new Inputs(given);
  const common = { model, random };
  switch (task_type) {
    case "inference": {
      const maxTokens = inputs.count("max_tokens") ?? DEFAULT_MAX_TOKENS;
      const limits = present({ maxTokens, temperature: inputs.temperature() });
      return serviceRequest("chat", buildChatRequest({ ...common, messages: messagesOf(inputs), ...limits }));
    }
    case "embedding": {
      const list = inputs.json("inputs", textsSchema, "a list of texts");
      const single = inputs.text("input");
      if ((list === undefined) === (single === undefined)) {
        throw new JobTaskError("of the inputs input and inputs exactly one is needed", "inputs.input");
      }
      const dimensions = present({ dimensions: inputs.count("dimensions") });
      return embeddingRequest({ ...common, input: list ?? single ?? "", ...dimensions });
    }
    case "image": {
      const options = present({ n: inputs.count("n"), size: inputs.text("size") });
      return imageRequest({ ...common, prompt: inputs.required("prompt"), ...options });
    }
    case "edit": {
      const image = inputs.file("image", "image.png", "image/png");
      if (image === undefined) throw problem("image", "is missing");
      const mask = inputs.file("mask", "mask.png", "image/png");
      const options = present({ mask, n: inputs.count("n"), size: inputs.text("size") });
      return editRequest({ ...common, prompt: inputs.required("prompt"), image, ...options });
    }
    case "transcription": {
      const wanted = inputs.text("format");
      const format = TRANSCRIPTION_FORMATS.find((name) => name === wanted);
      if (wanted !== undefined && format === undefined)
        throw problem("format", `is none of ${TRANSCRIPTION_FORMATS.join(", ")}`);
      const options = present({ language: inputs.text("language"), prompt: inputs.text("prompt"), format });
      return transcriptionRequest({ ...common, audio: audioOf(inputs), ...options });
    }
  }
}
