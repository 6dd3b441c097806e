import { definePlugin } from "hardhat/plugins";

import type {} from "./type-extensions.ts";

/**
 * The embedded Galileo as a Hardhat plugin. On the network `default` every new connection boots 0G's contracts and three
 * providers; on a fork of 0G's chains it brings three local providers along; elsewhere it does nothing. A description
 * only: what it does is imported when the first connection opens, so that help stays instant.
 */
export default definePlugin({
  id: "galileo",
  hookHandlers: { network: () => import("./hook-handlers/network.ts") },
});
