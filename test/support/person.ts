/** A person at a machine who types `inft` commands, however these are run. */

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import type { Hex } from "../../lib/hex.ts";
import type { JsonAnswer } from "./cli.ts";

/** A token as `inft show` shows it. */
export interface Shown {
  readonly inft: Hex;
  readonly owner: string;
  readonly datas: readonly { readonly dataHash: Hex }[];
  readonly sealedKeys: readonly Hex[];
}

interface Decrypted {
  readonly data: readonly { readonly files: readonly { readonly text?: string }[] }[];
}

interface Refusal {
  readonly message: string;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * @param run runs `hardhat <words> --json` on the person's network.
 * @param home the person's folder.
 */
export function person(
  run: (...words: string[]) => Promise<{ code: number | null; answer: JsonAnswer }>,
  home: string,
) {
  async function succeed<Data = Record<string, unknown>>(...words: string[]): Promise<Data> {
    const { answer, code } = await run(...words);
    if (answer.ok) return answer.data as Data;
    throw new Error(`${words.join(" ")}: exit ${String(code)}, ${JSON.stringify(answer.error)}`);
  }
  return {
    succeed,
    /** Runs what must be refused, with this code and exit code. */
    refused: async (code: string, exit: number, ...words: string[]): Promise<Refusal> => {
      const { answer, code: ended } = await run(...words);
      if (answer.ok) throw new Error(`${words.join(" ")} was not refused`);
      expect({ code: answer.error.code, exit: ended }, words.join(" ")).to.deep.equal({ code, exit });
      return answer.error;
    },
    show: async (token: string) => succeed<Shown>("inft", "show", token),
    /** The text of the one file a token holds. */
    reads: async (token: string, ...more: string[]) => {
      const { data } = await succeed<Decrypted>("inft", "decrypt", token, ...more);
      return data[0]?.files[0]?.text;
    },
    /** Mints a token with one file in it, and gives its id. */
    mint: async (text: string, ...more: string[]): Promise<string> => {
      const folder = path.join(home, `agent of ${text}`);
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, "notes.txt"), text);
      return (await succeed<{ tokenId: string }>("inft", "mint", "--data", folder, "--yes", ...more)).tokenId;
    },
  };
}

export type Person = ReturnType<typeof person>;
