import { expect } from "chai";

import { BatchLineError } from "../../../lib/batch/errors.ts";
import { itemsDigest, itemText, LARGEST_LINE, parseItems, readItems } from "../../../lib/batch/items.ts";
import { UsageError } from "../../../lib/errors.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const DEFAULTS = { maxTokens: 512 };

describe("the lines of a batch file", () => {
  const parse = (text: string, defaults = DEFAULTS) => parseItems(text, "batch.jsonl", defaults);

  it("are prompts or chats, with ids or their line's number", () => {
    const items = parse('{"prompt":"one"}\n\n{"id":"b","messages":[{"role":"user","content":"two"}],"maxTokens":9}\n');
    expect(items).to.deep.equal([
      { seq: 0, id: "1", messages: [{ role: "user", content: "one" }], maxTokens: 512 },
      { seq: 1, id: "b", messages: [{ role: "user", content: "two" }], maxTokens: 9 },
    ]);
  });

  it("take what they do not say from the command, and a system message only where they have none", () => {
    const text =
      '{"prompt":"a"}\n{"messages":[{"role":"system","content":"own"},{"role":"user","content":"b"}]}\n{"prompt":"c","system":"mine","temperature":1}';
    const items = parseItems(text, "f", { maxTokens: 7, temperature: 0.5, system: "shared" });
    expect(items.map(({ messages }) => messages[0]?.content)).to.deep.equal(["shared", "own", "mine"]);
    expect(items.map(({ temperature }) => temperature)).to.deep.equal([0.5, 0.5, 1]);
  });

  for (const [problem, text, line] of [
    ["is no JSON", '{"prompt":"a"}\n{"prompt":', 2],
    ["is no object", "[1]", 1],
    ["has a member that items do not have", '{"prompt":"a","model":"m"}', 1],
    ["has neither prompt nor messages", '{"id":"x"}', 1],
    ["has both", '{"prompt":"a","messages":[{"role":"user","content":"b"}]}', 1],
    ["has an empty chat", '{"messages":[]}', 1],
    ["has a token bound of zero", '{"prompt":"a","maxTokens":0}', 1],
    ["has a temperature above two", '{"prompt":"a","temperature":2.5}', 1],
    ["has an id with a line end", '{"prompt":"a","id":"x\\ny"}', 1],
    ["is longer than a line may be", `{"prompt":"${"x".repeat(LARGEST_LINE)}"}`, 1],
  ] as const) {
    it(`are refused by number when one ${problem}`, () => {
      expect(() => parse(text))
        .to.throw(BatchLineError)
        .with.property("details")
        .that.includes({ line, file: "batch.jsonl" });
    });
  }

  it("have no id twice, not even that of another's line", () => {
    expect(() => parse('{"id":"2","prompt":"a"}\n{"prompt":"b"}'))
      .to.throw(BatchLineError, "its id 2 is that of line 1")
      .with.property("details")
      .that.includes({ line: 2 });
  });

  it("are at least one", () => {
    expect(() => parse("\n \n")).to.throw(UsageError, "holds no item");
  });

  it("are one text whatever the order of their members, and another when one of them changes", () => {
    const [one] = parse('{"id":"a","prompt":"x","maxTokens":3}');
    const [same] = parse('{"maxTokens":3,"prompt":"x","id":"a"}');
    const [other] = parse('{"id":"a","prompt":"x","maxTokens":4}');
    if (one === undefined || same === undefined || other === undefined) return expect.fail("three items");
    expect(itemText(one)).to.equal(itemText(same));
    expect(itemsDigest([itemText(one)])).not.to.equal(itemsDigest([itemText(other)]));
  });

  it("cannot be read from what is no file, or no text", async () => {
    const folder = await temporaryFolder();
    try {
      for (const file of [folder.path, `${folder.path}/none`]) {
        const failed = await readItems(file, DEFAULTS).catch((error: unknown) => error);
        expect(failed).to.be.instanceOf(UsageError).with.property("details").that.includes({ file });
      }
    } finally {
      await folder.remove();
    }
  });
});
