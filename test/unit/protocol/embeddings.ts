import { expect } from "chai";

import { embeddingMeasure, embeddingsOf } from "../../../lib/protocol/embeddings.ts";

describe("embeddingsOf", () => {
  it("reads vectors of numbers and of base64 floats, in the order of their inputs", () => {
    const floats = Buffer.alloc(8);
    floats.writeFloatLE(0.5, 0);
    floats.writeFloatLE(-2, 4);
    const data = [
      { index: 1, embedding: [1, 2] },
      { index: 0, embedding: floats.toString("base64") },
    ];
    expect(embeddingsOf({ data })).to.deep.equal([
      [0.5, -2],
      [1, 2],
    ]);
  });

  for (const body of [
    undefined,
    {},
    { data: [{}] },
    { data: [{ embedding: ["1"] }] },
    { data: [{ embedding: "AA" }] },
  ]) {
    it(`finds none in ${JSON.stringify(body)}`, () => {
      expect(embeddingsOf(body)).to.equal(undefined);
    });
  }
});

describe("embeddingMeasure", () => {
  const tokens = (body: unknown, input: unknown) => embeddingMeasure(body, { input });

  it("charges the prompt tokens that are reported, and none of the answer", () => {
    expect(tokens({ usage: { prompt_tokens: 7, completion_tokens: 9, total_tokens: 7 } }, "a b")).to.deep.equal({
      ...{ unit: "tokens", promptTokens: 7, completionTokens: 0 },
    });
  });

  for (const [input, promptTokens] of [
    ["one two three", 6],
    ["", 1],
    [["one two", "three"], 6],
    [[1, 2, 3], 3],
    [[[1, 2], [3]], 3],
    [undefined, 1],
    [[], 1],
  ] as const) {
    it(`charges ${promptTokens} tokens for ${JSON.stringify(input)} when none are reported`, () => {
      expect(tokens({ usage: { prompt_tokens: 0, total_tokens: 50 } }, input)).to.include({ promptTokens });
    });
  }
});
