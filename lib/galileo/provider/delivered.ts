/**
 * Gives out an answer's bytes, and holds back the last of them (the closing line of a stream, or the whole of a plain
 * body) until the fee is billed and the signature can be fetched.
 */

import { createHash } from "node:crypto";

import { imagesOf } from "../../protocol/images.ts";
import { members, parsedJson } from "../../protocol/members.ts";
import { PROXY_PATH } from "../../protocol/constants.ts";
import { sha256Hex } from "../../protocol/signed-text.ts";
import type { Answer } from "./answerer.ts";
import { altered, alteredImage, inflated, truncated, type Misbehaviour } from "./misbehaviour.ts";

/** What is delivered, with what has to happen before its end. */
export interface DeliveredParts {
  readonly how: Misbehaviour | undefined;
  /** Told the bytes as the model sent them, and the hashes of what is signed, before the last byte comes out. */
  readonly settle: (answer: { readonly bytes: Uint8Array; readonly signed: readonly string[] }) => Promise<void>;
  /** Told the hash of all bytes that were given out, just before the last. */
  readonly told: (responseHash: string) => void;
}

const LAST_LINE = /^data:\s*\[DONE\]|"message_stop"|"transcript\.text\.done"/;

/** Delivers a stream line by line as it comes. */
export async function* deliveredStream(given: Answer, parts: DeliveredParts): AsyncGenerator<Uint8Array> {
  const { how, settle, told } = parts;
  const signed = createHash("sha256");
  const delivered = createHash("sha256");
  const received: Uint8Array[] = [];
  const held: Uint8Array[] = [];
  let tampered = how?.kind !== "altered-body";
  let broken: Error | undefined;

  const prepare = (line: Uint8Array): Uint8Array => {
    const honest = how?.kind === "inflated-usage" ? inflated(line, how.times) : line;
    signed.update(honest);
    received.push(honest);
    let sent = honest;
    if (!tampered) ({ bytes: sent, changed: tampered } = altered(honest));
    delivered.update(sent);
    return sent;
  };

  try {
    for await (const line of lines(given.chunks)) {
      const sent = prepare(line);
      if (held.length > 0 || LAST_LINE.test(Buffer.from(line).toString("latin1"))) held.push(sent);
      else yield sent;
    }
  } catch (error) {
    // What came is billed and signed, then the client is cut off as well.
    broken = new Error("the upstream broke off", { cause: error });
  }
  await settle({ bytes: Buffer.concat(received), signed: [signed.digest("hex")] });
  if (!tampered) {
    const more = Buffer.from("\n");
    delivered.update(more);
    held.push(more);
  }
  told(delivered.digest("hex"));
  if (how?.kind !== "truncated") yield* held;
  if (broken !== undefined) throw broken;
}

/** Delivers a plain body at once. */
export async function* deliveredWhole(given: Answer, parts: DeliveredParts): AsyncGenerator<Uint8Array> {
  const { how, settle, told } = parts;
  const { bytes: received, broken } = await whole(given.chunks);
  const honest = how?.kind === "inflated-usage" ? inflated(received, how.times) : received;
  await settle({ bytes: honest, signed: [sha256Hex(honest)] });
  let sent = honest;
  if (how?.kind === "altered-body") {
    const { bytes, changed } = altered(honest);
    sent = changed ? bytes : Buffer.concat([honest, Buffer.from("\n")]);
  }
  if (how?.kind === "truncated") sent = truncated(honest);
  told(sha256Hex(sent));
  yield sent;
  if (broken !== undefined) throw broken;
}

export interface ImagePlace {
  /** Keeps images for those who come for them. */
  readonly keep: (images: readonly Uint8Array[]) => void;
  /** The addresses under which they are served. */
  readonly base: string;
  readonly wantsUrls: boolean;
}

/** Delivers images: what is signed is each decoded image, and what is delivered may be only their addresses. */
export async function* deliveredImages(
  given: Answer,
  parts: DeliveredParts,
  place: ImagePlace,
): AsyncGenerator<Uint8Array> {
  const { how, settle, told } = parts;
  const { bytes, broken } = await whole(given.chunks);
  const body = parsedJson(Buffer.from(bytes).toString("utf8"));
  const decoded = (imagesOf(body) ?? []).flatMap((entry) => ("bytes" in entry ? [entry.bytes] : []));
  const images = how?.kind === "fewer-images" ? decoded.slice(1) : decoded;
  // What holds no images is signed as it is.
  const signed = images.length === 0 ? [sha256Hex(bytes)] : images.map((image) => sha256Hex(image));
  await settle({ bytes, signed });
  const shown = how?.kind === "altered-body" ? images.map(alteredImage) : images;
  const changed = how?.kind === "altered-body" || how?.kind === "fewer-images" || place.wantsUrls;
  const all = changed && images.length > 0 ? Buffer.from(JSON.stringify(rewritten(body, shown, place, how))) : bytes;
  const sent = how?.kind === "truncated" ? truncated(all) : all;
  told(sha256Hex(sent));
  yield sent;
  if (broken !== undefined) throw broken;
}

function rewritten(
  body: unknown,
  images: readonly Uint8Array[],
  { keep, base, wantsUrls }: ImagePlace,
  how: Misbehaviour | undefined,
): object {
  if (wantsUrls) keep(images);
  const from = how?.kind === "foreign-image-url" ? "http://127.0.0.2:9/elsewhere" : base;
  const data = images.map((image, i) =>
    wantsUrls ? { url: `${from}/${i}` } : { b64_json: Buffer.from(image).toString("base64") },
  );
  return { ...members(body), data };
}

/** Where the images of an answer are served. */
export function imageBase(url: string, chatId: string): string {
  return `${url}${PROXY_PATH}/images/${chatId}`;
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: Uint8Array; broken?: Error }> {
  const all: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) all.push(chunk);
    return { bytes: Buffer.concat(all) };
  } catch (error) {
    return { bytes: Buffer.concat(all), broken: new Error("the upstream broke off", { cause: error }) };
  }
}

/** Whole lines with their line feeds. Comment lines are dropped. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const COLON = 0x3a;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
      if (line[0] !== COLON) yield line;
    }
  }
  if (rest.length > 0 && rest[0] !== COLON) yield rest;
}
