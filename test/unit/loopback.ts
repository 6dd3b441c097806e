import { expect } from "chai";

import { isLoopback, isLoopbackHost } from "../../lib/loopback.ts";

describe("isLoopback", () => {
  for (const url of [
    "http://127.0.0.1:8545",
    "http://localhost",
    "http://[::1]:1",
    "http://127.1.2.3",
    "http://2130706433",
  ]) {
    it(`takes ${url} for this machine`, () => {
      expect(isLoopback(new URL(url).hostname)).to.be.true;
    });
  }

  for (const url of [
    "http://localhost.example.org",
    "http://127.0.0.1.example.org",
    "http://10.0.0.1",
    "http://0g.ai",
  ]) {
    it(`takes ${url} for another`, () => {
      expect(isLoopback(new URL(url).hostname)).to.be.false;
    });
  }
});

describe("isLoopbackHost", () => {
  for (const host of ["127.0.0.1:8545", "localhost", "localhost:1", "[::1]:8545"]) {
    it(`takes ${host} for this machine`, () => {
      expect(isLoopbackHost(host)).to.be.true;
    });
  }

  for (const host of [
    undefined,
    "",
    "rebound.example",
    "127.0.0.1.example:80",
    "localhost@rebound.example",
    "not a host",
  ]) {
    it(`takes ${host ?? "no host"} for another`, () => {
      expect(isLoopbackHost(host)).to.be.false;
    });
  }
});
