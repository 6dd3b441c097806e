/** A goal-seeking step: one check serves "do it" and "is it done", so the two cannot disagree. */

import { EXIT, ZgError } from "../errors.ts";
import type { Log } from "../chain/context.ts";

export type StepState =
  { readonly done: true; readonly detail: string } | { readonly done: false; readonly reason: string };

export interface Step<Reading, Acting extends Reading> {
  readonly id: string;
  readonly title: string;
  /** Reads only, and needs no key. */
  check(context: Reading): Promise<StepState>;
  run(context: Acting): Promise<void>;
}

export interface StepOutcome {
  readonly id: string;
  readonly title: string;
  readonly state: "already done" | "done now" | "open";
  readonly detail: string;
}

/** A step ran without an error, and its check still says it is not done. */
export class StepIncompleteError extends ZgError {
  constructor(values: { step: string; reason: string }) {
    super({
      code: "ZG_STEP_INCOMPLETE",
      exit: EXIT.unexpected,
      message: `Step ${values.step} ran, but is still open: ${values.reason}`,
      remedy: "Run the command again; it continues from what the chain shows.",
      details: values,
    });
  }
}

/** Brings every step to done, in order: check, run if open, check again. The first failure stops the run. */
export async function runSteps<Reading, Acting extends Reading>(
  steps: readonly Step<Reading, Acting>[],
  context: Acting,
  log: Log,
): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const [index, step] of steps.entries()) {
    const before = await step.check(context);
    let outcome: StepOutcome;
    if (before.done) {
      outcome = { id: step.id, title: step.title, state: "already done", detail: before.detail };
    } else {
      await step.run(context);
      const after = await step.check(context);
      if (!after.done) throw new StepIncompleteError({ step: step.id, reason: after.reason });
      outcome = { id: step.id, title: step.title, state: "done now", detail: after.detail };
    }
    outcomes.push(outcome);
    log(outcomeLine(outcome, index, steps.length));
  }
  return outcomes;
}

/** Checks every step and changes nothing. */
export async function checkSteps<Reading>(
  steps: readonly Pick<Step<Reading, Reading>, "id" | "title" | "check">[],
  context: Reading,
): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const { id, title, check } of steps) {
    const state = await check(context);
    outcomes.push({
      id,
      title,
      state: state.done ? "already done" : "open",
      detail: state.done ? state.detail : state.reason,
    });
  }
  return outcomes;
}

/** ` 3/10  transfer     1.05 0G to 0xBcd4…4096` */
export function outcomeLine({ title, state, detail }: StepOutcome, index: number, total: number): string {
  const position = `${String(index + 1).padStart(2)}/${total}`;
  const note = state === "already done" ? `${detail} (already done)` : state === "open" ? `open: ${detail}` : detail;
  return `${position}  ${title.padEnd(12)}  ${note}`;
}
