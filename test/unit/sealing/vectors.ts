import { readFileSync } from "node:fs";

import { fromHex, toHex, type Address, type Hex } from "../../../lib/hex.ts";
import type { RandomBytes } from "../../../lib/sealing/index.ts";

/** Made when the formats were written and checked with node:crypto; a difference means old data no longer opens. */
export interface SealingVectors {
  readonly publicKeys: readonly {
    readonly privateKey: Hex;
    readonly compressed: Hex;
    readonly uncompressed: Hex;
    readonly address: Address;
  }[];
  readonly envelopes: readonly {
    readonly chainId: string;
    readonly contract: Address;
    readonly token: Hex;
    readonly index: number;
    readonly dataKey: Hex;
    readonly nonce: Hex;
    readonly plaintext: Hex;
    readonly envelope: Hex;
  }[];
  readonly sealedKeys: readonly {
    readonly privateKey: Hex;
    readonly ephemeralPrivateKey: Hex;
    readonly nonce: Hex;
    readonly secret: Hex;
    readonly box: Hex;
  }[];
  readonly seededRandomBytes: readonly {
    readonly seed: Hex;
    readonly label: string;
    readonly draws: readonly { readonly length: number; readonly bytes: Hex }[];
  }[];
  readonly goAgentEnvelopes: readonly {
    readonly key: Hex;
    readonly keyId: string;
    readonly nonce: Hex;
    readonly plaintext: string;
    readonly envelope: string;
  }[];
  readonly storageFiles: readonly {
    /** Of `aes256`. */
    readonly key?: Hex;
    /** Of `ecies`, with the private key that opens it. */
    readonly publicKey?: Hex;
    readonly privateKey?: Hex;
    readonly draws: readonly Hex[];
    readonly plaintext: Hex;
    readonly file: Hex;
  }[];
}

export function sealingVectors(): SealingVectors {
  return JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8")) as SealingVectors;
}

/** Draws what is given, in order; throws when another length is asked for. */
export function drawing(...draws: readonly Hex[]): RandomBytes {
  const left = [...draws];
  return (length) => {
    const next = fromHex(left.shift() ?? "0x");
    if (next.length !== length) throw new Error(`${length} bytes drawn, and ${toHex(next)} is next`);
    return next;
  };
}
