/** The project's configuration with its explorer and RPC node on loopback: `hardhat --config test/support/explorer-config.ts`. */

import { defineConfig } from "hardhat/config";

import config from "../../hardhat.config.ts";
import { NETWORKS } from "../../lib/networks.ts";

const { chainId } = NETWORKS.galileo;
const apiUrl = process.env["TEST_EXPLORER_API"] ?? "http://127.0.0.1:1/open/api";

export default defineConfig({
  ...config,
  chainDescriptors: {
    ...config.chainDescriptors,
    [chainId]: {
      ...config.chainDescriptors![chainId]!,
      blockExplorers: { etherscan: { name: "mock", url: new URL("/", apiUrl).origin, apiUrl } },
    },
  },
});
