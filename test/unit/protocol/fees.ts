import { expect } from "chai";

import { chatFee, feeFor, wordCount, type PriceTier } from "../../../lib/protocol/fees.ts";

const times = (numerator: bigint, denominator = 1n) => ({ numerator, denominator });

describe("chatFee", () => {
  const prices = { inputPrice: 100n, outputPrice: 300n };

  it("charges prompt and completion tokens at their prices", () => {
    expect(chatFee(prices, { promptTokens: 7, completionTokens: 3 })).to.deep.equal({
      inputFee: 700n,
      outputFee: 900n,
      fee: 1600n,
    });
  });

  it("stays exact where floating point would not", () => {
    const inputPrice = 1_234_567_890_123_456_789n;
    const { inputFee } = chatFee({ inputPrice, outputPrice: 0n }, { promptTokens: 1_000_001, completionTokens: 0 });
    expect(inputFee).to.equal(inputPrice * 1_000_001n);
  });

  describe("with tiers", () => {
    const tiers: PriceTier[] = [
      { maxInputTokens: 10, input: times(1n), output: times(1n) },
      { maxInputTokens: 20, input: times(3n, 2n), output: times(2n) },
    ];

    it("scales all tokens by the first tier the prompt fits into", () => {
      const fee = (promptTokens: number) => chatFee({ ...prices, tiers }, { promptTokens, completionTokens: 1 });
      expect(fee(10).fee).to.equal(1000n + 300n);
      expect(fee(11).fee).to.equal(11n * 150n + 600n);
    });

    it("uses the last tier for a prompt above all of them, and any for a maximum of 0", () => {
      const above = chatFee({ ...prices, tiers }, { promptTokens: 21, completionTokens: 0 });
      expect(above.fee).to.equal(21n * 150n);
      const any: PriceTier[] = [{ maxInputTokens: 0, input: times(5n), output: times(1n) }, ...tiers];
      expect(chatFee({ ...prices, tiers: any }, { promptTokens: 1, completionTokens: 0 }).fee).to.equal(500n);
    });

    it("rounds the price down before it multiplies", () => {
      const third: PriceTier[] = [{ maxInputTokens: 0, input: times(1n, 3n), output: times(1n) }];
      expect(chatFee({ ...prices, tiers: third }, { promptTokens: 3, completionTokens: 0 }).fee).to.equal(99n);
    });
  });

  describe("with cached tokens", () => {
    const usage = { promptTokens: 10, completionTokens: 0, cachedTokens: 3 };

    it("charges them in full unless the provider bills them apart", () => {
      expect(chatFee(prices, usage).fee).to.equal(1000n);
    });

    it("divides their price, rounding down once", () => {
      expect(chatFee({ ...prices, cacheBilling: { divisor: 8n } }, usage).fee).to.equal(700n + 37n);
    });

    it("never charges more cached tokens than the prompt has", () => {
      const fee = chatFee({ ...prices, cacheBilling: { divisor: 10n } }, { ...usage, cachedTokens: 99 });
      expect(fee.fee).to.equal(100n);
    });

    it("takes written tokens out of the rest only when they have a price", () => {
      const written = { ...usage, cacheWriteTokens: 4, cacheWriteOneHourTokens: 99 };
      expect(chatFee({ ...prices, cacheBilling: { divisor: 10n } }, written).fee).to.equal(700n + 30n);
      const billing = { divisor: 10n, write: times(5n, 4n), writeOneHour: times(2n) };
      expect(chatFee({ ...prices, cacheBilling: billing }, written).fee).to.equal(30n + 500n + 600n);
    });
  });

  it("charges words of the output when there is no usage", () => {
    const words = wordCount("  one two\nthree\t");
    expect(feeFor("chat", prices, { unit: "words", words })).to.deep.equal({
      inputFee: 0n,
      outputFee: 900n,
      fee: 900n,
    });
    expect(wordCount(" ")).to.equal(0);
  });

  it("lets tokens written for an hour cost what all written ones do, unless they have a price of their own", () => {
    const written = { promptTokens: 10, completionTokens: 0, cacheWriteOneHourTokens: 4 };
    const billing = { divisor: 10n, write: times(3n, 2n) };
    expect(chatFee({ ...prices, cacheBilling: billing }, written).fee).to.equal(600n + 600n);
  });
});

describe("feeFor", () => {
  const prices = { inputPrice: 100n, outputPrice: 300n };

  it("charges images by the output price alone", () => {
    expect(feeFor("image", prices, { unit: "images", images: 3 })).to.deep.equal({
      ...{ inputFee: 0n, outputFee: 900n, fee: 900n },
    });
  });

  for (const [seconds, charged] of [
    [0, 0n],
    [0.2, 1n],
    [1.49, 1n],
    [1.5, 2n],
    [2.5, 3n],
    [360_000, 356_400n],
    [1e308, 356_400n],
  ] as const) {
    it(`charges ${seconds} s of audio as ${charged}`, () => {
      expect(feeFor("transcription", prices, { unit: "seconds", seconds }).fee).to.equal(charged * 100n);
    });
  }

  it("charges a transcription that counts tokens by both prices, without tiers", () => {
    const tiers = [{ maxInputTokens: 0, input: times(2n), output: times(2n) }];
    const measure = { unit: "tokens", promptTokens: 5, completionTokens: 2 } as const;
    expect(feeFor("transcription", { ...prices, tiers }, measure).fee).to.equal(500n + 600n);
  });

  it("charges an embedding by its input alone, with tiers and without the cache", () => {
    const tiers = [{ maxInputTokens: 0, input: times(3n, 2n), output: times(9n) }];
    const measure = { unit: "tokens", promptTokens: 5, completionTokens: 2, cachedTokens: 5 } as const;
    expect(feeFor("embedding", { ...prices, tiers, cacheBilling: { divisor: 2n } }, measure)).to.deep.equal({
      ...{ inputFee: 750n, outputFee: 0n, fee: 750n },
    });
  });
});
