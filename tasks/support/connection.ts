/** From Hardhat's runtime to what the library takes: a network, a provider, a signer. */

import { ethers } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NetworkConnection } from "hardhat/types/network";

import { assertChain } from "../../lib/chain/connect.ts";
import type { ReadContext } from "../../lib/chain/context.ts";
import {
  assertSignerAllowed,
  developmentAccount,
  developmentAccountOf,
  DEVELOPMENT_ACCOUNTS,
} from "../../lib/chain/development-keys.ts";
import { ROLES } from "../../lib/chain/development-roles.ts";
import { RpcUnreachableError } from "../../lib/chain/revert.ts";
import {
  decryptionVariable,
  isRpcUrl,
  keyVariable,
  parsePrivateKey,
  rpcSetting,
  rpcUrls,
  RpcUrlMalformedError,
  setting,
} from "../../lib/env.ts";
import { EXIT, UsageError, ZgError } from "../../lib/errors.ts";
import { latestBlock } from "../../lib/galileo/upstream.ts";
import { checksum, fromHex, parseAddress, type Address, type Hex } from "../../lib/hex.ts";
import { decryptionKey, type DecryptionKey } from "../../lib/inft/decryption-key.ts";
import { networkNamed, type Network } from "../../lib/networks.ts";
import { keepSecret } from "../../lib/secrets.ts";
import type { TaskIo } from "./action.ts";

/** A write was asked for, and no key is configured for this live network. */
export class PrivateKeyMissingError extends ZgError {
  constructor(network: Network, variable: string) {
    super({
      code: "ZG_NO_KEY",
      exit: EXIT.precondition,
      message: `No key is configured for ${network.name}`,
      remedy: `Put ${variable} into .env, or run: npx hardhat keystore set ${variable}`,
      details: { network: network.name, variable },
    });
  }
}

/** Nobody answers at the network's RPC address. */
export class NetworkUnreachableError extends ZgError {
  constructor(network: Network, cause: unknown) {
    const { value, from } = rpcSetting(network.name as RpcNetwork);
    // An RPC address often carries a key in its path or query.
    const hosts = rpcUrls(value).map((url) => (URL.canParse(url) ? new URL(url).host : "an address that is no URL"));
    const where = hosts.join(" or ");
    const { title, name, mode } = network;
    const source = from === "default" ? "" : `, from ${from}`;
    super({
      code: "ZG_RPC",
      exit: EXIT.network,
      message: `${mode === "fork" ? "The upstream of " : ""}${name} (${title}) does not answer at ${where}${source}`,
      remedy:
        name === "localhost"
          ? `Start it in another terminal: npx hardhat galileo up${portOf(value, from)}`
          : `Check ${from === "default" ? "the network" : from}, or set another RPC address (see .env.example).`,
      details: { network: name, host: where, from },
      cause,
    });
  }
}

/** What `galileo up` needs to listen where it was looked for; its own port goes without saying. */
function portOf(value: string, from: string): string {
  const [url] = rpcUrls(value);
  const port = from === "default" || !URL.canParse(url) ? "" : new URL(url).port;
  return port === "" ? "" : ` --port ${port}`;
}

type KeyVariable =
  NonNullable<ReturnType<typeof keyVariable> | ReturnType<typeof decryptionVariable>> | "ATTESTOR_PRIVATE_KEY";
type RpcNetwork = Parameters<typeof rpcSetting>[0];

/**
 * Opens a network and makes sure that it is the chain its name promises.
 * @throws {NetworkUnreachableError} {@link WrongChainError}
 */
