import { readFile } from "node:fs/promises";

import { expect } from "chai";
import { getAddress, getCreateAddress, keccak256 } from "ethers";

import { creationCode } from "../../../lib/galileo/bytecode.ts";
import { PredeployPackageMissingError, PredeploySourceError } from "../../../lib/galileo/errors.ts";
import {
  GALILEO_DEPLOYER,
  PRECOMPILES,
  PREDEPLOYS,
  UPGRADES,
  type CodeSource,
} from "../../../lib/galileo/predeploys.ts";
import { NETWORKS } from "../../../lib/networks.ts";

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
}

describe("the predeploys", () => {
  for (const { name, address, nonce } of PREDEPLOYS) {
    it(`has ${name} where the deployer's nonce ${nonce} puts it`, () => {
      expect(getAddress(address)).to.equal(address);
      expect(getCreateAddress({ from: GALILEO_DEPLOYER, nonce })).to.equal(address);
    });
  }

  it("has a proxy at every address the registry calls", () => {
    const { ledgerManager, inferenceServing, fineTuningServing } = NETWORKS.galileo.contracts;
    const proxies = PREDEPLOYS.filter(({ kind }) => kind === "proxy").map(({ address }) => address);
    expect(proxies).to.have.members([ledgerManager, inferenceServing, fineTuningServing]);
  });

  it("points every proxy at a beacon and every beacon at an implementation that exists by then", () => {
    for (const { kind, nonce, pointsAt } of PREDEPLOYS) {
      if (kind === "implementation") {
        expect(pointsAt).to.equal(undefined);
        continue;
      }
      const target = PREDEPLOYS.find(({ address }) => address === pointsAt);
      expect(target?.kind).to.equal(kind === "proxy" ? "beacon" : "implementation");
      expect(target?.nonce).to.be.lessThan(nonce);
    }
    for (const { nonce, beacon, implementation } of UPGRADES) {
      for (const target of [beacon, implementation]) {
        expect(PREDEPLOYS.find(({ address }) => address === target)?.nonce).to.be.lessThan(nonce);
      }
    }
  });

  it("says why a placed code differs from Galileo's, exactly where it does", () => {
    for (const { name, placedCodeHash, recordedCodeHash, difference } of PREDEPLOYS) {
      expect(difference === undefined, name).to.equal(placedCodeHash === recordedCodeHash);
    }
  });

  it("replays each nonce once", () => {
    const nonces = [...PREDEPLOYS, ...UPGRADES].map(({ nonce }) => nonce);
    expect(new Set(nonces).size).to.equal(nonces.length);
  });
});

describe("docs/galileo.md", () => {
  it("names every predeploy with its address", async () => {
    const text = await readFile(new URL("../../../docs/galileo.md", import.meta.url), "utf8");
    for (const { name, address } of [...PREDEPLOYS, ...PRECOMPILES]) {
      expect(text, name).to.include(name);
      expect(text, name).to.include(address);
    }
  });

  it("gives every reason for a difference in the words of the status command", async () => {
    const text = (await readFile(new URL("../../../docs/galileo.md", import.meta.url), "utf8")).replace(/\s+/g, " ");
    for (const { difference } of PREDEPLOYS) if (difference !== undefined) expect(text).to.include(difference);
  });
});

describe("creationCode", () => {
  const [ledger] = PREDEPLOYS;
  if (ledger === undefined) throw new Error("there are predeploys");
  const LEDGER = ledger.source as Extract<CodeSource, { kind: "typechain-factory" }>;

  it("puts Galileo's minimums into the ledger's code without changing its length", async () => {
    const { patches: _none, ...unpatched } = LEDGER;
    const [patched, original] = await Promise.all([
      creationCode(LEDGER),
      creationCode({ ...unpatched, file: `./${LEDGER.file}` }),
    ]);

    expect(patched.length).to.equal(original.length);
    expect(keccak256(`0x${patched.slice(-14_609 * 2)}`)).to.equal(ledger.placedCodeHash);
    expect(original).to.include("6729a2241af62c0000");
    expect(patched).to.not.include("6729a2241af62c0000");
  });

  it("refuses a build in which a constant occurs another number of times", async () => {
    const source = {
      ...LEDGER,
      file: `././${LEDGER.file}`,
      patches: [{ find: "6729a2241af62c0000", replace: "", hits: 8 }],
    };
    const error = await thrownBy(creationCode(source));

    expect(error).to.be.instanceOf(PredeploySourceError);
    expect(error).to.include({ code: "ZG_PREDEPLOY_SOURCE", exit: 5 });
    expect((error as PredeploySourceError).details).to.include({ found: "9" });
  });

  it("refuses a file without bytecode", async () => {
    const error = await thrownBy(creationCode({ ...LEDGER, file: "package.json" }));
    expect((error as PredeploySourceError).details).to.include({ expected: "one bytecode literal", found: "none" });
  });

  it("says which package to install when it is missing", async () => {
    for (const source of [
      { ...LEDGER, package: "@0gfoundation/not-installed" },
      { ...LEDGER, file: "lib.commonjs/no-such-file.js" },
    ]) {
      const error = await thrownBy(creationCode(source));
      expect(error).to.be.instanceOf(PredeployPackageMissingError);
      expect(error).to.include({ code: "ZG_PREDEPLOY_PACKAGE", exit: 3 });
      expect((error as PredeployPackageMissingError).remedy).to.include("npm ci");
    }
  });
});
