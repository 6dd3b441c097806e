import { expect } from "chai";
import type { Provider } from "ethers";

import { currentFees, GasPriceTooLowError, nextNonce } from "../../../lib/chain/fees.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { caught } from "../compute/support/caught.ts";

const GWEI = 1_000_000_000n;

function chain(baseFeePerGas: bigint | null, suggested: bigint): Provider {
  return {
    getBlock: async () => ({ baseFeePerGas }),
    send: async (method: string) => {
      expect(method).to.equal("eth_maxPriorityFeePerGas");
      return `0x${suggested.toString(16)}`;
    },
  } as unknown as Provider;
}

const galileo = networkNamed("galileo");

describe("currentFees", () => {
  it("raises a suggestion below 2 gwei to the floor that 0G's validators enforce", async () => {
    expect(await currentFees({ network: galileo, provider: chain(7n, 1n) })).to.deep.equal({
      maxPriorityFeePerGas: 2n * GWEI,
      maxFeePerGas: 2n * GWEI + 14n,
    });
  });

  it("takes a higher suggestion as it is", async () => {
    const { maxPriorityFeePerGas } = await currentFees({ network: galileo, provider: chain(7n, 5n * GWEI) });
    expect(maxPriorityFeePerGas).to.equal(5n * GWEI);
  });

  it("leaves room for the base fee to double, and never asks less than the tip", async () => {
    const fees = await currentFees({ network: galileo, provider: chain(30n * GWEI, 0n) });
    expect(fees.maxFeePerGas).to.equal(62n * GWEI);
    expect(fees.maxFeePerGas >= fees.maxPriorityFeePerGas).to.be.true;
  });

  it("works on a block without a base fee", async () => {
    const fees = await currentFees({ network: galileo, provider: chain(null, 0n) });
    expect(fees).to.deep.equal({ maxPriorityFeePerGas: 2n * GWEI, maxFeePerGas: 2n * GWEI });
  });
});

describe("currentFees with a given gas price", () => {
  const fees = async (gasPrice: bigint, baseFee: bigint, suggested: bigint) =>
    currentFees({ network: galileo, provider: chain(baseFee, suggested), gasPrice });

  it("is never exceeded, whatever the node suggests", async () => {
    expect(await fees(4n * GWEI, 7n, 9n * GWEI)).to.deep.equal({
      maxPriorityFeePerGas: 4n * GWEI,
      maxFeePerGas: 4n * GWEI,
    });
  });

  it("tips no more than it would have without", async () => {
    const { maxPriorityFeePerGas, maxFeePerGas } = await fees(50n * GWEI, 7n, 1n);
    expect([maxPriorityFeePerGas, maxFeePerGas]).to.deep.equal([2n * GWEI, 50n * GWEI]);
  });

  it("refuses one that no validator takes, with the least that one does", async () => {
    const error = await caught(GasPriceTooLowError, async () => fees(2n * GWEI, 7n, 1n));
    expect(error.details).to.deep.equal({ network: "galileo", gasPrice: 2n * GWEI, minimum: 2n * GWEI + 7n });
  });
});

describe("nextNonce", () => {
  it("counts the transactions in the pool, past any cache of the provider", async () => {
    const asked: unknown[] = [];
    const provider = {
      send: async (method: string, params: unknown[]) => {
        asked.push(method, params);
        return "0x1f";
      },
    } as unknown as Provider;

    expect(await nextNonce(provider, "0xabc")).to.equal(31);
    expect(asked).to.deep.equal(["eth_getTransactionCount", ["0xabc", "pending"]]);
  });
});
