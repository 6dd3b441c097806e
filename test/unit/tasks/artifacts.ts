import { mkdir } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { pause } from "../../../lib/pause.ts";
import { builtArtifact } from "../../../tasks/support/artifacts.ts";
import { temporaryFolder } from "../../support/temporary.ts";

describe("the contracts that a command deploys", () => {
  it("are built by one command at a time, because Hardhat's cache breaks under two", async () => {
    const folder = await temporaryFolder();
    try {
      const cache = path.join(folder.path, "cache");
      await mkdir(cache);
      const running = { now: 0, most: 0 };
      const run = async () => {
        running.most = Math.max(running.most, ++running.now);
        await pause(5, undefined, "building");
        running.now--;
      };
      const command = () =>
        ({
          config: { paths: { cache } },
          tasks: { getTask: () => ({ run }) },
          artifacts: { artifactExists: async () => true, clearCache: () => Promise.reject(new Error("built")) },
        }) as unknown as HardhatRuntimeEnvironment;
      const builds = [command(), command()].map(async (hre) => builtArtifact(hre, "INFT", { log: () => undefined }));
      const ended = await Promise.allSettled(builds);
      expect(ended.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
      expect(running).to.deep.equal({ now: 0, most: 1 });
    } finally {
      await folder.remove();
    }
  });
});
