import { expect } from "chai";

import { setting } from "../../lib/env.ts";
import { hardhatJson } from "../support/cli.ts";

/** 0G. A first run needs a little more than 1: what the provider wants locked, refundable, and gas. */
const MAX_SPEND = "1.2";

/** What has to be there before a test may spend, by the names a user can set. */
function missing(): readonly string[] {
  return [
    ...(process.env["ZG_TEST_LIVE"] === undefined ? ["npm run test:live"] : []),
    ...(setting("GALILEO_RPC_URL")?.from === "default" ? ["GALILEO_RPC_URL"] : []),
    ...(setting("GALILEO_PRIVATE_KEY") === undefined ? ["GALILEO_PRIVATE_KEY"] : []),
  ];
}

const lacking = missing();

if (lacking.length > 0) {
  describe("a run on the live Galileo", () => {
    it.skip(`mints one real inference; missing: ${lacking.join(", ")}`);
  });
} else {
  describe("a run on the live Galileo", function () {
    this.timeout(900_000);

    // The project's own ZG_HOME: what was paid for is kept, and the next run reuses contract and sub-account.
    const env = Object.fromEntries(
      (["GALILEO_RPC_URL", "GALILEO_PRIVATE_KEY", "ZG_HOME"] as const).map((name) => [
        name,
        setting(name)?.value ?? "",
      ]),
    );

    async function succeed<Data>(...args: string[]): Promise<Data> {
      const { answer, code, stderr } = await hardhatJson([...args, "--network", "galileo"], env);
      if (!answer.ok)
        throw new Error(`${args.join(" ")}: exit ${String(code)}, ${JSON.stringify(answer.error)}\n${stderr}`);
      return answer.data as Data;
    }

    before(async function () {
      interface Plan {
        readonly owner: string;
        readonly wallet: string;
        readonly plan: { readonly wallet: string };
      }
      const { owner, wallet, plan } = await succeed<Plan>("flow", "plan", "--prompt", "What is 2+2?");
      if (BigInt(wallet) >= BigInt(plan.wallet)) return;
      console.error(`skipped: ${owner} holds ${wallet} neuron, the run needs up to ${plan.wallet}`);
      this.skip();
    });

    it("answers, verifies and mints within the cap, and the token proves itself from chain data", async () => {
      interface Run {
        readonly mode: string;
        readonly tokenId: string;
        readonly content: string;
        readonly checks: readonly { readonly passed: boolean }[];
      }
      const paying = ["--yes", "--max-spend", MAX_SPEND];
      const run = await succeed<Run>("flow", "run", "--prompt", "What is 2+2?", ...paying);
      expect(run.mode).to.equal("live");
      expect(run.content).to.not.equal("");
      expect(run.checks.map(({ passed }) => passed)).to.deep.equal([true, true, true, true]);
      expect(await succeed("inft", "verify", run.tokenId)).to.have.property("status", "proven");
    });
  });
}
