import { expect } from "chai";

import { countTests } from "../../../scripts/dev/count-tests.mjs";

const BOTH = `
Running Solidity tests

  test/A.t.sol:ATest
    ✔ test_ok()
    1) test_bad()

Running Mocha tests


  a suite
    ✔ passes
    - waits for a key
    2) fails


  1 passing (2s)
  1 pending
  1 failing

  1) a suite
       fails:
     Error: said "  7 passing (1s)" somewhere

3 passing (1 solidity, 2 mocha)
2 failing (1 solidity, 1 mocha)

Test run failed
`;

describe("countTests", () => {
  it("adds mocha and Solidity tests up and does not count a skipped test as passed", () => {
    expect(countTests(BOTH)).to.deep.equal({ passed: 2, failed: 2 });
  });

  it("reads a run without failures", () => {
    const output = "Running Mocha tests\n\n  12 passing (340ms)\n\n12 passing (12 mocha)\n";
    expect(countTests(output)).to.deep.equal({ passed: 12, failed: 0 });
  });

  it("reads coloured output", () => {
    const output = "Running Mocha tests\n\u001b[92m \u001b[0m\u001b[32m 3 passing\u001b[0m\u001b[90m (1m)\u001b[0m\n";
    expect(countTests(output)).to.deep.equal({ passed: 3, failed: 0 });
  });

  it("ignores the counts of a Hardhat that a test itself started", () => {
    const output =
      "  99 passing (1s)\n99 passing (99 mocha)\nRunning Mocha tests\n  2 passing (1s)\n2 passing (2 mocha)\n";
    expect(countTests(output)).to.deep.equal({ passed: 2, failed: 0 });
  });

  it("finds nothing where nothing ran", () => {
    expect(countTests("npm error code ETARGET\n")).to.deep.equal({ passed: 0, failed: 0 });
    expect(countTests("")).to.deep.equal({ passed: 0, failed: 0 });
  });
});
