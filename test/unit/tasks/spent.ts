import { expect } from "chai";

import { spentText } from "../../../tasks/support/spent.ts";

const OG = 10n ** 18n;

describe("what a command says it spent", () => {
  it("names each part that cost something", () => {
    const spent = { gas: OG, answers: 2n * OG, storage: 3n * OG };
    expect(spentText(spent, 6n * OG)).to.equal("1 0G gas, 2 0G for answers, 3 0G for storage");
  });

  it("names what earlier commands of the run spent", () => {
    expect(spentText({ gas: OG, answers: 0n, storage: 0n }, 3n * OG)).to.equal(
      "1 0G gas; 3 0G by all commands of the run",
    );
    expect(spentText({ gas: 0n, answers: 0n, storage: 0n }, OG)).to.equal(
      "nothing by this command; 1 0G by all commands of the run",
    );
  });
});
