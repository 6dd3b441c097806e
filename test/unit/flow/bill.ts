import { expect } from "chai";

import { MaxSpendExceededError, PlanExceededError } from "../../../lib/chain/spending.ts";
import { assertPlanned, assertWithin, makeBill, type BillRow } from "../../../lib/flow/bill.ts";

const row = (from: BillRow["from"], amount: bigint): BillRow => ({ what: from, amount, from, note: "" });

describe("makeBill", () => {
  it("counts money once while it moves from wallet to ledger to sub-account to provider", () => {
    const bill = makeBill([row("wallet", 1n), row("deposit", 100n), row("transfer", 100n), row("fee", 7n)]);
    expect(bill).to.include({ walletTotal: 101n, exposure: 101n, refundable: 93n });
  });

  it("counts what a transfer takes beyond this bill's deposits, because it leaves the ledger", () => {
    expect(makeBill([row("deposit", 40n), row("transfer", 100n)])).to.include({ walletTotal: 40n, exposure: 100n });
  });

  it("counts a storage fee as spent, and not as gas, which may double", () => {
    const bill = makeBill([row("wallet", 1n), row("storage", 20n)]);
    expect(bill).to.include({ walletTotal: 21n, gas: 1n, exposure: 21n, refundable: 0n });
  });

  it("counts what goes into somebody else's ledger as gone", () => {
    const bill = makeBill([row("wallet", 1n), row("gift", 50n)]);
    expect(bill).to.include({ walletTotal: 51n, gas: 1n, exposure: 51n, refundable: 0n });
  });

  it("counts a fee that an earlier transfer paid for", () => {
    expect(makeBill([row("fee", 7n)])).to.include({ walletTotal: 0n, exposure: 7n, refundable: 0n });
  });

  it("is nothing when there is nothing to do", () => {
    expect(makeBill([])).to.include({ walletTotal: 0n, exposure: 0n, refundable: 0n });
  });
});

describe("assertWithin", () => {
  const bill = makeBill([row("wallet", 10n)]);

  it("lets a bill pass that comes to exactly the cap, and any without one", () => {
    assertWithin(bill, 10n, "run");
    assertWithin(bill, undefined, "run");
  });

  it("refuses a neuron more, with both amounts", () => {
    expect(() => {
      assertWithin(bill, 9n, "run");
    })
      .to.throw(MaxSpendExceededError)
      .with.property("details")
      .that.includes({ cap: 9n, needed: 10n });
  });
});

describe("assertPlanned", () => {
  const plan = makeBill([row("deposit", 40n), row("transfer", 60n), row("transfer", 40n)]);

  it("lets pass what the plan said of the same kind of move, and not one neuron more", () => {
    assertPlanned(plan, "transfer", 100n, "transfer");
    expect(() => {
      assertPlanned(plan, "transfer", 101n, "transfer");
    })
      .to.throw(PlanExceededError)
      .with.property("details")
      .that.includes({ needed: 101n, planned: 100n });
  });

  it("lets nothing move of a kind that the plan did not name", () => {
    expect(() => {
      assertPlanned(plan, "fee", 1n, "ask");
    }).to.throw(PlanExceededError);
  });
});
