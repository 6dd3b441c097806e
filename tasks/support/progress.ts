/** How far a long transfer is: a bar that is drawn again on a terminal, a line here and there anywhere else. */

import type { UploadProgress } from "../../lib/storage/client.ts";

const BAR_WIDTH = 30;
/** Per cent between two lines where nothing can be drawn again. */
const LINE_STEP = 25;
const MEGABYTE = 1_000_000;

export interface ProgressOutput {
  /** One line. */
  readonly log: (line: string) => void;
  /** Where bars are drawn; only ever a terminal. */
  readonly terminal?: Pick<NodeJS.WriteStream, "write"> | undefined;
}

/** Bars on stderr where that is a terminal. */
export function progressOutput({ log }: Pick<ProgressOutput, "log">): ProgressOutput {
  return { log, terminal: process.stderr.isTTY ? process.stderr : undefined };
}

/** `[#########---------------------]  30 %  19.2 of 64.0 MB` */
export function barText(done: number, total: number): string {
  const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(1);
  return `${barOf(done, total)}  ${megabytes(done)} of ${megabytes(total)} MB`;
}

/** `[#########---------------------]  30 %` */
export function barOf(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * BAR_WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] ${percent} %`;
}

/** Shows one transfer. Nothing is shown of one that is over at once. */
export class ProgressBar {
  readonly #output: ProgressOutput;
  readonly #label: string;
  #shown = -1;
  #drawn = false;

  constructor(output: ProgressOutput, label: string) {
    this.#output = output;
    this.#label = label;
  }

  update(done: number, total: number): void {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    const { terminal, log } = this.#output;
    if (terminal !== undefined) {
      if (percent === this.#shown) return;
      terminal.write(`\r\u001b[2K${this.#label}  ${barText(done, total)}`);
      this.#drawn = true;
    } else {
      const step = Math.floor(percent / LINE_STEP) * LINE_STEP;
      if (step <= this.#shown || step === 0 || (step >= 100 && this.#shown === -1)) return;
      log(`${this.#label}  ${step} %`);
    }
    this.#shown = terminal === undefined ? Math.floor(percent / LINE_STEP) * LINE_STEP : percent;
  }

  /** Leaves the line that was drawn on. */
  end(): void {
    if (this.#drawn) this.#output.terminal?.write("\n");
    this.#drawn = false;
  }
}

/** Shows an upload: a bar while segments leave, a line for every state that comes after. */
export function uploadProgress(output: ProgressOutput, label: string): (progress: UploadProgress) => void {
  const bar = new ProgressBar(output, label);
  let state: UploadProgress["state"] = "preparing";
  return (progress) => {
    if (progress.state === "logged") bar.update(progress.done, progress.total);
    if (progress.state === state) return;
    state = progress.state;
    bar.end();
    if (state !== "preparing") output.log(`${label}  ${state}`);
  };
}
