import { AsyncLocalStorage } from "node:async_hooks";

import type { Log } from "../chain/context.ts";
import type { LocalServiceOptions } from "./local-services.ts";

export interface BootOptions extends LocalServiceOptions {
  readonly log?: Log;
}

/**
 * Options of the boot under way. Hardhat's `network.create()` passes nothing of the caller's to a plugin's hook, so
 * `galileo up` hands them around it: `bootOptions.run(options, () => network.create())`.
 */
export const bootOptions = new AsyncLocalStorage<BootOptions>();
