import { expect } from "chai";

import {
  chatIdFrom,
  errorTextOf,
  readChatCompletion,
  readChatStream,
  signatureIds,
  usageOf,
  userOffset,
} from "../../../lib/protocol/chat.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

describe("readChatCompletion", () => {
  it("reads id, model, content, finish reason and usage", () => {
    const body = {
      id: "chatcmpl-1",
      model: "m",
      choices: [{ message: { role: "assistant", content: "4" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 2 } },
    };
    expect(readChatCompletion(body)).to.deep.equal({
      id: "chatcmpl-1",
      model: "m",
      content: "4",
      finishReason: "stop",
      usage: { promptTokens: 3, completionTokens: 1, cachedTokens: 2 },
    });
  });

  it("joins the text parts of a content list", () => {
    const content = [{ type: "text", text: "a" }, { type: "image" }, { type: "text", text: "b" }];
    expect(readChatCompletion({ choices: [{ message: { content } }] })).to.deep.equal({ content: "ab" });
  });

  it("takes whatever is missing or misshapen as absent", () => {
    for (const body of [null, 1, "x", [], {}, { choices: {} }, { choices: [null] }, { id: 7, usage: "?" }]) {
      expect(readChatCompletion(body)).to.deep.equal({ content: "" });
    }
  });
});

describe("usageOf", () => {
  it("ignores a usage that is all zero or no count", () => {
    expect(usageOf({ usage: { prompt_tokens: 0, completion_tokens: 0 } })).to.equal(undefined);
    expect(usageOf({ usage: { prompt_tokens: -1, completion_tokens: 1.5 } })).to.equal(undefined);
    expect(usageOf({ usage: null })).to.equal(undefined);
  });
});

describe("readChatStream", () => {
  const stream =
    event({ id: "c1", model: "m", choices: [{ delta: { role: "assistant", content: "" } }] }) +
    event({ id: "c1", choices: [{ delta: { content: "Vi" } }] }) +
    event({ id: "c1", choices: [{ delta: { content: "er 😀" }, finish_reason: "stop" }] }) +
    event({ id: "c1", choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } }) +
    "data: [DONE]\n\n";

  it("assembles the answer wherever the bytes are cut", () => {
    const bytes = utf8(stream);
    for (let cut = 0; cut <= bytes.length; cut += 3) {
      const reader = readChatStream();
      const text = reader.push(bytes.subarray(0, cut)) + reader.push(bytes.subarray(cut)) + reader.end();
      expect(text).to.equal("Vier 😀");
      expect(reader.done()).to.equal(true);
      expect(reader.answer()).to.deep.equal({
        id: "c1",
        model: "m",
        content: "Vier 😀",
        finishReason: "stop",
        usage: { promptTokens: 5, completionTokens: 2 },
      });
    }
  });

  it("says that a stream without [DONE] was cut", () => {
    const reader = readChatStream();
    reader.push(utf8(stream.slice(0, -20)));
    reader.end();
    expect(reader.done()).to.equal(false);
  });

  it("reports an error inside the stream and counts what is no JSON", () => {
    const reader = readChatStream();
    reader.push(utf8(`data: {"error":{"message":"out of memory"}}\n\ndata: nonsense\n\n`));
    expect(reader.error()).to.equal("out of memory");
    expect(reader.malformed()).to.equal(1);
  });
});

describe("errorTextOf", () => {
  it("reads a string and an object alike", () => {
    expect(errorTextOf({ error: "a" })).to.equal("a");
    expect(errorTextOf({ type: "error", error: { type: "x", message: "b" } })).to.equal("b");
    expect(errorTextOf({ error: {} })).to.equal(undefined);
    expect(errorTextOf("text")).to.equal(undefined);
  });
});

describe("userOffset", () => {
  const account = "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
  const user = account.toLowerCase();
  const member = `"user":"${user}"`;

  it("finds the member in a request, in bytes", () => {
    expect(userOffset(utf8(`{"messages":"é",${member}}`), account)).to.equal(`{"messages":"é",`.length + 1);
    expect(userOffset(utf8(`{${member},"x":1}`), user)).to.equal(1);
  });

  it("takes no text of a message for it, nor another account, nor another spelling", () => {
    const inside = JSON.stringify({ messages: [{ content: `,${member}` }], user: "0x12" });
    for (const request of [inside, `{"x":${member}}`, `{"user": "${user}"}`, `{"user":"${account}"}`, ""]) {
      expect(userOffset(utf8(request), account), request).to.equal(undefined);
    }
  });
});

describe("chatIdFrom", () => {
  const header = (id: string) => new Headers({ "zg-res-key": id });

  it("prefers the header to the body", () => {
    expect(chatIdFrom(header("k-1"), { id: "chatcmpl-2" })).to.deep.equal({
      status: "found",
      id: "k-1",
      source: "header",
    });
    expect(chatIdFrom(new Headers(), { id: "chatcmpl-2" })).to.deep.equal({
      status: "found",
      id: "chatcmpl-2",
      source: "body",
    });
    expect(chatIdFrom(new Headers(), {})).to.deep.equal({ status: "absent" });
  });

  it("never lets an id through that could change a URL", () => {
    for (const id of ["../quote", "a/b", "a?b", "a b", "x".repeat(65), "ä"]) {
      expect(chatIdFrom(new Headers(), { id }).status, id).to.equal("invalid");
    }
    expect(chatIdFrom(header("a/../b"), { id: "fine" }).status).to.equal("invalid");
  });

  it("tries a body id with and without its chatcmpl- prefix", () => {
    expect(signatureIds({ id: "chatcmpl-7", source: "body" })).to.deep.equal(["chatcmpl-7", "7"]);
    expect(signatureIds({ id: "chatcmpl-7", source: "header" })).to.deep.equal(["chatcmpl-7"]);
    expect(signatureIds({ id: "chatcmpl-", source: "body" })).to.deep.equal(["chatcmpl-"]);
  });
});
