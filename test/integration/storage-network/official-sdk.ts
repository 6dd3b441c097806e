import { expect } from "chai";

import { startRpcServer, type RpcServer } from "../../../lib/galileo/rpc-server.ts";
import type { Hex } from "../../../lib/hex.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";
import { officialStorage, type OfficialStorage } from "../../support/official-storage-sdk.ts";
import { ask, bytesOf, storageWorld, type StorageWorld } from "./support/world.ts";

const MIB = 2 ** 20;

describe("0G's storage SDK, unmodified, on the embedded network", function () {
  this.timeout(120_000);

  for (const storageNodes of [1, 2]) {
    describe(`with ${storageNodes === 1 ? "one node" : "two shards"}`, () => {
      let world: StorageWorld;
      let chain: RpcServer;
      let sdk: OfficialStorage;

      before(async () => {
        world = await storageWorld({ storageNodes });
        chain = await startRpcServer({ rpc: world.rpc, port: 0, mayBroadcast: () => true });
        const privateKey = world.user.privateKey as Hex;
        sdk = await officialStorage({ rpc: chain.url, indexer: world.storage.indexer, privateKey });
      });

      after(async () => {
        await chain.close();
        await world.close();
      });

      for (const size of [1, 255, 256, 1024, 300 * 1024, 5 * MIB]) {
        it(`stores and fetches ${size} bytes`, async () => {
          const bytes = bytesOf(size, size);
          const { rootHash } = await sdk.upload(bytes);
          expect(rootHash).to.equal(storageRoot(bytes));
          expect(Buffer.compare(await sdk.download(rootHash), bytes)).to.equal(0);
          expect(Buffer.compare(await sdk.downloadToBlob(rootHash), bytes)).to.equal(0);
        });
      }

      it("is told of a file that is there already, and sends nothing", async () => {
        const bytes = bytesOf(1000, 7);
        const first = await sdk.upload(bytes);
        const before = await world.user.getNonce();
        const { txHash, txSeq } = await sdk.upload(bytes);
        expect({ txHash, txSeq }).to.deep.equal({ txHash: "", txSeq: first.txSeq });
        expect(await world.user.getNonce()).to.equal(before);
      });
    });
  }

  describe("beyond plain files", () => {
    let world: StorageWorld;
    let chain: RpcServer;
    let sdk: OfficialStorage;

    before(async () => {
      world = await storageWorld();
      chain = await startRpcServer({ rpc: world.rpc, port: 0, mayBroadcast: () => true });
      const privateKey = world.user.privateKey as Hex;
      sdk = await officialStorage({ rpc: chain.url, indexer: world.storage.indexer, privateKey });
    });

    after(async () => {
      await chain.close();
      await world.close();
    });

    it("stores encrypted and decrypts", async () => {
      const key = bytesOf(32, 1);
      const bytes = bytesOf(700, 2);
      const { rootHash } = await sdk.upload(bytes, { encryption: { type: "aes256", key } });
      expect(Buffer.compare(await sdk.downloadToBlob(rootHash, { decryption: { symmetricKey: key } }), bytes)).to.equal(
        0,
      );
      expect(await sdk.downloadToBlob(rootHash)).to.have.length(717);
    });

    it("pays again for a root when told to, and the node knows both submissions", async () => {
      const bytes = bytesOf(600, 3);
      const { rootHash } = await sdk.upload(bytes);
      await sdk.upload(bytes, { skipIfFinalized: false });
      const [node] = world.storage.nodes;
      const infos = await Promise.all(
        [1, 2].map(async (seq) =>
          ask<{ tx: { dataMerkleRoot: string }; finalized: boolean }>(node!.url, "zgs_getFileInfoByTxSeq", seq),
        ),
      );
      expect(infos.map(({ tx, finalized }) => [tx.dataMerkleRoot, finalized])).to.deep.equal([
        [rootHash, true],
        [rootHash, true],
      ]);
    });

    it("hears that nobody has a root that nobody stored", async () => {
      const missing = sdk.download(`0x${"42".repeat(32)}`);
      expect(await missing.catch((error: unknown) => (error as Error).message)).to.equal("file not found");
    });

    it("finds everything on a node that was stopped and started again", async () => {
      const bytes = bytesOf(300_000, 4);
      const { rootHash } = await sdk.upload(bytes);
      await world.storage.node(0).stop();
      expect(await sdk.download(rootHash).catch((error: unknown) => (error as Error).message)).to.match(
        /file not found|No locations/,
      );
      await world.storage.node(0).start();
      expect(Buffer.compare(await sdk.download(rootHash), bytes)).to.equal(0);
    });
  });
});
