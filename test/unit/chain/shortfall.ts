import { expect } from "chai";

import { shortfallRemedy } from "../../../lib/chain/shortfall.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { parseAmount } from "../../../lib/units.ts";

describe("shortfallRemedy", () => {
  const galileo = networkNamed("galileo");

  for (const [missing, days] of [
    ["1neuron", "1 day "],
    ["0.1", "1 day "],
    ["0.100000000000000001", "2 days "],
    ["1.1", "11 days "],
  ] as const) {
    it(`says that ${missing} takes ${days.trim()} of the faucet`, () => {
      expect(shortfallRemedy(galileo, parseAmount(missing))).to.include(
        `, or ${days}of https://faucet.0g.ai at 0.1 0G`,
      );
    });
  }

  it("names the amount alone where there is no faucet", () => {
    expect(shortfallRemedy(networkNamed("aristotle"), parseAmount("1.1"))).to.equal("Send it 1.1 0G.");
  });
});
