import { expect } from "chai";

import { BatchIncompleteError } from "../../../lib/batch/errors.ts";
import { NO_ITEMS } from "../../../lib/batch/state.ts";

describe("a batch that did not come to its end", () => {
  const remedyFor = (counts: Partial<typeof NO_ITEMS>) =>
    new BatchIncompleteError({ id: "first", counts: { ...NO_ITEMS, ...counts }, open: 1 }).remedy;

  it("names the command that continues it", () => {
    expect(remedyFor({ waiting: 1 })).to.match(/npx hardhat flow batch --id first$/);
  });

  it("speaks of paying again only where something was lost", () => {
    for (const lost of [{ unknown: 1 }, { spoiled: 1 }]) expect(remedyFor(lost)).to.include("--retry-unanswered");
  });
});
