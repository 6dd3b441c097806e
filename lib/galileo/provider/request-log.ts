import type { ServedRequest } from "./options.ts";

/** One entry while its request is being served. */
export interface RequestNote {
  update(fields: Partial<ServedRequest>): void;
}

export interface RequestLog {
  note(entry: Pick<ServedRequest, "method" | "path">): RequestNote;
  all(): readonly ServedRequest[];
}

const MOST_KEPT = 1000;

export function requestLog(clock: () => number): RequestLog {
  const entries: { current: ServedRequest }[] = [];
  return {
    note({ method, path }) {
      const entry = { current: { at: clock(), method, path } as ServedRequest };
      entries.push(entry);
      if (entries.length > MOST_KEPT) entries.shift();
      return { update: (fields) => void (entry.current = { ...entry.current, ...fields }) };
    },
    all: () => entries.map(({ current }) => current),
  };
}
