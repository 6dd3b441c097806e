import { appendFile, readFile, stat } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import type { SignedTransaction } from "../../../lib/chain/context.ts";
import { SentTransactions } from "../../../tasks/support/sent.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

const signed = (nonce: number, from: typeof OWNER | typeof OTHER = OWNER): SignedTransaction => ({
  what: "deposit 1 0G",
  hash: `0x${nonce.toString(16).padStart(64, "0")}`,
  nonce,
  from,
});

describe("SentTransactions", () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => folder.remove());
  const file = () => path.join(folder.path, "0g", "transactions.jsonl");
  const open = () => new SentTransactions(path.dirname(file()));

  it("finds in another process what was signed for an account, in order", () => {
    open().add(signed(1));
    open().add(signed(2, OTHER));
    open().add(signed(3));
    expect(open().last(OWNER)).to.deep.equal([signed(1), signed(3)]);
    expect(open().last(OTHER)).to.deep.equal([signed(2, OTHER)]);
  });

  it("knows nothing where nothing was signed, and creates nothing to find out", async () => {
    expect(open().last(OWNER)).to.deep.equal([]);
    const missing = await stat(file()).then(
      () => false,
      () => true,
    );
    expect(missing).to.equal(true);
  });

  it("passes over a line that a kill cut off: what it was to record was never sent", async () => {
    open().add(signed(1));
    await appendFile(file(), '{"what":"deposit 2 0G","hash":"0x');
    expect(open().last(OWNER)).to.deep.equal([signed(1)]);
    expect(await readFile(file(), "utf8")).to.include("deposit 2 0G");
  });

  it("is readable by its owner only", async () => {
    open().add(signed(1));
    expect((await stat(file())).mode & 0o777).to.equal(0o600);
    expect((await stat(path.dirname(file()))).mode & 0o777).to.equal(0o700);
  });
});
