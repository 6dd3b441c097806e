/** Plain aligned text: what tasks print for people. Colour and boxes carry no meaning, so there are none. */

export type Align = "left" | "right";

/** Pads columns to their widest cell, two spaces between them. The first row is the head. */
export function table(given: readonly (readonly string[])[], align: readonly Align[] = []): string[] {
  // A cell may hold what a stranger wrote: a line feed in it must not begin a row of its own.
  const rows = given.map((row) => row.map((cell) => cell.replaceAll(/\s*\n\s*/g, " ")));
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (align[i] === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Label and value pairs, labels padded. */
export function pairs(entries: readonly (readonly [label: string, value: string])[]): string[] {
  return table(entries);
}
