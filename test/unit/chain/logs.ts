import { expect } from "chai";
import type { Provider } from "ethers";

import { LogRangeError, readLogs } from "../../../lib/chain/logs.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { caught } from "../compute/support/caught.ts";

interface Range {
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** A node with a log in every 1000th block that takes at most so many blocks in one question. */
function chain(latest: number, longest: number) {
  const asked: Range[] = [];
  const provider = {
    getBlockNumber: async () => latest,
    getLogs: async ({ fromBlock, toBlock }: Range) => {
      asked.push({ fromBlock, toBlock });
      if (toBlock - fromBlock >= longest) throw new Error("range too long");
      const first = Math.ceil(fromBlock / 1_000);
      const count = Math.max(0, Math.floor(toBlock / 1_000) - first + 1);
      return Array.from({ length: count }, (_, i) => ({ blockNumber: (first + i) * 1_000 }));
    },
  } as unknown as Provider;
  return { ctx: { network: networkNamed("localhost"), provider }, asked };
}

describe("readLogs", () => {
  it("halves a range that is refused, and gives all logs in order", async () => {
    const { ctx, asked } = chain(10_000, 3_000);
    const logs = await readLogs(ctx, "Reading logs", {}, 1);
    expect(logs.map(({ blockNumber }) => blockNumber)).to.deep.equal(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n * 1_000),
    );
    expect(asked).to.have.length(7);
  });

  it("gives up at once on a node that refuses every range", async () => {
    const { ctx, asked } = chain(1_000_000_000, 0);
    await caught(RpcUnreachableError, async () => readLogs(ctx, "Reading logs", {}));
    expect(asked.length < 30).to.equal(true);
  });

  it("gives up on a node that takes ranges so short that there would be no end, saying how far it came", async () => {
    const { ctx, asked } = chain(1_000_000_000, 1_000);
    const error = await caught(LogRangeError, async () => readLogs(ctx, "Reading logs", {}, 7));
    expect(error).to.include({ code: "ZG_LOG_RANGE", exit: 4 });
    expect(error.details).to.include({ questions: 4_096, fromBlock: 7, toBlock: 1_000_000_000 });
    expect(error.details["reached"]).to.equal(asked.at(-1)!.toBlock + 1);
    expect(asked).to.have.length(4_096);
  });
});
