import { expect } from "chai";

import { UsageError } from "../../lib/errors.ts";
import { NEURON_PER_0G, format0g, parseAmount, parseByteSize, withUnit } from "../../lib/units.ts";

const ACCEPTED: readonly [text: string, neuron: bigint][] = [
  ["1.1", 1_100_000_000_000_000_000n],
  ["0", 0n],
  ["0.0", 0n],
  ["1", NEURON_PER_0G],
  ["0.1", 100_000_000_000_000_000n],
  ["0.000000000000000001", 1n],
  ["1.000000000000000001", 1_000_000_000_000_000_001n],
  ["007", 7n * NEURON_PER_0G],
  ["0.5 0G", 500_000_000_000_000_000n],
  ["0.50g", 500_000_000_000_000_000n],
  ["2 gwei", 2_000_000_000n],
  ["0.5gwei", 500_000_000n],
  ["1.5GWEI", 1_500_000_000n],
  ["5e17neuron", 500_000_000_000_000_000n],
  ["1e18 neuron", NEURON_PER_0G],
  ["1.5e1neuron", 15n],
  ["1e0", NEURON_PER_0G],
  ["1e3", 1000n * NEURON_PER_0G],
  ["12e99neuron", 12n * 10n ** 99n],
  ["1_000.5", 1_000_500_000_000_000_000_000n],
  [" 0.1 ", 100_000_000_000_000_000n],
  ["1.10", 1_100_000_000_000_000_000n],
  // More zeros than neuron has digits lose nothing.
  ["1.1000000000000000000000000", 1_100_000_000_000_000_000n],
  ["10.00neuron", 10n],
  // Past what a double can tell apart: 2^53 + 1, in 0G and in neuron.
  ["9007199254740993", 9_007_199_254_740_993n * NEURON_PER_0G],
  ["0.900719925474099301", 900_719_925_474_099_301n],
  ["115792089237316195423570985008687907853269984665640564039457.584007913129639935", 2n ** 256n - 1n],
];

const REFUSED: readonly string[] = [
  "",
  " ",
  ".5",
  "5.",
  "-1",
  "-0.1",
  "+1",
  "1,5",
  "1.2.3",
  "0x10",
  "1e",
  "1e-1",
  "1e+2",
  "1e100",
  "e18",
  "NaN",
  "Infinity",
  "one",
  "1 eth",
  "1wei",
  "0g",
  "1 0g gwei",
  "1 5",
  "0. 5",
  "_1",
  "1 e3",
  "１",
];

const TOO_FINE: readonly string[] = [
  "0.0000000000000000001",
  "1.1234567890123456789",
  "0.5neuron",
  "1.5e0neuron",
  "1.25e1neuron",
  "0.0000000001gwei",
];

describe("parseAmount", () => {
  for (const [text, neuron] of ACCEPTED) {
    it(`reads ${JSON.stringify(text)} as ${neuron} neuron`, () => {
      expect(parseAmount(text)).to.equal(neuron);
    });
  }

  for (const text of REFUSED) {
    it(`refuses ${JSON.stringify(text)} and says what an amount looks like`, () => {
      expect(() => parseAmount(text, "deposit"))
        .to.throw(UsageError, "is not a valid deposit")
        .with.property("remedy")
        .that.includes("0.5");
    });
  }

  for (const text of TOO_FINE) {
    it(`refuses ${JSON.stringify(text)} as finer than a neuron instead of rounding it`, () => {
      expect(() => parseAmount(text)).to.throw(UsageError, "finer than one neuron");
    });
  }

  it("puts the rejected text into the details of the error, under the name of the amount", () => {
    try {
      parseAmount("1,5", "max-spend");
      expect.fail("accepted 1,5");
    } catch (error) {
      expect(error).to.be.instanceOf(UsageError);
      expect((error as UsageError).details).to.deep.equal({ "max-spend": "1,5" });
      expect((error as UsageError).exit).to.equal(2);
    }
  });
});

describe("format0g", () => {
  const formatted: readonly [neuron: bigint, text: string][] = [
    [0n, "0"],
    [1n, "0.000000000000000001"],
    [1_100_000_000_000_000_000n, "1.1"],
    [NEURON_PER_0G, "1"],
    [10n * NEURON_PER_0G, "10"],
    [100_000_000_000_000_006n, "0.100000000000000006"],
    [-1n, "-0.000000000000000001"],
    [-1_500_000_000_000_000_000n, "-1.5"],
    [2n ** 256n - 1n, "115792089237316195423570985008687907853269984665640564039457.584007913129639935"],
  ];
  for (const [neuron, text] of formatted) {
    it(`writes ${neuron} neuron as ${text}`, () => {
      expect(format0g(neuron)).to.equal(text);
    });
  }

  it("gives back exactly what parseAmount read, digit by digit over all magnitudes", () => {
    for (let exponent = 0n; exponent < 40n; exponent++) {
      for (const digits of [1n, 9n, 11n, 101n, 123_456_789n]) {
        const neuron = digits * 10n ** exponent;
        expect(parseAmount(format0g(neuron))).to.equal(neuron);
      }
    }
  });

  it("prints no exponent and no separator, so that any tool can read it", () => {
    expect(format0g(10n ** 30n)).to.equal("1000000000000");
  });
});

describe("withUnit", () => {
  it("always names the unit", () => {
    expect(withUnit(500_000_000_000_000_000n)).to.equal("0.5 0G");
  });
});

describe("parseByteSize", () => {
  for (const [text, bytes] of [
    ["1", 1],
    ["4096", 4096],
    ["10MB", 10_000_000],
    ["10 mb", 10_000_000],
    [" 1.5 kB ", 1500],
    ["0.0005kb", undefined],
    ["64KiB", 65_536],
    ["1.5GiB", 1_610_612_736],
    ["0", undefined],
    ["0.9", undefined],
    ["", undefined],
    ["MB", undefined],
    ["-1MB", undefined],
    ["1e6", undefined],
    ["10M", undefined],
    ["1 0", undefined],
    ["999999999999GB", undefined],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${bytes === undefined ? "no size" : `${bytes} bytes`}`, () => {
      if (bytes !== undefined) expect(parseByteSize(text)).to.equal(bytes);
      else {
        expect(() => parseByteSize(text, "--max-size"))
          .to.throw(UsageError)
          .with.property("details")
          .that.deep.equals({ "--max-size": text });
      }
    });
  }
});
