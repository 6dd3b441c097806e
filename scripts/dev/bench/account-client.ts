/**
 * Opens an account at a provider, in a process of its own: `account-client.ts <JSON arguments>`. Deposits 3 0G, transfers
 * 2, acknowledges the signer; as this project does it, or as the official SDK does. Prints the milliseconds on the last line.
 */

import { createRequire } from "node:module";

import { JsonRpcProvider, Wallet } from "ethers";

import { acknowledge } from "../../../lib/compute/acknowledge.ts";
import { deposit, transfer } from "../../../lib/compute/ledger.ts";
import type { Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";

export interface AccountArguments {
  readonly by: "ours" | "official";
  readonly url: string;
  readonly provider: Address;
  readonly privateKey: string;
  /** For the official SDK, in wei: with one it does not sleep a second before every transaction. */
  readonly gasPrice?: number;
}

/** The official SDK, as published. */
interface OfficialBroker {
  readonly ledger: {
    depositFund(amount: number): Promise<void>;
    transferFund(provider: string, service: string, amount: bigint): Promise<void>;
  };
  readonly inference: { acknowledgeProviderSigner(provider: string): Promise<void> };
}
interface OfficialSdk {
  createZGComputeNetworkBroker(...given: readonly unknown[]): Promise<OfficialBroker>;
}

const { by, url, provider, privateKey, gasPrice } = JSON.parse(process.argv[2] ?? "{}") as AccountArguments;
const chain = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 });
const signer = new Wallet(privateKey, chain);

async function ours(): Promise<number> {
  const ctx = { network: networkNamed("localhost"), provider: chain, signer };
  const begun = performance.now();
  await deposit(ctx, 3n * NEURON_PER_0G);
  await transfer(ctx, { provider, amount: 2n * NEURON_PER_0G });
  await acknowledge(ctx, provider);
  return performance.now() - begun;
}

async function official(): Promise<number> {
  const sdk = createRequire(import.meta.url)("@0gfoundation/0g-compute-ts-sdk") as OfficialSdk;
  const broker = await sdk.createZGComputeNetworkBroker(signer, undefined, undefined, undefined, gasPrice);
  const begun = performance.now();
  await broker.ledger.depositFund(3);
  await broker.ledger.transferFund(provider, "inference", 2n * NEURON_PER_0G);
  await broker.inference.acknowledgeProviderSigner(provider);
  return performance.now() - begun;
}

console.log(String(by === "ours" ? await ours() : await official()));
process.exit(0); // the SDK keeps timers for minutes
