import { expect } from "chai";

import { developmentAccount } from "../../lib/chain/development-keys.ts";
import { ROLES } from "../../lib/chain/development-roles.ts";
import { getAddress } from "ethers";

import { UsageError } from "../../lib/errors.ts";
import { explorerLink, isNetworkName, networkNamed, NETWORKS, type NetworkDefinition } from "../../lib/networks.ts";

const ALL = Object.entries(NETWORKS) as [string, NetworkDefinition][];

describe("the network registry", () => {
  it("names exactly the networks of the design", () => {
    expect(Object.keys(NETWORKS)).to.have.members([
      "default",
      "localhost",
      "galileo",
      "aristotle",
      "galileoFork",
      "aristotleFork",
    ]);
  });

  for (const [name, network] of ALL) {
    describe(name, () => {
      it("has the chain id of its upstream", () => {
        expect(network.chainId).to.equal(network.upstream === "galileo" ? 16602 : 16661);
      });

      for (const [contract, address] of Object.entries(network.contracts)) {
        it(`spells the address of ${contract} with its EIP-55 checksum`, () => {
          expect(getAddress(address.toLowerCase())).to.equal(address);
        });
      }

      it("gives no two contracts one address", () => {
        const addresses = Object.values(network.contracts);
        expect(new Set(addresses).size).to.equal(addresses.length);
      });

      it("lets development keys sign exactly where nothing is public", () => {
        expect(network.developmentKeysOnly).to.equal(network.mode !== "live");
      });

      it("asks a tip of at least 2 gwei, which 0G's validators insist on", () => {
        expect(network.priorityFeeFloor).to.equal(2_000_000_000n);
      });
    });
  }

  it("keeps the addresses of testnet and mainnet apart", () => {
    const galileo: string[] = Object.values(NETWORKS.galileo.contracts);
    for (const address of Object.values(NETWORKS.aristotle.contracts)) expect(galileo).not.to.include(address);
  });

  it("uses the fine-tuning contract of the official package, not the older one of the documentation", () => {
    expect(NETWORKS.galileo.contracts.fineTuningServing).to.equal("0xC6C075D8039763C8f1EbE580be5ADdf2fd6941bA");
  });

  it("gives every live network an explorer, its API under /open/api, and a storage indexer over https", () => {
    for (const name of ["galileo", "aristotle"] as const) {
      const network: NetworkDefinition = NETWORKS[name];
      expect(network.explorerApi).to.equal(`${network.explorer}/open/api`);
      for (const url of [network.explorer, network.explorerApi, network.storageIndexer]) {
        expect(new URL(url!).protocol).to.equal("https:");
      }
    }
  });

  it("offers no faucet on mainnet", () => {
    expect((NETWORKS.aristotle as NetworkDefinition).faucet).to.be.undefined;
  });
});

describe("networkNamed", () => {
  it("adds the name to the entry", () => {
    expect(networkNamed("galileo")).to.deep.equal({ name: "galileo", ...NETWORKS.galileo });
  });

  for (const name of ["", "Galileo", "mainnet", "16602", "hardhat", "toString", "__proto__", "constructor"]) {
    it(`refuses ${JSON.stringify(name)} and lists the names there are`, () => {
      expect(isNetworkName(name)).to.be.false;
      expect(() => networkNamed(name))
        .to.throw(UsageError, JSON.stringify(name))
        .with.property("remedy")
        .that.includes("galileoFork");
    });
  }
});

describe("the aliases of providers", () => {
  it("are the accounts that play providers on the embedded network and on forks", () => {
    const addressesOf = (indexes: readonly number[]) => indexes.map((index) => developmentAccount(index).address);
    for (const [name, indexes] of [
      ["default", ROLES.providers],
      ["localhost", ROLES.providers],
      ["galileoFork", ROLES.forkProviders],
      ["aristotleFork", ROLES.forkProviders],
    ] as const) {
      expect(Object.values(NETWORKS[name].aliases), name).to.deep.equal(addressesOf(indexes));
    }
    expect(NETWORKS.galileo).not.to.have.property("aliases");
  });
});

describe("explorerLink", () => {
  it("links transactions and addresses where there is an explorer", () => {
    expect(explorerLink(NETWORKS.galileo, "tx", "0xabc")).to.equal("https://chainscan-galileo.0g.ai/tx/0xabc");
    expect(explorerLink(NETWORKS.aristotle, "address", "0xdef")).to.equal("https://chainscan.0g.ai/address/0xdef");
  });

  it("has no link for a chain nobody else can see", () => {
    for (const name of ["default", "localhost", "galileoFork", "aristotleFork"] as const) {
      expect(explorerLink(NETWORKS[name], "tx", "0xabc")).to.be.undefined;
    }
  });
});
