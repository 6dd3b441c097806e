/** `multipart/form-data` (RFC 7578) as requests with files are sent: written byte for byte, since the bytes are signed. */

export interface FormField {
  readonly name: string;
  readonly value: string;
}

export interface FormFile {
  readonly name: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export type FormPart = FormField | FormFile;

const CRLF = "\r\n";

/** As browsers and undici write names: only what would end the quoted string or the line is escaped. */
function quoted(name: string): string {
  return `"${name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22")}"`;
}

function head(part: FormPart): string {
  const disposition = `Content-Disposition: form-data; name=${quoted(part.name)}`;
  if (!("bytes" in part)) return disposition + CRLF + CRLF;
  return `${disposition}; filename=${quoted(part.fileName)}${CRLF}Content-Type: ${part.contentType}${CRLF}${CRLF}`;
}

/**
 * Writes a form. The boundary must not occur in any part: 128 random bits do not, and they keep the hash of the
 * request from being guessed.
 */
export function writeForm(parts: readonly FormPart[], boundary: string): { contentType: string; body: Uint8Array } {
  const chunks: Uint8Array[] = [];
  for (const part of parts) {
    chunks.push(Buffer.from(`--${boundary}${CRLF}${head(part)}`));
    chunks.push("bytes" in part ? part.bytes : Buffer.from(part.value), Buffer.from(CRLF));
  }
  chunks.push(Buffer.from(`--${boundary}--${CRLF}`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: new Uint8Array(Buffer.concat(chunks)) };
}

/** The boundary a body begins with, for bodies that are kept without their headers. */
function leadingBoundary(body: Buffer): string | undefined {
  const end = body.indexOf(CRLF);
  const line = end < 0 || end > 74 ? "" : body.subarray(0, end).toString("latin1");
  return line.startsWith("--") && line.length > 2 ? line.slice(2) : undefined;
}

function parameter(header: string, name: string): string | undefined {
  const [, quotedValue, plain] = new RegExp(`[;\\s]${name}=(?:"([^"]*)"|([^;\\s]*))`, "i").exec(header) ?? [];
  return quotedValue ?? plain;
}

function partOf(section: Buffer): FormPart | undefined {
  const split = section.indexOf(CRLF + CRLF);
  if (split < 0) return undefined;
  const headers = section.subarray(0, split).toString("utf8").split(CRLF);
  const named = (name: string) => headers.find((line) => line.toLowerCase().startsWith(`${name}:`)) ?? "";
  const disposition = named("content-disposition");
  const name = parameter(disposition, "name");
  if (name === undefined) return undefined;
  const content = section.subarray(split + 4);
  const fileName = parameter(disposition, "filename");
  if (fileName === undefined) return { name, value: content.toString("utf8") };
  const contentType = named("content-type").slice("content-type:".length).trim();
  return { name, fileName, contentType, bytes: new Uint8Array(content) };
}

/** Reads a form from its bytes alone. Undefined when they are none. */
export function readForm(bytes: Uint8Array): readonly FormPart[] | undefined {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const boundary = leadingBoundary(body);
  if (boundary === undefined) return undefined;
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  const parts: FormPart[] = [];
  let at = boundary.length + 2;
  for (;;) {
    if (body.subarray(at, at + 2).toString("latin1") === "--") return parts;
    const end = body.indexOf(delimiter, at);
    if (end < 0) return undefined; // it breaks off
    const part = partOf(body.subarray(at + 2, end));
    if (part === undefined) return undefined;
    parts.push(part);
    at = end + delimiter.length;
  }
}

/** The value of a form's field; the last one when it is there twice. */
export function fieldOf(parts: readonly FormPart[], name: string): string | undefined {
  const found = parts.findLast((part) => part.name === name && "value" in part);
  return found !== undefined && "value" in found ? found.value : undefined;
}
