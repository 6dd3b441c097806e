import { expect } from "chai";
import { AbiCoder, id, keccak256, type Provider } from "ethers";

import type { ReadContext } from "../../../lib/chain/context.ts";
import { toHex, type Address, type Hex } from "../../../lib/hex.ts";
import { readPublishedMetadata } from "../../../lib/inft/published-metadata.ts";
import { networkNamed } from "../../../lib/networks.ts";

const INFT: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const METADATA: Hex = "0x7b7d";
const HASH = keccak256(METADATA) as Hex;

const TOPIC = id("EncryptedMetadataPublished(bytes32,bytes)");

describe("the metadata that the Go agent's ABI publishes", () => {
  /** A chain with these values of the event under that hash. */
  function chain(values: readonly Hex[]) {
    const filters: unknown[] = [];
    const provider = {
      getBlockNumber: async () => Promise.resolve(9),
      getLogs: async (filter: unknown) => {
        filters.push(filter);
        const data = (value: Hex) => AbiCoder.defaultAbiCoder().encode(["bytes"], [value]);
        return Promise.resolve(values.map((value) => ({ address: INFT, topics: [TOPIC, HASH], data: data(value) })));
      },
    } as unknown as Provider;
    const ctx: ReadContext = { network: networkNamed("localhost"), provider };
    return { ctx, filters };
  }
  const read = async (ctx: ReadContext) => readPublishedMetadata(ctx, { inft: INFT, dataHash: HASH, fromBlock: 4 });

  it("is found by its hash, among the token's contract's events only", async () => {
    const { ctx, filters } = chain([METADATA]);
    expect(toHex((await read(ctx)) ?? expect.fail("nothing was found"))).to.equal(METADATA);
    expect(filters).to.deep.equal([{ address: INFT, topics: [TOPIC, HASH], fromBlock: 4, toBlock: 9 }]);
  });

  it("is absent where nothing was published, and where what was has another hash", async () => {
    expect(await read(chain([]).ctx)).to.equal(undefined);
    expect(await read(chain(["0x7b7b"]).ctx)).to.equal(undefined);
    expect(toHex((await read(chain(["0x7b7b", METADATA]).ctx)) ?? expect.fail())).to.equal(METADATA);
  });
});
