import { expect } from "chai";

import { killAt, record, type Outcome, type Recording } from "../../scripts/dev/chaos/matrix.ts";
import { ONE_OF_EACH_KIND } from "../../scripts/dev/chaos/one-of-each-kind.ts";
import { expectationAt, kindOf } from "../../scripts/dev/chaos/points.ts";
import { inParallel } from "../../lib/parallel.ts";

describe("a run that is killed with SIGKILL and resumed", function () {
  let recording: Recording;
  const outcomes = new Map<string, Outcome>();

  before(async function () {
    this.timeout(180_000);
    recording = await record();
    // Two at a time, all before the first sentence: what resumes in this process takes its output over.
    await inParallel(ONE_OF_EACH_KIND, async (point) => outcomes.set(point, await killAt(recording, point)), 2);
  });

  it("is killed at points that exist, at least one of every kind there is", () => {
    expect(recording.points).to.include.members([...ONE_OF_EACH_KIND]);
    const kinds = (points: readonly string[]) => [...new Set(points.map(kindOf))].sort();
    expect(kinds(ONE_OF_EACH_KIND)).to.deep.equal(kinds(recording.points));
  });

  for (const point of ONE_OF_EACH_KIND) {
    const { unknown, paid } = expectationAt(point);
    const answers = paid.includes(2) ? "says that it may have been charged, and pays again when told to" : "pays once";
    const asks = unknown && !paid.includes(2) ? "says that it may have been charged, and " : "";
    it(`at ${point}: deposits once, mints once, ${asks}${answers}`, () => {
      expect(outcomes.get(point)?.violations).to.deep.equal([]);
    });
  }
});
