import { expect } from "chai";

import { answerSum } from "../../../lib/galileo/provider/responders/arithmetic.ts";

describe("answerSum", () => {
  const sums: [string, string | undefined][] = [
    ["What is 2+2?", "4"],
    ["what is 2 plus 3 times 4", "14"],
    ["(2+3)*4 =", "20"],
    ["10 / 4", "2.5"],
    ["1/3", "1/3"],
    ["2/6", "1/3"],
    ["0.1 + 0.2", "0.3"],
    ["-5 - -3", "-2"],
    ["-(1+2)*3", "-9"],
    ["7 ÷ 2 × 2", "7"],
    ["12345678901234567890 * 10", "123456789012345678900"],
    ["1 - 3/2", "-0.5"],
    ["5 divided by 0", undefined],
    ["1/0 + 1", undefined],
    ["Who are you?", undefined],
    ["I am 42", undefined],
    ["call 2+ now", undefined],
    ["((1+2)", undefined],
    ["1".repeat(150) + "+" + "1".repeat(150), undefined],
  ];
  for (const [text, result] of sums) {
    it(`${result === undefined ? "does not answer" : "answers"} ${text.slice(0, 40)}`, () => {
      expect(answerSum(text)).to.equal(result);
    });
  }
});
