/**
 * Who may import whom inside lib/, as docs/architecture.md draws it: each layer lists the layers below it.
 * Read by eslint.config.js (the rule `local/layers`) and by the test of the architecture page.
 */

/** Files directly in lib/ count as `base`, but for lib/index.ts, which only gathers what others define. */
export const LAYERS = {
  base: [],
  protocol: ["base"],
  sealing: ["base"],
  chain: ["base", "protocol"],
  storage: ["base", "protocol", "sealing", "chain"],
  attestation: ["base", "protocol"],
  explorer: ["base", "chain"],
  compute: ["base", "protocol", "sealing", "chain", "attestation"],
  guards: ["base", "protocol", "chain", "compute"],
  inft: ["base", "protocol", "sealing", "chain", "storage", "attestation", "compute"],
  keys: ["base", "protocol", "chain", "storage", "compute"],
  operator: ["base", "protocol", "chain", "compute"],
  broker: ["base", "protocol", "chain", "attestation", "compute", "keys", "operator"],
  gateway: ["base", "protocol", "chain", "storage", "compute", "guards"],
  flow: ["base", "protocol", "sealing", "chain", "storage", "attestation", "explorer", "compute", "guards", "inft"],
  jobs: ["base", "protocol", "sealing", "chain", "storage", "attestation", "compute", "guards", "inft", "flow"],
  batch: ["base", "protocol", "sealing", "chain", "storage", "attestation", "compute", "guards", "inft", "flow"],
  galileo: ["base", "protocol", "sealing", "chain", "storage", "inft", "operator"],
};

/** The layer a path inside lib/ belongs to, e.g. `chain/send.ts` → `chain`. */
export function layerOf(pathInLib) {
  const [folder, rest] = pathInLib.split("/", 2);
  return rest === undefined ? (folder === "index.ts" ? "index" : "base") : folder;
}

/** Why `from` may not import `to`, or undefined when it may. */
export function violation(from, to) {
  if (from === to) return undefined;
  if (from === "index") return to === "galileo" ? "lib/index.ts must not pull in the embedded network" : undefined;
  const below = LAYERS[from];
  if (below === undefined) return `lib/${from} is not in scripts/dev/layers.js; say there what it may import`;
  if (below.includes(to)) return undefined;
  return `lib/${from} must not import lib/${to}; it may import: ${below.join(", ") || "nothing"} (docs/architecture.md)`;
}
