import { randomBytes } from "node:crypto";

import { expect } from "chai";
import { Wallet } from "ethers";

import { TaskThread } from "../../../lib/batch/task-thread.ts";
import { doTask, type SealTask } from "../../../lib/batch/thread-tasks.ts";
import { openDatum } from "../../../lib/inft/content.ts";
import { RequestNotBoundError } from "../../../lib/inft/errors.ts";
import { checksum, fromHex, type Hex } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";

describe("arithmetic in a thread", () => {
  const owner = new Wallet(`0x${"7".repeat(64)}`);
  const address = checksum(owner.address);
  const network = networkNamed("localhost");
  const task: SealTask = {
    network,
    inft: address,
    result: {
      ...{ provider: address, teeSigner: address, signature: "0x", chatId: "c", mode: "local" },
      ...{ requestHash: `0x${"11".repeat(32)}`, responseHash: `0x${"22".repeat(32)}` },
    },
    content: { request: Uint8Array.of(1), response: Uint8Array.of(2) },
    ownerPublicKey: fromHex(owner.signingKey.publicKey as Hex),
    ...{ minter: address, to: address, claim: "commit", request: Uint8Array.of(1) },
  };

  it("seals for the owner, as this thread does", async () => {
    const thread = new TaskThread();
    try {
      const [{ ciphertext, sealed, mint }, here] = [await thread.do("seal", task), doTask("seal", task, randomBytes)];
      expect(mint.tokenId).to.equal(here.mint.tokenId);
      const [datum] = sealed.datas;
      const [sealedKey] = sealed.sealedKeys;
      if (datum === undefined || sealedKey === undefined) return expect.fail("one datum");
      const place = { chainId: network.chainId, contract: address, tokenId: mint.tokenId, index: 0 };
      const privateKey = fromHex(owner.privateKey as Hex);
      const opened = openDatum({ ciphertext, dataHash: datum.dataHash, sealedKey, privateKey, ...place });
      expect(Buffer.from(opened).toString()).to.include("0g-inference-content");
    } finally {
      await thread.close();
    }
  });

  it("fails with the error's own class, and goes on when the thread is gone", async () => {
    const thread = new TaskThread();
    const bound = { ...task, claim: "bound" } satisfies SealTask; // of a request that names nobody
    const failed: unknown = await thread.do("seal", bound).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(RequestNotBoundError);
    await thread.close();
    expect((await thread.do("seal", task)).sealed.datas).to.have.length(1);
  });
});
