import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { INTERFACES } from "../../../lib/chain/contracts.ts";
import { ContractRevertError } from "../../../lib/chain/revert.ts";
import { translate, type CallKind } from "../../../lib/compute/translate.ts";
import { VARIABLES } from "../../../lib/env.ts";
import { EXIT } from "../../../lib/errors.ts";

interface Entry {
  readonly code: string;
  readonly exit: number;
  readonly why: string;
  readonly how: string;
}

const PAGE = readFileSync("docs/errors.md", "utf8");

function entries(): Entry[] {
  const entry = /^### (ZG_[A-Z0-9_]+)\n\n- exit (\d)\n- \*\*Why:\*\* (.+)\n- \*\*How:\*\* (.+)$/gm;
  return [...PAGE.matchAll(entry)].map(([, code = "", exit, why = "", how = ""]) => ({
    code,
    exit: Number(exit),
    why,
    how,
  }));
}

/** Error codes as the sources spell them, with the exit code written beside each. */
function codesInSources(): Map<string, number | undefined> {
  const codes = new Map<string, number | undefined>();
  for (const folder of ["lib", "tasks"]) {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    for (const file of files) {
      const source = readFileSync(path.join(folder, file), "utf8");
      for (const match of source.matchAll(/"(ZG_[A-Z0-9_]+)"(?:,\s*(?:exit:\s*)?EXIT\.(\w+))?/g)) {
        const [, code = "", exit] = match;
        if (!Object.hasOwn(VARIABLES, code)) codes.set(code, exit === undefined ? codes.get(code) : EXIT[exit as "ok"]);
      }
    }
  }
  return codes;
}

describe("docs/errors.md", () => {
  const sources = codesInSources();
  const documented = entries();

  it("has an entry for every code that is thrown, and no other", () => {
    expect(documented.map(({ code }) => code).sort()).to.deep.equal([...sources.keys()].sort());
    expect(PAGE.match(/^### /gm)).to.have.length(documented.length);
  });

  for (const { code, exit, why, how } of documented) {
    it(`says how ${code} ends, why it happens, and how to go on`, () => {
      const thrown = sources.get(code);
      if (thrown !== undefined) expect(exit).to.equal(thrown);
      else expect(Object.values(EXIT)).to.include(exit);
      expect(why.trim()).not.to.equal("");
      expect(how.trim()).not.to.equal("");
    });
  }

  describe("the table of 0G's contract errors", () => {
    const rows = new Map(
      [...PAGE.matchAll(/^\| `(\w+)` \| ([A-Z0-9_, ]+) \| .+ \|$/gm)].map(([, name = "", codes = ""]) => [
        name,
        codes.split(", ").sort(),
      ]),
    );
    const kinds: readonly CallKind[] = ["openLedger", "transfer", "withdraw", "read"];
    const errors = new Map<string, Set<string>>();
    for (const abi of Object.values(INTERFACES)) {
      abi().forEachError((fragment) => {
        const samples: Record<string, unknown> = { address: `0x${"11".repeat(20)}`, uint256: 1n, string: "why" };
        const args = Object.fromEntries(fragment.inputs.map(({ name, type }) => [name, samples[type]]));
        const revert = new ContractRevertError("Calling", { name: fragment.name, args, data: "0x" });
        const codes = errors.get(fragment.name) ?? new Set();
        for (const kind of kinds) codes.add(translate(revert, { kind, values: {} }).code);
        errors.set(fragment.name, codes);
      });
    }

    it("lists every error of the three contracts once, and no other", () => {
      expect([...rows.keys()].sort()).to.deep.equal([...errors.keys()].sort());
    });

    for (const [name, codes] of errors) {
      it(`says what becomes of ${name}`, () => {
        expect(rows.get(name)).to.deep.equal([...codes].sort());
      });
    }
  });
});