async function connect(hre: HardhatRuntimeEnvironment, network: Network): Promise<NetworkConnection> {
  if (network.name !== "default") {
    const { value, from } = rpcSetting(network.name);
    if (!isRpcUrl(value)) throw new RpcUrlMalformedError(from);
  }
  let connection: NetworkConnection;
  try {
    // Hardhat tries an upstream that is not there for a minute and a half.
    const upstream = network.mode === "fork" ? await answeringUpstream(network) : undefined;
    connection = await hre.network.create(
      upstream === undefined
        ? network.name
        : { network: network.name, override: { forking: { enabled: true, url: upstream } } },
    );
  } catch (error) {
    if (network.mode !== "fork") throw error;
    // A fork asks its upstream at once, and what Hardhat throws then has no class.
    const ours = error instanceof ZgError && !(error instanceof RpcUnreachableError);
    throw ours ? error : new NetworkUnreachableError(network, error);
  }
  try {
    await assertChain(network, connection.ethers.provider);
    return connection;
  } catch (error) {
    await connection.close();
    if (error instanceof RpcUnreachableError && network.name !== "default") {
      throw new NetworkUnreachableError(network, error);
    }
    throw error;
  }
}

/**
 * The first upstream of a fork that answers, where there are several to choose from: Hardhat forks one.
 * @throws {RpcUnreachableError} when none answers.
 */
async function answeringUpstream({ name }: Network): Promise<string | undefined> {
  const urls = rpcUrls(rpcSetting(name as RpcNetwork).value);
  let failed: unknown;
  for (const url of urls) {
    try {
      await latestBlock(url, fetch);
      return urls.length === 1 ? undefined : url;
    } catch (error) {
      if (!(error instanceof RpcUnreachableError)) throw error;
      failed = error;
    }
  }
  throw failed;
}

/** An open connection. Closed by {@link withConnection}. */
export interface OpenConnection {
  readonly hre: HardhatRuntimeEnvironment;
  readonly network: Network;
  readonly connection: NetworkConnection;
  readonly read: ReadContext;
  /**
   * Resolves the paying key now, not at connect: reads need none.
   * @param as what `--as` gave: another development account.
   */
  signer(as?: string): Promise<ethers.Wallet>;
  /** The key for private data that is configured apart from the paying one, if any. */
  separateKey(): Promise<DecryptionKey | undefined>;
  /** The address that would sign, if a key is at hand without asking (environment or development account). */
  knownAddress(): Address | undefined;
}

/** The network named by `--network`, before anything is opened. @throws {UsageError} for an unknown name. */
export function selectedNetwork(hre: HardhatRuntimeEnvironment): Network {
  // Hardhat's type promises a name, but without --network there is none.
  const named = hre.globalOptions.network as string | undefined;
  return networkNamed(named ?? "default");
}

interface ConfiguredKey {
  readonly key: Hex;
  /** The variable it was read from, an alias perhaps, or the keystore. */
  readonly from: string;
}

/** A key from the environment, else from Hardhat's keystore; undefined when neither has it. */
export async function configuredKey(
  hre: HardhatRuntimeEnvironment,
  variable: KeyVariable,
): Promise<ConfiguredKey | undefined> {
  const found = setting(variable);
  if (found !== undefined) return { key: parsePrivateKey(found.value, found.from), from: found.from };
  let value: string;
  try {
    value = await hre.hooks.runHandlerChain(
      "configurationVariables",
      "fetchValue",
      [{ _type: "ConfigurationVariable", name: variable }],
      // The keystore's handler calls this when it does not hold the variable; it holds nothing empty.
      async () => Promise.resolve(""),
    );
  } catch (error) {
    throw new Error(`Hardhat's keystore could not be read for ${variable}`, { cause: error });
  }
  if (value === "") return undefined;
  keepSecret(value);
  const from = `${variable} in Hardhat's keystore`;
  return { key: parsePrivateKey(value, from), from };
}

async function privateKey(hre: HardhatRuntimeEnvironment, network: Network): Promise<Hex> {
  const variable = keyVariable(network.name);
  if (variable === undefined) return developmentAccount(ROLES.user).privateKey;
  const found = await configuredKey(hre, variable);
  if (found === undefined) throw new PrivateKeyMissingError(network, variable);
  return found.key;
}

