import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { expect } from "chai";
import { EventFragment, FunctionFragment, Interface, type Fragment } from "ethers";

import { FINE_TUNING_SERVING_ABI } from "../../../lib/chain/abi/fine-tuning-serving.ts";
import { INFERENCE_SERVING_ABI } from "../../../lib/chain/abi/inference-serving.ts";
import { LEDGER_MANAGER_ABI } from "../../../lib/chain/abi/ledger-manager.ts";

/** The official package hides its factories behind an exports map, so the file is found by its folder. */
function officialAbi(domain: string, contract: string): Interface {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@0gfoundation/0g-compute-ts-sdk");
  const root = entry.slice(0, entry.indexOf("0g-compute-ts-sdk") + "0g-compute-ts-sdk".length);
  const factory = path.join(root, "lib.commonjs", domain, "contract/typechain/factories", `${contract}__factory.js`);
  const { [`${contract}__factory`]: Factory } = require(factory) as Record<string, { abi: unknown[] }>;
  return new Interface(Factory!.abi as ConstructorParameters<typeof Interface>[0]);
}

function compiledAbi(contract: string): Interface {
  const file = path.resolve(`artifacts/contracts/external/${contract}.sol/${contract}.json`);
  const { abi } = JSON.parse(readFileSync(file, "utf8")) as { abi: ConstructorParameters<typeof Interface>[0] };
  return new Interface(abi);
}

/**
 * What makes two fragments the same on the wire and to a caller: kind, name, types, indexed arguments, results and
 * mutability. Parameter names differ between sources and are compared where they are read by name (structs).
 */
function identity(fragment: Fragment): string {
  const text = fragment.format("sighash");
  if (fragment instanceof EventFragment) {
    return `event ${text} indexed ${fragment.inputs.map((input) => (input.indexed === true ? "1" : "0")).join("")}`;
  }
  if (fragment instanceof FunctionFragment) {
    const results = fragment.outputs.map((output) => output.format("sighash")).join(",");
    return `function ${text} ${fragment.stateMutability} → (${results})`;
  }
  return `${fragment.type} ${text}`;
}

function surface(abi: Interface): Set<string> {
  return new Set(
    abi.fragments
      .filter(({ type }) => ["function", "event", "error"].includes(type))
      .map((fragment) => identity(fragment)),
  );
}

/** Field names of every struct a function takes or gives, because callers read them by name. */
function fieldNames(abi: Interface): Map<string, string> {
  const names = new Map<string, string>();
  abi.forEachFunction((fragment) => {
    const tuples = [...fragment.inputs, ...fragment.outputs]
      .map((parameter) => (parameter.isArray() ? parameter.arrayChildren : parameter))
      .filter((parameter) => parameter.isTuple())
      .map((parameter) => parameter.format("full").replace(/ \w+$/, ""));
    names.set(fragment.format("sighash"), tuples.join(" "));
  });
  return names;
}

function minus(a: Iterable<string>, b: ReadonlySet<string>): string[] {
  return [...a].filter((item) => !b.has(item)).sort();
}

interface Comparison {
  readonly title: string;
  readonly domain: string;
  readonly contract: string;
  readonly abi: readonly string[];
  /** Listed here, absent from the official ABI, and why. */
  readonly ours: Record<string, string>;
  /** In the official ABI, left out here, and why; "*" leaves out everything that is not needed. */
  readonly theirs: Record<string, string> | "*";
}

/** What only the owner of 0G's contracts could use. */
const OWNER_ONLY = {
  "event Initialized(uint8) indexed 0": "OpenZeppelin's, and these contracts have an initialiser of their own",
  "function renounceOwnership() nonpayable → ()": "nobody who runs this project owns the contract",
};

const COMPARISONS: readonly Comparison[] = [
  {
    title: "LedgerManager",
    domain: "ledger",
    contract: "LedgerManager",
    abi: LEDGER_MANAGER_ABI,
    ours: {},
    theirs: OWNER_ONLY,
  },
  {
    title: "InferenceServing",
    domain: "inference",
    contract: "InferenceServing",
    abi: INFERENCE_SERVING_ABI,
    ours: {},
    theirs: OWNER_ONLY,
  },
  {
    title: "FineTuningServing",
    domain: "fine-tuning",
    contract: "FineTuningServing",
    abi: FINE_TUNING_SERVING_ABI,
    ours: {
      "error CannotAbandonSettledDeliverable(string)":
        "thrown by the deployed build, which is newer than the package's",
    },
    theirs: "*",
  },
];

for (const { title, domain, contract, abi, ours, theirs } of COMPARISONS) {
  describe(`the ABI of ${title}`, () => {
    let own: Interface;
    let official: Interface;

    before(() => {
      own = new Interface(abi);
      official = officialAbi(domain, contract);
    });

    it("lists nothing the official package does not have, but for the known exceptions", () => {
      expect(minus(surface(own), surface(official))).to.deep.equal(Object.keys(ours).sort());
    });

    if (theirs !== "*") {
      it("leaves out nothing of the official package, but for the known exceptions", () => {
        expect(minus(surface(official), surface(own))).to.deep.equal(Object.keys(theirs).sort());
      });
    }

    it("names the fields of structs as the official package does", () => {
      const theirNames = fieldNames(official);
      for (const [signature, names] of fieldNames(own)) {
        if (names !== "") expect(names, signature).to.equal(theirNames.get(signature));
      }
    });

    it("is the surface of the Solidity interface in contracts/external, which the types are made from", () => {
      const compiled = compiledAbi(`I${contract}`);
      expect(minus(surface(own), surface(compiled)), "missing in Solidity").to.deep.equal([]);
      expect(minus(surface(compiled), surface(own)), "missing in lib/chain/abi").to.deep.equal([]);
      const solidityNames = fieldNames(compiled);
      for (const [signature, names] of fieldNames(own)) expect(names, signature).to.equal(solidityNames.get(signature));
    });
  });
}
