import { expect } from "chai";

import { readCoverageTable, shortfalls } from "../../../scripts/dev/coverage/report.ts";

const row = (file: string, lines: string, statements: string, uncovered: string) =>
  `║ ${file.padEnd(40)} │ ${lines.padEnd(6)} │ ${statements.padEnd(11)} │ ${uncovered.padEnd(15)} ║`;

const OUTPUT = [
  "74 passing (9 solidity, 65 mocha)",
  "║ File Path                                │ Line % │ Statement % │ Uncovered Lines ║",
  row("contracts/verifier/TransferVerifier.sol", "97.50", "98.10", "12, 30-34"),
  row("contracts/inft/INFT.sol", "100.00", "100.00", "-"),
  "╟──────────────────────────────────────────┼────────┼─────────────┼─────────────────╢",
  row("Total", "98.70", "99.00", ""),
].join("\n");

describe("the report of coverage", () => {
  it("is read from the table Hardhat prints", () => {
    expect(readCoverageTable(OUTPUT)).to.deep.equal({
      files: [
        { file: "contracts/inft/INFT.sol", linesPercent: 100, statementsPercent: 100, uncovered: "-" },
        {
          file: "contracts/verifier/TransferVerifier.sol",
          linesPercent: 97.5,
          statementsPercent: 98.1,
          uncovered: "12, 30-34",
        },
      ],
      total: { file: "Total", linesPercent: 98.7, statementsPercent: 99, uncovered: "" },
    });
  });

  it("is not made up when there is no table", () => {
    expect(() => readCoverageTable("74 passing")).to.throw("no table");
  });

  it("falls short by lines, by statements, and by a contract that was never measured", () => {
    const report = readCoverageTable(OUTPUT);
    expect(shortfalls(report, ["contracts/inft/INFT.sol"], 98)).to.deep.equal([]);
    expect(shortfalls(report, ["contracts/inft/INFT.sol"], 98.8)).to.deep.equal([
      "98.7 % of the lines ran; 98.8 % must.",
    ]);
    expect(shortfalls(report, ["contracts/inft/INFT.sol"], 99.5)).to.have.lengthOf(2);
    expect(shortfalls(report, ["contracts/inft/Other.sol"], 98)).to.deep.equal([
      "contracts/inft/Other.sol was not measured.",
    ]);
  });
});
