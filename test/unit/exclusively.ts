import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { AbortedError } from "../../lib/errors.ts";
import { exclusively, LockHeldError } from "../../lib/exclusively.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";

describe("exclusively", () => {
  let folder: TemporaryFolder;
  let lock: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    lock = path.join(folder.path, "deep", "lock");
  });
  afterEach(async () => folder.remove());

  it("runs one at a time in this process, in order, and leaves nothing behind", async () => {
    const seen: string[] = [];
    const work = async (name: string) =>
      exclusively(lock)("counting", async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(`${name} ends`);
        return name;
      });
    expect(await Promise.all([work("a"), work("b")])).to.deep.equal(["a", "b"]);
    expect(seen).to.deep.equal(["a begins", "a ends", "b begins", "b ends"]);
    expect(existsSync(lock)).to.equal(false);
  });

  it("goes on after work that failed, and passes its error on", async () => {
    const failing = exclusively(lock)("failing", async () => Promise.reject(new RangeError("no")));
    const next = exclusively(lock)("going on", async () => Promise.resolve("done"));
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(RangeError);
    expect(await next).to.equal("done");
  });

  for (const left of ["", "no number", "-1"]) {
    it(`takes the lock that a power cut left with ${JSON.stringify(left)} in it`, async () => {
      await exclusively(lock)("making the folder", async () => Promise.resolve());
      writeFileSync(lock, left);
      expect(await exclusively(lock, { patienceMs: 0 })("going on", async () => Promise.resolve("done"))).to.equal(
        "done",
      );
    });
  }

  it("waits for another process, and says who it is when that takes too long", async () => {
    await exclusively(lock)("making the folder", async () => Promise.resolve());
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    try {
      writeFileSync(lock, String(other.pid));
      const error = await exclusively(lock, { patienceMs: 100 })("waiting", async () => Promise.resolve()).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(LockHeldError);
      expect(error).to.have.property("details").that.includes({ pid: other.pid, what: "waiting" });

      const abort = new AbortController();
      const aborted = exclusively(lock, { signal: abort.signal })("waiting", async () => Promise.resolve());
      abort.abort();
      expect(await aborted.catch((thrown: unknown) => thrown)).to.be.instanceOf(AbortedError);
    } finally {
      const ended = once(other, "exit");
      other.kill();
      await ended;
    }
    // What a killed process left counts as free.
    expect(await exclusively(lock)("taking over", async () => Promise.resolve("ours"))).to.equal("ours");
  });

  it("lets another process that waits go first, and says that it waits itself", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const wish = `${lock}.wanted`;
    const one = exclusively(lock, { pollMs: 5 });
    try {
      await one("making the folder", async () => Promise.resolve());
      writeFileSync(wish, String(other.pid));
      const turn = one("coming second", async () => Promise.resolve("second"));
      await new Promise((resolve) => setImmediate(resolve));
      expect(existsSync(lock), "the other may take it now").to.equal(false);
      writeFileSync(lock, String(other.pid));
      while (!existsSync(wish) || readFileSync(wish, "utf8") !== String(process.pid)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      rmSync(lock);
      expect(await turn).to.equal("second");
      expect(existsSync(wish)).to.equal(false);
    } finally {
      const ended = once(other, "exit");
      other.kill();
      await ended;
    }
  });
});
