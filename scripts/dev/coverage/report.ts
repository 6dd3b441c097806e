/** Reads the table that Hardhat prints at the end of a run with `--coverage`. It writes statements nowhere else. */

export interface Covered {
  readonly file: string;
  readonly linesPercent: number;
  readonly statementsPercent: number;
  /** Lines that never ran, as Hardhat lists them: `12, 30-34`; `-` when there are none. */
  readonly uncovered: string;
}

export interface CoverageReport {
  readonly files: readonly Covered[];
  readonly total: Covered;
}

/** @throws {Error} when the output holds no such table: no figure must never read as a good one. */
export function readCoverageTable(output: string): CoverageReport {
  const rows = [...output.matchAll(/^║ (\S+) +│ ([\d.]+) +│ ([\d.]+) +│ (.*?) *║$/gm)].map(
    ([, file = "", lines, statements, uncovered = ""]): Covered => ({
      file,
      linesPercent: Number(lines),
      statementsPercent: Number(statements),
      uncovered,
    }),
  );
  const total = rows.pop();
  if (total?.file !== "Total" || rows.length === 0) throw new Error("Hardhat printed no table of coverage.");
  return { files: rows.sort((a, b) => a.file.localeCompare(b.file)), total };
}

/** Why the coverage is not enough, one sentence a reason; empty when it is. */
export function shortfalls(report: CoverageReport, contracts: readonly string[], requiredPercent: number): string[] {
  const { linesPercent, statementsPercent } = report.total;
  const measured = new Set(report.files.map(({ file }) => file));
  return [
    ...(linesPercent < requiredPercent ? [`${linesPercent} % of the lines ran; ${requiredPercent} % must.`] : []),
    ...(statementsPercent < requiredPercent
      ? [`${statementsPercent} % of the statements ran; ${requiredPercent} % must.`]
      : []),
    ...contracts.filter((file) => !measured.has(file)).map((file) => `${file} was not measured.`),
  ];
}
