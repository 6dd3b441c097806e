/**
 * Deploys the verifier of transfers and the iNFT contract that trusts it, or finds the recorded ones.
 *
 *     npx hardhat run scripts/deploy.ts --network localhost
 */
import hre from "hardhat";

import { DEPLOY_STEPS } from "../lib/flow/flow.ts";
import { runScript } from "../tasks/support/script.ts";

await runScript(hre, {
  what: "deploy the iNFT contract",
  steps: DEPLOY_STEPS,
  question: { messages: [], maxTokens: 1 },
  report: async ({ records }) => [
    `verifier of transfers ${(await records.verifier.load())?.address ?? "missing"}`,
    `iNFT contract ${(await records.inft.load())?.address ?? "missing"}`,
  ],
});
