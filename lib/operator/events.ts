import type { LogDescription, TransactionReceipt } from "ethers";

import { INTERFACES } from "../chain/contracts.ts";
import { checksum } from "../hex.ts";
import type { Network } from "../networks.ts";

/** What InferenceServing wrote in a transaction, in order; events of other contracts, and unknown ones, are left out. */
export function servingEvents(network: Network, receipt: TransactionReceipt): readonly LogDescription[] {
  return receipt.logs
    .filter(({ address }) => checksum(address) === network.contracts.inferenceServing)
    .map((log) => INTERFACES.inferenceServing().parseLog(log))
    .filter((event) => event !== null);
}
