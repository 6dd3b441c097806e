/** Files that a command sends to a provider. */

import { readFile, stat } from "node:fs/promises";
import path from "node:path";

import type { Upload } from "../../lib/compute/service-request.ts";
import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";
import { parseByteSize } from "../../lib/units.ts";
import { required } from "./arguments.ts";

/** A file to be sent is larger than allowed. */
export class UploadTooLargeError extends ZgError {
  constructor(values: { file: string; size: number; limit: number }) {
    super({
      code: "ZG_UPLOAD_TOO_LARGE",
      exit: EXIT.usage,
      message: `${values.file} is ${values.size} bytes; ${values.limit} may be sent`,
      remedy: "Send a smaller file, or allow more with --max-size (providers read 32 MiB at most).",
      details: values,
    });
  }
}

const TYPES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".gif": "image/gif",
  ".wav": "audio/wav",
  ".mp3": "audio/mpeg",
  ".mpga": "audio/mpeg",
  ".m4a": "audio/mp4",
  ".mp4": "video/mp4",
  ".webm": "audio/webm",
  ".ogg": "audio/ogg",
  ".oga": "audio/ogg",
  ".opus": "audio/ogg",
  ".flac": "audio/flac",
};

/**
 * Reads a file to send, as the user named it.
 * @param limit such as `25MB`.
 * @throws {UsageError} when it is missing, empty or no file. {@link UploadTooLargeError}
 */
export async function readUpload(
  named: string | undefined,
  { what, example, limit }: { readonly what: string; readonly example: string; readonly limit: string },
): Promise<Upload> {
  const file = required(named, what, example);
  const most = parseByteSize(limit, "--max-size");
  const unreadable = (why: string, cause?: unknown) =>
    new UsageError({
      message: `${file} cannot be sent: ${why}`,
      remedy: "Give the path of a file that you can read.",
      details: { file },
      cause,
    });
  const facts = await stat(file).catch((cause: unknown) => {
    throw unreadable("it cannot be read", cause);
  });
  if (!facts.isFile()) throw unreadable("it is no file");
  if (facts.size === 0) throw unreadable("it is empty");
  if (facts.size > most) throw new UploadTooLargeError({ file, size: facts.size, limit: most });
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable("it cannot be read", cause);
  });
  const contentType = TYPES[path.extname(file).toLowerCase()] ?? "application/octet-stream";
  return { fileName: path.basename(file), contentType, bytes };
}
