/**
 * Deploys the iNFT contract, or finds the recorded one.
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
  report: async ({ inft }) => [`iNFT contract ${(await inft.load())?.address ?? "missing"}`],
});
