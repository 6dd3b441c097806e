import type { Hex } from "../hex.ts";
import type { PutOptions, UploadState } from "./client.ts";

const STATES: readonly UploadState[] = ["preparing", "submitted", "logged", "uploaded", "finalised"];

/** States only ever follow each other, whatever has to be repeated. */
export class Progress {
  readonly #root: Hex;
  readonly #size: number;
  readonly #report: PutOptions["onProgress"];
  #state: UploadState = "preparing";
  #done = 0;
  #total = 0;

  constructor(root: Hex, size: number, report: PutOptions["onProgress"]) {
    this.#root = root;
    this.#size = size;
    this.#total = size;
    this.#report = report;
  }

  reach(state: UploadState): void {
    if (STATES.indexOf(state) > STATES.indexOf(this.#state)) this.#state = state;
    this.#tell();
  }

  /** Begins to count, for so many bytes of which some are there. */
  count(done: number, total: number): void {
    this.#done = done;
    this.#total = Math.max(total, this.#size);
    this.#tell();
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#tell();
  }

  #tell(): void {
    this.#report?.({ root: this.#root, state: this.#state, done: this.#done, total: this.#total });
  }
}
