import { expect } from "chai";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { assertAttestorsAllowed } from "../../../lib/inft/attestor-entry.ts";
import { defaultVerifierTerms } from "../../../lib/inft/deploy.ts";
import { DevelopmentAttestorError, WellKnownAttestorError } from "../../../lib/inft/errors.ts";
import { networkNamed, type NetworkName } from "../../../lib/networks.ts";

const UNKNOWN = "0x00000000000000000000000000000000DeaDBeef";
const wellKnown = { address: developmentAccount(19).address, validUntil: 2n ** 40n };
const development = { address: UNKNOWN, url: "https://a.example", validUntil: 2n ** 40n, development: true } as const;

const LIVE: readonly NetworkName[] = ["galileo", "aristotle"];
const SIMULATED: readonly NetworkName[] = ["default", "localhost", "galileoFork", "aristotleFork"];

describe("who may vouch for re-encryptions", () => {
  for (const name of LIVE) {
    const network = networkNamed(name);
    it(`is never a published key on ${name}`, () => {
      for (const allowDevelopment of [false, true]) {
        expect(() => {
          assertAttestorsAllowed(network, [wellKnown], { allowDevelopment });
        })
          .to.throw(WellKnownAttestorError)
          .with.property("details")
          .that.deep.equals({ attestor: wellKnown.address, network: name });
      }
    });

    it(`is a development attestor on ${name} only when that is allowed`, () => {
      expect(() => {
        assertAttestorsAllowed(network, [development]);
      })
        .to.throw(DevelopmentAttestorError)
        .with.property("details")
        .that.deep.equals({ attestor: UNKNOWN, url: "https://a.example", network: name });
      assertAttestorsAllowed(network, [development], { allowDevelopment: true });
      assertAttestorsAllowed(network, [{ ...development, development: false }]);
    });
  }

  for (const name of SIMULATED) {
    it(`is anybody on ${name}, where nothing is worth anything`, () => {
      assertAttestorsAllowed(networkNamed(name), [wellKnown, development]);
    });
  }
});

describe("what a verifier is deployed with when nothing is said", () => {
  it("is two attestors and two days on a live network, one at once elsewhere", () => {
    for (const name of LIVE) {
      expect(defaultVerifierTerms(networkNamed(name))).to.deep.equal({ threshold: 2n, rotationDelay: 172_800n });
    }
    for (const name of SIMULATED) {
      expect(defaultVerifierTerms(networkNamed(name))).to.deep.equal({ threshold: 1n, rotationDelay: 0n });
    }
  });
});
