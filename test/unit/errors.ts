import { expect } from "chai";

import { AbortedError, EXIT, UsageError, ZgError } from "../../lib/errors.ts";

class ShelfEmptyError extends ZgError {
  constructor(shelf: number, cause?: unknown) {
    super({
      code: "ZG_SHELF",
      exit: EXIT.precondition,
      message: `Shelf ${shelf} is empty`,
      remedy: "Fill it.",
      details: { shelf },
      cause,
    });
  }
}

describe("ZgError", () => {
  it("carries code, message, remedy, exit code and values", () => {
    const error = new ShelfEmptyError(7);

    expect(error).to.be.instanceOf(Error);
    expect(error.name).to.equal("ShelfEmptyError");
    expect(error).to.include({ code: "ZG_SHELF", message: "Shelf 7 is empty", remedy: "Fill it.", exit: 3 });
    expect(error.details).to.deep.equal({ shelf: 7 });
  });

  it("keeps the cause, and has none when none was given", () => {
    const cause = new Error("the van broke down");

    expect(new ShelfEmptyError(1, cause).cause).to.equal(cause);
    expect(Object.hasOwn(new ShelfEmptyError(1), "cause")).to.be.false;
  });

  it("gives every kind of outcome its own exit code", () => {
    expect(EXIT).to.deep.equal({ ok: 0, unexpected: 1, usage: 2, precondition: 3, network: 4, trust: 5 });
  });
});

describe("UsageError", () => {
  it("is ZG_USAGE with exit code 2 and empty details unless values are given", () => {
    const error = new UsageError({ message: "no", remedy: "yes" });

    expect(error).to.include({ code: "ZG_USAGE", exit: 2, name: "UsageError" });
    expect(error.details).to.deep.equal({});
  });
});

describe("AbortedError", () => {
  it("says what was interrupted and that a repeat is safe", () => {
    const error = new AbortedError("To deposit 0.5 0G");

    expect(error).to.include({ code: "ZG_ABORTED", exit: 4, message: "To deposit 0.5 0G was interrupted" });
    expect(error.remedy).to.include("not repeated");
  });
});
