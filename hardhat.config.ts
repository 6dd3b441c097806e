import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig } from "hardhat/config";

import { DEVELOPMENT_MNEMONIC, FUNDED_ACCOUNTS } from "./lib/chain/development-mnemonic.ts";
import { isRpcUrl, isPrivateKey, keyVariable, rpcSetting, rpcUrls, setting } from "./lib/env.ts";
import galileo from "./lib/galileo/index.ts";
import { NETWORKS, type NetworkName } from "./lib/networks.ts";
import { tasks } from "./tasks/index.ts";
import { guardOutput } from "./tasks/support/output-guard.ts";

const envFile = fileURLToPath(new URL(".env", import.meta.url));
if (existsSync(envFile)) process.loadEnvFile(envFile); // variables already set win
guardOutput();

/**
 * The compiler's own sequence without its function specialiser (F), which copies a function for each constant it is called
 * with: a tenth less code to deploy, for calls that cost the same.
 */
const OPTIMIZER_STEPS =
  "dhfoDgvulfnTUtnIf[xa[r]EscLMcCTUtTOntnfDIulLculVcul [j]Tpeulxa[rul]xa[r]cLgvifCTUca[r]LSsTOtfDnca[r]Iulc]jmul[jul] VcTOcul jmul:fDnTOcmu";

const solc = {
  version: "0.8.37",
  // solc-js from the npm package, by absolute path: nothing is downloaded.
  path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
  settings: {
    viaIR: true,
    optimizer: { enabled: true, runs: 200, details: { yul: true, yulDetails: { optimizerSteps: OPTIMIZER_STEPS } } },
    evmVersion: "cancun",
  },
};

const simulated = {
  type: "edr-simulated",
  hardfork: "cancun",
  accounts: {
    mnemonic: DEVELOPMENT_MNEMONIC,
    count: FUNDED_ACCOUNTS,
    accountsBalance: 10_000n * 10n ** 18n,
  },
  // One block for each transaction would run the chain's clock ahead of the wall's by a second each.
  allowBlocksWithSameTimestamp: true,
} as const;

/** Plain Hardhat scripts find a signer when the key is in the environment; our own writes resolve it later (keystore too). */
function accounts(network: NetworkName) {
  const variable = keyVariable(network);
  const key = variable === undefined ? undefined : setting(variable);
  return key !== undefined && isPrivateKey(key.value) ? [configVariable(key.from)] : [];
}

/**
 * The first of the addresses; the galileo plugin knows the others. Hardhat refuses to start, for any network, when one is
 * malformed; ours is refused when it is used.
 */
function rpcUrl(network: Parameters<typeof rpcSetting>[0]): string {
  const { value } = rpcSetting(network);
  return isRpcUrl(value) ? rpcUrls(value)[0] : "http://127.0.0.1:9";
}

const live = (network: "galileo" | "aristotle") =>
  ({
    type: "http",
    chainId: NETWORKS[network].chainId,
    url: rpcUrl(network),
    accounts: accounts(network),
  }) as const;

const fork = (network: "galileoFork" | "aristotleFork") =>
  ({
    ...simulated,
    chainId: NETWORKS[network].chainId,
    forking: { url: rpcUrl(network) },
  }) as const;

const descriptor = (network: "galileo" | "aristotle") => ({
  name: NETWORKS[network].title,
  chainType: "generic" as const,
  // Hardhat does not know the chain; without a history it cannot call on a fresh fork.
  hardforkHistory: { cancun: { blockNumber: 0 } },
  blockExplorers: {
    etherscan: { name: "0G Chainscan", url: NETWORKS[network].explorer, apiUrl: NETWORKS[network].explorerApi },
  },
});

export default defineConfig({
  plugins: [toolbox, galileo],
  tasks,
  solidity: {
    // Both profiles are spelled out: Hardhat's own `production` drops the settings, and verification uses it.
    profiles: { default: solc, production: { ...solc, isolated: false } },
  },
  networks: {
    // The base fee Galileo idles at, in wei; Hardhat's default of 1 gwei would hide a missing tip.
    default: { ...simulated, chainId: NETWORKS.default.chainId, initialBaseFeePerGas: 7n },
    localhost: { type: "http", chainId: NETWORKS.localhost.chainId, url: rpcUrl("localhost") },
    galileo: live("galileo"),
    galileoFork: fork("galileoFork"),
    aristotle: live("aristotle"),
    aristotleFork: fork("aristotleFork"),
  },
  chainDescriptors: {
    [NETWORKS.galileo.chainId]: descriptor("galileo"),
    [NETWORKS.aristotle.chainId]: descriptor("aristotle"),
  },
  verify: {
    etherscan: { apiKey: setting("EXPLORER_API_KEY")?.value ?? "" },
    blockscout: { enabled: false },
    sourcify: { enabled: false },
  },
  coverage: { skipFiles: ["contracts/mocks/**", "contracts/interfaces/**", "contracts/external/**"] },
  test: {
    // A file at a time in each of several processes, more than a small machine has cores: many tests wait for commands that they started.
    mocha: { timeout: 60_000, parallel: true, jobs: Math.max(3, Math.min(availableParallelism(), 6)) },
    // Seconds, not minutes: `npm run fuzz` goes deep. A handler that reverts did nothing, which must not pass for a test.
    solidity: { fuzz: { runs: 128 }, invariant: { runs: 16, depth: 64, failOnRevert: true } },
  },
});
