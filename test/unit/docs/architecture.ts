import { existsSync, readdirSync, readFileSync } from "node:fs";

import { expect } from "chai";

import { layerOf, LAYERS, violation } from "../../../scripts/dev/layers.js";

describe("docs/architecture.md", () => {
  const page = readFileSync("docs/architecture.md", "utf8");

  it("shows the table that ESLint enforces", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, layer = "", below = ""]) => [
      layer,
      below === "nothing" ? [] : below.split(", ").map((name) => name.replaceAll("`", "")),
    ]);
    expect(Object.fromEntries(rows)).to.deep.equal(LAYERS);
  });

  it("has a place for every folder of lib/", () => {
    const folders = readdirSync("lib", { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(Object.keys(LAYERS)).to.include.members(folders.map(({ name }) => name));
  });

  it("draws every layer that exists", () => {
    for (const layer of Object.keys(LAYERS)) {
      if (layer !== "base" && existsSync(`lib/${layer}`)) expect(page).to.include(`lib/${layer} — `);
    }
  });
});

describe("the layers", () => {
  it("point down only: no layer reaches itself", () => {
    const below = LAYERS as Readonly<Record<string, readonly string[]>>;
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      (below[from] ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
    for (const layer of Object.keys(below)) expect(reaches(layer, layer), layer).to.be.false;
  });

  it("keep the embedded network out of everything above it, but tasks and tests", () => {
    for (const layer of [...Object.keys(LAYERS), "index"]) {
      if (layer !== "galileo") expect(violation(layer, "galileo"), layer).to.be.a("string");
    }
  });

  it("allow what lies below, and one's own folder", () => {
    expect(violation("compute", "chain")).to.be.undefined;
    expect(violation("compute", "compute")).to.be.undefined;
    expect(violation("index", "inft")).to.be.undefined;
  });

  it("refuse what lies above, and a folder nobody placed", () => {
    expect(violation("chain", "compute")).to.include("must not import");
    expect(violation("attic", "base")).to.include("layers.js");
  });

  it("are told from the path", () => {
    expect(layerOf("chain/abi/ledger-manager.ts")).to.equal("chain");
    expect(layerOf("units.ts")).to.equal("base");
    expect(layerOf("index.ts")).to.equal("index");
  });
});
