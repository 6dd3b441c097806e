/** The clients of a running gateway: found by their keys, with what they have spent. */

import { keyDigest } from "../server-guards.ts";
import { OWNER, type ClientRecord, type ClientsFile } from "./clients.ts";
import { ClientPurse } from "./purse.ts";
import type { SpentBefore } from "./spending-log.ts";

export interface GatewayClient {
  readonly name: string;
  readonly purse: ClientPurse;
}

/** How often the file is looked at. Milliseconds. */
const LOOK_AGAIN_MS = 500;

export class ClientDirectory {
  readonly #file: ClientsFile;
  readonly #clock: () => number;
  readonly #spentBefore: SpentBefore;
  /** Purses outlive a change of the file: what was spent stays spent. */
  readonly #purses = new Map<string, ClientPurse>();
  #byDigest = new Map<string, GatewayClient>();
  #readVersion = "";
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(file: ClientsFile, spentBefore: SpentBefore, clock: () => number) {
    this.#file = file;
    this.#spentBefore = spentBefore;
    this.#clock = clock;
    this.#look();
  }

  /** The client of a key; undefined when it is nobody's. @throws {ClientsFileError} when the file was damaged. */
  find(key: string): GatewayClient | undefined {
    if (this.#clock() - this.#lookedAt >= LOOK_AGAIN_MS) this.#look();
    return this.#byDigest.get(keyDigest(key));
  }

  #look(): void {
    this.#lookedAt = this.#clock();
    const version = this.#file.version();
    if (version === this.#readVersion) return;
    this.#byDigest = new Map(this.#file.read().map((record) => [record.digest, this.#client(record)]));
    this.#readVersion = version;
  }

  #client({ name, budget }: ClientRecord): GatewayClient {
    const who = name === OWNER ? "the owner's budget" : `the budget of ${name}`;
    const purse = this.#purses.get(name) ?? new ClientPurse(who, budget, this.#spentBefore.get(name) ?? 0n);
    purse.limit = budget;
    this.#purses.set(name, purse);
    return { name, purse };
  }
}
