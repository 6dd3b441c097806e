/**
 * The images when there is no upstream: a pattern that is worked out from the prompt, and of an edit from the given image
 * as well. It is no picture of anything, and each file says so.
 */

import { createHash } from "node:crypto";

import { answeredJson, invalid, type Answer, type Question } from "../answerer.ts";
import { encodePng, pngSize, type Size } from "./png.ts";

export const IMAGE_CARD =
  "A deterministic test renderer for development. It is not an image model: it draws a pattern from the hash of the prompt.";
export const EDIT_CARD =
  "A deterministic test renderer for development. It is not an image model: it draws a pattern from the hashes of prompt and image, as large as the image.";

const COMMENT = "Deterministic test pattern of the embedded Galileo, worked out from a hash; not by an image model";
const GRID = 8;
const LARGEST = 2048;
const MOST = 8;
const DEFAULT_SIZE: Size = { width: 256, height: 256 };

function sizeOf(text: unknown): Size | "invalid" | undefined {
  if (text === undefined || text === "auto") return undefined;
  const [, width, height] = typeof text === "string" ? (/^(\d{1,4})x(\d{1,4})$/.exec(text) ?? []) : [];
  const size = { width: Number(width), height: Number(height) };
  return size.width >= 1 && size.height >= 1 && size.width <= LARGEST && size.height <= LARGEST ? size : "invalid";
}

/** A pattern of 8 by 8 fields, mirrored, in colours of the seed. */
function render(seed: string, size: Size): Uint8Array {
  const bits = createHash("sha256").update(seed).digest();
  const byte = (i: number) => bits[i % bits.length] ?? 0;
  const palette = [0, 3, 6, 9].map((i) => [byte(i), byte(i + 1), byte(i + 2)] as const);
  const field = (at: number, length: number) => Math.min(GRID - 1, Math.floor((at * GRID) / length));
  const pixel = (x: number, y: number) => {
    const column = field(x, size.width);
    const mirrored = column < GRID / 2 ? column : GRID - 1 - column;
    return byte(12 + mirrored * GRID + field(y, size.height)) % palette.length;
  };
  return encodePng(size, palette, pixel, COMMENT);
}

function drawn({ body }: Question, now: number, seed: string, size: Size): Answer {
  const { images } = body;
  if (images > MOST) return invalid(`n must be at most ${MOST}`);
  const data = Array.from({ length: images }, (_, index) => ({
    b64_json: Buffer.from(render(`${seed}:${index}`, size)).toString("base64"),
  }));
  return answeredJson({ created: Math.floor(now / 1000), data });
}

export function answerImage(question: Question, now: number): Answer {
  const { prompt, size: wanted } = question.body.request;
  if (typeof prompt !== "string" || prompt === "") return invalid("prompt must be a text");
  const size = sizeOf(wanted);
  if (size === "invalid") return invalid(`size must be such as 512x512, at most ${LARGEST}x${LARGEST}`);
  return drawn(question, now, `image:${prompt}`, size ?? DEFAULT_SIZE);
}

/** The given image: a file of a form, or base64 in JSON, with or without `data:`. */
function givenImage({ body }: Question): Uint8Array | undefined {
  const file = body.files.find(({ name }) => name === "image" || name === "image[]");
  if (file !== undefined) return file.bytes;
  const { image } = body.request;
  return typeof image === "string" ? Buffer.from(image.replace(/^data:[^,]*,/, ""), "base64") : undefined;
}

export function answerEdit(question: Question, now: number): Answer {
  const { prompt, size: wanted } = question.body.request;
  const image = givenImage(question);
  if (typeof prompt !== "string" || prompt === "") return invalid("prompt must be a text");
  if (image === undefined) return invalid("image is missing");
  const own = pngSize(image);
  if (own === undefined) return invalid("image must be a PNG");
  const size = sizeOf(wanted) ?? own;
  if (size === "invalid" || size.width > LARGEST || size.height > LARGEST) {
    return invalid(`size must be such as 512x512, at most ${LARGEST}x${LARGEST}`);
  }
  const digest = createHash("sha256").update(image).digest("hex");
  return drawn(question, now, `edit:${digest}:${prompt}`, size);
}
