/** The titles of tests as their source spells them, without running anything. */

import { readFileSync } from "node:fs";

import ts from "typescript";

/** One title, which may have holes that a loop fills. */
type Title = readonly (string | undefined)[];

interface Found {
  /** From the outermost `describe` to the `it`. */
  readonly path: readonly Title[];
}

const SUITES = new Set(["describe", "context"]);

/**
 * Reads a file, and says of full titles, `describe > it`, whether it has such a test. What a loop puts into a title must stand in the same file
 * as a text of its own, so that a title whose case was removed is not found any more.
 */
export function testsOf(file: string): (title: string) => boolean {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const texts = new Set<string>();
  const tests: Found[] = [];
  collect(source, [], tests, texts);
  return (title) => tests.some(({ path }) => matches(path, title, texts));
}

function collect(node: ts.Node, path: readonly Title[], tests: Found[], texts: Set<string>): void {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) texts.add(node.text);
  let below = path;
  if (ts.isCallExpression(node)) {
    const called = node.expression.getText();
    const [named] = node.arguments;
    if (named !== undefined && (SUITES.has(called) || called === "it")) {
      below = [...path, titleOf(named)];
      if (called === "it") tests.push({ path: below });
    }
  }
  node.forEachChild((child) => {
    collect(child, below, tests, texts);
  });
}

function titleOf(node: ts.Expression): Title {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return [undefined];
  return [node.head.text, ...node.templateSpans.flatMap(({ literal }) => [undefined, literal.text])];
}

function matches(path: readonly Title[], title: string, texts: ReadonlySet<string>): boolean {
  const parts = path.flatMap((one, index) => (index === 0 ? one : [" > ", ...one]));
  return fits(parts, title, texts);
}

/** Tries every text of the file in a hole: where one ends cannot be seen from the title. */
function fits(parts: Title, rest: string, texts: ReadonlySet<string>): boolean {
  if (parts.length === 0) return rest === "";
  const [part, ...others] = parts;
  if (part !== undefined) return rest.startsWith(part) && fits(others, rest.slice(part.length), texts);
  return [...texts].some(
    (text) => text !== "" && rest.startsWith(text) && fits(others, rest.slice(text.length), texts),
  );
}
