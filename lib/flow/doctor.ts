/** Looks at everything a run needs and says what to fix. Reads only. */

import { borderOf } from "../border.ts";
import { currentFees, rawRpc } from "../chain/fees.ts";
import type { ReadContext } from "../chain/context.ts";
import { genesisHash, latestBlock } from "../chain/connect.ts";
import { chainCall } from "../chain/revert.ts";
import type { RpcHealth } from "../chain/rpc-pool.ts";
import { shortfallRemedy } from "../chain/shortfall.ts";
import { readLedger, readLimits, listSubAccounts } from "../compute/ledger.ts";
import { answers } from "../compute/liveness.ts";
import { isSuitable, listServices } from "../compute/providers.ts";
import { EXIT, ZgError } from "../errors.ts";
import type { Address } from "../hex.ts";
import { PROVIDER_MINIMUM_RESERVE } from "../protocol/constants.ts";
import { trustedNodes } from "../storage/indexer.ts";
import { withUnit } from "../units.ts";

export interface Finding {
  readonly name: string;
  readonly verdict: "ok" | "warning" | "to fix";
  readonly detail: string;
  readonly remedy?: string;
}

export interface DoctorParams {
  readonly read: ReadContext;
  /** Undefined when no key is at hand. Throws when there is one that cannot be used. */
  readonly account: () => Address | undefined;
  /** How the nodes do that answer for this network, asked now; absent where there are none. */
  readonly nodes?: () => Promise<readonly RpcHealth[]>;
  /** The variable that would hold the key, on live networks. */
  readonly keyVariable: string | undefined;
  readonly nodeVersion: string;
  /** Of 0G Storage, in the order to ask. */
  readonly indexers: readonly string[];
  /** Default: the process's own, within the border of the network. */
  readonly fetch?: typeof fetch;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

const MINIMUM_NODE = 22;
const STALE_BLOCK_SECONDS = 300n;
const PROBE_TIMEOUT_MS = 5_000;
/** What a first run costs beside the provider's reserve: gas and answers, generously. Neuron. */
const RUN_MARGIN = 50_000_000_000_000_000n;

type Check = (params: DoctorParams) => Promise<Finding | readonly Finding[]>;

const node: Check = async ({ nodeVersion }) => {
  const major = Number(nodeVersion.replace(/^v/, "").split(".")[0]);
  return major >= MINIMUM_NODE
    ? { name: "node", verdict: "ok", detail: nodeVersion }
    : {
        name: "node",
        verdict: "to fix",
        detail: `${nodeVersion}; Hardhat needs ${MINIMUM_NODE} or later`,
        remedy: "Start commands with npx or npm run, which use the Node that npm ci installed.",
      };
};

/** Software that simulates a chain; it can claim any chain id. */
const SIMULATORS = /hardhat|anvil|ganache|edr/i;

/** What the node calls itself; nothing when it does not say. */
async function clientOf({ provider }: ReadContext): Promise<string> {
  try {
    return String(await chainCall("Asking the node its name", rawRpc(provider, "web3_clientVersion", [])));
  } catch (error) {
    if (error instanceof ZgError) return ""; // many nodes keep it to themselves
    throw error;
  }
}

const chain: Check = async ({ read, clock }) => {
  const { title, chainId, mode } = read.network;
  const [block, genesis, client] = await Promise.all([latestBlock(read), genesisHash(read.provider), clientOf(read)]);
  const detail = `${title}, chain ${chainId}, block ${block.number}, genesis ${genesis}`;
  if (mode === "live" && SIMULATORS.test(client)) {
    return {
      name: "chain",
      verdict: "to fix",
      detail: `the node at this RPC address only simulates chain ${chainId} (${client})`,
      remedy: "Point the RPC variable at the public chain; what a real key signs for a simulation is valid there too.",
    };
  }
  const age = BigInt(Math.floor(clock() / 1000)) - BigInt(block.timestamp);
  return mode === "live" && age > STALE_BLOCK_SECONDS
    ? {
        name: "chain",
        verdict: "warning",
        detail: `${detail}; the latest block is ${age} s old`,
        remedy: "The RPC node lags behind; try another RPC address (see .env.example).",
      }
    : { name: "chain", verdict: "ok", detail };
};

const contracts: Check = async ({ read }) => {
  const { ledgerManager, inferenceServing, storageFlow } = read.network.contracts;
  const missing: string[] = [];
  for (const [name, address] of Object.entries({ ledgerManager, inferenceServing, storageFlow })) {
    if ((await chainCall(`Reading the code of ${name}`, read.provider.getCode(address))) === "0x") {
      missing.push(`${name} ${address}`);
    }
  }
  if (missing.length > 0) {
    return {
      name: "contracts",
      verdict: "to fix",
      detail: `no code at ${missing.join(", ")}`,
      remedy: "The RPC address serves another chain; see .env.example.",
    };
  }
  const { minAccountBalance, minTransferAmount } = await readLimits(read);
  const minimums = `opens with ${withUnit(minAccountBalance)}, first transfer ${withUnit(minTransferAmount)}`;
  return {
    name: "contracts",
    verdict: "ok",
    detail: `LedgerManager, InferenceServing and the storage Flow stand; ${minimums}`,
  };
};

const fees: Check = async ({ read }) => {
  const { maxFeePerGas, maxPriorityFeePerGas } = await currentFees(read);
  return { name: "fees", verdict: "ok", detail: `tip ${maxPriorityFeePerGas} wei, at most ${maxFeePerGas} wei a gas` };
};

const money: Check = async ({ read, account: find, keyVariable }) => {
  const account = find();
  if (account === undefined) {
    const variable = keyVariable ?? "a private key";
    return {
      name: "wallet",
      verdict: "warning",
      detail: "no key in the environment; reads work, writes will look into Hardhat's keystore",
      remedy: `Put ${variable} into .env, or run: npx hardhat keystore set ${variable}`,
    };
  }
  const [balance, ledger, subAccounts] = await Promise.all([
    chainCall("Reading the wallet", read.provider.getBalance(account)),
    readLedger(read, account),
    listSubAccounts(read, account),
  ]);
  const funded = subAccounts.find(({ spendable }) => spendable >= PROVIDER_MINIMUM_RESERVE);
  const reserve = funded === undefined ? PROVIDER_MINIMUM_RESERVE : 0n;
  const inLedger = ledger?.available ?? 0n;
  // Gas comes out of the wallet, however much lies in the ledger.
  const needed = RUN_MARGIN + (reserve > inLedger ? reserve - inLedger : 0n);
  const wallet: Finding =
    balance >= needed
      ? { name: "wallet", verdict: "ok", detail: `${account} holds ${withUnit(balance)}` }
      : { name: "wallet", verdict: "to fix", ...shortfall(read, account, balance, needed) };
  const holdings =
    ledger === undefined
      ? "none yet; flow run opens it"
      : `${withUnit(ledger.available)} available, ${withUnit(ledger.locked)} at ${subAccounts.length} providers`;
  return [wallet, { name: "ledger", verdict: "ok", detail: holdings }];
};

function shortfall({ network }: ReadContext, account: Address, balance: bigint, needed: bigint) {
  return {
    detail: `${account} holds ${withUnit(balance)}; a run needs about ${withUnit(needed)}, nearly all refundable`,
    remedy: shortfallRemedy(network, needed - balance),
  };
}

const providers: Check = async ({ read, fetch: probe }) => {
  const services = await listServices(read);
  const mintable = services.filter((service) => isSuitable(service, { network: read.network }));
  const http = {
    border: borderOf(read.network),
    timeoutMs: PROBE_TIMEOUT_MS,
    ...(probe === undefined ? {} : { fetch: probe }),
  };
  const alive = await Promise.all(mintable.map(async (service) => answers(http, service)));
  const answering = mintable.filter((_, i) => alive[i]);
  const detail = `${services.length} registered, ${mintable.length} chat providers can be minted, ${answering.length} of them answer`;
  return answering.length > 0
    ? { name: "providers", verdict: "ok", detail }
    : {
        name: "providers",
        verdict: "to fix",
        detail,
        remedy: "Nobody to ask at the moment; see npx hardhat provider list --all and try again later.",
      };
};

const storage: Check = async ({ indexers, fetch: ask }) => {
  if (indexers.length === 0) {
    return {
      name: "storage",
      verdict: "warning",
      detail: "no indexer of 0G Storage is known here, so nothing can be stored there",
      remedy: "Serve the network with npx hardhat galileo up, or name one in ZG_STORAGE_INDEXERS.",
    };
  }
  const limits = { requestTimeoutMs: PROBE_TIMEOUT_MS, retries: 0 };
  const nodes = await trustedNodes({ indexers, limits, ...(ask === undefined ? {} : { fetch: ask }) });
  const detail = `nodes of 0G Storage at ${indexers.join(", ")}: ${nodes.length}`;
  return nodes.length > 0
    ? { name: "storage", verdict: "ok", detail }
    : {
        name: "storage",
        verdict: "to fix",
        detail,
        remedy: "Try again later, or name another in ZG_STORAGE_INDEXERS.",
      };
};

/** Each node behind an RPC address, where there are any. One that is bad is no matter while another is good. */
const rpc: Check = async ({ nodes }) => {
  const found = (await nodes?.()) ?? [];
  const usable = found.some(({ state }) => state === "well");
  return found.map(({ host, state, latestBlock, problem }) => {
    if (state === "well") return { name: "rpc", verdict: "ok", detail: `${host}, block ${latestBlock}` };
    const remedy = "Leave this RPC address out, or set another (see .env.example).";
    return { name: "rpc", verdict: usable ? "warning" : "to fix", detail: `${host}: ${problem}`, remedy };
  });
};

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ["node", node],
  ["rpc", rpc],
  ["chain", chain],
  ["contracts", contracts],
  ["fees", fees],
  ["wallet", money],
  ["providers", providers],
  ["storage", storage],
];

/** Runs every check; one that fails to look is a finding, too, and does not hide the others. */
export async function examine(params: DoctorParams): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of CHECKS) {
    try {
      findings.push(...[await check(params)].flat());
    } catch (error) {
      if (!(error instanceof ZgError)) throw error;
      findings.push({ name, verdict: "to fix", detail: error.message, remedy: error.remedy });
    }
  }
  return findings;
}

/** The doctor found something that keeps a run from working. */
export class UnhealthyError extends ZgError {
  constructor(broken: readonly Finding[]) {
    super({
      code: "ZG_DOCTOR",
      exit: EXIT.precondition,
      message: `${broken.length} of the checks found something to fix: ${broken.map(({ name }) => name).join(", ")}`,
      remedy: broken.map(({ name, remedy = "see above" }) => `${name}: ${remedy}`).join(" "),
    });
  }
}

/** @throws {UnhealthyError} when a finding has to be fixed. */
export function assertHealthy(findings: readonly Finding[]): void {
  const broken = findings.filter(({ verdict }) => verdict === "to fix");
  if (broken.length > 0) throw new UnhealthyError(broken);
}
