/** Who may use a gateway, and for how much: a file of names, budgets and digests of keys. The keys themselves are not kept. */

import { readFileSync, statSync } from "node:fs";

import { z } from "zod";

import { UsageError } from "../errors.ts";
import { keyDigest, newKey } from "../server-guards.ts";
import { isMissing, writeFileAtomic } from "../storage/atomic-file.ts";
import { assertClientName, ClientsFileError } from "./errors.ts";

/** The prefix of every key of a gateway: whoever finds one knows what it opens. */
export const KEY_PREFIX = "sk-zg-";
/** The client that is made at the first start, without a budget. */
export const OWNER = "owner";

/** One who may use the gateway. */
export interface ClientRecord {
  readonly name: string;
  /** SHA-256 of the key, hexadecimal. */
  readonly digest: string;
  /** Most its answers may cost together, in neuron; absent: no limit of its own. */
  readonly budget?: bigint;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

const VERSION = 1;
const fileSchema = z.object({
  version: z.literal(VERSION),
  clients: z.array(
    z.object({
      name: z.string(),
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      budget: z
        .string()
        .regex(/^\d{1,78}$/)
        .transform(BigInt)
        .optional(),
      createdAt: z.number(),
    }),
  ),
});

/** The clients in a file, read again whenever it has changed: a revocation needs no restart. */
export class ClientsFile {
  readonly file: string;
  readonly #clock: () => number;

  constructor(file: string, clock: () => number = Date.now) {
    this.file = file;
    this.#clock = clock;
  }

  /** @throws {ClientsFileError} Empty when there is no file. */
  read(): readonly ClientRecord[] {
    let text: string;
    try {
      text = readFileSync(this.file, "utf8");
    } catch (error) {
      if (isMissing(error)) return [];
      throw new ClientsFileError({ file: this.file, problem: "it cannot be opened" }, error);
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw new ClientsFileError({ file: this.file, problem: "it is not JSON" }, error);
    }
    const parsed = fileSchema.safeParse(json);
    if (!parsed.success) {
      throw new ClientsFileError({ file: this.file, problem: z.prettifyError(parsed.error) }, parsed.error);
    }
    return parsed.data.clients.map(({ budget, ...client }) => ({
      ...client,
      ...(budget === undefined ? {} : { budget }),
    }));
  }

  /** Changes whenever the file does. */
  version(): string {
    try {
      const { mtimeMs, ino, size } = statSync(this.file);
      return `${mtimeMs} ${ino} ${size}`;
    } catch (error) {
      if (isMissing(error)) return "none";
      throw new ClientsFileError({ file: this.file, problem: "it cannot be looked at" }, error);
    }
  }

  /**
   * Makes a client and its key, which is in no file: whoever loses it makes another client. A client that is there keeps
   * its key and gets the new budget.
   * @returns the key, when one was made.
   */
  async put(name: string, budget: bigint | undefined): Promise<string | undefined> {
    assertClientName(name);
    const clients = this.read();
    const before = clients.find((client) => client.name === name);
    const key = before === undefined ? newKey(KEY_PREFIX) : undefined;
    const record: ClientRecord = {
      name,
      digest: before?.digest ?? keyDigest(key ?? ""),
      ...(budget === undefined ? {} : { budget }),
      createdAt: before?.createdAt ?? this.#clock(),
    };
    await this.#write([...clients.filter((client) => client.name !== name), record]);
    return key;
  }

  /** Takes a client's key away. @throws {UsageError} when there is no such client. */
  async revoke(name: string): Promise<void> {
    const clients = this.read();
    if (!clients.some((client) => client.name === name)) {
      throw new UsageError({
        message: `The gateway has no client ${JSON.stringify(name)}`,
        remedy: "See which there are: npx hardhat inference client list",
        details: { name },
      });
    }
    await this.#write(clients.filter((client) => client.name !== name));
  }

  async #write(clients: readonly ClientRecord[]): Promise<void> {
    const plain = clients.map(({ budget, ...client }) => ({
      ...client,
      ...(budget === undefined ? {} : { budget: budget.toString() }),
    }));
    await writeFileAtomic(this.file, `${JSON.stringify({ version: VERSION, clients: plain }, null, 2)}\n`, "private");
  }
}
