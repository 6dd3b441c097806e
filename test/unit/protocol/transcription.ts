import { expect } from "chai";

import { readTranscription, readTranscriptStream, subtitleSeconds } from "../../../lib/protocol/transcription.ts";
import { secondsAtMost, wavSeconds } from "../../../lib/protocol/audio.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("readTranscription", () => {
  const cases: [string, unknown, unknown][] = [
    ["seconds", { usage: { type: "duration", seconds: 12.6 } }, { unit: "seconds", seconds: 12.6 }],
    ["seconds that are quoted", { usage: { type: "duration", seconds: "3.5" } }, { unit: "seconds", seconds: 3.5 }],
    ["seconds without a type", { usage: { seconds: 2 } }, { unit: "seconds", seconds: 2 }],
    ["the length beside the text", { duration: 7.25 }, { unit: "seconds", seconds: 7.25 }],
    [
      "the length, where usage holds nothing of the kind it states",
      { duration: 4, usage: { type: "duration", input_tokens: 9, seconds: 0 } },
      { unit: "seconds", seconds: 4 },
    ],
    [
      "tokens",
      { usage: { type: "tokens", input_tokens: 5, output_tokens: 2, seconds: 9 } },
      { unit: "tokens", promptTokens: 5, completionTokens: 2 },
    ],
  ];
  for (const [name, body, measure] of cases) {
    it(`charges by ${name}`, () => {
      const read = readTranscription(JSON.stringify({ text: "hello you", ...(body as object) }));
      expect(read).to.deep.equal({ text: "hello you", measure });
    });
  }

  it("charges words of the whole body when nothing tells the length", () => {
    expect(readTranscription("one two\nthree")).to.deep.equal({
      text: "one two\nthree",
      measure: { unit: "words", words: 3 },
    });
    expect(readTranscription('{"text":"a b"}').measure).to.deep.equal({ unit: "words", words: 2 });
  });

  it("takes the length of subtitles from the end of the last cue", () => {
    const srt = "1\n00:00:00,000 --> 00:00:01,500\nhello\n\n2\n00:00:01,500 --> 00:01:02,250\nyou\n";
    expect(readTranscription(srt).measure).to.deep.equal({ unit: "seconds", seconds: 62.25 });
    expect(subtitleSeconds("WEBVTT\n\n00:00.000 --> 01:04.000 align:start\nx")).to.equal(64);
    expect(subtitleSeconds("01:00:00.5 --> 02:00:00.5\nx")).to.equal(7200.5);
    expect(subtitleSeconds("no --> cue")).to.equal(undefined);
  });
});

describe("readTranscriptStream", () => {
  const stream = [
    '{"type":"transcript.text.delta","delta":"hel"}\n',
    '{"type":"transcript.text.delta","delta":"lo"}\n',
    '{"type":"transcript.text.done","text":"hello","usage":{"type":"duration","seconds":2}}\n',
  ].join("");

  it("puts the text together from bytes cut anywhere, and knows when it is done", () => {
    for (let cut = 0; cut <= stream.length; cut += 7) {
      const reader = readTranscriptStream();
      const added = reader.push(bytes(stream.slice(0, cut))) + reader.push(bytes(stream.slice(cut))) + reader.end();
      expect(added).to.equal("hello");
      expect(reader.done()).to.equal(true);
      expect(reader.transcript()).to.deep.equal({ text: "hello", measure: { unit: "seconds", seconds: 2 } });
    }
  });

  it("reads chunks behind data:, too", () => {
    const reader = readTranscriptStream();
    reader.push(bytes(`data: ${stream.split("\n").join("\n\ndata: ")}`));
    reader.end();
    expect(reader.transcript().text).to.equal("hello");
  });

  it("tells a stream that was cut, and charges its bytes by words", () => {
    const reader = readTranscriptStream();
    reader.push(bytes('{"type":"transcript.text.delta","delta":"a b"}'));
    expect(reader.end()).to.equal("a b");
    expect(reader.done()).to.equal(false);
    expect(reader.transcript().measure).to.deep.equal({ unit: "words", words: 2 });
  });

  it("tells what a provider reports in the middle of a stream", () => {
    const reader = readTranscriptStream();
    reader.push(bytes('{"error":{"message":"out of memory"}}\n{"type":"transcript.text.done"}\n'));
    reader.end();
    expect(reader.error()).to.equal("out of memory");
  });
});

describe("wavSeconds", () => {
  const wav = (dataBytes: number, stated = dataBytes) => {
    const file = Buffer.alloc(44 + dataBytes);
    file.write("RIFF", 0, "latin1");
    file.write("WAVEfmt ", 8, "latin1");
    file.writeUInt32LE(16, 16);
    file.writeUInt32LE(16_000, 28);
    file.write("data", 36, "latin1");
    file.writeUInt32LE(stated, 40);
    return file;
  };

  it("reads the length from the header", () => {
    expect(wavSeconds(wav(24_000))).to.equal(1.5);
    expect(secondsAtMost(wav(24_000))).to.equal(1.5);
  });

  it("does not believe a header that promises more than there is", () => {
    expect(wavSeconds(wav(16_000, 0xffffffff))).to.equal(1);
  });

  it("bounds other audio by the lowest rate that speech is encoded at", () => {
    expect(wavSeconds(Buffer.from("OggS"))).to.equal(undefined);
    expect(secondsAtMost(Buffer.alloc(7_500))).to.equal(10);
    for (const cut of [0, 4, 13, 20, 30, 40]) expect(wavSeconds(wav(16).subarray(0, cut))).to.equal(undefined);
  });
});
