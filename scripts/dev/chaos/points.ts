/** Names of the points at which a run can be killed, and what each of them leaves behind. `victim.mjs` makes them. */

/** What a kill does is told by what is written or sent, and by whether that had happened; not by which of them it was. */
export function kindOf(point: string): string {
  const bare = point.replace(/~\d+/, "");
  const phase = bare.slice(bare.lastIndexOf(":") + 1).replace("sent", "after");
  if (bare.startsWith("journal:")) return `journal:${phase}`;
  if (bare.startsWith("file:")) return `file:${phase}`;
  return `${bare.slice(0, bare.search(/[(:]/))}:${phase}`;
}

/**
 * How many answers the provider may have been paid for in the end, when a run is killed at `point` and then told to ask
 * again if the outcome is not known. `unknown` says whether it has to be.
 */
export function expectationAt(point: string): { readonly unknown: boolean; readonly paid: readonly number[] } {
  // The line says that something was asked, and nothing left.
  if (point === "journal:asked:after" || point === "inference:before") return { unknown: true, paid: [1] };
  // It left; whether it was served before the connection broke is the provider's secret.
  if (point === "inference:sent") return { unknown: true, paid: [1, 2] };
  if (["inference:after", "journal:received:before", "journal:received:torn"].includes(point)) {
    return { unknown: true, paid: [2] };
  }
  return { unknown: false, paid: [1] };
}
