/** What becomes of an item, and what may follow what. */

/**
 * `asked`: written down before the request leaves. `answered`: the raw bytes and the chat id are kept, the proof is not
 * there yet. `unproved`: the proof was not to be had when it was fetched last. `refused`: turned down, at no cost. `spoiled`: charged for something nobody can use. `unknown`: asked, and
 * nobody here knows what came of it.
 */
export const ITEM_STATES = [
  "waiting",
  "asked",
  "answered",
  "unproved",
  "verified",
  "sealed",
  "committed",
  "minted",
  "refused",
  "spoiled",
  "unknown",
  "quarantined",
  "unmintable",
] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** Where an item may come from. */
export const TRANSITIONS: Readonly<Record<ItemState, readonly ItemState[]>> = {
  // From `asked` when nothing was sent after all; from the others because the user said so.
  waiting: ["asked", "refused", "unknown", "spoiled"],
  asked: ["waiting"],
  // An answer that came late, or that the queue lost and a worker kept, is better than none.
  answered: ["asked", "unknown", "waiting", "unproved"],
  unproved: ["answered"],
  verified: ["answered", "verified"],
  // Sealed anew when what was sealed is not here any more; tried again when what kept it from being minted may be over.
  sealed: ["verified", "sealed", "committed", "unmintable"],
  committed: ["sealed", "committed"],
  minted: ["verified", "sealed", "committed"],
  refused: ["waiting", "asked"],
  spoiled: ["asked"],
  unknown: ["asked"],
  quarantined: ["answered", "quarantined"],
  unmintable: ["verified", "sealed", "committed"],
};

/** Taken by a worker sooner or later: not asked yet, or answered and not proved yet. */
export const WORKABLE: readonly ItemState[] = ["waiting", "answered"];
export type Counts = Readonly<Record<ItemState, number>>;

export const NO_ITEMS: Counts = Object.fromEntries(ITEM_STATES.map((state) => [state, 0])) as Counts;
