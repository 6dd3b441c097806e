/** Reads binary evidence from start to end, within its bounds. */

import { EvidenceMalformedError } from "./errors.ts";

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #offset = 0;

  /** @param what for errors: `TDX quote`. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** @throws {EvidenceMalformedError} when fewer are left. */
  take(length: number, name: string): Uint8Array {
    if (length > this.remaining) {
      this.fail(`${name} needs ${length} bytes at ${this.#offset}, and ${this.remaining} are left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return new Uint8Array(this.#bytes.subarray(start, this.#offset));
  }

  /** Little-endian. */
  u16(name: string): number {
    return Buffer.from(this.take(2, name)).readUInt16LE();
  }

  u32(name: string): number {
    return Buffer.from(this.take(4, name)).readUInt32LE();
  }

  /** Asserts that nothing, or nothing but zeros, is left. */
  end(what: "nothing" | "zeros"): void {
    const rest = this.take(this.remaining, "the rest");
    if (what === "nothing" ? rest.length > 0 : !isZero(rest)) {
      this.fail(`${rest.length} bytes follow that nothing accounts for`);
    }
  }

  fail(why: string): never {
    throw new EvidenceMalformedError(this.#what, why);
  }
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Lower-case hexadecimal without `0x`, as dstack and Intel write it. */
export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** @throws {EvidenceMalformedError} for anything but an even number of hexadecimal digits, of `length` bytes if given. */
export function parseHex(text: string, what: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new EvidenceMalformedError(what, "it is not hexadecimal");
  if (length !== undefined && text.length !== 2 * length) {
    throw new EvidenceMalformedError(what, `it has ${text.length / 2} bytes, not ${length}`);
  }
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** @throws {EvidenceMalformedError} for anything but base64 in its one canonical spelling. */
export function parseBase64(text: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new EvidenceMalformedError(what, "it is not base64");
  return new Uint8Array(bytes);
}
