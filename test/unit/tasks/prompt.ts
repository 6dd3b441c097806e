import { writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { UsageError } from "../../../lib/errors.ts";
import { parseQuestion, repeatQuestion, type PromptArguments } from "../../../tasks/support/prompt.ts";
import { caught } from "../compute/support/caught.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";

function given(changes: Partial<PromptArguments> = {}): PromptArguments {
  return {
    prompt: undefined,
    system: undefined,
    messages: undefined,
    maxTokens: "512",
    temperature: undefined,
    provider: undefined,
    ...changes,
  };
}

describe("parseQuestion", () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(async () => folder.remove());

  it("puts the system message before the prompt, and carries what was given", async () => {
    const args = given({ prompt: "x", system: "Be brief", maxTokens: "7", temperature: "0.7", provider: "p" });
    expect(await parseQuestion(args)).to.deep.equal({
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "x" },
      ],
      maxTokens: 7,
      temperature: 0.7,
      provider: "p",
    });
  });

  it("reads a chat from a file", async () => {
    const messages = path.join(folder.path, "chat.json");
    await writeFile(messages, '[{"role":"user","content":"x"}]');
    expect((await parseQuestion(given({ messages }))).messages).to.deep.equal([{ role: "user", content: "x" }]);
  });

  it("takes the default question only when there is none", async () => {
    expect((await parseQuestion(given(), "default")).messages[0]?.content).to.equal("default");
    expect((await parseQuestion(given({ prompt: "x" }), "default")).messages[0]?.content).to.equal("x");
  });

  const refused: Readonly<Record<string, Partial<PromptArguments>>> = {
    "no question": {},
    "an empty question": { prompt: " " },
    "two questions": { prompt: "x", messages: "chat.json" },
    "a file that is not there": { messages: "nowhere.json" },
    "a temperature out of range": { prompt: "x", temperature: "2.1" },
    "a temperature that is no number": { prompt: "x", temperature: "hot" },
    "no tokens": { prompt: "x", maxTokens: "0" },
    "tokens that are no number": { prompt: "x", maxTokens: "1e3" },
  };
  for (const [what, args] of Object.entries(refused)) {
    it(`refuses ${what}`, async () => {
      await caught(UsageError, async () => parseQuestion(given(args)));
    });
  }
});

describe("repeatQuestion", () => {
  const question = { messages: [{ role: "user", content: "x" }], maxTokens: 7, provider: "p" };

  it("is the question of the run when nothing is said", () => {
    expect(repeatQuestion(question, given())).to.deep.equal(question);
  });

  it("passes over nothing that was typed", async () => {
    expect(repeatQuestion(question, given({ provider: "q" }))).to.include({ provider: "q" });
    expect(repeatQuestion(question, given({ temperature: "1" }))).to.include({ temperature: 1 });
    expect(repeatQuestion(question, given({ maxTokens: "8" }))).to.include({ maxTokens: 8 });
    await caught(UsageError, () => repeatQuestion(question, given({ system: "Be brief" })));
  });
});
