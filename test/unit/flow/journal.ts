import { spawnSync } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import type { RawAnswer } from "../../../lib/compute/ask.ts";
import type { Receipt } from "../../../lib/compute/receipt.ts";
import { UsageError } from "../../../lib/errors.ts";
import { JournalCorruptError, JournalVersionError, RunBusyError } from "../../../lib/flow/errors.ts";
import { FileJournal } from "../../../lib/flow/journal-file.ts";
import {
  currentFacts,
  isUnanswered,
  lastFact,
  MemoryJournal,
  restoreAnswer,
  storeAnswer,
  type Fact,
} from "../../../lib/flow/journal.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

const PROVIDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const chose = (provider: typeof PROVIDER | typeof OTHER): Fact => ({ type: "provider", provider });

const RESULT: RawAnswer = {
  provider: PROVIDER,
  user: OTHER,
  requestBytes: new Uint8Array([0, 255, 128]),
  responseBytes: new Uint8Array([195, 40]), // not UTF-8
  status: 200,
  chatId: { id: "c", source: "header" },
  startedAt: 1,
  finishedAt: 2,
};

const HASH = `0x${"0a".repeat(32)}` as const;
const RECEIPT: Receipt = {
  kind: "0g-inference-receipt",
  version: 1,
  mode: "local",
  network: "localhost",
  chainId: 16602,
  genesisHash: HASH,
  user: OTHER,
  service: {
    provider: PROVIDER,
    serviceType: "chatbot",
    url: "http://127.0.0.1:1",
    model: "m",
    inputPrice: "1",
    outputPrice: "2",
    updatedAt: "3",
    verifiability: "TeeML",
    additionalInfo: "{}",
    teeSignerAddress: PROVIDER,
    endorsed: true,
  },
  request: "AA==",
  response: "AQ==",
  content: "4",
  signature: { text: "a:b", signature: "0x" },
  fee: { inputFee: "1", outputFee: "2", fee: "3" },
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:01.000Z",
  checks: [{ name: "signature", passed: true, detail: "" }],
};

/** One of each type; what may be absent is present. */
const EVERY_FACT: readonly Fact[] = [
  {
    type: "started",
    version: 1,
    id: "first",
    network: "localhost",
    genesisHash: HASH,
    owner: OTHER,
    question: {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "What is 2+2?" }] },
      ],
      maxTokens: 64,
      temperature: 0.5,
      provider: "local/model",
    },
    claim: "bound",
    storage: false,
    maxPrice: "0.5,qwen=0.2",
  },
  chose(PROVIDER),
  {
    type: "provider",
    provider: PROVIDER,
    terms: { provider: PROVIDER, model: "m", inputPrice: "1", outputPrice: "2", pricing: "{}", signer: OTHER },
  },
  { type: "reserved", reservation: "a" },
  { type: "signed", step: "deposit", what: "open the ledger", hash: HASH, nonce: 0 },
  { type: "asked", provider: PROVIDER, request: "AA==" },
  {
    ...{ type: "asked", provider: PROVIDER, request: "AA==", time: "2026-01-01T00:00:00.000Z", worst: "9" },
    ...{ billed: { block: 3, unsettled: "7" }, reservation: "b" },
  },
  { type: "asked", provider: PROVIDER, request: "AA==", billed: { block: 3, unknown: "nobody answers" } },
  { type: "refused", provider: PROVIDER },
  { type: "received", result: storeAnswer(RESULT) },
  { type: "answered", receipt: RECEIPT },
  { type: "verified" },
  {
    ...{ type: "quarantined", provider: PROVIDER, failed: "signer", reason: "another", fee: "3" },
    ...{ time: "2026-01-01T00:00:00.000Z", receipt: RECEIPT },
  },
  {
    type: "sealed",
    inft: OTHER,
    data: { datas: [{ dataDescription: "d", dataHash: HASH }], sealedKeys: ["0x00ff"], salt: HASH },
  },
  { type: "storing", what: "data", root: HASH, size: 3 },
  { type: "stored", what: "data", root: HASH, size: 3, txSeq: 1, hash: HASH },
  { type: "abandoned", time: "2026-01-01T00:00:00.000Z" },
  { type: "minted", tokenId: (2n ** 256n - 1n).toString(), hash: HASH },
];

/** A field of a fact by its path, and a value that is not one of it; `undefined` leaves it out. */
const WRONG: readonly (readonly [field: string, value: unknown])[] = [
  ["started.version", 0],
  ["started.owner", "0x70997970c51812DC3A010C7d01b50e0d17dc79C8"],
  ["started.question.messages.1.content", 4],
  ["started.question.maxTokens", "64"],
  ["started.claim", "first come"],
  ["provider.provider", undefined],
  ["signed.hash", "0x0a"],
  ["signed.nonce", 1.5],
  ["asked.request", "not base64"],
  ["quarantined.fee", 3],
  ["received.result.responseBytes", undefined],
  ["received.result.chatId.source", "guess"],
  ["answered.receipt.genesisHash", null],
  ["answered.receipt.service.endorsed", "true"],
  ["sealed.data.salt", "0x"],
  ["sealed.data.sealedKeys.0", "0x0"],
  ["minted.tokenId", "-1"],
  ["minted.hash", 7],
];

