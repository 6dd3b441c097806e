import { expect } from "chai";

import { storageClient } from "../../../lib/storage/storage-client.ts";
import { officialStorage, type OfficialStorage } from "../../support/official-storage-sdk.ts";
import { bootStorage, freshBytes, SEGMENTS, type StorageUser, type TestStorage } from "./support/storage.ts";

const SIZES = [1, 255, 256, 1024, 300 * 1024, SEGMENTS(7, 1)];

describe("the storage client and 0G's own SDK", function () {
  this.timeout(120_000);

  for (const nodes of [1, 2]) {
    describe(`with ${nodes === 1 ? "one node" : "two shards"}`, () => {
      let world: TestStorage;
      let user: StorageUser;
      let sdk: OfficialStorage;

      before(async () => {
        world = await bootStorage(nodes);
        user = await world.user();
        const { url } = await world.serve();
        sdk = await officialStorage({ rpc: url, indexer: world.storage.indexer, privateKey: user.privateKey });
      });

      after(async () => {
        await world.close();
      });

      for (const size of SIZES) {
        it(`read each other's ${size} bytes`, async () => {
          const client = storageClient(user.ctx);
          const [ours, theirs] = [freshBytes(size), freshBytes(size)];
          const { root } = await client.put(ours, { waitFor: "finalised" });
          expect(Buffer.compare(await sdk.download(root), ours)).to.equal(0);
          const { rootHash, txSeq } = await sdk.upload(theirs);
          const fetched = await client.getBytes(rootHash as `0x${string}`);
          expect(fetched).to.deep.include({ size, txSeq, sizeFrom: "chain" });
          expect(Buffer.compare(fetched.bytes, theirs)).to.equal(0);
        });
      }

      it("pay nothing for what the other one stored", async () => {
        const client = storageClient(user.ctx);
        const [ours, theirs] = [freshBytes(2000), freshBytes(2000)];
        await client.put(ours, { waitFor: "finalised" });
        expect((await sdk.upload(ours)).txHash).to.equal("");
        await sdk.upload(theirs);
        expect((await client.put(theirs)).fee).to.equal(0n);
      });
    });
  }
});
