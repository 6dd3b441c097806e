import { expect } from "chai";

import { MaxSpendExceededError, PlanExceededError, WalletSpending } from "../../../lib/chain/spending.ts";

describe("WalletSpending", () => {
  it("lets a command spend what was agreed to, over all its transactions, and not one neuron more", () => {
    const spending = new WalletSpending();
    spending.agree(100n);
    spending.reserve("open", 60n);
    spending.settle("open", 50n);
    spending.reserve("transfer", 50n);
    expect(() => {
      spending.reserve("transfer", 51n);
    })
      .to.throw(PlanExceededError)
      .with.property("details")
      .that.includes({ needed: 101n, planned: 100n });
  });

  it("keeps to the cap when more than it was agreed to", () => {
    const spending = new WalletSpending(10n);
    spending.agree(100n);
    expect(() => {
      spending.reserve("open", 11n);
    }).to.throw(MaxSpendExceededError);
  });

  it("counts a transaction whose end is not known yet at its worst", () => {
    const spending = new WalletSpending(100n);
    spending.reserve("open", 60n); // sent, and no receipt came
    expect(() => {
      spending.reserve("transfer", 41n);
    }).to.throw(MaxSpendExceededError);
    spending.reserve("open", 100n); // the same again replaces its own reservation
  });

  it("knows no limit before one is given", () => {
    new WalletSpending().reserve("open", 2n ** 200n);
  });
});
