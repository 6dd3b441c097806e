/** `galileo up`: the embedded Galileo behind a port, for other processes. */

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Log } from "../chain/context.ts";
import { developmentAccount, type DevelopmentAccount } from "../chain/development-keys.ts";
import { FUNDED_ACCOUNTS } from "../chain/development-mnemonic.ts";
import type { Address } from "../hex.ts";
import type { ZgContracts } from "../networks.ts";
import { ROLES } from "../chain/development-roles.ts";
import { ATTESTORS_METHOD, type LocalAttestorEntry } from "./attestor.ts";
import { bootOptions, type BootOptions } from "./boot-options.ts";
import type { Galileo } from "./galileo.ts";
import type { LocalServiceOptions } from "./local-services.ts";
import { firstUpstreamModel } from "./provider/local-provider.ts";
import { startRpcServer } from "./rpc-server.ts";
import { STORAGE_METHOD, storageEntry, type LocalStorageEntry } from "./storage/entry.ts";

export interface ServeOptions extends Pick<LocalServiceOptions, "providerPort" | "upstream" | "allServices"> {
  /** Of the chain; 0 takes a free one. */
  readonly port: number;
  readonly log?: Log;
}

export interface ServedProvider {
  readonly address: Address;
  readonly model: string;
  readonly serviceType: string;
  readonly url: string;
  readonly teeSigner: Address;
  readonly endorsed: boolean;
}

export interface ServedAccount extends DevelopmentAccount {
  readonly index: number;
  readonly role: string;
}

export interface ServedGalileo {
  readonly url: string;
  readonly chainId: number;
  readonly contracts: ZgContracts;
  readonly providers: readonly ServedProvider[];
  readonly attestor: LocalAttestorEntry;
  readonly storage: LocalStorageEntry;
  /** The 20 published accounts, keys included: they are no secret anywhere. */
  readonly accounts: readonly ServedAccount[];
  readonly galileo: Galileo;
  /** Stops serving: the chain, the providers, the connection. */
  readonly close: () => Promise<void>;
}

/** Nobody can tell a served provider to settle, so it does so by the clock. */
const SETTLE_INTERVAL_MS = 60_000;

/**
 * Boots an embedded Galileo and serves chain and providers on 127.0.0.1 until `close()`.
 * @throws {PortTakenError} when a port is taken; then nothing is left running.
 * @throws {UsageError} when the upstream does not say which model it serves.
 */
export async function serveGalileo(
  hre: Pick<HardhatRuntimeEnvironment, "network">,
  options: ServeOptions,
): Promise<ServedGalileo> {
  const { port, upstream, ...rest } = options;
  const boot: BootOptions = {
    ...rest,
    settleIntervalMs: SETTLE_INTERVAL_MS,
    ...(upstream === undefined ? {} : { upstream, upstreamModel: await firstUpstreamModel(upstream) }),
  };
  const connection = await bootOptions.run(boot, async () => hre.network.create("default"));
  try {
    const { galileo } = connection;
    const { address, url: attestorUrl, publicKey } = galileo.attestor;
    const attestor: LocalAttestorEntry = { address, url: attestorUrl, publicKey };
    const storage = storageEntry(galileo.storage);
    const accounts = servedAccounts();
    const own = new Set(accounts.map(({ address }) => address));
    const server = await startRpcServer({
      rpc: connection.provider,
      port,
      mayBroadcast: (sender) => own.has(sender),
      own: { [ATTESTORS_METHOD]: () => [attestor], [STORAGE_METHOD]: () => storage },
    });
    const { services } = await galileo.status();
    const close = async () => {
      await server.close();
      await connection.close();
    };
    const providers = galileo.providers.map(({ address, url, teeSigner }) => {
      const service = services.find(({ provider }) => provider === address);
      return {
        address,
        url,
        teeSigner,
        model: service?.model ?? "",
        serviceType: service?.serviceType ?? "",
        endorsed: service?.endorsed ?? false,
      };
    });
    const { chainId, contracts } = galileo.network;
    return { url: server.url, chainId, contracts, providers, attestor, storage, accounts, galileo, close };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function servedAccounts(): readonly ServedAccount[] {
  return Array.from({ length: FUNDED_ACCOUNTS }, (_, index) => ({
    index,
    role: roleOf(index),
    ...developmentAccount(index),
  }));
}

function roleOf(index: number): string {
  if (index === ROLES.user) return "the user: what tasks sign with";
  if (index === ROLES.owner) return "owner of 0G's contracts";
  if (index === ROLES.attestor) return "an attestor of its own: inft attestor serve";
  if ((ROLES.providers as readonly number[]).includes(index)) return "provider";
  return "free";
}
