/** Where API keys live: a folder with the keys, each in a file of its own, and the record of their ids. */

import path from "node:path";

import { exclusively, type Exclusively } from "../exclusively.ts";
import { writeFileAtomic } from "../storage/atomic-file.ts";
import type { KeyDeps } from "./create.ts";
import { KeyRegistry } from "./registry.ts";

export interface KeyFolder {
  readonly registry: KeyRegistry;
  readonly exclusively: Exclusively;
  /** Writes a key to a file of mode 0600, named by provider, user, generation and id. */
  readonly keep: KeyDeps["keep"];
}

/** Opens a folder; it is made, 0700, when something is written to it. */
export function openKeyFolder(folder: string, options: { readonly signal?: AbortSignal } = {}): KeyFolder {
  return {
    registry: new KeyRegistry(path.join(folder, "issued.json")),
    exclusively: exclusively(path.join(folder, "issued.lock"), options),
    keep: async (key, { provider, user, generation, tokenId }) => {
      const file = path.join(folder, `${provider}-${user}-${generation}-${tokenId}.key`);
      await writeFileAtomic(file, `${key}\n`, "private");
      return file;
    },
  };
}
