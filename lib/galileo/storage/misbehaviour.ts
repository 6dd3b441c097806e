/** The lies and failures a local storage node or indexer can be told to produce, as data. */

/** Common to all: how many of the requests it concerns it lasts. Absent: until told otherwise. */
interface Lasting {
  readonly requests?: number;
}

/** What a server of either kind can do to any request. */
export type Outage =
  | { /** Breaks the connection without an answer. */ readonly kind: "dead" }
  | { /** Never answers. */ readonly kind: "hang" }
  | { /** Waits before it answers. */ readonly kind: "slow"; readonly ms: number };

export type NodeMisbehaviour = Lasting &
  (
    | Outage
    | {
        /** Takes so many segments more, then breaks every connection. */
        readonly kind: "dies-after";
        readonly segments: number;
      }
    | { /** Refuses segments for want of space on its disk. */ readonly kind: "no-space" }
    | { /** Refuses segments as a node does that writes too many; clients try again. */ readonly kind: "busy" }
    | {
        /** Does not see what was submitted in the last so many blocks. */
        readonly kind: "behind";
        readonly blocks: number;
      }
    | { /** Takes every segment, and never says that the file is whole. */ readonly kind: "never-final" }
    | { /** Says that a file is whole as soon as it was submitted. */ readonly kind: "final-too-early" }
    | { /** Denies every file. */ readonly kind: "denies" }
    | { /** Answers with one bit of a segment changed. */ readonly kind: "corrupt-segment" }
    | { /** Answers with half of a segment. */ readonly kind: "short-segment" }
    | { /** Describes a file of another root, and another size. */ readonly kind: "wrong-root" }
  );

export type IndexerMisbehaviour = Lasting &
  (
    | Outage
    | { /** Knows no node. */ readonly kind: "no-nodes" }
    | { /** Finds no file. */ readonly kind: "finds-nothing" }
    | { /** Says of every node that it holds every file. */ readonly kind: "lists-all" }
  );

/** The misbehaviour in force. */
export interface Temper<T extends Lasting & { readonly kind: string }> {
  set(how: T | undefined): void;
  /** The misbehaviour, if it is one of `kinds`, which counts as one request. */
  next<K extends T["kind"]>(...kinds: readonly K[]): Extract<T, { kind: K }> | undefined;
  /** The misbehaviour, without counting. */
  peek(): T | undefined;
}

export function temper<T extends Lasting & { readonly kind: string }>(): Temper<T> {
  let current: T | undefined;
  let left = Infinity;
  return {
    set(how) {
      current = how;
      left = how?.requests ?? Infinity;
    },
    next<K extends T["kind"]>(...kinds: readonly K[]) {
      if (current === undefined || !(kinds as readonly string[]).includes(current.kind)) return undefined;
      const found = current as Extract<T, { kind: K }>;
      left -= 1;
      if (left <= 0) current = undefined;
      return found;
    },
    peek: () => current,
  };
}
