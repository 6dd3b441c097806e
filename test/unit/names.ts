import { expect } from "chai";

import { conflictingName, nameProblem } from "../../lib/names.ts";

describe("the name of a part", () => {
  it("is any relative path that every system can keep", () => {
    for (const name of [
      "a",
      "weights.bin",
      "weights/0001.bin",
      "LICENSE",
      "模型/ü.json",
      "a b",
      "..a",
      "a..b",
      "console",
    ]) {
      expect(nameProblem(name), name).to.equal(undefined);
    }
  });

  for (const [name, why] of [
    ["", "empty part"],
    ["/etc/passwd", "empty part"],
    ["a//b", "empty part"],
    ["a/", "empty part"],
    [".", "leads elsewhere"],
    ["..", "leads elsewhere"],
    ["a/../../b", "leads elsewhere"],
    ["./a", "leads elsewhere"],
    ["a\\b", "character"],
    ["C:a", "character"],
    ["a\0b", "character"],
    ["a\nb", "character"],
    ["a\u0085b", "character"],
    ["a\ud800", "character"],
    ["a?", "character"],
    ["a.", "ends with a dot"],
    ["a /b", "ends with a dot or a space"],
    ["nul", "device"],
    ["Con.txt", "device"],
    ["a/COM1", "device"],
    ["a".repeat(256), "255"],
    ["é".repeat(128), "255"],
    [Array.from({ length: 600 }, () => "a").join("/"), "1024"],
  ] as const) {
    it(`is not ${JSON.stringify(name.slice(0, 20))}`, () => {
      expect(nameProblem(name)).to.be.a("string").that.includes(why);
    });
  }

  it("differs from all others on every system", () => {
    expect(conflictingName([])).to.equal(undefined);
    expect(conflictingName(["a", "b", "c/a", "c/b", "ab"])).to.equal(undefined);
    for (const names of [
      ["b", "a", "a"],
      ["b", "a", "A"],
      ["b", "\u00e9", "e\u0301"],
      ["b", "a", "a/c"],
      ["b", "a/c", "a"],
      ["b", "a/c/d", "A/C"],
    ]) {
      expect(conflictingName(names), names.join()).to.equal(names[2]);
    }
  });
});
