/** Says what stands on a chain and what of it is real. Reads only; used by `galileo status` and `connection.galileo`. */

import { keccak256, type Provider } from "ethers";

import { genesisHash } from "../chain/connect.ts";
import { inferenceServing, ledgerManager } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import { checksum, type Address, type Hex } from "../hex.ts";
import type { Mode, Network } from "../networks.ts";
import { modelsUrl, serviceBase } from "../protocol/endpoints.ts";
import type { LocalAttestorEntry } from "./attestor.ts";
import { ATTESTOR_PATHS } from "../inft/attestor/paths.ts";
import { GalileoMissingError } from "./errors.ts";
import { precompileStandInHash } from "./precompiles.ts";
import { PRECOMPILES, PREDEPLOYS } from "./predeploys.ts";
import { probe } from "./probe.ts";
import { codeAt, type Eip1193 } from "./rpc.ts";
import type { LocalStorageEntry } from "./storage/entry.ts";
import { inspectStorage, type StorageStatus } from "./storage/status.ts";

/**
 * Which of its two recorded hashes the code at an address has. `both`: the very code of Galileo, from a package too.
 * `placed`: what the embedded network places, which differs from Galileo for a stated reason. `recorded`: Galileo's.
 */
export type CodeMatch = "both" | "placed" | "recorded" | "neither" | "empty";

export interface PredeployStatus {
  readonly name: string;
  readonly address: Address;
  readonly codeHash: Hex | undefined;
  readonly match: CodeMatch;
  readonly placedCodeHash: Hex;
  readonly recordedCodeHash: Hex;
  /** Why placed and recorded differ. */
  readonly difference: string | undefined;
}

export interface PrecompileStatus {
  readonly name: string;
  readonly address: Address;
  /** A stand-in refuses every call; a real precompile has no code that could be seen. */
  readonly standIn: boolean;
}

export interface ServiceStatus {
  readonly provider: Address;
  readonly model: string;
  readonly serviceType: string;
  readonly url: string;
  readonly endorsed: boolean;
  /** `GET /v1/models` was answered. */
  readonly alive: boolean;
  /** Why not. */
  readonly reason: string | undefined;
}

export interface GalileoStatus {
  readonly network: string;
  readonly mode: Mode;
  readonly chainId: bigint;
  readonly blockNumber: number;
  readonly genesisHash: Hex;
  readonly owner: Address;
  /** Seconds. */
  readonly lockTime: bigint;
  /** Neuron. */
  readonly minimumDeposit: bigint;
  /** Neuron. */
  readonly minimumTransfer: bigint;
  readonly predeploys: readonly PredeployStatus[];
  readonly precompiles: readonly PrecompileStatus[];
  readonly services: readonly ServiceStatus[];
  /** All registered services; `services` holds the first {@link PROBED}. */
  readonly serviceCount: number;
  /** The network's own; it tells how far they are to be trusted that they are listed under `simulated`. */
  readonly attestors: readonly AttestorStatus[];
  readonly storage: StorageStatus;
  readonly simulated: readonly string[];
}

export interface AttestorStatus extends LocalAttestorEntry {
  /** `GET /v1/attestor` was answered. */
  readonly alive: boolean;
  /** Why not. */
  readonly reason: string | undefined;
}

export interface InspectContext {
  readonly network: Network;
  readonly rpc: Eip1193;
  readonly provider: Provider;
  readonly fetch: typeof fetch;
  /** Of the network itself; empty on live ones. */
  readonly attestors: readonly LocalAttestorEntry[];
  /** Of the network itself; undefined on live ones. */
  readonly storage: LocalStorageEntry | undefined;
}

/** Services whose server is asked: one page of the contract's list. */
export const PROBED = 50;

/** What is not 0G's own on the embedded network. docs/galileo.md explains each. */
export const SIMULATED = [
  "consensus: one process makes one block for each transaction, and time can be moved",
  "TEE: the providers' signing keys are ordinary keys, made for this run; /v1/quote says so",
  "attestor: a development attestor, an ordinary key made for this run",
  "models: deterministic responders, unless `galileo up --upstream` names a server for chats",
  "precompiles: calls to 0x…1000, 0x…1001 and 0x…1002 are refused",
  "storage: one process is the indexer and every node, mines nothing and proves no replica; the price is a setting",
  "ownership: development account 9 owns 0G's contracts",
] as const;

