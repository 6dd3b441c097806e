import { expect } from "chai";
import { Result } from "ethers";

import { ZERO_ADDRESS, type Hex } from "../../../lib/hex.ts";
import { traceData } from "../../../lib/inft/data-trail.ts";
import type { TokenEvent } from "../../../lib/inft/events.ts";

const hash = (digit: number): Hex => `0x${String(digit).repeat(64)}`;
const transaction = hash(9);

function event(name: TokenEvent["name"], args: Record<string, unknown>): TokenEvent {
  return { name, args: Result.fromItems(Object.values(args), Object.keys(args)), block: 1, index: 1, transaction };
}
const update = (from: readonly number[], to: readonly number[]) =>
  event("DataHashesUpdated", { oldDataHashes: from.map(hash), newDataHashes: to.map(hash) });
const replace = (from: readonly number[], to: readonly number[]) => {
  const datas = (digits: readonly number[]) => digits.map((digit) => ({ dataHash: hash(digit) }));
  return event("Updated", { oldDatas: datas(from), newDatas: datas(to) });
};
const transfer = (from = "0x1", to = "0x2") => event("Transfer", { from, to });
const mint = transfer(ZERO_ADDRESS);

describe("what became of a minted datum, by its contract's events", () => {
  it("is what was minted when nothing happened to it", () => {
    expect(traceData([mint], hash(1), hash(1))).to.deep.equal({ status: "unchanged" });
  });

  it("is explained by updates that join, of either kind, however many", () => {
    const trail = traceData([mint, update([1], [2]), replace([2, 5], [3])], hash(1), hash(3));
    expect(trail).to.deep.equal({ status: "explained", changes: 2, last: "an update by its owner", transaction });
  });

  it("is explained by a transfer, which says nothing of what it leaves", () => {
    const trail = traceData([mint, transfer()], hash(1), hash(7));
    expect(trail).to.deep.equal({ status: "explained", changes: 1, last: "a transfer", transaction });
    expect(traceData([mint, transfer(), update([7], [8])], hash(1), hash(8))).to.have.property("changes", 2);
  });

  it("is followed to no data at all, and back", () => {
    expect(traceData([mint, replace([1], [])], hash(1), undefined)).to.have.property("status", "explained");
    expect(traceData([mint, replace([1], []), transfer()], hash(1), hash(7)), "a transfer brings none").to.deep.equal({
      ...{ status: "broken", expected: "none" },
    });
    expect(traceData([mint, replace([1], []), replace([], [4])], hash(1), hash(4))).to.have.property("changes", 2);
  });

  it("is broken when an update starts elsewhere, or does not lead to what is listed", () => {
    expect(traceData([mint, update([2], [3])], hash(1), hash(3))).to.deep.equal({
      status: "broken",
      expected: hash(1),
    });
    expect(traceData([mint, update([1], [2])], hash(1), hash(3))).to.deep.equal({
      status: "broken",
      expected: hash(2),
    });
    expect(traceData([mint], hash(1), hash(3))).to.deep.equal({ status: "broken", expected: hash(1) });
    expect(traceData([mint], hash(1), undefined)).to.deep.equal({ status: "broken", expected: hash(1) });
  });
});
