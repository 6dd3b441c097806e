import { expect } from "chai";
import { Wallet } from "ethers";

import {
  assertSignerAllowed,
  developmentAccount,
  developmentAccountOf,
  DevelopmentKeyRefusedError,
  isDevelopmentAddress,
  RealKeyRefusedError,
  DEVELOPMENT_ACCOUNTS,
} from "../../../lib/chain/development-keys.ts";
import { checksum } from "../../../lib/hex.ts";
import { networkNamed, NETWORKS, type NetworkName } from "../../../lib/networks.ts";

const REAL = checksum(new Wallet(`0x${"42".repeat(32)}`).address);
const names = Object.keys(NETWORKS) as NetworkName[];

describe("developmentAccount", () => {
  it("derives the accounts everyone knows from Hardhat", () => {
    expect(developmentAccount(0).address).to.equal("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    expect(developmentAccount(1).address).to.equal("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    expect(developmentAccount(19).address).to.equal("0x8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199");
  });

  it("gives keys that belong to their addresses", () => {
    for (let index = 0; index < DEVELOPMENT_ACCOUNTS; index++) {
      const { address, privateKey } = developmentAccount(index);
      expect(new Wallet(privateKey).address).to.equal(address);
    }
  });
});

describe("developmentAccountOf", () => {
  it("finds a published account by its address, in any casing, and no other", () => {
    const { address, privateKey } = developmentAccount(7);
    expect(developmentAccountOf(address.toLowerCase())).to.deep.equal({ address, privateKey });
    expect(developmentAccountOf(REAL)).to.equal(undefined);
  });
});

describe("isDevelopmentAddress", () => {
  it("knows the published accounts in any casing, and no others", () => {
    expect(isDevelopmentAddress(developmentAccount(DEVELOPMENT_ACCOUNTS - 1).address.toLowerCase())).to.be.true;
    expect(isDevelopmentAddress(developmentAccount(DEVELOPMENT_ACCOUNTS).address)).to.be.false;
    expect(isDevelopmentAddress(REAL)).to.be.false;
  });
});

describe("assertSignerAllowed", () => {
  for (const name of names) {
    const network = networkNamed(name);
    if (network.mode === "live") {
      it(`refuses a published key on ${name}, where anyone could take what it holds`, () => {
        expect(() => {
          assertSignerAllowed(network, developmentAccount(0).address);
        })
          .to.throw(DevelopmentKeyRefusedError, name)
          .with.include({ code: "ZG_DEVELOPMENT_KEY", exit: 3 });
        assertSignerAllowed(network, REAL);
      });
    } else {
      it(`refuses a real key on ${name}, because what it signs would be valid on the public chain`, () => {
        expect(() => {
          assertSignerAllowed(network, REAL);
        })
          .to.throw(RealKeyRefusedError, String(network.chainId))
          .with.include({ code: "ZG_REAL_KEY", exit: 3 });
        assertSignerAllowed(network, developmentAccount(0).address);
      });
    }
  }
});
