import { expect } from "chai";

import { computeNeed, requiredLocked } from "../../../lib/compute/funding.ts";
import type { Ledger } from "../../../lib/compute/ledger.ts";
import { provider, subAccount, user, ZG } from "./support/fixtures.ts";

const limits = { minAccountBalance: ZG / 10n, minTransferAmount: ZG / 100n };
const ledger = (available: bigint): Ledger => ({ user, available, total: available, locked: 0n });
const required = ZG + 500n;

describe("requiredLocked", () => {
  it("adds unsettled fees, the request's fee and the provider's reserve", () => {
    expect(requiredLocked(3n, 4n)).to.equal(ZG + 7n);
    expect(requiredLocked(3n, 4n, 2n * ZG)).to.equal(2n * ZG + 7n);
  });
});

describe("computeNeed", () => {
  it("moves nothing when enough is locked", () => {
    const enough = subAccount({ balance: required, spendable: required });
    const need = computeNeed({ limits, ledger: ledger(0n), subAccount: enough, required, provider });
    expect(need).to.deep.equal({ depositNeeded: 0n, transferNeeded: 0n, fromRefund: 0n });
  });

  it("deposits and transfers exactly what a new user lacks", () => {
    const reasons: string[] = [];
    const need = computeNeed({ limits, ledger: undefined, subAccount: undefined, required, provider }, reasons);
    expect(need).to.deep.equal({ depositNeeded: required, transferNeeded: required, fromRefund: 0n });
    expect(reasons.join("\n")).to.contain("there is no ledger; it opens with at least 0.1 0G");
  });

  it("keeps to the minimums of first deposit and first transfer", () => {
    const need = computeNeed({ limits, ledger: undefined, subAccount: undefined, required: 5n, provider });
    expect(need).to.deep.equal({ depositNeeded: ZG / 10n, transferNeeded: ZG / 100n, fromRefund: 0n });
    const mainnet = { minAccountBalance: 3n * ZG, minTransferAmount: ZG };
    const there = computeNeed({ limits: mainnet, ledger: undefined, subAccount: undefined, required, provider });
    expect(there).to.deep.equal({ depositNeeded: 3n * ZG, transferNeeded: required, fromRefund: 0n });
  });

  it("tops up by the difference, below all minimums", () => {
    const nearly = subAccount({ balance: required - 1n, spendable: required - 1n });
    const need = computeNeed({ limits, ledger: ledger(0n), subAccount: nearly, required, provider });
    expect(need).to.deep.equal({ depositNeeded: 1n, transferNeeded: 1n, fromRefund: 0n });
  });

  it("uses what the ledger has before it asks the wallet", () => {
    const need = computeNeed({ limits, ledger: ledger(required - 7n), subAccount: undefined, required, provider });
    expect(need).to.deep.equal({ depositNeeded: 7n, transferNeeded: required, fromRefund: 0n });
  });

  it("counts a pending refund, which the transfer cancels", () => {
    const reasons: string[] = [];
    const waiting = subAccount({ balance: required, pendingRefund: required, spendable: 0n });
    const need = computeNeed({ limits, ledger: ledger(0n), subAccount: waiting, required, provider }, reasons);
    expect(need).to.deep.equal({ depositNeeded: 0n, transferNeeded: required, fromRefund: required });
    expect(reasons.join("\n")).to.contain("which it cancels");
  });
});
