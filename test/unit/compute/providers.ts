import { expect } from "chai";

import { AddressRefusedError } from "../../../lib/border.ts";
import {
  ListUnstableError,
  NoSuitableProviderError,
  ProviderAmbiguousError,
  ProviderCannotSeeError,
  ProviderUnknownError,
} from "../../../lib/compute/errors.ts";
import { PAGE_SIZE } from "../../../lib/compute/paging.ts";
import {
  assertProviderSees,
  pricesOf,
  chooseService,
  listServices,
  readService,
  resolveService,
} from "../../../lib/compute/providers.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { ROLES } from "../../../lib/chain/development-roles.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { UsageError } from "../../../lib/errors.ts";
import { checksum, ZERO_ADDRESS, type Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { caught } from "./support/caught.ts";
import { fakeChain, Refusal } from "./support/fake-chain.ts";
import { INFO, provider, service, teeWallet, user } from "./support/fixtures.ts";

type Row = readonly unknown[];

const forkProvider = developmentAccount(ROLES.forkProviders[0]).address;

function addressOf(index: number): Address {
  return checksum(`0x${(index + 1).toString(16).padStart(40, "0")}`);
}

function row(index: number, changes: { model?: string; price?: bigint; type?: string; endorsed?: boolean } = {}): Row {
  const { model = `maker/model-${index}`, price = BigInt(index), type = "chatbot", endorsed = true } = changes;
  const url = "http://127.0.0.1:1";
  return [addressOf(index), type, url, price, price, 1n, model, "TeeML", INFO, teeWallet.address, endorsed];
}

/** A contract that pages as the real one does. */
function listed(rows: readonly Row[]) {
  return fakeChain({
    "inferenceServing.getAllServices": (offset: bigint, limit: bigint) => {
      if (limit > 50n) throw new Refusal("inferenceServing", "LimitTooLarge", [limit, 50n]);
      return [rows.slice(Number(offset), Number(offset + limit)), BigInt(rows.length)];
    },
    "inferenceServing.getService": (wanted: string) => {
      const found = rows.find(([address]) => address === wanted);
      if (found === undefined) throw new Refusal("inferenceServing", "ServiceNotExist", [wanted]);
      return [found];
    },
  });
}

const many = (count: number) => Array.from({ length: count }, (_, index) => row(index));

describe("listServices", () => {
  for (const count of [0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 137]) {
    it(`lists all of ${count} services, one call a page`, async () => {
      const chain = listed(many(count));
      const services = await listServices(chain.ctx);
      expect(services.map((each) => each.provider)).to.deep.equal(many(count).map(([address]) => address));
      expect(chain.calls.length).to.equal(Math.max(1, Math.ceil(count / PAGE_SIZE)));
    });
  }

  it("keeps prices exact", async () => {
    const price = 123_456_789_012_345_678_901n;
    const [only] = await listServices(listed([row(0, { price })]).ctx);
    expect(only).to.deep.include({ inputPrice: price, outputPrice: price, endorsed: true, topology: "broker" });
    expect(only?.mintability).to.deep.equal({ mintable: true });
    expect(only?.expectedSigner).to.equal(teeWallet.address);
  });

  it("filters by type, part of the model, prices, endorsement and mintability", async () => {
    const { ctx } = listed([
      row(1),
      row(2, { type: "text-to-image" }),
      row(3, { endorsed: false }),
      row(4, { price: 900n }),
      row(5, { model: "other/Big" }),
    ]);
    const models = async (filter: Parameters<typeof listServices>[1]) =>
      (await listServices(ctx, filter)).map((each) => Number(BigInt(each.provider)) - 1);
    expect(await models({ type: "text-to-image" })).to.deep.equal([2]);
    expect(await models({ model: "bIg" })).to.deep.equal([5]);
    expect(await models({ maxInputPrice: 5n })).to.deep.equal([1, 2, 3, 5]);
    expect(await models({ maxOutputPrice: 1n })).to.deep.equal([1]);
    expect(await models({ endorsed: false })).to.deep.equal([3]);
    expect(await models({ mintable: true })).to.deep.equal([1, 2, 4, 5]);
    expect(await models({ mintable: false })).to.deep.equal([3]);
  });

  it("reads again when a removal moved a row between the pages", async () => {
    const before = many(60);
    const after = [...before.slice(59), ...before.slice(1, 59)];
    let calls = 0;
    const chain = fakeChain({
      "inferenceServing.getAllServices": (offset: bigint, limit: bigint) => {
        const rows = calls++ === 0 ? before : after;
        return [rows.slice(Number(offset), Number(offset + limit)), BigInt(rows.length)];
      },
    });
    const services = await listServices(chain.ctx);
    expect(services.map((each) => each.provider)).to.deep.equal(after.map(([address]) => address));
    expect(calls).to.equal(4);
  });

  it("gives up on a list that never comes out whole", async () => {
    let total = 10n;
    const chain = fakeChain({ "inferenceServing.getAllServices": () => [many(3), (total += 1n)] });
    await caught(ListUnstableError, async () => listServices(chain.ctx));
  });

  it("does not take an outage for an empty list", async () => {
    const chain = listed([]);
    chain.outage = true;
    await caught(RpcUnreachableError, async () => listServices(chain.ctx));
  });
});

describe("resolveService", () => {
  const rows = [row(1, { model: "a/one" }), row(2, { model: "b/two" }), row(3, { model: "c/Two" })];

  it("finds a provider by address in any casing, by model, by short model and by alias", async () => {
    const { ctx } = listed(rows);
    const named = { ...ctx, network: { ...ctx.network, aliases: { bob: addressOf(2) } } };
    const found = async (text: string) => (await resolveService(named, text)).model;
    expect(await found(addressOf(1).toLowerCase())).to.equal("a/one");
    expect(await found("A/ONE")).to.equal("a/one");
    expect(await found(" one ")).to.equal("a/one");
    expect(await found("bob")).to.equal("b/two");
  });

  it("names the candidates of an ambiguous name", async () => {
    const error = await caught(ProviderAmbiguousError, async () => resolveService(listed(rows).ctx, "two"));
    expect(error.details["candidates"]).to.deep.equal([
      { provider: addressOf(2), model: "b/two" },
      { provider: addressOf(3), model: "c/Two" },
    ]);
  });

  it("names what there is when nothing fits, and does not take an object's members for aliases", async () => {
    for (const text of ["three", "constructor"]) {
      const error = await caught(ProviderUnknownError, async () => resolveService(listed(rows).ctx, text));
      expect(error.message).to.contain(`"${text}"`);
      expect(error.remedy).to.contain(`a/one at ${addressOf(1)}`);
    }
  });

  it("refuses a malformed address, and says when nobody is registered there", async () => {
    await caught(UsageError, async () => resolveService(listed(rows).ctx, "0x1234"));
    await caught(ProviderUnknownError, async () => resolveService(listed(rows).ctx, addressOf(99)));
  });

  it("does not take an outage for an unknown provider", async () => {
    const chain = listed(rows);
    chain.outage = true;
    await caught(RpcUnreachableError, async () => readService(chain.ctx, addressOf(1)));
  });
});

describe("chooseService", () => {
  const cheap = service({ provider: addressOf(9), inputPrice: 1n, outputPrice: 1n });
  const dear = service({ provider: addressOf(1), inputPrice: 5n, outputPrice: 5n });

  it("takes the cheapest endorsed chat provider whose results can be minted", () => {
    const unendorsed = service({ inputPrice: 0n, outputPrice: 0n, endorsed: false });
    const images = service({ inputPrice: 0n, outputPrice: 0n, serviceType: "text-to-image" });
    const central = service({ inputPrice: 0n, outputPrice: 0n, additionalInfo: '{"ProviderType":"centralized"}' });
    expect(chooseService([unendorsed, images, central, dear, cheap])).to.equal(cheap);
  });

  it("does not depend on the order of the list", () => {
    const same = service({ provider: addressOf(2), inputPrice: 1n, outputPrice: 1n });
    expect(chooseService([cheap, same])).to.equal(same);
    expect(chooseService([same, cheap])).to.equal(same);
  });

  it("says why each was passed over", async () => {
    const unendorsed = service({ endorsed: false });
    const error = await caught(NoSuitableProviderError, () =>
      chooseService([unendorsed], { model: "maker/small-model" }),
    );
    expect(error.message).to.contain("has not endorsed its TEE signer");
    expect(error.message).to.contain("serves maker/small-model");
  });

  it("passes over live providers on a fork, and unusable URLs", () => {
    const network = networkNamed("galileoFork");
    const live = service({ provider: addressOf(8), inputPrice: 0n, outputPrice: 0n, url: "https://provider.example" });
    const broken = service({ provider: addressOf(7), inputPrice: 0n, outputPrice: 0n, url: "ftp://x" });
    // Of a served chain that was forked: on this machine, yet watching the chain the fork left behind.
    const upstream = service({ provider: addressOf(6), inputPrice: 0n, outputPrice: 0n });
    const own = service({ provider: forkProvider });
    expect(chooseService([live, broken, upstream, own], { network })).to.equal(own);
    expect(chooseService([live, dear], { network: networkNamed("galileo") })).to.equal(live);
    expect(chooseService([upstream, dear], { network: networkNamed("localhost") })).to.equal(upstream);
  });
});

describe("assertProviderSees", () => {
  for (const url of ["http://127.0.0.1:5", "http://localhost:5/", "http://[::1]:5/v1/proxy", "http://127.9.9.9"]) {
    it(`lets ${url} serve the embedded network, and a fork only when it came with it`, async () => {
      assertProviderSees(networkNamed("default"), { provider, url });
      assertProviderSees(networkNamed("galileoFork"), { provider: forkProvider, url });
      await caught(ProviderCannotSeeError, () => {
        assertProviderSees(networkNamed("galileoFork"), { provider, url });
      });
    });
  }

  for (const url of ["https://provider.example", "http://127.0.0.1.evil.example", "http://localhost.example"]) {
    it(`refuses ${url} on a fork and on the embedded network`, async () => {
      for (const name of ["galileoFork", "default"]) {
        const error = await caught(ProviderCannotSeeError, () => {
          assertProviderSees(networkNamed(name), { provider, url });
        });
        expect(error.details).to.deep.equal({ provider, url, network: name });
      }
      const live = () => {
        assertProviderSees(networkNamed("galileo"), { provider, url });
      };
      if (url.startsWith("https")) live();
      else await caught(AddressRefusedError, live);
    });
  }
});

describe("pricesOf", () => {
  it("carries tiers and cache billing from the provider's information", () => {
    const additionalInfo = JSON.stringify({
      tieredPricing: { tiers: [{ maxInputTokens: 10, inputMultiplier: 2, outputMultiplier: 3 }] },
      cacheTokenBilling: { enabled: true, divisor: 4 },
    });
    const prices = pricesOf(service({ additionalInfo }));
    expect(prices.tiers).to.have.length(1);
    expect(prices.cacheBilling).to.deep.equal({ divisor: 4n });
    expect(pricesOf(service({ additionalInfo: "" }))).to.deep.equal({ inputPrice: 100n, outputPrice: 200n });
  });
});

describe("describeService", () => {
  it("lists no signer where nobody signs", () => {
    expect(service({ verifiability: "standard" })).not.to.have.property("expectedSigner");
    expect(service({ teeSignerAddress: ZERO_ADDRESS }).mintability).to.deep.include({ reason: "no-signer" });
    expect(service({ provider: user }).provider).to.equal(user);
  });
});
