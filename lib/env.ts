/** The environment variables of the project: the only place that reads `process.env`, beside `lib/galileo`. */

import { EXIT, ZgError } from "./errors.ts";
import { fromHex, isHex, type Hex } from "./hex.ts";
import { NETWORKS, type NetworkName } from "./networks.ts";
import { keepSecret, keepSecretsOfUrl } from "./secrets.ts";

interface Variable {
  readonly describe: string;
  /** Nobody may see the value. */
  readonly secret: boolean;
  /** An address, or several: what they carry besides a host is secret. */
  readonly address?: boolean;
  /** What holds when the variable is unset; also the value `.env.example` carries. */
  readonly fallback?: string;
  /** The canonical name this one stands in for. */
  readonly aliasOf?: string;
}

/** Every variable the code reads; `.env.example` lists the same names (a test compares them). */
export const VARIABLES = {
  GALILEO_RPC_URL: {
    describe:
      "JSON-RPC of the Galileo testnet, or several with commas between them, the preferred one first; setting it also turns on the tests that fork the live chain",
    secret: false,
    address: true,
    fallback: "https://evmrpc-testnet.0g.ai",
  },
  GALILEO_PRIVATE_KEY: {
    describe: "key that pays on Galileo; or `npx hardhat keystore set GALILEO_PRIVATE_KEY`",
    secret: true,
  },
  GALILEO_DECRYPTION_KEY: {
    describe: "key that opens private data on Galileo, where the paying key cannot: a hardware or remote signer's",
    secret: true,
  },
  ARISTOTLE_RPC_URL: {
    describe: "JSON-RPC of the Aristotle mainnet, or several likewise",
    secret: false,
    address: true,
    fallback: "https://evmrpc.0g.ai",
  },
  ARISTOTLE_PRIVATE_KEY: { describe: "key that pays on mainnet, with real money; nothing aliases it", secret: true },
  ARISTOTLE_DECRYPTION_KEY: { describe: "key that opens private data on mainnet, likewise", secret: true },
  ATTESTOR_PRIVATE_KEY: {
    describe: "key of the attestor that `inft attestor serve` runs; or in the keystore. It holds no funds",
    secret: true,
  },
  ZG_ATTESTORS: {
    describe: "attestors to ask for a transfer, as URLs with commas between them, instead of --attestor",
    secret: false,
    address: true,
    fallback: "",
  },
  ZG_STORAGE_INDEXERS: {
    describe: "indexers of 0G Storage to ask, as URLs with commas between them, instead of --indexer",
    secret: false,
    address: true,
    fallback: "",
  },
  ZG_STORAGE_ENCRYPTION_KEY: {
    describe: "AES-256 key of files that `storage upload --encrypt aes256` stores, 64 hexadecimal digits",
    secret: true,
  },
  LOCALHOST_RPC_URL: {
    describe: "where `galileo up` serves, for --network localhost",
    secret: false,
    address: true,
    fallback: "http://127.0.0.1:8545",
  },
  ZG_SPENDING_CAP: {
    describe: "most a script may spend on a live network without asking, in 0G; 0 asks",
    secret: false,
    fallback: "0",
  },
  ZG_DAY_CAP: {
    describe: "most that all runs on a network may spend for good in one UTC day, in 0G, instead of --day-cap",
    secret: false,
    fallback: "",
  },
  ZG_PROVIDER_CAP: {
    describe: "most that all runs on a network may ever pay one provider, in 0G, instead of --provider-cap",
    secret: false,
    fallback: "",
  },
  ZG_MAX_PRICE: {
    describe: "most a million tokens in and out may cost, in 0G, for all models or by name; --max-price adds to it",
    secret: false,
    fallback: "",
  },
  ZG_HOME: {
    describe: "folder that holds .0g/ (runs, receipts, data) and deployments/, relative to the project",
    secret: false,
    fallback: ".",
  },
  ZG_ENCRYPTION_KEY: {
    describe:
      "the Go inference agent's AES key, 64 hexadecimal digits without 0x; opens what that agent minted, no more",
    secret: true,
  },
  ZG_ENCRYPTION_KEY_ID: {
    describe: "the name of that key, as the agent writes it into what it mints",
    secret: false,
    fallback: "default",
  },
  ZEROG_GRPC_URL: {
    describe: "job server that the job tasks use instead of this machine's jobs, as ChaosChain's adapter names it",
    secret: false,
    address: true,
    fallback: "",
  },
  ZEROG_API_KEY: {
    describe: "key of that job server; where `job serve` runs, the key it takes instead of making one",
    secret: true,
  },
  ZEROG_TIMEOUT_SECONDS: {
    describe: "how long `job result` waits, and a call to a job server may take, instead of --timeout",
    secret: false,
    fallback: "300",
  },
  ZG_REDIS_URL: {
    describe: "Redis that the workers of a batch share, instead of --redis; it may hold a password",
    secret: true,
  },
  ZG_WORKER_API_KEY: {
    describe: "API key (app-sk-…) that `flow batch-worker` asks with, so that its machine holds no paying key",
    secret: true,
  },
  EXPLORER_API_KEY: {
    describe: "key for Chainscan; it accepts any text",
    secret: false,
    fallback: "not-needed",
  },
  ZG_CHAIN_RPC: {
    describe: "alias, as the Go inference agent names it",
    secret: false,
    address: true,
    fallback: "https://evmrpc-testnet.0g.ai",
    aliasOf: "GALILEO_RPC_URL",
  },
  RPC_URL: {
    describe: "alias",
    secret: false,
    address: true,
    fallback: "https://evmrpc-testnet.0g.ai",
    aliasOf: "GALILEO_RPC_URL",
  },
  ZG_CHAIN_PRIVATE_KEY: {
    describe: "alias, as the Go inference agent names it",
    secret: true,
    aliasOf: "GALILEO_PRIVATE_KEY",
  },
  PRIVATE_KEY: { describe: "alias", secret: true, aliasOf: "GALILEO_PRIVATE_KEY" },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
export type EnvironmentValues = Readonly<Record<string, string | undefined>>;

/** A value and the variable it came from, so that every message can say which was used. */
export interface Setting {
  readonly value: string;
  readonly from: VariableName | "default";
}

/** Reads a variable, then its aliases in the order of the table, then its fallback. Empty counts as unset. */
export function setting(name: VariableName, env: EnvironmentValues = process.env): Setting | undefined {
  const names = Object.entries(VARIABLES as Record<string, Variable>)
    .filter(([candidate, { aliasOf }]) => candidate === name || aliasOf === name)
    .map(([candidate]) => candidate as VariableName);
  for (const candidate of names) {
    const value = env[candidate]?.trim();
    if (value !== undefined && value !== "") return { value, from: candidate };
  }
  const { fallback }: Variable = VARIABLES[name];
  return fallback === undefined ? undefined : { value: fallback, from: "default" };
}

/** Makes sure that nothing this process prints tells the secrets of its environment. */
export function keepEnvironmentSecrets(env: EnvironmentValues = process.env): void {
  for (const [name, { secret, address }] of Object.entries(VARIABLES as Record<string, Variable>)) {
    const value = env[name];
    // Of an address, its host may be shown.
    if (address === true || value?.includes("://") === true) keepSecretsOfUrl(value);
    else if (secret) keepSecret(value);
  }
}

const RPC_VARIABLE = {
  localhost: "LOCALHOST_RPC_URL",
  galileo: "GALILEO_RPC_URL",
  galileoFork: "GALILEO_RPC_URL",
  aristotle: "ARISTOTLE_RPC_URL",
  aristotleFork: "ARISTOTLE_RPC_URL",
} as const satisfies Partial<Record<NetworkName, VariableName>>;

/** The RPC address of a network that has one (for a fork: its upstream's); several have commas between them. */
export function rpcSetting(network: keyof typeof RPC_VARIABLE, env: EnvironmentValues = process.env): Setting {
  const found = setting(RPC_VARIABLE[network], env);
  if (found === undefined) throw new Error(`${RPC_VARIABLE[network]} lost its fallback`);
  return found;
}

/** The addresses in a value with commas between them, the preferred one first. */
export function rpcUrls(value: string): readonly [string, ...string[]] {
  const [first = "", ...others] = value.split(",").map((url) => url.trim());
  return [first, ...others];
}

/** Whether a text can be an RPC address at all, or several with commas between them. */
export function isRpcUrl(text: string): boolean {
  return rpcUrls(text).every((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol));
}

/** The RPC variable holds no address. Never carries the text, which may hold a key. */
export class RpcUrlMalformedError extends ZgError {
  constructor(from: string) {
    super({
      code: "ZG_RPC_URL",
      exit: EXIT.usage,
      message: `The value of ${from} is not an http address`,
      remedy: "Give an address such as https://evmrpc-testnet.0g.ai; several have commas between them.",
      details: { from },
    });
  }
}

/** The variable that holds the paying key of a live network. */
export function keyVariable(network: NetworkName): "GALILEO_PRIVATE_KEY" | "ARISTOTLE_PRIVATE_KEY" | undefined {
  if (NETWORKS[network].mode !== "live") return undefined;
  return NETWORKS[network].upstream === "aristotle" ? "ARISTOTLE_PRIVATE_KEY" : "GALILEO_PRIVATE_KEY";
}

/**
 * The variable that holds a key for private data alone, apart from the paying one. Embedded networks and forks have that
 * of the chain they stand for: who decrypts signs nothing that could be valid elsewhere.
 */
export function decryptionVariable(network: NetworkName): "GALILEO_DECRYPTION_KEY" | "ARISTOTLE_DECRYPTION_KEY" {
  return NETWORKS[network].upstream === "aristotle" ? "ARISTOTLE_DECRYPTION_KEY" : "GALILEO_DECRYPTION_KEY";
}

/** The text is not a private key. Never carries the text. */
export class PrivateKeyMalformedError extends ZgError {
  constructor(from: string) {
    super({
      code: "ZG_PRIVATE_KEY",
      exit: EXIT.usage,
      message: `The value of ${from} is not a private key`,
      remedy: "Give 64 hexadecimal digits, with or without 0x, as a wallet exports them.",
      details: { from },
    });
  }
}

/** Order of secp256k1: the numbers from 1 to one below it are keys. Source: SEC 2, 2.4.1. */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function privateKeyIn(text: string): Hex | undefined {
  const key = text.startsWith("0x") ? text : `0x${text}`;
  if (!isHex(key) || key.length !== 66) return undefined;
  const number = BigInt(key);
  return number > 0n && number < CURVE_ORDER ? key : undefined;
}

/** Whether the text is a private key, with or without `0x`. */
export function isPrivateKey(text: string): boolean {
  return privateKeyIn(text) !== undefined;
}

/**
 * Parses a private key with or without `0x`.
 * @throws {PrivateKeyMalformedError} without the value in it.
 */
export function parsePrivateKey(text: string, from: string): Hex {
  const key = privateKeyIn(text);
  if (key === undefined) throw new PrivateKeyMalformedError(from);
  return key;
}

/** No key of the Go inference agent is set, or none of 32 bytes. Never carries the text. */
export class GoAgentKeyMissingError extends ZgError {
  constructor(problem: string) {
    super({
      code: "ZG_NO_GO_AGENT_KEY",
      exit: EXIT.precondition,
      message: `This was encrypted by the Go inference agent under a key of its own, and ZG_ENCRYPTION_KEY ${problem}`,
      remedy: "Put the agent's ZG_ENCRYPTION_KEY (64 hexadecimal digits) and ZG_ENCRYPTION_KEY_ID into .env.",
      details: { problem },
    });
  }
}

/**
 * The static key of the Go inference agent, and its name.
 * @throws {GoAgentKeyMissingError} without the value in it.
 */
export function goAgentKey(env: EnvironmentValues = process.env): { readonly key: Uint8Array; readonly id: string } {
  const found = setting("ZG_ENCRYPTION_KEY", env);
  if (found === undefined) throw new GoAgentKeyMissingError("is not set");
  const hex = `0x${found.value.replace(/^0x/, "")}`;
  if (!isHex(hex) || hex.length !== 66) throw new GoAgentKeyMissingError("is not 64 hexadecimal digits");
  return { key: fromHex(hex), id: setting("ZG_ENCRYPTION_KEY_ID", env)?.value ?? "default" };
}
