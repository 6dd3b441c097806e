import { expect } from "chai";

import { NotEndorsedError } from "../../../lib/compute/errors.ts";
import { describeService, type ServiceFacts } from "../../../lib/compute/providers.ts";
import { UsageError } from "../../../lib/errors.ts";
import { TermsChangedError } from "../../../lib/guards/errors.ts";
import { parsePriceCeiling, priceCeilingText, pricePerMillion, tooDear } from "../../../lib/guards/price-ceiling.ts";
import { assertSameTerms, termsOf } from "../../../lib/guards/terms.ts";

const PROVIDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const FACTS: ServiceFacts = {
  provider: PROVIDER,
  serviceType: "chatbot",
  url: "http://127.0.0.1:1",
  model: "local/qwen",
  inputPrice: 100_000_000_000n,
  outputPrice: 400_000_000_000n,
  updatedAt: 1n,
  verifiability: "TeeML",
  additionalInfo: "{}",
  teeSignerAddress: PROVIDER,
  endorsed: true,
};
const service = (changed: Partial<ServiceFacts> = {}) => describeService({ ...FACTS, ...changed });
const tiers = (multiplier: string) =>
  JSON.stringify({
    tieredPricing: { tiers: [{ maxInputTokens: 0, inputMultiplier: multiplier, outputMultiplier: "1" }] },
  });

describe("a price ceiling", () => {
  it("measures a million tokens in and a million out together", () => {
    expect(pricePerMillion(service())).to.equal(5n * 10n ** 17n);
  });

  it("lets a price through that is exactly as high, and names both where it is higher", () => {
    expect(tooDear(service(), [parsePriceCeiling("0.5")])).to.equal(undefined);
    const error = tooDear(service(), [parsePriceCeiling("499999999999999999neuron")]);
    expect(error).to.have.property("code", "ZG_PRICE_CEILING");
    expect(error?.details).to.include({ price: 5n * 10n ** 17n, ceiling: 5n * 10n ** 17n - 1n, model: "local/qwen" });
  });

  it("goes by model where one is named, with or without its maker, in any case", () => {
    for (const text of ["1,qwen=0.2", "local/QWEN=0.2,1"]) {
      expect(tooDear(service(), [parsePriceCeiling(text)]), text).to.not.equal(undefined);
      expect(tooDear(service({ model: "local/llama" }), [parsePriceCeiling(text)]), text).to.equal(undefined);
    }
    expect(tooDear(service(), [parsePriceCeiling("llama=0.1")]), "no ceiling for this one").to.equal(undefined);
  });

  it("holds with every ceiling there is, the run's and today's", () => {
    const [run, today] = [parsePriceCeiling("1"), parsePriceCeiling("0.1")];
    expect(tooDear(service(), [run, today])?.details).to.include({ ceiling: 10n ** 17n });
  });

  it("has one text, whatever the order it was given in", () => {
    const texts = ["b=0.20,0.5,a=1", "a=1,b=0.2,0.50"].map((text) => priceCeilingText(parsePriceCeiling(text)));
    expect(texts).to.deep.equal(["0.5,a=1,b=0.2", "0.5,a=1,b=0.2"]);
  });

  for (const text of ["", "a=", "=1", "a=1=2", "1,2", "a=1,A=2", "cheap"]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(() => parsePriceCeiling(text)).to.throw(UsageError);
    });
  }
});

describe("the terms of a service", () => {
  const planned = termsOf(service());

  it("are the same while nothing changed that an answer's price or proof rests on", () => {
    assertSameTerms(planned, service({ url: "http://127.0.0.1:2", updatedAt: 2n }));
  });

  for (const [field, changed] of [
    ["price of a token in", { inputPrice: FACTS.inputPrice + 1n }],
    ["price of a token out", { outputPrice: FACTS.outputPrice - 1n }],
    ["model", { model: "local/other" }],
    ["TEE signer", { teeSignerAddress: OTHER }],
    ["tiers of the price", { additionalInfo: tiers("2") }],
  ] as const) {
    it(`are not when the ${field} changed, and both values are named`, () => {
      const changing = () => {
        assertSameTerms(planned, service(changed));
      };
      expect(changing)
        .to.throw(TermsChangedError)
        .with.property("details")
        .that.includes({ field, provider: PROVIDER });
      expect(changing)
        .to.throw(TermsChangedError)
        .with.property("details")
        .that.satisfies(({ planned: was, now }: { planned: string; now: string }) => was !== now);
    });
  }

  it("hold no longer when the endorsement is gone", () => {
    expect(() => {
      assertSameTerms(planned, service({ endorsed: false }));
    }).to.throw(NotEndorsedError);
  });
});
