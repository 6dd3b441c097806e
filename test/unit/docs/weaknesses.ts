import { readFileSync } from "node:fs";

import { expect } from "chai";

describe("the weaknesses in docs/inft.md", () => {
  it("are those that test/contracts/attacks.ts attacks by, word for word", () => {
    const rows = [...readFileSync("docs/inft.md", "utf8").matchAll(/^\| (\d+: .+?) \| .+ \|$/gm)].map(
      ([, name]) => name,
    );
    const groups = [...readFileSync("test/contracts/attacks.ts", "utf8").matchAll(/describe\("(\d+: [^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(groups).to.not.be.empty;
    expect(rows).to.deep.equal(groups);
  });
});
