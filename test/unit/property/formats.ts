import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";
import { toBeHex, type Interface } from "ethers";
import fc from "fast-check";

import { INTERFACES } from "../../../lib/chain/contracts.ts";
import { decodeRevert } from "../../../lib/chain/revert.ts";
import { UsageError, ZgError } from "../../../lib/errors.ts";
import { FileJournal } from "../../../lib/flow/journal-file.ts";
import type { Fact } from "../../../lib/flow/journal.ts";
import { fromHex, toHex, type Address, type Hex } from "../../../lib/hex.ts";
import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { encodeSessionMessage, formatSessionToken, parseSessionToken } from "../../../lib/protocol/session-token.ts";
import { parseSse } from "../../../lib/protocol/sse.ts";
import { format0g, parseAmount, withUnit } from "../../../lib/units.ts";
import { provider, user } from "../compute/support/fixtures.ts";

/** The same every time; what fails is repeated from the seed and path that are printed. */
const SEED = { seed: 20_261_121 };

const neuron = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 128n }), fc.nat().map(BigInt), fc.constant(10n ** 18n));

describe("amounts, for any number of neuron", () => {
  it("come back as they were written, to the neuron", () => {
    fc.assert(
      fc.property(neuron, (amount) => {
        expect(parseAmount(format0g(amount))).to.equal(amount);
        expect(parseAmount(`${amount}neuron`)).to.equal(amount);
        expect(withUnit(amount)).to.match(/ 0G$|neuron$/);
      }),
      SEED,
    );
  });

  it("are digits times a power of ten, whatever way they are written: no float is between", () => {
    const decimals = fc.stringMatching(/^\d{0,30}$/);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        decimals,
        fc.integer({ min: -40, max: 40 }),
        (n, part, power) => {
          for (const [text, exponent] of [
            [`${n}.${part}`, 18],
            [`${n}.${part}e${power}neuron`, power],
            [`${n}.${part}gwei`, 9],
          ] as const) {
            const shift = exponent - part.length;
            const digits = BigInt(`${n}${part}`);
            const exact = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
            const whole = shift >= 0 || digits % 10n ** BigInt(-shift) === 0n;
            let parsed: bigint | undefined;
            try {
              parsed = parseAmount(text);
            } catch (error) {
              expect(error, text).to.be.instanceOf(UsageError);
            }
            if (parsed !== undefined) expect(whole && parsed === exact, `${text} is ${parsed}`).to.equal(true);
          }
        },
      ),
      SEED,
    );
  });

  it("are refused with an error of ours when they are none", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
        try {
          expect(typeof parseAmount(text)).to.equal("bigint");
        } catch (error) {
          expect(error).to.be.instanceOf(UsageError);
        }
      }),
      SEED,
    );
  });
});

describe("session tokens, for any message", () => {
  const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const token = fc.record({
    address: fc.constantFrom<Address>(user, provider),
    provider: fc.constantFrom<Address>(user, provider),
    timestamp: count,
    expiresAt: count,
    // The separator of message and signature stands in no nonce: ours are hexadecimal.
    nonce: fc.string({ minLength: 1, unit: "grapheme" }).filter((nonce) => !nonce.includes("|")),
    generation: count.map(BigInt),
    tokenId: fc.nat(255),
  });
  const signature = fc.uint8Array({ minLength: 65, maxLength: 65 }).map((bytes) => toHex(bytes));

  it("come back as they were written", () => {
    fc.assert(
      fc.property(token, signature, (made, signed) => {
        const message = encodeSessionMessage(made);
        const read = parseSessionToken(formatSessionToken(message, signed));
        expect(read).to.deep.equal({ message, token: made, signature: signed });
      }),
      SEED,
    );
  });
});

describe("canonical JSON, for any value", () => {
  const wellFormed = fc.jsonValue({ noUnicodeString: false });

  it("reads back as the value, and is the same however its members are ordered", () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, entry]) => [name, shuffled(entry)]),
      );
    };
    fc.assert(
      fc.property(wellFormed, (value) => {
        const written = canonicalJson(value);
        expect(canonicalJson(JSON.parse(written))).to.equal(written);
        expect(canonicalJson(shuffled(value))).to.equal(written);
        expect(written).to.not.match(/[<>&\u2028\u2029]/);
      }),
      SEED,
    );
  });
});

