import { expect } from "chai";

import {
  expectedSigner,
  mintability,
  parseServiceInfo,
  topologyOf,
  type DescribedService,
} from "../../../lib/protocol/service-info.ts";

const SIGNER = "0x325744be57db298C2652c672B32Eb12875d92D83";
const NODE_SIGNER = "0x8a4D4984CF370210dFEeFC773FAf9bb0edE97cC0";

function service(info: unknown, changes: Partial<DescribedService> = {}): DescribedService {
  return {
    serviceType: "chatbot",
    verifiability: "TeeML",
    additionalInfo: typeof info === "string" ? info : JSON.stringify(info),
    teeSignerAddress: SIGNER,
    teeSignerAcknowledged: true,
    ...changes,
  };
}

describe("parseServiceInfo", () => {
  it("reads what it knows and takes wrong types as absent", () => {
    const parsed = parseServiceInfo(
      JSON.stringify({ TargetSeparated: "true", TEEVerifier: "dstack", ProviderIdentity: 7, TargetTeeAddress: "nope" }),
    );
    expect(parsed).to.deep.equal({
      ok: true,
      info: {
        targetSeparated: false,
        providerType: "decentralized",
        teeVerifier: "dstack",
        pricingUnreadable: false,
        multiModel: false,
        priceDenomination: "NATIVE",
      },
    });
  });

  it("reads tiers and cached-token billing", () => {
    const parsed = parseServiceInfo(
      JSON.stringify({
        tieredPricing: {
          tiers: [{ maxInputTokens: 128, inputMultiplier: 3, inputMultiplierDenominator: 2, outputMultiplier: 2 }],
        },
        cacheTokenBilling: { divisor: 4 },
      }),
    );
    expect(parsed.ok && parsed.info.tiers).to.deep.equal([
      {
        maxInputTokens: 128,
        input: { numerator: 3n, denominator: 2n },
        output: { numerator: 2n, denominator: 1n },
      },
    ]);
    expect(parsed.ok && parsed.info.cacheBilling).to.deep.equal({ divisor: 4n });
    expect(parsed.ok && parsed.info.pricingUnreadable).to.equal(false);
  });

  it("says when stated prices cannot be read", () => {
    const unreadable = [
      { tieredPricing: { tiers: [{ inputMultiplier: 1.5, outputMultiplier: 1 }] } },
      { tieredPricing: { tiers: [{ inputMultiplier: 1, inputMultiplierDenominator: 0, outputMultiplier: 1 }] } },
      { tieredPricing: [] },
      { cacheTokenBilling: { divisor: 0 } },
      { cacheTokenBilling: true },
    ];
    for (const info of unreadable) {
      const parsed = parseServiceInfo(JSON.stringify(info));
      expect(parsed.ok && parsed.info.pricingUnreadable, JSON.stringify(info)).to.equal(true);
    }
    const off = parseServiceInfo(JSON.stringify({ cacheTokenBilling: { enabled: false } }));
    expect(off.ok && off.info.pricingUnreadable).to.equal(false);
  });

  it("gives the reason when there is nothing to read", () => {
    expect(parseServiceInfo(" ")).to.deep.equal({ ok: false, reason: "empty" });
    expect(parseServiceInfo("{")).to.deep.equal({ ok: false, reason: "not-json" });
    expect(parseServiceInfo("[]")).to.deep.equal({ ok: false, reason: "not-an-object" });
  });
});

describe("topology, signer and mintability", () => {
  const cases: [string, DescribedService, string, string | undefined, string][] = [
    ["a broker that signs itself", service({ TargetSeparated: false }), "broker", SIGNER, "mintable"],
    [
      "a broker with a separated node",
      service({ TargetSeparated: true, TargetTeeAddress: NODE_SIGNER.toLowerCase() }),
      "separated",
      NODE_SIGNER,
      "separated",
    ],
    ["a separated node without an address", service({ TargetSeparated: true }), "separated", SIGNER, "separated"],
    [
      "a centralised provider, separated or not",
      service({ TargetSeparated: true, ProviderType: "centralized", TargetTeeAddress: NODE_SIGNER }),
      "centralized",
      SIGNER,
      "centralized",
    ],
    ["a standard forwarder", service({}, { verifiability: "standard" }), "standard", undefined, "standard"],
    ["a provider of type standard", service({ ProviderType: "standard" }), "standard", undefined, "standard"],
    ["an empty description", service(""), "unknown", undefined, "info-unreadable"],
    ["a description that is no JSON", service("dstack"), "unknown", undefined, "info-unreadable"],
    ["no verifiability", service({}, { verifiability: "" }), "broker", SIGNER, "not-verifiable"],
    ["an image service", service({}, { serviceType: "text-to-image" }), "broker", SIGNER, "mintable"],
    ["a signer nobody endorsed", service({}, { teeSignerAcknowledged: false }), "broker", SIGNER, "not-endorsed"],
    [
      "no signer at all",
      service({}, { teeSignerAddress: "0x0000000000000000000000000000000000000000" }),
      "broker",
      undefined,
      "no-signer",
    ],
  ];
  for (const [name, described, topology, signer, verdict] of cases) {
    it(`tells ${name}: ${topology}, ${verdict}`, () => {
      expect(topologyOf(described)).to.equal(topology);
      expect(expectedSigner(described)).to.equal(signer);
      const minted = mintability(described);
      expect(minted.mintable ? "mintable" : minted.reason).to.equal(verdict);
      if (!minted.mintable) expect(minted.explanation).to.match(/^\w.{20,}/);
    });
  }
});

describe("cache billing", () => {
  const billing = (members: object) => {
    const parsed = parseServiceInfo(JSON.stringify({ cacheTokenBilling: { divisor: 4, ...members } }));
    return parsed.ok ? { billing: parsed.info.cacheBilling, unreadable: parsed.info.pricingUnreadable } : undefined;
  };

  it("reads what writing to the cache costs, for five minutes and for an hour", () => {
    const published = {
      ...{ writeMultiplierNumerator: 5, writeMultiplierDenominator: 4 },
      ...{ write1hMultiplierNumerator: 2, write1hMultiplierDenominator: 1 },
    };
    expect(billing(published)).to.deep.equal({
      billing: {
        divisor: 4n,
        write: { numerator: 5n, denominator: 4n },
        writeOneHour: { numerator: 2n, denominator: 1n },
      },
      unreadable: false,
    });
  });

  it("takes half a fraction, or one with a zero, for none", () => {
    for (const half of [
      { writeMultiplierNumerator: 5 },
      { writeMultiplierNumerator: 5, writeMultiplierDenominator: 0 },
    ]) {
      expect(billing(half)).to.deep.equal({ billing: { divisor: 4n }, unreadable: false });
    }
  });

  it("says that it cannot read a fraction of something else", () => {
    expect(billing({ writeMultiplierNumerator: -5, writeMultiplierDenominator: 4 })?.unreadable).to.equal(true);
  });
});
