import { EXIT, ZgError } from "../../lib/errors.ts";
import { action } from "../support/action.ts";

/** Somebody asked for 0G's key-value layer. */
export class StorageKvError extends ZgError {
  constructor(words: readonly string[]) {
    super({
      code: "ZG_STORAGE_KV",
      exit: EXIT.usage,
      message:
        "0G's key-value layer is not supported: what it answers is the word of one server, with no proof against the chain",
      remedy: "Store values as files (npx hardhat storage upload), or use 0G's own client; docs/storage.md says why.",
      details: { asked: words },
    });
  }
}

export default action<{ readonly words: readonly string[] }>(async ({ words }) =>
  Promise.reject(new StorageKvError(words)),
);