/**
 * Inspects the chain behind `rpc`.
 * @throws {RpcUnreachableError} when it does not answer.
 * @throws {GalileoMissingError} when 0G's contracts are not there.
 */
export async function inspectGalileo(ctx: InspectContext): Promise<GalileoStatus> {
  const { network, rpc, provider } = ctx;
  const serving = inferenceServing(network, provider);
  const ledger = ledgerManager(network, provider);
  const [{ chainId }, blockNumber, genesis, predeploys, precompiles] = await Promise.all([
    chainCall("Reading the chain id", provider.getNetwork()),
    chainCall("Reading the block number", provider.getBlockNumber()),
    genesisHash(provider),
    Promise.all(PREDEPLOYS.map(async (predeploy) => predeployStatus(rpc, predeploy))),
    Promise.all(
      PRECOMPILES.map(async ({ name, address }) => ({ name, address, standIn: await isStandIn(rpc, address) })),
    ),
  ]);
  const missing = predeploys.find(({ name, match }) => name === "LedgerManager" && match === "empty");
  if (missing !== undefined) throw new GalileoMissingError({ network: network.name, address: missing.address });
  const [owner, lockTime, minimumDeposit, minimumTransfer, [services, total]] = await chainCall(
    "Reading 0G's contracts",
    Promise.all([
      serving.owner(),
      serving.lockTime(),
      ledger.MIN_ACCOUNT_BALANCE(),
      ledger.MIN_TRANSFER_AMOUNT(),
      serving.getAllServices(0, PROBED),
    ]),
  );
  return {
    network: network.name,
    mode: network.mode,
    chainId,
    blockNumber,
    genesisHash: genesis,
    owner: checksum(owner),
    lockTime,
    minimumDeposit,
    minimumTransfer,
    predeploys,
    precompiles,
    services: await Promise.all(services.map(async (service) => serviceStatus(ctx, service))),
    serviceCount: Number(total),
    storage: await inspectStorage(ctx),
    attestors: await Promise.all(ctx.attestors.map(async (attestor) => attestorStatus(ctx, attestor))),
    simulated: network.mode === "local" ? SIMULATED : [],
  };
}

async function predeployStatus(rpc: Eip1193, predeploy: (typeof PREDEPLOYS)[number]): Promise<PredeployStatus> {
  const { name, address, placedCodeHash, recordedCodeHash, difference } = predeploy;
  const code = await chainCall(`Reading the code of ${name}`, codeAt(rpc, address));
  const codeHash = code === "0x" ? undefined : (keccak256(code) as Hex);
  const match = codeMatch(codeHash, placedCodeHash, recordedCodeHash);
  return { name, address, codeHash, match, placedCodeHash, recordedCodeHash, difference };
}

export function codeMatch(actual: Hex | undefined, placed: Hex, recorded: Hex): CodeMatch {
  if (actual === undefined) return "empty";
  if (actual === placed && actual === recorded) return "both";
  if (actual === placed) return "placed";
  return actual === recorded ? "recorded" : "neither";
}

async function isStandIn(rpc: Eip1193, address: Address): Promise<boolean> {
  const code = await chainCall(`Reading the code of ${address}`, codeAt(rpc, address));
  return code !== "0x" && keccak256(code) === precompileStandInHash();
}

interface ListedService {
  readonly provider: string;
  readonly model: string;
  readonly serviceType: string;
  readonly url: string;
  readonly teeSignerAcknowledged: boolean;
}

async function serviceStatus(ctx: InspectContext, service: ListedService): Promise<ServiceStatus> {
  const { provider, model, serviceType, url, teeSignerAcknowledged: endorsed } = service;
  return {
    provider: checksum(provider),
    model,
    serviceType,
    url,
    endorsed,
    ...(await probe(ctx.fetch, modelsUrl(serviceBase(url)))),
  };
}

async function attestorStatus(ctx: InspectContext, { address, url, publicKey }: LocalAttestorEntry) {
  return { address, url, publicKey, ...(await probe(ctx.fetch, `${url}${ATTESTOR_PATHS.describe}`)) };
}
