/** What `connection.galileo` offers to tests: the providers of this process, the contracts' owner, users, time. */

import { hexlify, JsonRpcSigner, randomBytes, Wallet, type BrowserProvider, type Signer } from "ethers";

import type { IFineTuningServing, IInferenceServing, ILedgerManager } from "../../types/ethers-contracts/index.ts";
import type { Log } from "../chain/context.ts";
import { fineTuningServing, inferenceServing, ledgerManager } from "../chain/contracts.ts";
import { developmentAccount, isDevelopmentAddress } from "../chain/development-keys.ts";
import { checksum, toHex, type Address } from "../hex.ts";
import type { Network } from "../networks.ts";
import { NEURON_PER_0G } from "../units.ts";
import { ROLES, spareAccount } from "../chain/development-roles.ts";
import type { LocalAttestor } from "./attestor.ts";
import { fundUpTo, registerService, setEndorsement } from "./boot.ts";
import type { LocalProvider, LocalProviderOptions, SettlementOutcome } from "./provider/options.ts";
import { impersonating, impersonatingWith, passTime, setBalance, type Eip1193 } from "./rpc.ts";
import { inspectGalileo, type GalileoStatus } from "./status.ts";
import type { LocalStorage } from "./storage/local-storage.ts";

export interface GalileoParts {
  readonly network: Network;
  readonly rpc: Eip1193;
  readonly provider: BrowserProvider;
  readonly startProvider: (options: LocalProviderOptions) => Promise<LocalProvider>;
  readonly attestor: LocalAttestor;
  readonly storage: LocalStorage;
  readonly log: Log;
}

/** What a provider started by {@link Galileo.registerProvider} may be told; the rest has defaults. */
export interface NewProvider extends Partial<Omit<LocalProviderOptions, "network" | "wallet" | "service">> {
  readonly service?: Partial<LocalProviderOptions["service"]>;
  /** Of a development account; the next spare one when absent. */
  readonly account?: number;
  /** Default: true. */
  readonly endorsed?: boolean;
}

/** A service without a server, to fill the list. Every field has a default. */
export type NewService = Partial<Omit<IInferenceServing.ServiceParamsStruct, "teeSignerAddress">> & {
  readonly address?: Address;
  readonly teeSignerAddress?: Address;
  /** Default: true. */
  readonly endorsed?: boolean;
};

export interface FundedUser {
  readonly signer: Wallet;
  readonly address: Address;
}

/** Neuron a handed-out user holds unless told otherwise. */
const USER_FUNDS = 10_000n * NEURON_PER_0G;
/** Enough for the stake and years of settlements. */
const PROVIDER_FUNDS = 10_000n * NEURON_PER_0G;

/**
 * The embedded network's (or a fork's) own parts. Snapshots of the chain do not reach into it: after `evm_revert` the
 * providers keep what they counted, the requests they logged and the users' fees not yet settled. Hand every test its
 * own `fundedUser()` and it never notices.
 */
export class Galileo {
  readonly #parts: GalileoParts;
  readonly #owner: Address;
  readonly #providers: LocalProvider[] = [];
  #users = 0;
  #spares = 0;
  #closed = false;

  constructor(parts: GalileoParts, owner: Address) {
    this.#parts = parts;
    this.#owner = owner;
  }

  get network(): Network {
    return this.#parts.network;
  }

  /** The providers that run in this process, in the order of their registration. */
  get providers(): readonly LocalProvider[] {
    return this.#providers;
  }

  /** The i-th provider: 0 and 1 are endorsed and differ in price, 2 is not endorsed. */
  provider(index: number): LocalProvider {
    const found = this.#providers[index];
    if (found === undefined)
      throw new RangeError(`there are ${this.#providers.length} local providers, not ${index + 1}`);
    return found;
  }

  /** The attestor of this process, which re-encrypts data that changes hands. Its key ends with the connection. */
  get attestor(): LocalAttestor {
    return this.#parts.attestor;
  }

  /** 0G Storage in this process: the indexer's URL, its nodes, and the faults they can be told to have. */
  get storage(): LocalStorage {
    return this.#parts.storage;
  }

  /** Address of the owner of 0G's contracts: development account 9 when embedded, the real owner's on a fork. */
  get owner(): Address {
    return this.#owner;
  }

