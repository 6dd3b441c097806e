import { expect } from "chai";

import { storageClient } from "../../../lib/storage/storage-client.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";
import { bootStorage, freshBytes, SEGMENTS, type TestStorage } from "./support/storage.ts";

describe("the storage client on the embedded network", () => {
  let world: TestStorage;

  before(async () => {
    world = await bootStorage();
  });

  after(async () => {
    await world.close();
  });

  for (const size of [1, 255, 256, 257, 5000, SEGMENTS(1), SEGMENTS(1, 1), SEGMENTS(5, 77)]) {
    it(`stores ${size} bytes and reads them again`, async () => {
      const { ctx } = await world.user();
      const client = storageClient(ctx);
      const bytes = freshBytes(size);
      const states: string[] = [];
      const stored = await client.put(bytes, { onProgress: ({ state }) => states.push(state) });
      expect(stored.root).to.equal(storageRoot(bytes));
      expect([...new Set(states)]).to.deep.equal(["preparing", "submitted", "logged", "uploaded", "finalised"]);
      const fetched = await client.getBytes(stored.root);
      expect(Buffer.compare(fetched.bytes, bytes)).to.equal(0);
      expect(fetched.sizeFrom).to.equal("chain");
    });
  }
});
