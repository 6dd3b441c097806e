import { expect } from "chai";

import { checkSteps, runSteps, StepIncompleteError, type Step } from "../../../lib/flow/step.ts";

interface World {
  readonly done: Set<string>;
  readonly calls: string[];
}

const step = (id: string, works = true): Step<World, World> => ({
  id,
  title: id,
  check: async ({ done }) =>
    Promise.resolve(done.has(id) ? { done: true, detail: "there" } : { done: false, reason: "missing" }),
  run: async ({ done, calls }) => {
    calls.push(id);
    if (works) done.add(id);
    return Promise.resolve();
  },
});

const world = (...done: string[]): World => ({ done: new Set(done), calls: [] });

describe("runSteps", () => {
  it("runs only what is open, in order, and says which was which", async () => {
    const { calls, ...rest } = world("b");
    const lines: string[] = [];
    const outcomes = await runSteps([step("a"), step("b"), step("c")], { calls, ...rest }, (line) => lines.push(line));
    expect(calls).to.deep.equal(["a", "c"]);
    expect(outcomes.map(({ state }) => state)).to.deep.equal(["done now", "already done", "done now"]);
    expect(lines).to.have.length(3);
    expect(lines[1]).to.equal(" 2/3  b             there (already done)");
  });

  it("stops at a step whose check still fails after it ran", async () => {
    const here = world();
    const failed = await runSteps([step("a", false), step("b")], here, () => undefined).catch(
      (error: unknown) => error,
    );
    expect(failed).to.be.instanceOf(StepIncompleteError);
    expect(failed).to.have.property("details").that.includes({ step: "a", reason: "missing" });
    expect(here.calls).to.deep.equal(["a"]);
  });
});

describe("checkSteps", () => {
  it("runs nothing", async () => {
    const here = world("b");
    const outcomes = await checkSteps([step("a"), step("b")], here);
    expect(outcomes.map(({ state, detail }) => [state, detail])).to.deep.equal([
      ["open", "missing"],
      ["already done", "there"],
    ]);
    expect(here.calls).to.deep.equal([]);
  });
});