describe("FileJournal", () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => folder.remove());

  it("finds after a restart what was appended before it, one line each", async () => {
    const journal = new FileJournal(path.join(folder.path, "runs"), "first");
    journal.append(chose(PROVIDER));
    journal.append(chose(OTHER));
    expect((await readFile(journal.file, "utf8")).split("\n")).to.have.length(3);

    const reopened = new FileJournal(path.join(folder.path, "runs"), "first");
    expect(reopened.facts).to.deep.equal([chose(PROVIDER), chose(OTHER)]);
    expect(lastFact(reopened, "provider")?.provider).to.equal(OTHER);
  });

  it("is readable by its owner only", async () => {
    const journal = new FileJournal(path.join(folder.path, "runs"), "first");
    journal.append(chose(PROVIDER));
    expect((await stat(journal.file)).mode & 0o777).to.equal(0o600);
    expect((await stat(path.dirname(journal.file))).mode & 0o777).to.equal(0o700);
  });

  it("creates nothing before the first fact", async () => {
    const journal = new FileJournal(folder.path, "first");
    const missing = await stat(journal.file).then(
      () => false,
      () => true,
    );
    expect(missing).to.equal(true);
  });

  for (const [what, line] of [
    ["that was cut", '{"type":"provider","prov'],
    ["that is JSON but no fact", "42"],
    ["without a type", "{}"],
    ["of a type nobody writes", '{"type":"promised","provider":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8"}'],
  ] as const) {
    it(`refuses a line ${what}, names it, and leaves the file alone`, async () => {
      const file = path.join(folder.path, "first.jsonl");
      const text = `${JSON.stringify(chose(PROVIDER))}\n${line}\n`;
      await writeFile(file, text);
      expect(() => new FileJournal(folder.path, "first"))
        .to.throw(JournalCorruptError)
        .with.property("details")
        .that.includes({ line: 2 });
      expect(await readFile(file, "utf8")).to.equal(text);
    });
  }

  it("names a journal that a newer program wrote as one, and leaves it alone", async () => {
    const file = path.join(folder.path, "first.jsonl");
    const text = `${JSON.stringify({ ...EVERY_FACT[0], version: 3 })}\n`;
    await writeFile(file, text);
    expect(() => new FileJournal(folder.path, "first"))
      .to.throw(JournalVersionError)
      .with.property("details")
      .that.deep.includes({ version: 3, known: [1, 2] });
    expect(await readFile(file, "utf8")).to.equal(text);
  });

  it("reads a run of version 1, whose answers held more than what came", async () => {
    const started = { ...EVERY_FACT[0], version: 1 };
    const result = {
      ...storeAnswer(RESULT),
      model: "m",
      content: "4",
      fee: { inputFee: "1", outputFee: "2", fee: "3" },
    };
    const lines = [started, { type: "received", result }].map((fact) => JSON.stringify(fact));
    await writeFile(path.join(folder.path, "first.jsonl"), `${lines.join("\n")}\n`);
    expect(new FileJournal(folder.path, "first").facts).to.deep.equal([
      started,
      { type: "received", result: storeAnswer(RESULT) },
    ]);
  });

  it("reads back every kind of fact as it was written, with all that can be in it", () => {
    const journal = new FileJournal(folder.path, "first");
    for (const fact of EVERY_FACT) journal.append(fact);
    expect(new FileJournal(folder.path, "first").facts).to.deep.equal(EVERY_FACT);
  });

  for (const [field, value] of WRONG) {
    it(`refuses a fact whose ${field} is ${value === undefined ? "missing" : JSON.stringify(value)}, and names line and field`, async () => {
      const [type = "", ...names] = field.split(".");
      const fact = structuredClone(EVERY_FACT.find((one) => one.type === type)) as unknown as Record<string, unknown>;
      let holder = fact;
      for (const name of names.slice(0, -1)) holder = holder[name] as Record<string, unknown>;
      const last = names.at(-1) ?? "";
      expect(holder, "the field is there before it is wrong").to.have.property(last);
      holder[last] = value;
      // An empty line is no fact, and counts all the same.
      const text = `${JSON.stringify(chose(PROVIDER))}\n\n${JSON.stringify(fact)}\n`;
      const file = path.join(folder.path, "first.jsonl");
      await writeFile(file, text);
      const opening = () => new FileJournal(folder.path, "first");
      expect(opening).to.throw(JournalCorruptError, names.join(".").replaceAll(/\.(\d+)/g, "[$1]"));
      expect(opening).to.throw(JournalCorruptError).with.property("details").that.includes({ file, line: 3 });
      expect(opening).to.throw(JournalCorruptError).that.includes({ code: "ZG_JOURNAL", exit: 3 });
      expect(await readFile(file, "utf8")).to.equal(text);
    });
  }

  it("drops a last line that a kill cut off, and goes on after the one before", async () => {
    const file = path.join(folder.path, "first.jsonl");
    const whole = `${JSON.stringify(chose(PROVIDER))}\n`;
    await writeFile(file, `${whole}{"type":"received","resu`);
    const journal = new FileJournal(folder.path, "first");
    expect(journal.facts).to.deep.equal([chose(PROVIDER)]);
    journal.append(chose(OTHER));
    expect(await readFile(file, "utf8")).to.equal(`${whole}${JSON.stringify(chose(OTHER))}\n`);
  });

  it("lets one process at a time write, and the next one when the first has released it", async () => {
    await writeFile(path.join(folder.path, "first.lock"), String(process.ppid));
    const journal = new FileJournal(folder.path, "first");
    expect(() => {
      journal.append(chose(PROVIDER));
    })
      .to.throw(RunBusyError)
      .with.property("details")
      .that.includes({ pid: process.ppid });
    expect(await readdir(folder.path)).to.deep.equal(["first.lock"]);
  });

  it("takes over from a process that was killed, and leaves no lock behind", async () => {
    await writeFile(path.join(folder.path, "first.lock"), String(spawnSync(process.execPath, ["--version"]).pid));
    const journal = new FileJournal(folder.path, "first");
    journal.append(chose(PROVIDER));
    expect(await readFile(path.join(folder.path, "first.lock"), "utf8")).to.equal(String(process.pid));
    journal.release();
    expect(await readdir(folder.path)).to.deep.equal(["first.jsonl"]);
  });

  it("is held by one at a time within a process, too", () => {
    const first = new FileJournal(folder.path, "first");
    const second = new FileJournal(folder.path, "first");
    first.hold();
    expect(() => {
      second.hold();
    }).to.throw(RunBusyError);
    first.append(chose(PROVIDER));
    first.release();
    first.append(chose(OTHER));
    first.release();
    expect(() => {
      second.hold();
    }, "it has not seen what was added").to.throw(RunBusyError);
    new FileJournal(folder.path, "first").hold();
  });

  it("does not continue from what another process has changed since it was read", () => {
    const stale = new FileJournal(folder.path, "first");
    const other = new FileJournal(folder.path, "first");
    other.append(chose(PROVIDER));
    other.release();
    expect(() => {
      stale.append(chose(OTHER));
    }).to.throw(RunBusyError);
  });

  for (const id of ["", "../escape", "a/b", ".hidden", "a".repeat(65), "a b"]) {
    it(`refuses ${JSON.stringify(id)} as the name of a run`, () => {
      expect(() => new FileJournal(folder.path, id)).to.throw(UsageError);
    });
  }
});

