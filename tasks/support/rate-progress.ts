/** How far many small things are: how many are done, how many a second, and how long the rest will take. */

import { duration } from "./duration.ts";
import { barOf, type ProgressOutput } from "./progress.ts";

/** Between two lines, where nothing can be drawn again. Milliseconds. */
const LINE_EVERY_MS = 10_000;
const DRAW_EVERY_MS = 200;
/** What the rate is taken over. Milliseconds. */
const WINDOW_MS = 30_000;

export class RateProgress {
  readonly #output: ProgressOutput;
  readonly #total: number;
  readonly #clock: () => number;
  readonly #seen: { readonly at: number; readonly done: number }[];
  #shownAt: number;
  #drawn = false;

  constructor(output: ProgressOutput, total: number, clock: () => number = Date.now) {
    this.#output = output;
    this.#total = total;
    this.#clock = clock;
    this.#shownAt = clock();
    this.#seen = [{ at: clock(), done: 0 }];
  }

  /** @param note what else there is to say, such as what was spent. */
  update(done: number, note: string): void {
    const now = this.#clock();
    const { terminal, log } = this.#output;
    const every = terminal === undefined ? LINE_EVERY_MS : DRAW_EVERY_MS;
    if (now - this.#shownAt < every) return;
    this.#shownAt = now;
    while (this.#seen.length > 1 && now - (this.#seen[0]?.at ?? now) > WINDOW_MS) this.#seen.shift();
    this.#seen.push({ at: now, done });
    const text = this.#text(now, done, note);
    if (terminal === undefined) log(text);
    else {
      terminal.write(`\r\u001b[2K${barOf(done, this.#total)} ${text}`);
      this.#drawn = true;
    }
  }

  /** Leaves the line that was drawn on. */
  end(): void {
    if (this.#drawn) this.#output.terminal?.write("\n");
    this.#drawn = false;
  }

  #text(now: number, done: number, note: string): string {
    const first = this.#seen[0] ?? { at: now, done };
    const seconds = (now - first.at) / 1000;
    const rate = seconds > 0 ? (done - first.done) / seconds : 0;
    const left = rate > 0 ? `, ${duration(BigInt(Math.ceil((this.#total - done) / rate)))} left` : "";
    return `${done} of ${this.#total}, ${rate.toFixed(1)} a second${left}; ${note}`;
  }
}
