import { readFileSync } from "node:fs";

import { expect } from "chai";

import { VARIABLES } from "../../../lib/env.ts";

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly commentedOut: boolean;
  readonly explained: boolean;
}

/** The assignments of the file, active or commented out, and whether a comment line stands right above. */
function entriesOf(text: string): Entry[] {
  const assignment = /^(# )?([A-Z][A-Z0-9_]*)=(.*)$/;
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [, comment, name, value] = assignment.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const above = lines[index - 1] ?? "";
    const explained = above.startsWith("# ") && !assignment.test(above);
    return [{ name, value, commentedOut: comment !== undefined, explained }];
  });
}

describe(".env.example", () => {
  const entries = entriesOf(readFileSync(".env.example", "utf8"));
  const table = Object.entries(VARIABLES) as [string, { secret: boolean; fallback?: string; aliasOf?: string }][];

  it("lists exactly the variables that lib/env.ts reads, each once", () => {
    expect(entries.map(({ name }) => name)).to.have.members(Object.keys(VARIABLES));
    expect(new Set(entries.map(({ name }) => name)).size).to.equal(entries.length);
  });

  for (const [name, { secret, fallback, aliasOf }] of table) {
    describe(name, () => {
      const entry = entries.find((candidate) => candidate.name === name);

      it(secret ? "carries no value" : "carries the working value that the code falls back to", () => {
        expect(entry?.value).to.equal(secret ? "" : fallback);
      });

      it(aliasOf === undefined ? "is active" : "is commented out, so that it does not compete", () => {
        expect(entry?.commentedOut).to.equal(aliasOf !== undefined);
      });

      it("is explained in the line above", () => {
        expect(entry?.explained).to.be.true;
      });
    });
  }

  it("lists aliases in the order in which they are read", () => {
    const aliases = (among: readonly string[]) =>
      among.filter((name) => table.some(([candidate, { aliasOf }]) => candidate === name && aliasOf !== undefined));
    const order = (target: string, among: readonly string[]) =>
      aliases(among).filter((name) => (VARIABLES as Record<string, { aliasOf?: string }>)[name]?.aliasOf === target);
    for (const target of ["GALILEO_RPC_URL", "GALILEO_PRIVATE_KEY"]) {
      expect(
        order(
          target,
          entries.map(({ name }) => name),
        ),
      ).to.deep.equal(order(target, Object.keys(VARIABLES)));
    }
  });
});
