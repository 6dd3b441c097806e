import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { networkNamed } from "../../../lib/networks.ts";
import type { StorageWriteContext } from "../../../lib/storage/client.ts";
import { StorageBusyError } from "../../../lib/storage/client-errors.ts";
import { inTurn } from "../../../lib/storage/turns.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../compute/support/caught.ts";

const SIGNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

describe("inTurn", () => {
  let folder: TemporaryFolder;

  before(async () => {
    folder = await temporaryFolder();
  });

  after(async () => {
    await folder.remove();
  });

  const ctx = (uploads?: string) =>
    ({
      network: networkNamed("default"),
      limits: { logWaitMs: 30, pollMs: 5 },
      ...(uploads === undefined ? {} : { uploads }),
    }) as unknown as StorageWriteContext;

  it("does one thing after the other for one signer, also after a failure", async () => {
    const order: string[] = [];
    const work = (name: string, fails = false) =>
      inTurn(ctx(), SIGNER, async () => {
        order.push(`${name} begins`);
        await new Promise(setImmediate);
        order.push(`${name} ends`);
        if (fails) throw new Error(name);
      });
    const outcomes = await Promise.allSettled([work("one"), work("two", true), work("three")]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
    expect(order).to.deep.equal(["one", "two", "three"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it("lets different signers work at once", async () => {
    let release: () => void = () => undefined;
    const held = inTurn(ctx(), SIGNER, async () => new Promise<void>((resolve) => (release = resolve)));
    expect(await inTurn(ctx(), OTHER, async () => "done")).to.equal("done");
    release();
    await held;
  });

  it("waits for another process no longer than it may, and names it", async () => {
    const uploads = path.join(folder.path, "held");
    await inTurn(ctx(uploads), SIGNER, async () => undefined);
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
    try {
      await writeFile(path.join(uploads, `${SIGNER}.lock`), String(other.pid));
      const error = await caught(StorageBusyError, async () => inTurn(ctx(uploads), SIGNER, async () => undefined));
      expect(error).to.include({ code: "ZG_STORAGE_BUSY", exit: 3 });
      expect(error.details["pid"]).to.equal(other.pid);
    } finally {
      other.kill();
      await once(other, "close");
    }
    expect(await inTurn(ctx(uploads), SIGNER, async () => "it died")).to.equal("it died");
    expect(await readdir(uploads)).to.deep.equal([]);
  });
});
