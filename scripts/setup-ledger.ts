/**
 * Opens and funds the ledger, and funds and acknowledges the cheapest provider whose results can be minted, as far as
 * that is not done yet.
 *
 *     npx hardhat run scripts/setup-ledger.ts --network localhost
 */
import hre from "hardhat";

import { readSubAccount } from "../lib/compute/ledger.ts";
import { requireService } from "../lib/flow/context.ts";
import { FUNDING_STEPS } from "../lib/flow/flow.ts";
import { withUnit } from "../lib/units.ts";
import { runScript } from "../tasks/support/script.ts";

await runScript(hre, {
  what: "set up the ledger",
  steps: FUNDING_STEPS,
  // What the money is for: its size and --max-tokens bound the price of an answer.
  question: { messages: [{ role: "user", content: "What is 2+2?" }], maxTokens: 512 },
  report: async (ctx) => {
    const { provider, model } = await requireService(ctx);
    const account = await readSubAccount(ctx.read, ctx.owner, provider);
    return [`${withUnit(account?.spendable ?? 0n)} at ${model}, ${provider}`];
  },
});
