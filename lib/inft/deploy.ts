import { Interface } from "ethers";

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { inftInterface } from "./contracts.ts";
import { describeDeployment, type DeploymentRecord, type RecordParts } from "./records.ts";
import { sendToInft } from "./translate.ts";

/** What the compiler made of INFT.sol. */
export interface ContractArtifact {
  readonly abi: readonly unknown[];
  readonly bytecode: Hex;
  /** What the compiler was given, for the record. */
  readonly compiler?: NonNullable<DeploymentRecord["compiler"]>;
}

/** The name of the contract, of its artefact and of its record. */
export const INFT_CONTRACT = "INFT";

/** Where the deployment of a network's iNFT is recorded. */
export interface InftRecordStore {
  /** The record, checked against the chain; undefined when there is none. */
  load(): Promise<DeploymentRecord | undefined>;
  save(record: DeploymentRecord): Promise<void>;
}

export interface InftName {
  readonly name: string;
  readonly symbol: string;
}

export interface Deployment {
  readonly address: Address;
  readonly transaction: ConfirmedTransaction;
  /** Constructor arguments: name, symbol, InferenceServing. */
  readonly args: readonly [name: string, symbol: string, inferenceServing: Address];
}

/** The transaction that would deploy an iNFT, for an estimate. */
export function deploymentDraft(
  network: Network,
  artifact: ContractArtifact,
  { name, symbol }: InftName,
): { draft: TransactionDraft; args: Deployment["args"] } {
  inftInterface(); // so that the constructor's refusal is decoded by name
  const args = [name, symbol, network.contracts.inferenceServing] as const;
  const constructor = new Interface(artifact.abi as ConstructorParameters<typeof Interface>[0]).encodeDeploy(args);
  const data = `${artifact.bytecode}${constructor.slice(2)}` as Hex;
  return { draft: { what: `deploy the iNFT contract ${JSON.stringify(name)} (${symbol})`, data }, args };
}

/**
 * Deploys an iNFT contract that trusts the network's InferenceServing. Sends one transaction.
 * @throws {ServingMissingError} when no contract stands there; nothing is sent.
 */
export async function deployInft(ctx: WriteContext, artifact: ContractArtifact, name: InftName): Promise<Deployment> {
  const { draft, args } = deploymentDraft(ctx.network, artifact, name);
  const transaction = await sendToInft(ctx, draft);
  const { contractAddress } = transaction.receipt;
  if (contractAddress === null) throw new Error(`transaction ${transaction.hash} created no contract`);
  return { address: checksum(contractAddress), transaction, args };
}

/** Records a deployment that is on chain. Reads its transaction, its code and block 0. */
export async function recordDeployment(
  ctx: ReadContext,
  store: InftRecordStore,
  parts: Pick<RecordParts, "address" | "transaction" | "args"> & { readonly artifact: ContractArtifact },
): Promise<DeploymentRecord> {
  const { artifact, ...deployed } = parts;
  const { abi, compiler } = artifact;
  const record = await describeDeployment(ctx, {
    ...deployed,
    contractName: INFT_CONTRACT,
    abi,
    ...(compiler === undefined ? {} : { compiler }),
  });
  await store.save(record);
  return record;
}

/**
 * Looks up what a deployment sent earlier has become: the contract's address, or undefined while the transaction is not
 * on chain. After a crash between sending and recording, this finds the contract instead of deploying another.
 */
export async function findDeployment(ctx: ReadContext, hash: Hex): Promise<Address | undefined> {
  const receipt = await chainCall(`Looking for transaction ${hash}`, ctx.provider.getTransactionReceipt(hash));
  if (receipt?.status !== 1 || receipt.contractAddress === null) return undefined;
  return checksum(receipt.contractAddress);
}
