import { expect } from "chai";
import type { Provider } from "ethers";

import { assertChain, genesisHash, WrongChainError } from "../../../lib/chain/connect.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { networkNamed } from "../../../lib/networks.ts";

const serving = (chainId: bigint) => ({ getNetwork: async () => ({ chainId }) }) as unknown as Provider;

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
}

describe("assertChain", () => {
  it("accepts the chain the network names", async () => {
    await assertChain(networkNamed("galileo"), serving(16602n));
    await assertChain(networkNamed("aristotle"), serving(16661n));
  });

  it("refuses another chain, with both ids", async () => {
    const error = await thrownBy(assertChain(networkNamed("aristotle"), serving(16602n)));

    expect(error).to.be.instanceOf(WrongChainError);
    expect(error).to.include({ code: "ZG_WRONG_CHAIN", exit: 3 });
    expect((error as WrongChainError).details).to.deep.equal({ network: "aristotle", expected: 16661, actual: 16602n });
  });

  it("reports a silent node as an outage", async () => {
    const provider = { getNetwork: async () => Promise.reject(new Error("ECONNREFUSED")) } as unknown as Provider;
    expect(await thrownBy(assertChain(networkNamed("galileo"), provider))).to.be.instanceOf(RpcUnreachableError);
  });
});

describe("genesisHash", () => {
  it("is the hash of block 0", async () => {
    const provider = { getBlock: async (tag: unknown) => ({ hash: tag === 0 ? "0xabc" : "0xbad" }) };
    expect(await genesisHash(provider as unknown as Provider)).to.equal("0xabc");
  });
});
