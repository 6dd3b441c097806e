import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { expect } from "chai";
import hre from "hardhat";
import type { Task } from "hardhat/types/tasks";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { runTask } from "../../support/in-process.ts";
import { shellLines, snippets, type ShellLine } from "../../support/snippets.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const DOCUMENT = "docs/migrating.md";
/** What a snippet calls the chain, and where it keeps keys: the defaults of a user's own machine. */
const DEFAULT_URL = "http://127.0.0.1:8545";
const DEFAULT_KEYS = ".0g/localhost/keys";
const ON_LOCALHOST = ["--network", "localhost"];

/** The task that words name, and what is left of them. */
function taskOf(words: readonly string[]): { readonly id: readonly string[]; readonly rest: readonly string[] } {
  const id: string[] = [];
  let task: Task | undefined;
  for (const word of words) {
    task = task === undefined ? hre.tasks.rootTasks.get(word) : task.subtasks.get(word);
    if (task === undefined) break;
    id.push(word);
  }
  return { id, rest: words.slice(id.length) };
}

describe("docs/migrating.md", function () {
  this.timeout(120_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0, allServices: true }), temporaryFolder()]);
  });
  after(async () => {
    await Promise.all([served.close(), home.remove()]);
  });

  it("has a program that runs as it stands, and proves what it says", async () => {
    const blocks = snippets(DOCUMENT, "ts");
    expect(blocks).not.to.be.empty;
    const program = blocks
      .join("\n")
      .replaceAll(/from "([^"]+)"/g, (_, specifier: string) => {
        const found = specifier === "./lib/index.ts" ? "../../../lib/index.ts" : specifier;
        return `from ${JSON.stringify(import.meta.resolve(found))}`;
      })
      .replaceAll(DEFAULT_URL, served.url)
      .replaceAll(JSON.stringify(DEFAULT_KEYS), JSON.stringify(path.join(home.path, "keys")));
    const file = path.join(home.path, "program.mts");
    await writeFile(file, `${program}\nchain.destroy();\n`);
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", import.meta.resolve("tsx"), file], {
      env: { PATH: process.env["PATH"], PRIVATE_KEY: developmentAccount(1).privateKey },
    });
    const lines = stdout.split("\n");
    expect(
      lines.filter((line) => /^verified\b/.test(line)),
      stdout,
    ).to.have.length(3);
    expect(lines).to.include.members(["true", "revoked"]);
    expect(stdout)
      .to.match(/^refund requested \d+n \d+n$/m)
      .and.match(/^(AttestationRefused|NotHardware)Error: /m);
  });

  it("has commands that run as they stand, in their order", async () => {
    const lines = snippets(DOCUMENT, "sh").flatMap(shellLines);
    expect(lines.length).to.be.greaterThan(10);
    const [first, ...others] = lines;
    expect(first?.words, "what this test does itself").to.deep.equal(["npx", "hardhat", "galileo", "up"]);
    for (const line of others) await typed(line);
  });

  /** Runs a line in this process, with its files in the test's folder. */
  async function typed({ words, comment }: ShellLine): Promise<void> {
    const [npx, hardhat, ...command] = words;
    expect([npx, hardhat, ...command.slice(-ON_LOCALHOST.length)]).to.deep.equal(["npx", "hardhat", ...ON_LOCALHOST]);
    const { id, rest } = taskOf(command.slice(0, -ON_LOCALHOST.length));
    const inHome = rest.map((word) => (/^[\w-]+\.json$/.test(word) ? path.join(home.path, word) : word));
    const [group, verb] = [id.slice(0, -1).join(" "), id.at(-1) ?? ""];
    const { code, answer } = await runTask({ url: served.url, home: home.path }, group, verb, ...inHome);
    const expected = Number(/exit code (\d)/.exec(comment)?.[1] ?? 0);
    expect(code, `${words.join(" ")}\n${answer.ok ? "" : JSON.stringify(answer.error)}`).to.equal(expected);
  }
});
