import { cp, symlink } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { hardhatJson, PROJECT_ROOT } from "../support/cli.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

const SOURCES = ["contracts", "lib", "scripts", "tasks", "hardhat.config.ts", "package.json", "tsconfig.json"];

describe("a fresh clone, in which nothing was ever built", function () {
  this.timeout(300_000);

  let clone: TemporaryFolder;
  before(async () => {
    clone = await temporaryFolder();
    for (const source of SOURCES)
      await cp(path.join(PROJECT_ROOT, source), path.join(clone.path, source), { recursive: true });
    await symlink(path.join(PROJECT_ROOT, "node_modules"), path.join(clone.path, "node_modules"));
  });
  after(async () => clone.remove());

  it("lists providers without building anything", async () => {
    const { code, answer } = await hardhatJson(["provider", "list"], {}, clone.path);
    expect(code).to.equal(0);
    expect(answer).to.have.nested.property("data.services").with.length(2);
  });

  it("builds what the flow deploys, and still prints exactly one object", async () => {
    const { code, stdout, answer } = await hardhatJson(["flow", "run"], {}, clone.path);
    if (!answer.ok) throw new Error(answer.error.message);
    expect(code).to.equal(0);
    expect(stdout.startsWith("{")).to.equal(true);
    expect(answer.data).to.have.property("content", "4");
  });

  it("has built the modules that it looks for, too", async () => {
    const { answer } = await hardhatJson(["inft", "deploy"], {}, clone.path);
    if (!answer.ok) throw new Error(answer.error.message);
    const { modules } = answer.data as { modules: { contractName: string }[] };
    expect(modules.map(({ contractName }) => contractName)).to.deep.equal(["INFTDialects", "TokenDocuments"]);
  });
});
