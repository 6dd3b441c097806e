import { appendFile, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { FileBook, MemoryBook, type Book } from "../../../lib/guards/book.ts";
import { Budgets, type Caps } from "../../../lib/guards/budgets.ts";
import { BudgetBookError, BudgetExceededError } from "../../../lib/guards/errors.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const ONE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const NOON = Date.parse("2026-01-01T12:00:00Z");

const failureOf = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

for (const kind of ["in memory", "in a file"] as const) {
  describe(`budgets ${kind}`, () => {
    let folder: TemporaryFolder;
    let book: Book;
    let now: number;
    beforeEach(async () => {
      folder = await temporaryFolder();
      book = kind === "in memory" ? new MemoryBook() : new FileBook(path.join(folder.path, "book.jsonl"));
      now = NOON;
    });
    afterEach(async () => folder.remove());
    const budgets = (caps: Caps) => new Budgets({ book, caps, clock: () => now });
    const ask = (worst: bigint, provider: typeof ONE | typeof OTHER = ONE) => ({
      ...{ run: "first", what: "ask", provider, worst },
    });

    it("let exactly the day's cap through, and not a neuron more", async () => {
      const day = budgets({ day: 10n });
      await day.reserve(ask(4n));
      await day.reserve({ run: "second", what: "mint", worst: 6n });
      const failed = await failureOf(day.reserve(ask(1n, OTHER)));
      expect(failed).to.be.instanceOf(BudgetExceededError);
      expect(failed)
        .to.have.property("details")
        .that.includes({ cap: "day", limit: 10n, spent: 0n, reserved: 10n, worst: 1n, of: "2026-01-01" });
    });

    it("count what was really spent once that is known", async () => {
      const day = budgets({ day: 10n });
      const first = await day.reserve(ask(9n));
      await first.settle(3n);
      await (await day.reserve(ask(7n))).release();
      const last = await day.reserve(ask(7n));
      expect(day.spentBy("first")).to.deep.equal({ spent: 3n, reserved: 7n });
      await last.settle(8n); // a provider bills what it bills
      expect(await failureOf(day.reserve(ask(0n)))).to.be.instanceOf(BudgetExceededError);
    });

    it("settle a reservation once", async () => {
      const day = budgets({});
      const first = await day.reserve(ask(9n));
      await first.settle(3n);
      await first.settle(4n);
      await first.release();
      expect(day.spentBy("first")).to.deep.equal({ spent: 3n, reserved: 0n });
    });

    it("begin anew at midnight UTC, but not for a provider", async () => {
      const both = budgets({ day: 10n, provider: 15n });
      await both.reserve(ask(10n));
      now = Date.parse("2026-01-01T23:59:59.999Z");
      expect(await failureOf(both.reserve(ask(1n))))
        .to.have.property("details")
        .that.includes({ cap: "day" });
      now = Date.parse("2026-01-02T00:00:00Z");
      await both.reserve(ask(5n));
      const failed = await failureOf(both.reserve(ask(1n)));
      expect(failed).to.have.property("details").that.includes({ cap: "provider", limit: 15n, reserved: 15n, of: ONE });
      await both.reserve(ask(5n, OTHER));
    });

    it("say of a plan whether it would fit, and set nothing aside", async () => {
      const day = budgets({ day: 10n, provider: 6n });
      day.assertWouldFit([{ run: "first", what: "gas", worst: 4n }, ask(6n)]);
      expect(day.spentBy("first")).to.deep.equal({ spent: 0n, reserved: 0n });
      expect(() => {
        day.assertWouldFit([{ run: "first", what: "gas", worst: 5n }, ask(6n)]);
      }).to.throw(BudgetExceededError, "--day-cap");
      expect(() => {
        day.assertWouldFit([ask(7n)]);
      }).to.throw(BudgetExceededError, "--provider-cap");
      await Promise.resolve();
    });

    it("let no more through than fits, however many ask at once", async () => {
      const day = budgets({ day: 10n });
      const all = await Promise.allSettled(Array.from({ length: 25 }, async () => day.reserve(ask(1n))));
      expect(all.filter(({ status }) => status === "fulfilled")).to.have.length(10);
      expect(day.spentBy("first").reserved).to.equal(10n);
    });

    it("find what a run set aside and never settled, and settle it by its id", async () => {
      const day = budgets({ day: 10n });
      const kept = await day.reserve(ask(7n));
      await (await day.reserve(ask(1n))).settle(1n);
      const [left, ...others] = budgets({}).unsettledOf("first");
      expect(others).to.deep.equal([]);
      expect(left).to.include({ id: kept.id, worst: 7n, provider: ONE });
      await budgets({}).settle(kept.id, 2n);
      expect(day.spentBy("first")).to.deep.equal({ spent: 3n, reserved: 0n });
    });
  });
}

describe("the book in a file", () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = path.join(folder.path, "deep", "book.jsonl");
  });
  afterEach(async () => folder.remove());
  const open = (caps: Caps = {}) => new Budgets({ book: new FileBook(file), caps, clock: () => NOON });
  const expense = { run: "first", what: "ask", provider: ONE, worst: 5n } as const;

  it("counts in full what a process left that ended before it settled", async () => {
    await open().reserve(expense);
    expect(open().spentBy("first")).to.deep.equal({ spent: 0n, reserved: 5n });
    expect(await failureOf(open({ provider: 9n }).reserve(expense))).to.be.instanceOf(BudgetExceededError);
  });

  it("shows each of several that write it what the others wrote", async () => {
    const [one, two] = [open({ day: 10n }), open({ day: 10n })];
    await one.reserve(expense);
    await two.reserve(expense);
    expect(await failureOf(one.reserve(expense))).to.be.instanceOf(BudgetExceededError);
  });

  it("is for its owner alone, holds amounts to the neuron, and leaves no lock", async () => {
    const worst = 2n ** 200n + 1n;
    await (await open().reserve({ ...expense, worst })).settle(worst - 1n);
    expect(open().spentBy("first").spent).to.equal(2n ** 200n);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect((await stat(path.dirname(file))).mode & 0o777).to.equal(0o700);
    expect(await readdir(path.dirname(file))).to.deep.equal(["book.jsonl"]);
  });

  it("drops a last line that was cut, and goes on after the one before", async () => {
    await open().reserve(expense);
    const whole = await readFile(file, "utf8");
    await appendFile(file, '{"event":"reserved","id');
    await open().reserve(expense);
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines).to.have.length(3);
    expect(`${lines[0]}\n`).to.equal(whole);
    expect(open().spentBy("first").reserved).to.equal(10n);
  });

  for (const line of ["42", "{}", '{"event":"settled","id":"a","actual":"-1"}', "not JSON"]) {
    it(`spends nothing while a line is ${line}, and names the line`, async () => {
      await open().reserve(expense);
      const text = `${await readFile(file, "utf8")}${line}\n`;
      await writeFile(file, text);
      const failed = await failureOf(open().reserve(expense));
      expect(failed).to.be.instanceOf(BudgetBookError).with.property("message").that.includes("line 2");
      expect(() => open().spentBy("first")).to.throw(BudgetBookError);
      expect(await readFile(file, "utf8")).to.equal(text);
    });
  }
});