  /** Signs as the owner. On a fork of the live chain that account is impersonated until the connection closes. */
  async ownerSigner(): Promise<Signer> {
    await this.#unlockOwner();
    return new JsonRpcSigner(this.#parts.provider, this.#owner);
  }

  /** 0G's contracts with their types, for reading; `.connect(signer)` to send. */
  get contracts(): {
    readonly ledgerManager: ILedgerManager;
    readonly inferenceServing: IInferenceServing;
    readonly fineTuningServing: IFineTuningServing;
  } {
    const { network, provider } = this.#parts;
    return {
      ledgerManager: ledgerManager(network, provider),
      inferenceServing: inferenceServing(network, provider),
      fineTuningServing: fineTuningServing(network, provider),
    };
  }

  /** Hands out a development account that nobody else got, holding exactly `balance` neuron. */
  async fundedUser(balance: bigint = USER_FUNDS): Promise<FundedUser> {
    const index = ROLES.users[this.#users] ?? this.#nextSpare();
    this.#users++;
    const signer = this.#wallet(index);
    const address = checksum(signer.address);
    await setBalance(this.#parts.rpc, address, balance);
    return { signer, address };
  }

  /** Moves time past the lock of retrieved funds, as the chain states it, and mines a block. */
  async passLock(): Promise<void> {
    const seconds = await this.contracts.inferenceServing.lockTime();
    await passTime(this.#parts.rpc, seconds + 1n);
  }

  /** Lets one provider, or all of them, collect what they are owed. Returns the outcomes in order. */
  async settle(index?: number): Promise<readonly SettlementOutcome[]> {
    const settling = index === undefined ? this.#providers : [this.provider(index)];
    const outcomes: SettlementOutcome[] = [];
    for (const provider of settling) outcomes.push(...(await provider.settle()));
    return outcomes;
  }

  /** Endorses a service as the contracts' owner, so that it is listed and can settle. */
  async endorse(provider: Address | { readonly address: Address }): Promise<void> {
    await this.#setEndorsement(provider, true);
  }

  /** Takes an endorsement back. */
  async unendorse(provider: Address | { readonly address: Address }): Promise<void> {
    await this.#setEndorsement(provider, false);
  }

  /** Starts one more local provider and registers it with its stake. */
  async registerProvider(wanted: NewProvider = {}): Promise<LocalProvider> {
    const [started] = await this.registerProviders([wanted]);
    if (started === undefined) throw new Error("one provider was asked for");
    return started;
  }

  /** Starts providers together, while `placeContracts` runs, then registers them in their order. */
  async registerProviders(
    wanted: readonly NewProvider[],
    placeContracts: () => Promise<void> = async () => undefined,
  ): Promise<readonly LocalProvider[]> {
    const { network, rpc } = this.#parts;
    const [placed, ...starting] = await Promise.allSettled([
      placeContracts(),
      ...wanted.map(async (one) => this.#start(one)),
    ]);
    const started = starting.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    // From here on `close()` stops them, whatever fails.
    this.#providers.push(...started.map(({ provider }) => provider));
    for (const outcome of [placed, ...starting]) if (outcome.status === "rejected") throw outcome.reason;
    for (const { provider, endorsed } of started) {
      const register = async () => registerService(rpc, network, provider.address, provider.serviceParams());
      await impersonating(rpc, provider.address, register);
      if (endorsed) await this.endorse(provider);
    }
    return started.map(({ provider }) => provider);
  }

  /** Registers a service that has no server, cheaply enough to do it a thousand times. Returns its provider's address. */
  async registerService(wanted: NewService = {}): Promise<Address> {
    const { network, rpc } = this.#parts;
    const { address = checksum(toHex(randomBytes(20))), endorsed = true, ...fields } = wanted;
    const params = {
      serviceType: "chatbot",
      url: "http://127.0.0.1:1",
      model: "local/no-server",
      verifiability: "TeeML",
      inputPrice: 50_000_000_000n,
      outputPrice: 100_000_000_000n,
      additionalInfo: "{}",
      teeSignerAddress: address,
      ...fields,
    };
    await impersonatingWith(rpc, address, PROVIDER_FUNDS, async () => registerService(rpc, network, address, params));
    if (endorsed) await this.endorse(address);
    return address;
  }

  /** What stands on this chain, what of it is real, and whether the providers answer. */
  async status(): Promise<GalileoStatus> {
    const { network, rpc, provider } = this.#parts;
    const { attestor, storage } = this;
    return inspectGalileo({ network, rpc, provider, fetch: globalThis.fetch, attestors: [attestor], storage });
  }

  /** Stops providers, attestor and storage. The connection's `close()` calls it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([
      this.attestor.stop(),
      this.storage.stop(),
      ...this.#providers.map(async (provider) => provider.close()),
    ]);
    this.#parts.provider.destroy();
  }

  async #start(wanted: NewProvider): Promise<{ provider: LocalProvider; endorsed: boolean }> {
    const { network, rpc, startProvider, log } = this.#parts;
    const { account = this.#nextSpare(), endorsed = true, service, ...rest } = wanted;
    const wallet = this.#wallet(account);
    await fundUpTo(rpc, checksum(wallet.address), PROVIDER_FUNDS);
    const provider = await startProvider({
      port: 0,
      teeWallet: new Wallet(hexlify(randomBytes(32))),
      log,
      ...rest,
      network,
      wallet,
      service: {
        model: `local/not-a-language-model-${account}`,
        serviceType: "chatbot",
        inputPrice: 50_000_000_000n,
        outputPrice: 100_000_000_000n,
        title: "Deterministic responder, not a language model",
        ...service,
      },
    });
    return { provider, endorsed };
  }

  #wallet(index: number): Wallet {
    return new Wallet(developmentAccount(index).privateKey, this.#parts.provider);
  }

  #nextSpare(): number {
    return spareAccount(this.#spares++);
  }

  async #setEndorsement(provider: Address | { readonly address: Address }, endorsed: boolean): Promise<void> {
    const { network, rpc } = this.#parts;
    const address = typeof provider === "string" ? provider : provider.address;
    await this.#unlockOwner();
    await setEndorsement(rpc, network, this.#owner, address, endorsed);
  }

  /** The embedded owner is an account of the chain's own; a fork's is whoever owns the live contract. */
  async #unlockOwner(): Promise<void> {
    if (isDevelopmentAddress(this.#owner)) return;
    const { rpc } = this.#parts;
    await rpc.request({ method: "hardhat_impersonateAccount", params: [this.#owner] });
    await fundUpTo(rpc, this.#owner, NEURON_PER_0G);
  }
}
