import { expect } from "chai";

import { GatewayBudgetError } from "../../../lib/gateway/errors.ts";
import { ClientPurse, ProcessPurse } from "../../../lib/gateway/purse.ts";

describe("a client's purse", () => {
  it("sets the worst case aside and gives back what was not spent", () => {
    const purse = new ClientPurse("alice", 10n, 3n);
    purse.reserve(7n);
    expect(() => purse.reserve(1n))
      .to.throw(GatewayBudgetError)
      .with.property("details")
      .that.includes({ reserved: 7n });
    purse.settle(7n, 2n);
    expect(purse.spent).to.equal(5n);
    purse.reserve(5n);
    expect(() => purse.reserve(1n)).to.throw(GatewayBudgetError);
  });

  it("counts a fee beyond its worst case: a provider bills what it bills", () => {
    const purse = new ClientPurse("alice", 10n);
    purse.reserve(1n);
    purse.settle(1n, 12n);
    expect(purse.spent).to.equal(12n);
    expect(() => purse.reserve(0n)).to.throw(GatewayBudgetError);
  });

  it("has no end without a limit", () => {
    const purse = new ClientPurse("bob", undefined);
    purse.reserve(10n ** 30n);
    purse.settle(10n ** 30n, 1n);
    expect(purse.spent).to.equal(1n);
  });
});

describe("the purse of the process", () => {
  it("counts gas, and fees or top-ups, whichever is more", () => {
    const purse = new ProcessPurse(100n);
    purse.topUp(50n);
    purse.reserve(40n);
    purse.settle(40n, 30n);
    purse.wallet.reserve("top up", 5n).settle(3n);
    expect(purse.total).to.equal(53n);
    purse.reserve(60n);
    purse.settle(60n, 40n);
    expect(purse.total).to.equal(73n);
  });

  it("refuses what would pass the limit, of each kind, and keeps nothing of it", () => {
    const purse = new ProcessPurse(100n);
    purse.reserve(60n);
    expect(() => purse.reserve(41n)).to.throw(GatewayBudgetError);
    expect(() => purse.topUp(101n)).to.throw(GatewayBudgetError);
    expect(() => purse.wallet.reserve("top up", 41n)).to.throw(GatewayBudgetError);
    const gas = purse.wallet.reserve("top up", 40n);
    expect(() => purse.reserve(1n)).to.throw(GatewayBudgetError);
    gas.settle(0n);
    purse.reserve(40n);
  });
});
