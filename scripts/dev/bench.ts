/**
 * Measures what the project promises, prints a table, writes bench-results.json: `npm run bench [-- --all] [-- case …]`.
 * Cases: flow, help, cold, check (only with --all or by name), ready, header, list, account, providers, storage,
 * gateway, batch. Exits with 1 when a target is missed or a case fails.
 */

import { writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { accountCases } from "./bench/account.ts";
import { batchCases } from "./bench/batch.ts";
import { verdict, type Result } from "./bench/case.ts";
import { commandCases } from "./bench/commands.ts";
import { gatewayCases } from "./bench/gateway.ts";
import { networkCases } from "./bench/network.ts";
import { storageCases } from "./bench/storage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function figure(value: number | undefined, unit: Result["unit"]): string {
  if (value === undefined) return "";
  const digits = unit === "ms" && value < 10 ? 4 : unit === "×" ? 3 : unit === "calls" || unit === "%" ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

function target({ most, least, unit }: Result): string {
  if (most === undefined) return least === undefined ? "" : `≥ ${least} ${unit}`;
  return most === least ? `= ${most} ${unit}` : `≤ ${most} ${unit}`;
}

/** Figures to the right, words to the left. */
const COLUMNS = ["padEnd", "padStart", "padStart", "padEnd", "padEnd"] as const;

function table(results: readonly Result[]): string {
  const rows = [
    ["what", "measured", "target", "", ""],
    ...results.map((result) => [
      result.name,
      figure(result.measured, result.unit),
      target(result),
      verdict(result),
      result.note ?? "",
    ]),
  ];
  const columns = COLUMNS.map((pad, at) => {
    const cells = rows.map((row) => row[at] ?? "");
    const width = Math.max(...cells.map((cell) => cell.length));
    return cells.map((cell) => cell[pad](width));
  });
  return rows
    .map((_, at) =>
      columns
        .map((column) => column[at])
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const all = process.argv.includes("--all");
const cases = [
  ...commandCases(ROOT),
  ...networkCases(ROOT),
  ...accountCases(ROOT),
  ...storageCases(ROOT),
  ...gatewayCases(ROOT),
  ...batchCases(ROOT),
];
const unknown = wanted.filter((id) => !cases.some((candidate) => candidate.id === id));
if (unknown.length > 0) {
  console.error(`No case is named ${unknown.join(", ")}. There are: ${cases.map(({ id }) => id).join(", ")}.`);
  process.exit(2);
}

const results: Result[] = [];
for (const { id, title, slow, run } of cases) {
  if (wanted.length > 0 ? !wanted.includes(id) : slow === true && !all) continue;
  console.error(`${title} …`);
  try {
    results.push(...(await run()));
  } catch (error) {
    // One broken part must not hide the figures of the others; it is reported and fails the whole.
    console.error(error);
    results.push({ name: title, unit: "ms", note: String(error).split("\n", 1)[0] ?? "" });
  }
}

const machine = {
  platform: platform(),
  arch: arch(),
  node: process.version,
  cpus: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  memoryGb: Math.round(totalmem() / 2 ** 30),
};
console.log(
  `\n${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.platform}-${machine.arch}, Node ${machine.node}\n`,
);
console.log(table(results));
writeFileSync(
  path.join(ROOT, "bench-results.json"),
  `${JSON.stringify({ machine, results: results.map((result) => ({ ...result, verdict: verdict(result) })) }, null, 2)}\n`,
);
process.exit(results.some((result) => ["MISSED", "not measured"].includes(verdict(result))) ? 1 : 0);
