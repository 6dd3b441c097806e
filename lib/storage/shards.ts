import { ShardsMissingError } from "./client-errors.ts";
import type { Shard } from "./node.ts";

/** How often each residue of the finest division is held by `nodes`. */
function coverage(nodes: readonly Shard[], residues: number): number[] {
  return Array.from(
    { length: residues },
    (_, residue) => nodes.filter(({ numShard, shardId }) => residue % numShard === shardId).length,
  );
}

function finest(nodes: readonly Shard[]): number {
  return Math.max(1, ...nodes.map(({ numShard }) => numShard));
}

/** Whether every segment of any file falls to at least `replicas` of the nodes. */
export function coversShards(nodes: readonly Shard[], replicas: number): boolean {
  return coverage(nodes, finest(nodes)).every((times) => times >= replicas);
}

/**
 * Chooses nodes that hold every segment `replicas` times: those with large shares first, in the order given, and none that
 * adds nothing.
 * @param problems why others cannot be used, for the error.
 * @throws {ShardsMissingError} when all of them do not suffice.
 */
export function chooseNodes<Node extends Shard & { readonly url: string }>(
  nodes: readonly Node[],
  replicas: number,
  problems: readonly string[] = [],
): Node[] {
  const residues = finest(nodes);
  const times = new Array<number>(residues).fill(0);
  const chosen: Node[] = [];
  for (const node of nodes.toSorted((one, other) => one.numShard - other.numShard)) {
    const own: number[] = [];
    for (let residue = node.shardId; residue < residues; residue += node.numShard) own.push(residue);
    if (own.every((residue) => (times[residue] ?? 0) >= replicas)) continue;
    for (const residue of own) times[residue] = (times[residue] ?? 0) + 1;
    chosen.push(node);
  }
  if (times.some((count) => count < replicas)) {
    throw new ShardsMissingError({ nodes: nodes.map(({ url }) => url), replicas, problems });
  }
  return chosen;
}
