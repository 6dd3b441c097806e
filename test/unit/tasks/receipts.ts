import { expect } from "chai";

import { checkLines, endorsementCheck } from "../../../tasks/support/checks.ts";
import { receiptName } from "../../../tasks/support/receipts.ts";

describe("receiptName", () => {
  it("differs for a chat id that a provider uses again", () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    expect(receiptName(at, "first")).to.equal("20260102T030405678Z-first.json");
    expect(receiptName(at + 1, "first")).to.not.equal(receiptName(at, "first"));
  });
});

describe("endorsementCheck", () => {
  const teeSignerAddress = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

  it("fails by name for a signer that only its provider lists", () => {
    expect(checkLines([endorsementCheck({ endorsed: false, teeSignerAddress })])).to.deep.equal([
      `FAILED  endorsement  the contract's owner does not endorse ${teeSignerAddress}`,
    ]);
    expect(endorsementCheck({ endorsed: true, teeSignerAddress }).passed).to.equal(true);
  });
});
