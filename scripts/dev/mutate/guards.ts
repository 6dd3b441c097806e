/**
 * Finds the guards of our contracts. A guard is whatever may only refuse: an `if` that reverts or answers no, a
 * `require`, a `revert`, a call that changes nothing and whose answer nobody takes, `onlyOwner`; and each operand of the
 * conditions among them.
 */

import { child, children, rangeOf, walk, type Node, type SourceTree, type Trees } from "./ast.ts";

export interface Guard {
  /** Counted from 1, in order of the sources. */
  readonly id: number;
  readonly file: string;
  readonly line: number;
  readonly what: "guard" | "condition" | "call" | "modifier";
  /** The source, on one line. */
  readonly text: string;
  /** The errors it may raise, by which the tests that should notice are found. */
  readonly errors: readonly string[];
  /** What to write where, in bytes from the file's start, so that mutant `id` runs without it. */
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly at: number;
  readonly text: string;
}

/** Guards that OpenZeppelin offers as modifiers, and what those run. */
const MODIFIERS: Readonly<Record<string, string>> = { onlyOwner: "_checkOwner();" };

const GUARD_NAME = /^_?(require|check|validate|only)([A-Z]|$)/;
const NO = /^\(?(false\b|address\(0\)|bytes32\(0\)|0\b)/;

type Found = Omit<Guard, "id" | "edits"> & { readonly edits: (off: string) => readonly Edit[] };

export function findGuards({ sources, declarations }: Trees): Guard[] {
  return sources
    .flatMap((source) => guardsIn(source, { sources, declarations }))
    .map((guard, index) => ({ ...guard, id: index + 1, edits: guard.edits(`Mutant.off(${index + 1})`) }));
}

function guardsIn(tree: SourceTree, trees: Trees): Found[] {
  const { declarations } = trees;
  const found: Found[] = [];
  /** Reverts that an `if` around them stands for already. */
  const counted = new Set<Node>();
  const text = (node: Node) => textOf(tree, node);
  const add = (what: Guard["what"], node: Node, shown: string, errors: readonly string[], edits: Found["edits"]) => {
    const line = tree.source.subarray(0, rangeOf(node).start).toString().split("\n").length;
    found.push({ file: tree.file, line, what, text: shown.replaceAll(/\s+/g, " "), errors, edits });
  };
  const addOperands = (condition: Node, errors: readonly string[]) => {
    for (const { operand, operator } of operandsOf(condition)) {
      add("condition", operand, `${text(operand)}, in ${text(condition)}`, errors, (off) =>
        around(operand, operator === "||" ? `(!${off} && (` : `(${off} || (`, "))"),
      );
    }
  };

  walk(tree.unit, (node, path) => {
    // What a modifier checks is written where it is used, so that the modifier itself never runs.
    if (path.some((outer) => outer.nodeType === "ModifierDefinition" && checkIn(outer, trees.sources))) return;
    if (node.nodeType === "IfStatement") {
      const body = child(node, "trueBody");
      const condition = child(node, "condition");
      const last = body?.nodeType === "Block" ? children(body, "statements").at(-1) : body;
      if (condition === undefined || last === undefined || !refuses(last, text)) return;
      counted.add(last);
      const errors = errorsOf(last, declarations);
      add("guard", node, `if (${text(condition)}) ${text(last)}`, errors, (off) =>
        around(condition, `!${off} && (`, ")"),
      );
      addOperands(condition, errors);
    } else if (node.nodeType === "Return" || node.nodeType === "VariableDeclarationStatement") {
      const value = child(node, node.nodeType === "Return" ? "expression" : "initialValue");
      if (value !== undefined && isConjunction(value)) addOperands(value, []);
    } else if (node.nodeType === "RevertStatement" && !counted.has(node)) {
      add("guard", node, text(node), errorsOf(node, declarations), (off) => before(node, `if (!${off}) `));
    } else if (node.nodeType === "ExpressionStatement" && !counted.has(node)) {
      const call = child(node, "expression");
      if (call === undefined || !isGuardCall(call, declarations)) return;
      add("call", node, text(node), errorsOf(node, declarations), (off) => before(node, `if (!${off}) `));
      for (const argument of children(call, "arguments").slice(0, calleeName(call) === "require" ? 1 : 0)) {
        addOperands(argument, errorsOf(node, declarations));
      }
    } else if (node.nodeType === "ModifierInvocation") {
      const name = child(node, "modifierName");
      const body = child(path.at(-1) ?? node, "body");
      if (name === undefined || body === undefined) return;
      const definition = declarations.get(Number(name["referencedDeclaration"]));
      const check = MODIFIERS[text(name)] ?? (definition && checkIn(definition, trees.sources));
      if (check === undefined) return;
      const { start, end } = rangeOf(node);
      const errors = definition === undefined ? [] : errorsOf(definition, declarations);
      add("modifier", node, text(node), errors, (off) => [
        // The modifier becomes a comment, and what it runs the body's first statement.
        { at: start, text: "/* " },
        { at: end, text: " */" },
        { at: rangeOf(body).start + 1, text: ` if (!${off}) { ${check} }` },
      ]);
    }
  });
  return found;
}

/** What a modifier of ours runs before the function; undefined when it takes arguments or does more than that. */
function checkIn(definition: Node, sources: readonly SourceTree[]): string | undefined {
  const body = child(definition, "body");
  const source = sources.find(({ unit }) => isBelow(definition, unit));
  const last = body && children(body, "statements").at(-1);
  const parameters = child(definition, "parameters");
  if (definition.nodeType !== "ModifierDefinition" || body === undefined || source === undefined) return undefined;
  if (last?.nodeType !== "PlaceholderStatement" || parameters === undefined) return undefined;
  if (children(parameters, "parameters").length > 0) return undefined;
  return source.source
    .subarray(rangeOf(body).start + 1, rangeOf(last).start)
    .toString()
    .replaceAll(/\s+/g, " ")
    .trim();
}

function isBelow(node: Node, unit: Node): boolean {
  let found = false;
  walk(unit, (candidate) => (found ||= candidate.id === node.id));
  return found;
}

/** Whether a statement refuses: reverts, or returns a no. */
function refuses(statement: Node, text: (node: Node) => string): boolean {
  if (statement.nodeType === "RevertStatement") return true;
  if (statement.nodeType === "Return") {
    const value = child(statement, "expression");
    return value !== undefined && NO.test(text(value));
  }
  const call = child(statement, "expression");
  return call?.nodeType === "FunctionCall" && calleeName(call) === "revert";
}

/** The operands of `&&` and `||`, at any depth, each with the operator it stands at. */
function operandsOf(condition: Node): { operand: Node; operator: string }[] {
  const operands: { operand: Node; operator: string }[] = [];
  const descend = (node: Node, operator: string | undefined) => {
    const inner =
      node.nodeType === "TupleExpression"
        ? children(node, "components")
        : node.nodeType === "UnaryOperation"
          ? [child(node, "subExpression")].filter((part) => part !== undefined)
          : [];
    if (isLogical(node)) {
      for (const side of ["leftExpression", "rightExpression"]) {
        const part = child(node, side);
        if (part !== undefined) descend(part, String(node["operator"]));
      }
    } else if (inner.length === 1 && inner[0] !== undefined && containsLogical(inner[0])) {
      descend(inner[0], operator);
    } else if (operator !== undefined) {
      operands.push({ operand: node, operator });
    }
  };
  descend(condition, undefined);
  return operands;
}

function isLogical(node: Node): boolean {
  return node.nodeType === "BinaryOperation" && (node["operator"] === "&&" || node["operator"] === "||");
}

function containsLogical(node: Node): boolean {
  if (isLogical(node)) return true;
  return node.nodeType === "TupleExpression" && children(node, "components").some(containsLogical);
}

function isConjunction(node: Node): boolean {
  if (node.nodeType === "TupleExpression") return children(node, "components").some(isConjunction);
  return isLogical(node) && node["operator"] === "&&";
}

/** A call whose answer is dropped: it can only be there to refuse when it changes nothing, or when its name says so. */
function isGuardCall(call: Node, declarations: Trees["declarations"]): boolean {
  if (call.nodeType !== "FunctionCall" || call["kind"] !== "functionCall") return false;
  const name = calleeName(call);
  if (name === "require" || name === "revert" || name === "assert" || GUARD_NAME.test(name)) return true;
  const mutability = calleeOf(call, declarations)?.["stateMutability"];
  return mutability === "view" || mutability === "pure";
}

function calleeName(call: Node): string {
  const callee = child(call, "expression");
  const name = callee?.["name"] ?? callee?.["memberName"];
  return typeof name === "string" ? name : "";
}

function calleeOf(call: Node, declarations: Trees["declarations"]): Node | undefined {
  const reference = child(call, "expression")?.["referencedDeclaration"];
  return typeof reference === "number" ? declarations.get(reference) : undefined;
}

/** Names of the errors a statement raises, itself or in the function it calls. */
function errorsOf(statement: Node, declarations: Trees["declarations"]): string[] {
  const names = new Set<string>();
  const collect = (node: Node, deep: boolean) => {
    walk(node, (inner) => {
      if (inner.nodeType !== "FunctionCall") return;
      const callee = calleeOf(inner, declarations);
      if (callee?.nodeType === "ErrorDefinition") names.add(String(callee["name"]));
      else if (callee?.nodeType === "FunctionDefinition" && deep) collect(callee, false);
    });
  };
  collect(statement, true);
  return [...names];
}

function around(node: Node, open: string, close: string): Edit[] {
  const { start, end } = rangeOf(node);
  return [
    { at: start, text: open },
    { at: end, text: close },
  ];
}

function before(node: Node, text: string): Edit[] {
  return [{ at: rangeOf(node).start, text }];
}

function textOf(tree: SourceTree, node: Node): string {
  const { start, end } = rangeOf(node);
  return tree.source.subarray(start, end).toString();
}