describe("server-sent events, cut anywhere", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "",
      ":",
      "data:",
      "data: a",
      "data:b",
      "event: x",
      "id: 1",
      "retry: 5",
      "data",
      ": comment",
      "data: é😀",
    ),
    fc.string(),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r", "\n\n", "\r\n\r\n")))
    .map((parts) => parts.flat().join(""));

  it("are the same events", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(20), { maxLength: 30 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const whole = parseSse();
        const events = [...whole.push(bytes), ...whole.end()];
        const pieces = parseSse();
        const found = [];
        let at = 0;
        for (const cut of cuts) found.push(...pieces.push(bytes.subarray(at, (at += cut))));
        found.push(...pieces.push(bytes.subarray(at)), ...pieces.end());
        expect(found).to.deep.equal(events);
      }),
      SEED,
    );
  });

  it("take time that grows with their length alone, whatever the length of a line", () => {
    const parser = parseSse();
    const piece = Buffer.from("data: ".padEnd(64, "x"));
    for (let i = 0; i < 100_000; i++) expect(parser.push(piece)).to.deep.equal([]);
    expect(parser.end()).to.have.length(1);
  });
});

describe("a journal that a kill cut anywhere", () => {
  const hash: Hex = `0x${"1".repeat(64)}`;
  const factAt = (nonce: number): Fact => ({ type: "signed", step: "mint", what: "a mint", hash, nonce });
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "0g-test-"));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells the facts whose lines are whole, in order, and goes on behind them", () => {
    const lines = Array.from({ length: 6 }, (_, nonce) => `${JSON.stringify(factAt(nonce))}\n`);
    const text = Buffer.from(lines.join(""));
    let run = 0;
    fc.assert(
      fc.property(fc.nat(text.length), (cut) => {
        const id = `run-${run++}`;
        const file = path.join(folder, `${id}.jsonl`);
        writeFileSync(file, text);
        truncateSync(file, cut);
        const whole = text.subarray(0, cut).toString().split("\n").length - 1;
        const journal = new FileJournal(folder, id);
        expect(journal.facts).to.deep.equal(Array.from({ length: whole }, (_, nonce) => factAt(nonce)));
        journal.append(factAt(9));
        journal.release();
        expect(new FileJournal(folder, id).facts.slice(whole)).to.deep.equal([factAt(9)]);
      }),
      { ...SEED, numRuns: 60 },
    );
  });

  it("is refused by name when a line before the last is spoiled", () => {
    const file = path.join(folder, "spoiled.jsonl");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (junk) => {
        writeFileSync(file, `${JSON.stringify(factAt(1))}\n${junk}\n${JSON.stringify(factAt(2))}\n`);
        try {
          // Only an empty line, or another fact, is no damage.
          expect(new FileJournal(folder, "spoiled").facts.length).to.be.at.least(2);
        } catch (error) {
          expect(error).to.be.instanceOf(ZgError);
        }
      }),
      { ...SEED, numRuns: 60 },
    );
  });
});

describe("what contracts say when they refuse, for any bytes", () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const errors = Object.values(INTERFACES).flatMap((abi) => {
    const found: [Interface, string][] = [];
    abi().forEachError((fragment) => found.push([abi(), fragment.format("sighash")]));
    return found;
  });
  const selectors = ["0x08c379a0", "0x4e487b71", ...errors.map(([abi, name]) => abi.getError(name)?.selector ?? "0x")];

  it("is decoded or called unknown, and never fails", () => {
    fc.assert(
      fc.property(fc.constantFrom(...selectors), bytes, (selector, rest) => {
        const { name, args, data } = decodeRevert(`${selector}${toHex(rest).slice(2)}` as Hex);
        expect(name).to.be.a("string");
        expect(args).to.be.an("object");
        expect(fromHex(data).length).to.equal(4 + rest.length);
      }),
      { ...SEED, numRuns: 1000 },
    );
  });

  it("comes back with its name and values, for every error that is known", () => {
    for (const [abi, name] of errors) {
      const fragment = abi.getError(name);
      if (fragment === null) throw new Error(name);
      const values = fragment.inputs.map(({ baseType, type }, i) =>
        baseType === "address"
          ? user
          : baseType === "bool"
            ? true
            : baseType === "string"
              ? "why"
              : type === "bytes"
                ? "0x12"
                : /^bytes\d/.test(type)
                  ? toBeHex(1, Number(type.slice(5)))
                  : BigInt(i + 1),
      );
      const decoded = decodeRevert(abi.encodeErrorResult(fragment, values) as Hex);
      expect(decoded.name).to.equal(fragment.name);
      expect(Object.values(decoded.args), name).to.deep.equal(values);
    }
  });
});
