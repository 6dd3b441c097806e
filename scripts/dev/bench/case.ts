/** What a benchmark case is, and what it reports. */

export interface Result {
  readonly name: string;
  /** Absent when the part could not be measured; then `note` says why. */
  readonly measured?: number;
  readonly unit: "ms" | "MB" | "calls" | "×" | "services" | "req/s" | "transfers" | "%";
  /** Passed when measured ≤ `most` and ≥ `least`; a figure without either is for comparison only. */
  readonly most?: number;
  readonly least?: number;
  readonly note?: string;
}

export interface Case {
  readonly id: string;
  readonly title: string;
  /** Takes minutes; run only with --all. */
  readonly slow?: boolean;
  readonly run: () => Promise<readonly Result[]>;
}

export function verdict({ measured, most, least }: Result): "ok" | "MISSED" | "–" | "not measured" {
  if (measured === undefined) return "not measured";
  if (most === undefined && least === undefined) return "–";
  return measured <= (most ?? Infinity) && measured >= (least ?? -Infinity) ? "ok" : "MISSED";
}
