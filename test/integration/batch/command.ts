import { readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { hardhatJson } from "../../support/in-process.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

describe("flow batch", () => {
  const QUESTIONS = '{"prompt":"What is 2+2?"}\n';
  let folder: TemporaryFolder;
  let file: string;
  before(async () => {
    folder = await temporaryFolder();
    file = path.join(folder.path, "questions.jsonl");
    await writeFile(file, QUESTIONS);
  });
  after(async () => folder.remove());
  const batch = async (...options: string[]) => hardhatJson(["flow", "batch", file, "--no-storage", ...options]);

  it("does not replace the questions by their answers, by whatever name they are called", async () => {
    const link = path.join(folder.path, "link.jsonl");
    await symlink(file, link);
    for (const out of [file, link, path.join(folder.path, ".", "x", "..", "questions.jsonl")]) {
      const { code, answer } = await batch("--out", out);
      expect(code).to.equal(2);
      expect(JSON.stringify(answer)).to.include("holds the questions");
    }
    expect(await readFile(file, "utf8")).to.equal(QUESTIONS);
  });
});
