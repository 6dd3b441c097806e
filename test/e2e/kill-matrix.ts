import { expect } from "chai";

import { inParallel } from "../../lib/parallel.ts";
import { killAt, record, type Outcome, type Recording } from "../../scripts/dev/chaos/matrix.ts";
import { ONE_OF_EACH_KIND } from "../../scripts/dev/chaos/one-of-each-kind.ts";
import { expectationAt, kindOf } from "../../scripts/dev/chaos/points.ts";
import { TRIALS } from "../../scripts/dev/chaos/trials.ts";

describe("what is killed with SIGKILL and resumed", function () {
  const recordings = new Map<string, Recording>();
  const outcomes = new Map<string, Outcome>();

  before(async function () {
    this.timeout(180_000);
    // Two at a time, all before the first sentence: what resumes in this process takes its output over.
    await inParallel(TRIALS, async (trial) => recordings.set(trial.name, await record(trial)), 2);
    const kills = TRIALS.flatMap(({ name }) => ONE_OF_EACH_KIND[name].map((point) => ({ name, point })));
    const kill = async ({ name, point }: (typeof kills)[number]) =>
      outcomes.set(`${name} ${point}`, await killAt(recordings.get(name)!, point));
    await inParallel(kills, kill, 2);
  });

  const kinds = (points: readonly string[]) => [...new Set(points.map(kindOf))].sort();

  it("is killed at points that exist, a run at one of every kind there is", () => {
    for (const { name } of TRIALS) expect(recordings.get(name)?.points).to.include.members([...ONE_OF_EACH_KIND[name]]);
    expect(kinds(ONE_OF_EACH_KIND.run)).to.deep.equal(kinds(recordings.get("run")!.points));
  });

  for (const point of ONE_OF_EACH_KIND.run) {
    const { unknown, paid } = expectationAt(point);
    const answers = paid.includes(2) ? "says that it may have been charged, and pays again when told to" : "pays once";
    const asks = unknown && !paid.includes(2) ? "says that it may have been charged, and " : "";
    it(`a run at ${point}: deposits once, mints once, ${asks}${answers}`, () => {
      expect(outcomes.get(`run ${point}`)?.violations).to.deep.equal([]);
    });
  }

  for (const point of ONE_OF_EACH_KIND.batch) {
    it(`a batch at ${point}: deposits once, mints and pays once for each item`, () => {
      expect(outcomes.get(`batch ${point}`)?.violations).to.deep.equal([]);
    });
  }
});
