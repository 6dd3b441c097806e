import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

/** Who may read the environment beside lib/env.ts, and why. Only these. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "lib/env.ts": "it is the place",
  "lib/galileo/": "a Hardhat plugin configures itself",
  "scripts/dev/": "tools of the developers: they start child processes and pass the environment on",
};

const SOURCES = ["lib", "tasks", "scripts", "hardhat.config.ts"];

function filesUnder(entry: string): string[] {
  if (statSync(entry).isFile()) return [entry];
  return readdirSync(entry, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.(ts|js|mjs)$/.test(file.name))
    .map((file) => path.join(file.parentPath, file.name));
}

/** Line numbers of reads: `process.env`, `process["env"]`, `const { env } = process`, `import { env } from "process"`. */
function readsOf(source: string): number[] {
  const read =
    /process\s*(\?\.|\.)\s*env\b|process\s*\[\s*["'`]env["'`]\s*\]|\benv\b[^;\n]*\}\s*=\s*process\b|\benv\b[^;\n]*\}\s*from\s*["'](node:)?process["']/;
  const withoutComments = source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
  return withoutComments
    .split("\n")
    .flatMap((line, index) => (read.test(line.replace(/(^|\s)\/\/.*$/, "")) ? [index + 1] : []));
}

describe("the environment", () => {
  it("is read by lib/env.ts only, but for the documented exceptions", () => {
    const offenders = SOURCES.flatMap(filesUnder)
      .map((file) => file.replaceAll(path.sep, "/"))
      .filter((file) => !Object.keys(EXCEPTIONS).some((allowed) => file.startsWith(allowed)))
      .flatMap((file) => readsOf(readFileSync(file, "utf8")).map((line) => `${file}:${line}`));

    expect(offenders).to.deep.equal([]);
  });

  it("is found however it is spelled, and not in comments", () => {
    for (const spelling of [
      "process.env.HOME",
      "process?.env",
      'process["env"].HOME',
      "const { env } = process;",
      'import { env } from "node:process";',
    ]) {
      expect(readsOf(spelling), spelling).to.deep.equal([1]);
    }
    for (const comment of ["// process.env", "/** reads `process.env` */", "const x = 1; // process.env"]) {
      expect(readsOf(comment), comment).to.deep.equal([]);
    }
  });
});
