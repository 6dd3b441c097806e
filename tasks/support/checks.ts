import type { Service } from "../../lib/compute/providers.ts";
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

/** What the owner of 0G's contract says of a listed signer: without it, anyone may list a key of their own. */
export function endorsementCheck({
  endorsed,
  teeSignerAddress,
}: Pick<Service, "endorsed" | "teeSignerAddress">): Check {
  return {
    name: "endorsement",
    passed: endorsed,
    detail: `the contract's owner ${endorsed ? "endorses" : "does not endorse"} ${teeSignerAddress}`,
  };
}
