/** The syntax tree that the compiler makes of our contracts, as far as the search for guards reads it. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { CONTRACTS, ROOT } from "../project-copy.ts";

export interface Node {
  readonly id: number;
  readonly nodeType: string;
  /** `start:length:file`, in bytes of UTF-8. */
  readonly src: string;
  readonly [field: string]: unknown;
}

export interface SourceTree {
  /** Relative to the root. */
  readonly file: string;
  readonly source: Buffer;
  readonly unit: Node;
}

export interface Trees {
  /** Of our contracts. */
  readonly sources: readonly SourceTree[];
  /** Of everything compiled, libraries included, by the id that references name. */
  readonly declarations: ReadonlyMap<number, Node>;
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly sources: Readonly<Record<string, { readonly ast: Node }>>;
}

const require = createRequire(import.meta.url);

/** Analyses our contracts, which takes a second or two; nothing is compiled. */
export function readTrees(): Trees {
  return treesOf(new Map(CONTRACTS.map((file) => [file, read(file)])));
}

/** Analyses sources, given by file. What they import is read from the project and its packages. */
export function treesOf(files: ReadonlyMap<string, string>): Trees {
  const solc = require("solc") as {
    compile(input: string, callbacks: { import(file: string): { contents: string } | { error: string } }): string;
  };
  const input = {
    language: "Solidity",
    sources: Object.fromEntries([...files].map(([file, content]) => [file, { content }])),
    settings: { outputSelection: { "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import: (file) => {
        try {
          return { contents: read(file.startsWith("contracts/") ? file : path.join("node_modules", file)) };
        } catch {
          return { error: `${file} is not there` };
        }
      },
    }),
  ) as SolcOutput;
  const problems = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (problems.length > 0) throw new Error(problems.map(({ formattedMessage }) => formattedMessage).join("\n"));

  const declarations = new Map<number, Node>();
  for (const { ast } of Object.values(output.sources)) walk(ast, (node) => void declarations.set(node.id, node));
  const sources = [...files].map(([file, content]) => {
    const unit = output.sources[file]?.ast;
    if (unit === undefined) throw new Error(`the compiler returned no syntax tree of ${file}`);
    return { file, source: Buffer.from(content), unit };
  });
  return { sources, declarations };
}

/** Visits a node and all below it, outer nodes first. `path` leads from the root to the node's parent. */
export function walk(node: Node, visit: (node: Node, path: readonly Node[]) => void, path: readonly Node[] = []): void {
  visit(node, path);
  const below = [...path, node];
  for (const child of childrenOf(node)) walk(child, visit, below);
}

export function rangeOf(node: Node): { readonly start: number; readonly end: number } {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return { start, end: start + length };
}

export function child(node: Node, field: string): Node | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

export function children(node: Node, field: string): Node[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value: unknown) =>
    isNode(value) ? [value] : Array.isArray(value) ? value.filter(isNode) : [],
  );
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}
