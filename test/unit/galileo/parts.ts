import { expect } from "chai";
import { AbiCoder } from "ethers";

import { developmentAccount, DEVELOPMENT_ACCOUNTS, isDevelopmentAddress } from "../../../lib/chain/development-keys.ts";
import { isForkProvider, ROLES, spareAccount } from "../../../lib/chain/development-roles.ts";
import { decodeRevert } from "../../../lib/chain/revert.ts";
import type { Hex } from "../../../lib/hex.ts";
import { localServices } from "../../../lib/galileo/local-services.ts";
import { precompileStandIn } from "../../../lib/galileo/precompiles.ts";
import { codeMatch } from "../../../lib/galileo/status.ts";
import { latestBlock } from "../../../lib/galileo/upstream.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";

describe("the parts development accounts play", () => {
  it("gives no account two parts", () => {
    const all = [ROLES.user, ROLES.owner, ...ROLES.providers, ...ROLES.forkProviders, ROLES.attestor, ...ROLES.users];
    expect(new Set(all).size).to.equal(all.length);
    expect(all.toSorted((one, other) => one - other)).to.deep.equal(Array.from({ length: 20 }, (_, index) => index));
  });

  it("has spare accounts that count as published, and says when they are used up", () => {
    expect(isDevelopmentAddress(developmentAccount(spareAccount(0)).address)).to.equal(true);
    expect(() => spareAccount(DEVELOPMENT_ACCOUNTS)).to.throw(RangeError, "handed out");
  });

  it("tells a fork's own providers from those of an embedded network that was forked", () => {
    for (const index of ROLES.forkProviders) expect(isForkProvider(developmentAccount(index).address)).to.equal(true);
    expect(isForkProvider(developmentAccount(spareAccount(3)).address)).to.equal(true);
    for (const index of [...ROLES.providers, ROLES.user]) {
      expect(isForkProvider(developmentAccount(index).address)).to.equal(false);
    }
  });
});

describe("localServices", () => {
  it("endorses two of different price and leaves the cheapest unendorsed", () => {
    const [plain, dear, cheapest] = localServices("local");
    expect([plain?.endorsed, dear?.endorsed, cheapest?.endorsed]).to.deep.equal([true, true, false]);
    expect(Number(dear?.service?.inputPrice)).to.be.greaterThan(Number(plain?.service?.inputPrice));
    expect(Number(cheapest?.service?.inputPrice)).to.be.lessThan(Number(plain?.service?.inputPrice));
  });

  it("uses other accounts and names on a fork", () => {
    const names = [...localServices("local"), ...localServices("fork")].map(({ service }) => service?.model);
    const accounts = [...localServices("local"), ...localServices("fork")].map(({ account }) => account);
    expect(new Set(names).size).to.equal(6);
    expect(accounts).to.deep.equal([...ROLES.providers, ...ROLES.forkProviders]);
  });

  it("takes consecutive ports from the given one, or free ones", () => {
    expect(localServices("local", { providerPort: 9000 }).map(({ port }) => port)).to.deep.equal([9000, 9001, 9002]);
    expect(localServices("local").map(({ port }) => port)).to.deep.equal([0, 0, 0]);
  });

  it("registers a forwarding service under the upstream's model", () => {
    const options = { upstream: "http://127.0.0.1:1", upstreamModel: "some-model" };
    const [forwarding] = localServices("local", options);
    expect(forwarding?.upstream).to.equal("http://127.0.0.1:1");
    expect(forwarding?.service?.model).to.equal("some-model");
    expect(forwarding?.service?.title).to.include("http://127.0.0.1:1");
  });
});

describe("precompileStandIn", () => {
  it("carries the selector of the error that is decoded for it", () => {
    const selector = precompileStandIn().slice(4, 12);
    const address = developmentAccount(0).address;
    const data = `0x${selector}${AbiCoder.defaultAbiCoder().encode(["address"], [address]).slice(2)}` as Hex;
    expect(decodeRevert(data)).to.deep.include({ name: "PrecompileOnlyOnLiveChain", args: { precompile: address } });
  });
});

describe("codeMatch", () => {
  it("says which of the two recorded hashes a code has", () => {
    expect(codeMatch("0xaa", "0xaa", "0xaa")).to.equal("both");
    expect(codeMatch("0xaa", "0xaa", "0xbb")).to.equal("placed");
    expect(codeMatch("0xbb", "0xaa", "0xbb")).to.equal("recorded");
    expect(codeMatch("0xcc", "0xaa", "0xbb")).to.equal("neither");
    expect(codeMatch(undefined, "0xaa", "0xbb")).to.equal("empty");
  });
});

describe("latestBlock", () => {
  it("reads the number", async () => {
    const ask = async () => new Response(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x1c" }));
    expect(await latestBlock("http://127.0.0.1:1", ask)).to.equal(28n);
  });

  it("reports silence and nonsense as an outage", async () => {
    const silent = async () => Promise.reject(new TypeError("fetch failed"));
    const nonsense = async () => new Response("{}");
    for (const ask of [silent, nonsense]) {
      const error: unknown = await latestBlock("http://127.0.0.1:1", ask as typeof fetch).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(RpcUnreachableError);
    }
  });
});
