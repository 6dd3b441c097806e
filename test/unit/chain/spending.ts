import { expect } from "chai";

import { MaxSpendExceededError, PlanExceededError, WalletSpending } from "../../../lib/chain/spending.ts";

describe("WalletSpending", () => {
  it("lets a command spend what was agreed to, over all its transactions, and not one neuron more", () => {
    const spending = new WalletSpending();
    spending.agree(100n);
    spending.reserve("open", 60n).settle(50n);
    const transfer = spending.reserve("transfer", 50n);
    expect(() => {
      transfer.resize(51n);
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
    expect(spending.reserved).to.equal(60n);
  });

  it("counts two transactions of the same purpose as two", () => {
    const spending = new WalletSpending(100n);
    const first = spending.reserve("mint", 60n);
    expect(() => {
      spending.reserve("mint", 41n);
    })
      .to.throw(MaxSpendExceededError)
      .with.property("details")
      .that.includes({ needed: 101n, spent: 0n });
    const second = spending.reserve("mint", 40n);
    first.settle(10n);
    expect(spending).to.include({ spent: 10n, reserved: 40n });
    second.settle(40n);
    expect(spending).to.include({ spent: 50n, reserved: 0n });
  });

  it("holds more for a replacement that costs more, if that fits, and else what it held", () => {
    const spending = new WalletSpending(100n);
    const mint = spending.reserve("mint", 60n);
    expect(() => {
      mint.resize(101n);
    }).to.throw(MaxSpendExceededError);
    expect(spending.reserved).to.equal(60n);
    mint.resize(100n);
    expect(spending.reserved).to.equal(100n);
  });

  it("counts the end of a transaction once", () => {
    const spending = new WalletSpending(100n);
    const mint = spending.reserve("mint", 60n);
    mint.settle(10n);
    mint.settle(10n);
    mint.resize(100n);
    expect(spending).to.include({ spent: 10n, reserved: 0n });
  });

  it("knows no limit before one is given", () => {
    new WalletSpending().reserve("open", 2n ** 200n);
  });
});
