import { table } from "./table.ts";

interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Named checks as lines: each with its own verdict, never one for all. */
export function checkLines(
  checks: readonly Check[],
  notChecked: readonly { readonly name: string; readonly why: string }[] = [],
): string[] {
  return table([
    ...checks.map(({ name, passed, detail }) => [passed ? "ok" : "FAILED", name, detail]),
    ...notChecked.map(({ name, why }) => ["not checked", name, why]),
  ]);
}
