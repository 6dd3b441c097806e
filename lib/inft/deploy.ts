/** Deploying the two contracts: the verifier of transfers, and the iNFT that trusts it for good. */

import { Interface } from "ethers";

import type { ReadContext, WriteContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import type { ConfirmedTransaction, TransactionDraft } from "../chain/send.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import type { AttestorEntry } from "./attestor-entry.ts";
import { inftInterface } from "./contracts.ts";
import { describeDeployment, type DeploymentRecord, type RecordParts } from "./records.ts";
import { sendToInft } from "./translate.ts";

/** What the compiler made of a contract. */
export interface ContractArtifact {
  readonly abi: readonly unknown[];
  readonly bytecode: Hex;
  /** What the compiler was given, for the record. */
  readonly compiler?: NonNullable<DeploymentRecord["compiler"]>;
}

/** The contracts that are deployed, by the names of their artefacts and records. */
export const INFT_CONTRACT = "INFT";
export const VERIFIER_CONTRACT = "TransferVerifier";
/** What the iNFT's constructor deploys for a verifier that knows the final standard only. It is given that verifier. */
export const RETURNED_PROOFS = "ReturnedProofs";
/** All that the iNFT's constructor deploys itself. */
export const MODULE_CONTRACTS = ["INFTDialects", "TokenDocuments", RETURNED_PROOFS] as const;

/** Where the deployment of one of a network's contracts is recorded. */
export interface RecordStore {
  /** The record, checked against the chain; undefined when there is none. */
  load(): Promise<DeploymentRecord | undefined>;
  save(record: DeploymentRecord): Promise<void>;
}

/** Where a network's iNFT and its verifier are recorded. */
export interface DeploymentRecords {
  readonly inft: RecordStore;
  readonly verifier: RecordStore;
}

/** Who vouches for re-encryptions, and how that changes. */
export interface VerifierTerms {
  /** Who adds and removes attestors. */
  readonly owner: Address;
  /** How many of the attestors must sign. */
  readonly threshold: bigint;
  /** Seconds until an attestor that is added counts. */
  readonly rotationDelay: bigint;
  /** Those who count at once; may be fewer than must sign, and then no data moves yet. */
  readonly attestors: readonly AttestorEntry[];
}

export interface InftTerms {
  readonly name: string;
  readonly symbol: string;
  /** The verifier of transfers, for good. */
  readonly verifier: Address;
  /** Whom markets are asked to pay (ERC-2981), in hundredths of a percent; absent when nobody. */
  readonly royalty?: { readonly receiver: Address; readonly basisPoints: bigint };
}

export interface Deployment {
  readonly address: Address;
  readonly transaction: ConfirmedTransaction;
  /** Constructor arguments, as a record keeps them: amounts as decimal strings. */
  readonly args: readonly unknown[];
}

/** A deployment that is not sent yet. */
export interface DeploymentPlan {
  readonly draft: TransactionDraft;
  readonly args: Deployment["args"];
}

const DAY = 86_400n;

/**
 * What a verifier is deployed with when nothing is said. On a live chain no single attestor can move data, and a new one
 * is announced two days before it counts; elsewhere one attestor does, and counts at once.
 */
export function defaultVerifierTerms({
  mode,
}: Pick<Network, "mode">): Pick<VerifierTerms, "threshold" | "rotationDelay"> {
  return mode === "live" ? { threshold: 2n, rotationDelay: 2n * DAY } : { threshold: 1n, rotationDelay: 0n };
}

function plan(what: string, { abi, bytecode }: ContractArtifact, args: readonly unknown[]): DeploymentPlan {
  inftInterface(); // so that a constructor's refusal is decoded by name
  const encoded = new Interface(abi as ConstructorParameters<typeof Interface>[0]).encodeDeploy(args);
  return { draft: { what, data: `${bytecode}${encoded.slice(2)}` }, args };
}

/** The deployment of a verifier, for an estimate. */
export function verifierDeployment(artifact: ContractArtifact, terms: VerifierTerms): DeploymentPlan {
  const { owner, threshold, rotationDelay, attestors } = terms;
  const configured = attestors.map(({ address, validUntil, url }) => [address, validUntil.toString(), url ?? ""]);
  const args = [owner, threshold.toString(), rotationDelay.toString(), configured];
  return plan("deploy the verifier of transfers", artifact, args);
}

/** The deployment of an iNFT, for an estimate; its verifier must stand for that. */
export function inftDeployment(network: Network, artifact: ContractArtifact, terms: InftTerms): DeploymentPlan {
  const { name, symbol, verifier, royalty } = terms;
  const { receiver, basisPoints } = royalty ?? { receiver: ZERO_ADDRESS, basisPoints: 0n };
  const args = [name, symbol, network.contracts.inferenceServing, verifier, receiver, basisPoints.toString()];
  return plan(`deploy the iNFT contract ${JSON.stringify(name)} (${symbol})`, artifact, args);
}

async function deploy(ctx: WriteContext, { draft, args }: DeploymentPlan): Promise<Deployment> {
  const transaction = await sendToInft(ctx, draft);
  const { contractAddress } = transaction.receipt;
  if (contractAddress === null) throw new Error(`transaction ${transaction.hash} created no contract`);
  return { address: checksum(contractAddress), transaction, args };
}

/**
 * Deploys a verifier of transfers. Sends one transaction.
 * @throws {AttestorSetError} for a threshold of 0 or an attestor that cannot be one; nothing is sent.
 */
export async function deployVerifier(
  ctx: WriteContext,
  artifact: ContractArtifact,
  terms: VerifierTerms,
): Promise<Deployment> {
  return deploy(ctx, verifierDeployment(artifact, terms));
}

/**
 * Deploys an iNFT contract that trusts the network's InferenceServing, and with it its module of older dialects. Sends one
 * transaction.
 * @throws {ServingMissingError} {@link VerifierMissingError} when no contract stands there; nothing is sent.
 * @throws {RoyaltyRefusedError}
 */
export async function deployInft(ctx: WriteContext, artifact: ContractArtifact, terms: InftTerms): Promise<Deployment> {
  return deploy(ctx, inftDeployment(ctx.network, artifact, terms));
}

/** Records a deployment that is on chain. Reads its transaction, its code and block 0. */
export async function recordDeployment(
  ctx: ReadContext,
  store: RecordStore,
  parts: Pick<RecordParts, "contractName" | "address" | "transaction" | "args"> & {
    readonly artifact: ContractArtifact;
  },
): Promise<DeploymentRecord> {
  const { artifact, ...deployed } = parts;
  const { abi, compiler } = artifact;
  const record = await describeDeployment(ctx, { ...deployed, abi, ...(compiler === undefined ? {} : { compiler }) });
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
