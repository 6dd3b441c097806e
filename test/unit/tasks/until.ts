import { expect } from "chai";

import { UsageError } from "../../../lib/errors.ts";
import { parseUntil, untilText } from "../../../tasks/support/until.ts";

const NOW = 1_800_000_000n; // 2027-01-15T08:00:00Z

describe("parseUntil", () => {
  for (const [text, seconds] of [
    ["45s", 45n],
    ["10m", 600n],
    ["12h", 43_200n],
    ["7d", 604_800n],
    ["2w", 1_209_600n],
  ] as const) {
    it(`takes ${text} for a time from now on`, () => {
      expect(parseUntil(text, "until", NOW)).to.equal(NOW + seconds);
    });
  }

  it("takes a date for its beginning in UTC, and a time to the second", () => {
    expect(parseUntil("2027-01-16", "until", NOW)).to.equal(NOW + 57_600n);
    expect(parseUntil("2027-01-15T08:00:01Z", "until", NOW)).to.equal(NOW + 1n);
    expect(parseUntil("2027-01-15T08:01Z", "until", NOW)).to.equal(NOW + 60n);
  });

  for (const [why, text] of [
    ["no time", "soon"],
    ["no unit", "30"],
    ["no date", "2027-02-30T25:00Z"],
    ["a date without its day", "2027-02"],
    ["now", "0d"],
    ["the past", "2027-01-15"],
    ["more seconds than an expiry holds", "999999999w"],
  ] as const) {
    it(`refuses ${why}`, () => {
      expect(() => parseUntil(text, "deadline", NOW))
        .to.throw(UsageError, `--deadline ${JSON.stringify(text)}`)
        .with.property("details")
        .that.deep.equals({ deadline: text, now: NOW });
    });
  }
});

describe("untilText", () => {
  it("is a time, or says that there is no end", () => {
    expect(untilText(NOW)).to.equal("2027-01-15T08:00:00Z");
    expect(untilText(0n)).to.equal("no end");
  });
});
