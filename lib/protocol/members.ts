/** Reading JSON of strangers: what has another type than expected counts as absent. */

export type Members = Readonly<Record<string, unknown>>;

/** The members of an object; none of anything else. */
export function members(value: unknown): Members {
  return typeof value === "object" && value !== null ? (value as Members) : {};
}

/** A whole number from 0 on. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A text that is not empty. */
export function definedText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Leaves out what is undefined, so that absent parts are absent. */
export function present<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** The value of a JSON text, or undefined when it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // JSON.parse throws for nothing else
  }
}
