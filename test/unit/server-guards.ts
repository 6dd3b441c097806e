import { expect } from "chai";

import {
  bearerOf,
  doorAt,
  JSON_TYPE,
  keyDigest,
  mediaType,
  MULTIPART_TYPE,
  newKey,
  refusedAtDoor,
  urlHost,
} from "../../lib/server-guards.ts";

describe("refusedAtDoor", () => {
  const loopback = doorAt("127.0.0.1");
  const anywhere = doorAt("0.0.0.0", ["gateway.example"]);

  for (const host of ["127.0.0.1:3000", "localhost", "[::1]:3000"]) {
    it(`lets ${host} in`, () => {
      expect(refusedAtDoor({ host }, loopback)).to.equal(undefined);
      expect(refusedAtDoor({ host }, anywhere)).to.equal(undefined);
    });
  }

  for (const host of ["rebound.example", "127.0.0.1.example", undefined, "", "10.0.0.1", "gateway.example"]) {
    it(`refuses ${host ?? "no host"} on loopback`, () => {
      expect(refusedAtDoor({ host }, loopback)).to.equal("host");
    });
  }

  it("serves addresses and the names it was given elsewhere, and no other", () => {
    for (const host of ["10.0.0.1:3000", "[2001:db8::1]", "gateway.example:443"]) {
      expect(refusedAtDoor({ host }, anywhere), host).to.equal(undefined);
    }
    for (const host of ["rebound.example", "x.gateway.example", "10.0.0.1.example", "not a host"]) {
      expect(refusedAtDoor({ host }, anywhere), host).to.equal("host");
    }
    expect(refusedAtDoor({ host: "any.example" }, doorAt("0.0.0.0", "any"))).to.equal(undefined);
    expect(refusedAtDoor({ host: "any.example" }, doorAt("localhost", "any"))).to.equal("host");
  });

  it("refuses whatever a browser sends for a page, also `null`", () => {
    for (const origin of ["https://page.example", "http://127.0.0.1:3000", "null"]) {
      expect(refusedAtDoor({ host: "localhost", origin }, loopback)).to.equal("origin");
    }
  });

  it("wants the media type of the path, whatever its parameters", () => {
    const at = (type: string | undefined, accepts: string) =>
      refusedAtDoor({ host: "localhost", "content-type": type }, loopback, accepts);
    expect(at("application/json; charset=utf-8", JSON_TYPE)).to.equal(undefined);
    expect(at("Application/JSON", JSON_TYPE)).to.equal(undefined);
    expect(at("multipart/form-data; boundary=x", MULTIPART_TYPE)).to.equal(undefined);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", undefined, ""]) {
      expect(at(type, JSON_TYPE), type ?? "none").to.equal("content-type");
    }
    expect(at("application/json", MULTIPART_TYPE)).to.equal("content-type");
  });
});

describe("keys", () => {
  it("hold 256 random bits after their prefix", () => {
    const key = newKey("sk-zg-");
    expect(key).to.match(/^sk-zg-[A-Za-z0-9_-]{43}$/);
    expect(newKey("sk-zg-")).not.to.equal(key);
    expect(newKey("k-", (size) => new Uint8Array(size))).to.equal(`k-${"A".repeat(43)}`);
  });

  it("are kept as their SHA-256", () => {
    expect(keyDigest("abc")).to.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("are read from a bearer header only", () => {
    expect(bearerOf("Bearer k")).to.equal("k");
    expect(bearerOf("bearer  k")).to.equal("k");
    for (const header of [undefined, "", "k", "Basic k", "Bearer", "Bearer a b"]) {
      expect(bearerOf(header), header ?? "none").to.equal(undefined);
    }
  });
});

describe("hosts and media types", () => {
  it("are written and read as HTTP does", () => {
    expect([urlHost("::1"), urlHost("127.0.0.1")]).to.deep.equal(["[::1]", "127.0.0.1"]);
    expect([mediaType(undefined), mediaType("A/B ; c=d")]).to.deep.equal([undefined, "a/b"]);
  });
});
