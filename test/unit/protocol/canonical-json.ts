import { expect } from "chai";

import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { randomFrom } from "./vectors.ts";

describe("canonicalJson", () => {
  it("writes keys sorted at every level and no white space", () => {
    expect(canonicalJson({ b: [{ z: 1, a: 2 }], a: { d: null, c: true } })).to.equal(
      '{"a":{"c":true,"d":null},"b":[{"a":2,"z":1}]}',
    );
  });

  it("sorts by UTF-8 bytes, where JavaScript would sort by UTF-16 units", () => {
    const astral = "\u{10000}";
    const privateUse = "\ue000";
    expect([astral, privateUse].sort()[0]).to.equal(astral);
    expect(canonicalJson({ [astral]: 1, [privateUse]: 2 })).to.equal(`{"${privateUse}":2,"${astral}":1}`);
  });

  it("escapes what Go escapes", () => {
    expect(canonicalJson("<a href='x'>&</a>")).to.equal(String.raw`"\u003ca href='x'\u003e\u0026\u003c/a\u003e"`);
    expect(canonicalJson("\u2028\u2029")).to.equal(String.raw`"\u2028\u2029"`);
    expect(canonicalJson('"\\\b\f\n\r\t\u0001\u007f')).to.equal('"\\"\\\\\\b\\f\\n\\r\\t\\u0001\u007f"');
    expect(canonicalJson({ "<": "é😀" })).to.equal('{"\\u003c":"é😀"}');
  });

  it("writes half a surrogate pair as the replacement character", () => {
    expect(canonicalJson("a\ud800b")).to.equal('"a\ufffdb"');
    expect(canonicalJson("😀")).to.equal('"😀"');
  });

  it("writes numbers as Go writes a float64", () => {
    const cases: [number, string][] = [
      [0, "0"],
      [-0, "-0"],
      [0.7, "0.7"],
      [1e20, "100000000000000000000"],
      [1e21, "1e+21"],
      [1.5e300, "1.5e+300"],
      [0.000001, "0.000001"],
      [1e-7, "1e-7"],
      [-1.25e-10, "-1.25e-10"],
      [2 ** 53, "9007199254740992"],
    ];
    for (const [value, text] of cases) expect(canonicalJson(value)).to.equal(text);
  });

  it("leaves out undefined members, as JSON.stringify does", () => {
    expect(canonicalJson({ a: undefined, b: 1 })).to.equal('{"b":1}');
  });

  it("refuses what it could not write exactly", () => {
    for (const value of [NaN, Infinity, 1n, undefined, () => 1, [undefined]]) {
      expect(() => canonicalJson(value)).to.throw(TypeError);
    }
  });

  it("keeps the value, and is stable when applied to its own output", () => {
    const random = randomFrom(7);
    const make = (depth: number): unknown => {
      const pick = Math.floor(random() * (depth > 3 ? 4 : 6));
      if (pick === 0) return (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
      if (pick === 1) return Math.floor(random() * 1e6);
      if (pick === 2) return random() < 0.5 ? null : random() < 0.5;
      if (pick === 3) {
        return String.fromCodePoint(...Array.from({ length: 5 }, () => Math.floor(random() * 0xd7ff)));
      }
      const children = Array.from({ length: Math.floor(random() * 4) }, () => make(depth + 1));
      return pick === 4
        ? children
        : Object.fromEntries(children.map((child, i) => [`${String(random())}<${i}`, child]));
    };
    for (let round = 0; round < 300; round++) {
      const value = make(0);
      const text = canonicalJson(value);
      const again = JSON.parse(text) as unknown;
      expect(again).to.deep.equal(value);
      expect(canonicalJson(again)).to.equal(text);
      expect(text).to.not.match(/[<>&\u2028\u2029]/);
    }
  });
});
