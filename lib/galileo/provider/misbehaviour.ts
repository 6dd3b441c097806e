/** The lies and failures a local provider can be told to produce, as data, so that a test asks for the one it needs. */

import type { BaseWallet } from "ethers";

/** Common to all: how many paid requests it lasts. Absent: until told otherwise. */
interface Lasting {
  readonly requests?: number;
}

export type Misbehaviour = Lasting &
  (
    | { /** A signature that is noise for its text. */ readonly kind: "wrong-signature" }
    | { /** The right text, signed by another key. */ readonly kind: "foreign-signature" }
    | {
        /** The right text, signed by this key: another provider's, or one that the chain lists no longer. */
        readonly kind: "signed-by";
        readonly signer: BaseWallet;
      }
    | { /** A genuine text and signature of this provider, of another answer. */ readonly kind: "replayed-text" }
    | {
        /** The right text, and a signature of this provider over an earlier answer. */ readonly kind: "replayed-signature";
      }
    | { /** The signed text names another request. */ readonly kind: "wrong-request-hash" }
    | { /** The signed text names another answer, or other images. */ readonly kind: "wrong-response-hash" }
    | { /** The bytes delivered are not the bytes signed: another text, other pixels. */ readonly kind: "altered-body" }
    | { /** One image less than asked for, signed as it is, and charged in full. */ readonly kind: "fewer-images" }
    | { /** Says that images asked for by address are on another server. */ readonly kind: "foreign-image-url" }
    | {
        /** No chat id in the header. */
        readonly kind: "missing-key";
        /** And one in the body that the provider does not know. */
        readonly alsoInBody?: boolean;
      }
    | { /** A chat id that would change the URL it is put into. */ readonly kind: "hostile-key" }
    | { /** The signature is never found. */ readonly kind: "no-signature" }
    | {
        /** The signature is found only after so many look-ups. */ readonly kind: "late-signature";
        readonly misses: number;
      }
    | {
        /** Refuses an admitted request. */
        readonly kind: "status";
        readonly status: number;
        /** Default: HTTP's own text of the status. */
        readonly error?: string;
      }
    | { /** Never answers. */ readonly kind: "hang" }
    | {
        /** Breaks the connection in the middle of the body. */
        readonly kind: "cut-stream";
        /** Default 40. */
        readonly afterBytes?: number;
      }
    | {
        /** Leaves the end of the body out, and ends as if that were all. Signed and charged whole. */
        readonly kind: "truncated";
      }
    | { /** Waits before every piece of the body. */ readonly kind: "slow"; readonly ms: number }
    | { /** Reports and bills so many times the tokens. */ readonly kind: "inflated-usage"; readonly times: number }
    | { /** Reports honestly and bills so many times the fee. */ readonly kind: "over-billing"; readonly times: number }
  );

/** The misbehaviour in force, and for how many requests more. */
export interface Temper {
  set(how: Misbehaviour | undefined): void;
  /** What applies to the request that starts now. */
  next(): Misbehaviour | undefined;
}

export function temper(): Temper {
  let current: Misbehaviour | undefined;
  let left = Infinity;
  return {
    set(how) {
      current = how;
      left = how?.requests ?? Infinity;
    },
    next() {
      if (left <= 0) current = undefined;
      left -= 1;
      return current;
    },
  };
}

/** The first half of a body that is given at once. */
export function truncated(body: Uint8Array): Uint8Array {
  return body.subarray(0, Math.ceil(body.length / 2));
}

/** Changes bytes after they were signed: the answer's text when there is any, else one more byte. */
export function altered(chunk: Uint8Array): { bytes: Uint8Array; changed: boolean } {
  const before = Buffer.from(chunk).toString("latin1"); // one character a byte, so nothing else changes
  const after = before.replace(/"(?:content|text|delta)":\s*"/, "$&~");
  return { bytes: Buffer.from(after, "latin1"), changed: after !== before };
}

/** An image that differs from the given one in its last byte. */
export function alteredImage(image: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(image);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return bytes;
}

/** Multiplies every count that is charged by in a body or event. */
export function inflated(chunk: Uint8Array, times: number): Uint8Array {
  const text = Buffer.from(chunk).toString("latin1");
  const lie = text.replace(
    /("(?:(?:prompt|completion|total|input|output)_tokens|seconds|duration)":\s*)(\d+(?:\.\d+)?)/g,
    (_, key: string, count: string) => key + String(Number(count) * times),
  );
  return Buffer.from(lie, "latin1");
}
