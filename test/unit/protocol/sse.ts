import { expect } from "chai";

import { parseSse, type SseEvent } from "../../../lib/protocol/sse.ts";
import { randomFrom } from "./vectors.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function parseWhole(text: string): SseEvent[] {
  const parser = parseSse();
  return [...parser.push(utf8(text)), ...parser.end()];
}

const data = (text: string) => ({ event: "message", data: text });

describe("parseSse", () => {
  it("reads events separated by blank lines", () => {
    expect(parseWhole("data: a\n\ndata:b\n\n")).to.deep.equal([data("a"), data("b")]);
  });

  it("joins data lines, keeps inner space, drops one leading space", () => {
    expect(parseWhole("data: a\ndata:  b \n\n")).to.deep.equal([data("a\n b ")]);
  });

  it("reads event names and skips comments, ids and unknown fields", () => {
    expect(parseWhole(": ping\nevent: message_stop\nid: 7\nretry: 1\nx\ndata: {}\n\n")).to.deep.equal([
      { event: "message_stop", data: "{}" },
    ]);
  });

  it("gives no event for blocks without data", () => {
    expect(parseWhole(": ping\n\nevent: x\n\n\n\ndata: a\n\n")).to.deep.equal([data("a")]);
  });

  it("gives the last event although its blank line is missing", () => {
    expect(parseWhole("data: a\n\ndata: [DONE]")).to.deep.equal([data("a"), data("[DONE]")]);
    expect(parseWhole("data: [DONE]\n")).to.deep.equal([data("[DONE]")]);
  });

  it("treats CRLF and CR as line ends", () => {
    expect(parseWhole("data: a\r\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\r\n")).to.deep.equal([
      data("a\nb"),
      data("c"),
      data("d"),
    ]);
  });

  it("drops a byte order mark", () => {
    expect(parseWhole("\ufeffdata: a\n\n")).to.deep.equal([data("a")]);
  });

  it("gives the same events wherever the bytes are cut", () => {
    const text =
      'event: é\r\ndata: {"delta":"😀 ü"}\r\n\r\n: x\ndata: a\ndata: b\n\nrubbish\rdata: c\r\rdata: [DONE]\n\n';
    const bytes = utf8(text);
    const whole = parseWhole(text);
    expect(whole).to.have.length(4);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parser = parseSse();
      const events = [...parser.push(bytes.subarray(0, cut)), ...parser.push(bytes.subarray(cut)), ...parser.end()];
      expect(events, `cut at ${cut}`).to.deep.equal(whole);
    }
    const random = randomFrom(3);
    for (let round = 0; round < 100; round++) {
      const parser = parseSse();
      const events: SseEvent[] = [];
      for (let at = 0; at < bytes.length;) {
        const next = at + Math.floor(random() * 6);
        events.push(...parser.push(bytes.subarray(at, next)));
        at = next;
      }
      events.push(...parser.end());
      expect(events).to.deep.equal(whole);
    }
  });

  it("gives an event as soon as it is complete", () => {
    const parser = parseSse();
    expect(parser.push(utf8("data: a\n"))).to.deep.equal([]);
    expect(parser.push(utf8("\n"))).to.deep.equal([data("a")]);
  });
});