describe("isUnanswered", () => {
  const asked: Fact = { type: "asked", provider: PROVIDER, request: "" };
  const refused: Fact = { type: "refused", provider: PROVIDER };

  it("is true from the request to its answer or refusal", () => {
    const journal = new MemoryJournal();
    expect(isUnanswered(journal)).to.equal(false);
    journal.append(asked);
    expect(isUnanswered(journal)).to.equal(true);
    journal.append(refused);
    expect(isUnanswered(journal)).to.equal(false);
    journal.append(asked);
    expect(isUnanswered(journal)).to.equal(true);
    journal.append({ type: "received", result: storeAnswer(RESULT) });
    expect(isUnanswered(journal)).to.equal(false);
  });
});

describe("what counts after an answer was quarantined", () => {
  const quarantined: Fact = {
    ...{ type: "quarantined", provider: PROVIDER, failed: "signer", reason: "", fee: "3" },
    time: "2026-01-01T00:00:00.000Z",
  };

  it("is nothing of the attempt that it ended, and all of the run", () => {
    const journal = new MemoryJournal();
    const [started] = EVERY_FACT;
    if (started === undefined) throw new Error("there is a first fact");
    for (const fact of [started, chose(PROVIDER), { type: "received", result: storeAnswer(RESULT) } as const]) {
      journal.append(fact);
    }
    journal.append(quarantined);
    expect(lastFact(journal, "provider")).to.equal(undefined);
    expect(lastFact(journal, "received")).to.equal(undefined);
    expect(lastFact(journal, "started")).to.equal(started);
    expect(lastFact(journal, "quarantined")).to.equal(quarantined);
    journal.append(chose(OTHER));
    expect(currentFacts(journal)).to.deep.equal([chose(OTHER)]);
  });
});

describe("storeAnswer", () => {
  it("survives JSON to the byte and to the neuron", () => {
    const stored: unknown = JSON.parse(JSON.stringify(storeAnswer(RESULT)));
    expect(restoreAnswer(stored as ReturnType<typeof storeAnswer>)).to.deep.equal(RESULT);
  });
});
