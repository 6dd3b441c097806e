/** What an answer holds, for people and for scripts: text on stdout, images and vectors in files. */

import path from "node:path";

import type { namedImages } from "../../lib/compute/prove.ts";
import type { ServiceAnswer } from "../../lib/compute/service-answer.ts";
import type { ServiceRequest } from "../../lib/compute/service-request.ts";
import { imageExtension } from "../../lib/protocol/images.ts";
import { sha256Hex } from "../../lib/protocol/signed-text.ts";
import { writeFileAtomic } from "../../lib/storage/atomic-file.ts";

export interface Presented {
  readonly data: object;
  readonly text: readonly string[];
}

export interface ToPresent {
  readonly request: ServiceRequest;
  readonly answer: ServiceAnswer;
  readonly responseBytes: Uint8Array;
  /** All images, those that the answer only names as well. */
  readonly images: readonly Uint8Array[];
  /** Where to, as the user said. */
  readonly out: string | undefined;
  /** Where to otherwise, without an extension; undefined where nothing is kept. */
  readonly stem: string | undefined;
  /** The text has been printed as it came. */
  readonly printed: boolean;
}

/** The images of an answer: those it holds, else those that were fetched for it. */
export function allImages(
  answer: ServiceAnswer,
  fetched: Awaited<ReturnType<typeof namedImages>>,
): readonly Uint8Array[] {
  return fetched ?? (answer.images ?? []).flatMap((image) => ("bytes" in image ? [image.bytes] : []));
}

/** `cat.png`, or of several `cat-1.png`, `cat-2.png`. */
export function numbered(file: string, position: number, count: number): string {
  if (count === 1) return file;
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}-${position + 1}${ext}`);
}

/** Writes the files of an answer, and says what it holds. */
export async function present(parts: ToPresent): Promise<Presented> {
  const { request, answer, printed } = parts;
  const { content, measure } = answer;
  switch (request.kind) {
    case "chat": {
      const { unit: _unit, ...usage } = measure.unit === "tokens" ? measure : { unit: "tokens" };
      return { data: { content, ...(measure.unit === "tokens" ? { usage } : {}) }, text: printed ? [] : [content] };
    }
    case "transcription": {
      const files = await written(parts, [textFile(parts)]);
      return {
        data: { content, measure, files },
        text: [...(printed ? [] : [content.trimEnd()]), ...fileLines(files)],
      };
    }
    case "image":
    case "edit": {
      const files = await written(
        parts,
        parts.images.map((bytes) => ({ bytes, extension: imageExtension(bytes) })),
      );
      const missing = request.facts.images - parts.images.length;
      const note =
        missing > 0 && files.length > 0
          ? [`note: ${missing} of ${request.facts.images} images did not come; all may be charged`]
          : [];
      return {
        data: { measure, images: imageData(parts.images, files) },
        text: [...imageLines(parts.images, files), ...note],
      };
    }
    case "embedding": {
      const vectors = answer.embeddings ?? [];
      const bytes = new TextEncoder().encode(`${JSON.stringify(vectors)}\n`);
      const files = parts.out === undefined ? [] : await written(parts, [{ bytes, extension: "json" }]);
      const [first] = vectors;
      return {
        data: { measure, embeddings: vectors, files },
        text: [`${vectors.length} vectors of ${first?.length ?? 0} numbers`, ...fileLines(files)],
      };
    }
  }
}

interface Output {
  readonly bytes: Uint8Array;
  readonly extension: string;
}

/** The transcript alone where the answer wraps it in JSON; else the answer as it is, subtitles with their times. */
function textFile({ request, answer, responseBytes }: ToPresent): Output {
  const { format = "json" } = request.facts;
  if (format === "json" || request.facts.stream) {
    return { bytes: new TextEncoder().encode(`${answer.content}\n`), extension: "txt" };
  }
  const extensions: Readonly<Record<string, string>> = { srt: "srt", vtt: "vtt", verbose_json: "json" };
  return { bytes: responseBytes, extension: extensions[format] ?? "txt" };
}

/** Writes outputs where the user said; images also without a word, into the network's folder. */
async function written({ request, out, stem }: ToPresent, outputs: readonly Output[]): Promise<string[]> {
  const fallback = request.kind === "image" || request.kind === "edit" ? stem : undefined;
  const files: string[] = [];
  for (const [position, { bytes, extension }] of outputs.entries()) {
    const place = out ?? (fallback === undefined ? undefined : `${fallback}.${extension}`);
    if (place === undefined) continue;
    const file = numbered(place, position, outputs.length);
    await writeFileAtomic(file, bytes, "private");
    files.push(file);
  }
  return files;
}

function imageData(images: readonly Uint8Array[], files: readonly string[]) {
  return images.map((bytes, i) => ({ sha256: sha256Hex(bytes), bytes: bytes.length, file: files[i] ?? null }));
}

function imageLines(images: readonly Uint8Array[], files: readonly string[]): string[] {
  return imageData(images, files).map(
    ({ sha256, bytes, file }) =>
      `image ${file ?? "not kept: this network lives in the process"}  ${bytes} B  ${sha256}`,
  );
}

function fileLines(files: readonly string[]): string[] {
  return files.map((file) => `written to ${file}`);
}