/** The key for private data alone, where one is configured. On a live network a published one would be everybody's. */
async function separateKey(hre: HardhatRuntimeEnvironment, network: Network): Promise<DecryptionKey | undefined> {
  const found = await configuredKey(hre, decryptionVariable(network.name));
  if (found === undefined) return undefined;
  const key = decryptionKey(fromHex(found.key), found.from);
  if (!network.developmentKeysOnly) assertSignerAllowed(network, key.account);
  return key;
}

/**
 * The key of the development account that `--as` names, by its number or its address.
 * @throws {UsageError} on a network where development accounts do not sign, or when it names none.
 */
function developmentKey(network: Network, as: string): Hex {
  if (!network.developmentKeysOnly) {
    throw new UsageError({
      message: `--as picks a development account, and on ${network.name} none may sign`,
      remedy: `Leave it out: the key in ${keyVariable(network.name) ?? "the environment"} signs there.`,
      details: { as, network: network.name },
    });
  }
  const byNumber = /^\d{1,2}$/.test(as) && Number(as) < DEVELOPMENT_ACCOUNTS;
  const account = byNumber ? developmentAccount(Number(as)) : developmentAccountOf(parseAddress(as, "account"));
  if (account === undefined) {
    throw new UsageError({
      message: `${as} is not one of the development accounts`,
      remedy: `Give a number from 0 to ${DEVELOPMENT_ACCOUNTS - 1}, or the address of one.`,
      details: { as },
    });
  }
  return account.privateKey;
}

/**
 * Looks at the key in the environment before the network is opened. One in Hardhat's keystore is looked at when it is
 * asked for.
 * @throws {PrivateKeyMalformedError} {@link DevelopmentKeyRefusedError}
 */
export function assertKeyUsable(network: Network): void {
  const address = addressInEnvironment(network);
  if (address !== undefined) assertSignerAllowed(network, address);
}

function addressInEnvironment(network: Network): Address | undefined {
  const variable = keyVariable(network.name);
  if (variable === undefined) return developmentAccount(ROLES.user).address;
  const found = setting(variable);
  return found === undefined ? undefined : checksum(ethers.computeAddress(parsePrivateKey(found.value, found.from)));
}

/**
 * Opens the selected network, checks its chain id, runs `use`, and closes the connection whatever happens.
 * @throws {WrongChainError} when the RPC node serves another chain.
 */
export async function withConnection<T>(
  hre: HardhatRuntimeEnvironment,
  use: (open: OpenConnection) => Promise<T>,
  io?: TaskIo,
): Promise<T> {
  const network = selectedNetwork(hre);
  const connection = await connect(hre, network);
  try {
    const { provider } = connection.ethers;
    const read: ReadContext = { network, provider };
    const wallets = new Map<string | undefined, ethers.Wallet>();
    return await use({
      hre,
      network,
      connection,
      read,
      signer: async (as) => {
        let wallet = wallets.get(as);
        if (wallet === undefined) {
          const key = as === undefined ? await privateKey(hre, network) : developmentKey(network, as);
          wallet = new ethers.Wallet(key, provider);
          assertSignerAllowed(network, checksum(wallet.address));
          const source = keyVariable(network.name);
          const used = source === undefined ? undefined : setting(source)?.from;
          if (used !== undefined && used !== source) io?.log(`signing with the key from ${used}`);
          wallets.set(as, wallet);
        }
        return wallet;
      },
      separateKey: async () => separateKey(hre, network),
      knownAddress: () => addressInEnvironment(network),
    });
  } finally {
    await connection.close();
  }
}

/**
 * The address a read is about when none is given: the signer's, as far as it is known without asking for a password.
 * @throws {UsageError} when it is not.
 */
export function ownAddress(open: OpenConnection): Address {
  const address = open.knownAddress();
  if (address === undefined) {
    throw new UsageError({
      message: `No key for ${open.network.name} is in the environment, so there is no account to show`,
      remedy: "Name it with --account 0x….",
      details: { network: open.network.name },
    });
  }
  return address;
}
