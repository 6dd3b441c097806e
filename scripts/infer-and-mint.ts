/**
 * The whole flow as a script: change the question, then
 *
 *     npx hardhat run scripts/infer-and-mint.ts --network localhost
 */
import hre from "hardhat";

import { FLOW_STEPS } from "../lib/flow/flow.ts";
import { lastFact } from "../lib/flow/journal.ts";
import { runScript } from "../tasks/support/script.ts";

await runScript(hre, {
  what: "infer and mint",
  steps: FLOW_STEPS,
  question: { messages: [{ role: "user", content: "What is 2+2?" }], maxTokens: 512 },
  report: ({ journal }) => [
    `answer  ${lastFact(journal, "answered")?.receipt.content ?? "none"}`,
    `token   ${lastFact(journal, "minted")?.tokenId ?? "none"}`,
  ],
});
