import { existsSync, readFileSync } from "node:fs";

import { expect } from "chai";

import { testsOf } from "../../support/test-titles.ts";

interface Row {
  readonly fault: string;
  readonly happens: string;
  readonly title: string;
  readonly file: string;
}

function rows(): Row[] {
  const row = /^\| (.+?) \| (.+?) \| `([^`]+)` \((test\/[\w/.-]+)\) \|$/gm;
  return [...readFileSync("docs/reliability.md", "utf8").matchAll(row)].map(
    ([, fault = "", happens = "", title = "", file = ""]) => ({ fault, happens, title, file }),
  );
}

describe("docs/reliability.md", () => {
  const documented = rows();
  const read = new Map<string, ReturnType<typeof testsOf>>();

  function hasTest(file: string, title: string): boolean {
    const known = read.get(file) ?? testsOf(file);
    read.set(file, known);
    return known(title);
  }

  it("has a row for each of at least sixty faults, and no line that is none", () => {
    expect(documented.length).to.be.at.least(60);
    const lines = readFileSync("docs/reliability.md", "utf8").match(/^\| (?!fault \|)/gm) ?? [];
    expect(lines).to.have.length(documented.length);
    expect(new Set(documented.map(({ fault }) => fault)).size).to.equal(documented.length);
  });

  for (const { fault, title, file } of documented) {
    it(`names a test that exists for: ${fault}`, () => {
      expect(existsSync(file), file).to.equal(true);
      expect(hasTest(file, title), `${title} in ${file}`).to.equal(true);
    });
  }

  it("would notice a title that no test has, or no case of a loop any more", () => {
    const file = "test/integration/faults/rpc-writes.ts";
    const suite = "writing to the chain through a faulty node";
    expect(
      hasTest(file, `${suite} > a deposit > that never arrives is unknown, and it is lost, and made once`),
    ).to.equal(true);
    expect(hasTest(file, `${suite} > a deposit > that is eaten by a bear is done, and made once`)).to.equal(false);
    expect(hasTest(file, `${suite} > a deposit to a node that nobody wrote a test of`)).to.equal(false);
  });
});
