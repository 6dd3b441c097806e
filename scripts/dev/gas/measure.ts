/** Gas of transactions, collected as they are sent. */

import type { ContractTransactionResponse } from "ethers";

/** One operation and what it used. */
export interface Measured {
  readonly operation: string;
  readonly gas: bigint;
}

/** Collects what transactions use, in the order they were sent. */
export class GasMeter {
  readonly measured: Measured[] = [];

  /** Waits for a transaction and notes its gas; `share` of several equal parts is what one of them used. */
  async note(operation: string, sent: Promise<ContractTransactionResponse>, share = 1n): Promise<void> {
    const receipt = await (await sent).wait();
    if (receipt === null) throw new Error(`${operation} has no receipt`);
    this.measured.push({ operation, gas: receipt.gasUsed / share });
  }

  /** Notes gas that was measured elsewhere. */
  add(operation: string, gas: bigint): void {
    this.measured.push({ operation, gas });
  }
}

/** What deploying a contract used. */
export async function deploymentGas(contract: {
  deploymentTransaction(): ContractTransactionResponse | null;
}): Promise<bigint> {
  const receipt = await contract.deploymentTransaction()?.wait();
  if (receipt == null) throw new Error("nothing was deployed");
  return receipt.gasUsed;
}
