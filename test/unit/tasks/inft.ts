import { expect } from "chai";

import { networkNamed } from "../../../lib/networks.ts";
import { NoInftRecordedError } from "../../../tasks/support/inft.ts";

describe("NoInftRecordedError", () => {
  it("names the deployment where it would last", () => {
    const { code, exit, remedy } = new NoInftRecordedError(networkNamed("galileo"));
    expect({ code, exit }).to.deep.equal({ code: "ZG_NO_INFT", exit: 3 });
    expect(remedy).to.include("npx hardhat inft deploy --network galileo");
  });

  for (const name of ["default", "galileoFork"] as const) {
    it(`advises no deployment on ${name}, which ends with the command`, () => {
      const { remedy } = new NoInftRecordedError(networkNamed(name));
      expect(remedy).to.include("--network localhost").and.not.include("deploy");
    });
  }
});
