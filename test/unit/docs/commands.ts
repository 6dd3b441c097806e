import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";
import type { Task } from "hardhat/types/tasks";

import { VARIABLES } from "../../../lib/env.ts";

interface Mention {
  readonly where: string;
  readonly text: string;
}

const DOCUMENTS = [
  "README.md",
  "deployments/README.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join("docs", file)),
];
const SOURCES = ["lib", "tasks", "scripts"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .map((file) => path.join(folder, file)),
);

/** `npx hardhat …` as far as the line goes on as one command: up to a quote, a bracket, punctuation or a comment. */
function commandsIn(file: string): Mention[] {
  const command = /npx hardhat((?: +(?:[a-z][\w.:/-]*|--[a-z][\w-]*|0x[\w….]*|<[^>]+>|\d[\w.]*))*)/g;
  return [...readFileSync(file, "utf8").matchAll(command)].map(([, words = ""]) => ({
    where: file,
    text: words.trim().replace(/[.,:;]+$/, ""),
  }));
}

/** Names of options as they are typed. */
function optionNames(task: Task): string[] {
  const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [...task.options.keys()].map((name) => `--${kebab(name)}`);
}

const GLOBAL_OPTIONS = ["--network", "--help", "--config", "--show-stack-traces", "--build-profile", "--coverage"];

/** Why the command cannot be typed, or undefined. */
function problemOf(text: string): string | undefined {
  // Hardhat takes its global options before the task, too.
  const words = text
    .replace(/^(--(?:network|config) +\S+ *)+/, "")
    .split(/ +/)
    .filter((word) => word !== "");
  const id: string[] = [];
  let task: Task | undefined;
  for (const word of words) {
    const next = task === undefined ? hre.tasks.rootTasks.get(word) : task.subtasks.get(word);
    if (next === undefined) break;
    task = next;
    id.push(word);
  }
  const rest = words.slice(id.length);
  const named = rest.find((word) => /^[a-z]/.test(word));
  if (task === undefined) return named === undefined ? undefined : `there is no task ${named}`;
  const takesWords = task.positionalArguments.length > 0 || !task.isEmpty;
  if (task.isEmpty && rest.length > 0 && !(rest[0] ?? "--").startsWith("--")) return `there is no ${words.join(" ")}`;
  if (!takesWords && named !== undefined) return `${id.join(" ")} takes no ${named}`;
  const options = [...optionNames(task), ...GLOBAL_OPTIONS];
  return rest
    .filter((word) => word.startsWith("--") && !options.includes(word))
    .map((word) => `${id.join(" ")} has no ${word}`)[0];
}

describe("commands named in documents, remedies and comments", () => {
  for (const file of [...DOCUMENTS, ...SOURCES].filter((candidate) => commandsIn(candidate).length > 0)) {
    it(`exist, in ${file}`, () => {
      const problems = commandsIn(file).flatMap(({ text }) => {
        const problem = problemOf(text);
        return problem === undefined ? [] : [`npx hardhat ${text}: ${problem}`];
      });
      expect(problems).to.deep.equal([]);
    });
  }

  it("are told from ones that do not exist", () => {
    expect(problemOf("ledger deposit 0.6 --yes")).to.be.undefined;
    expect(problemOf("ledger show --json")).to.be.undefined;
    expect(problemOf("ledger burn 1")).to.be.a("string");
    expect(problemOf("leger deposit 0.6")).to.be.a("string");
    expect(problemOf("ledger deposit 0.6 --force")).to.be.a("string");
  });

  it("reach every task: the README's table names each one", () => {
    const readme = readFileSync("README.md", "utf8");
    const groups = ["flow", "galileo", "doctor", "ledger", "provider", "inference", "inft", "job"];
    const missing = groups.flatMap((group) => {
      const task = hre.tasks.rootTasks.get(group);
      if (task === undefined) return [group];
      const verbs = task.isEmpty ? [...task.subtasks.values()] : [task];
      return verbs.map(({ id }) => id.join(" ")).filter((id) => !readme.includes(`npx hardhat ${id}`));
    });
    expect(missing).to.deep.equal([]);
  });
});

describe("npm scripts named in documents", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

  for (const file of DOCUMENTS) {
    it(`exist, in ${file}`, () => {
      const named = [...readFileSync(file, "utf8").matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)];
      for (const [, name = ""] of named) expect(scripts).to.have.property(name);
    });
  }
});

describe("files named in documents", () => {
  /** Appear while the project runs, or are the user's own. */
  const NOT_COMMITTED = [
    /^\.0g\//,
    /^\.env$/,
    /^deployments\/localhost/,
    /^deployments\/zgTestnetV4$/,
    /^test\/live/,
    /^bench-results|^gas-results/,
  ];

  for (const file of DOCUMENTS) {
    it(`exist, in ${file}`, () => {
      const text = readFileSync(file, "utf8");
      const quoted = [...text.matchAll(/`((?:lib|tasks|scripts|test|contracts|docs|deployments)\/[\w./-]*)`/g)].map(
        ([, name = ""]) => name,
      );
      const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, name = ""]) =>
        path.join(path.dirname(file), name),
      );
      const missing = [...quoted, ...linked].filter(
        (name) => !existsSync(name) && !NOT_COMMITTED.some((pattern) => pattern.test(name)),
      );
      expect(missing).to.deep.equal([]);
    });
  }
});

describe("variables named in documents", () => {
  for (const file of DOCUMENTS) {
    it(`are read, in ${file}`, () => {
      const errorCodes = new Set<string>(readFileSync("docs/errors.md", "utf8").match(/(?<=^### )\w+/gm));
      const names = readFileSync(file, "utf8").match(/\b[A-Z][A-Z0-9]*_(?:RPC_URL|PRIVATE_KEY|API_KEY|CHAIN_RPC)\b/g);
      const named = (names ?? []).filter((name) => !errorCodes.has(name));
      expect(Object.keys(VARIABLES)).to.include.members(named);
    });
  }
});
