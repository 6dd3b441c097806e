/** An embedded Galileo that we reach only through proxies: one before the chain, one before a provider, two before storage. */

import { network as hardhatNetwork } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import type { ReadContext, SignedTransaction, WriteContext } from "../../../../lib/chain/context.ts";
import { deposit, readLedger, transfer } from "../../../../lib/compute/ledger.ts";
import type { HttpDeps } from "../../../../lib/compute/provider-http.ts";
import { readService, type Service } from "../../../../lib/compute/providers.ts";
import { SessionTokens } from "../../../../lib/compute/session.ts";
import { ZgError } from "../../../../lib/errors.ts";
import { registerService } from "../../../../lib/galileo/boot.ts";
import type { FundedUser, Galileo } from "../../../../lib/galileo/galileo.ts";
import type { LocalProvider } from "../../../../lib/galileo/provider/local-provider.ts";
import { impersonating } from "../../../../lib/galileo/rpc.ts";
import { startRpcServer } from "../../../../lib/galileo/rpc-server.ts";
import type { Address } from "../../../../lib/hex.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import type { StorageLimits } from "../../../../lib/storage/client.ts";
import { faultProxy, type FaultProxy } from "../../../support/fault-proxy.ts";

export const ZG = 10n ** 18n;

/** For what never comes. What does come may take longer on a busy machine, and is given {@link PATIENCE_MS}. */
export const IMPATIENCE_MS = 60;
const PATIENCE_MS = 20_000;

export interface FaultUser {
  readonly address: Address;
  /** Through the chain's proxy. */
  readonly ctx: WriteContext;
  /** The same, which waits for nothing that does not come at once. */
  readonly impatient: WriteContext;
  readonly session: SessionTokens;
  readonly signed: SignedTransaction[];
}

export interface FaultWorld {
  readonly connection: NetworkConnection;
  readonly galileo: Galileo;
  /** Past every proxy: the truth. */
  readonly truth: ReadContext;
  /** Through the chain's proxy, as commands reach a network. */
  readonly read: ReadContext;
  /** The same, for what never answers. */
  readonly hasty: ReadContext;
  readonly chain: FaultProxy;
  readonly market: FaultProxy;
  readonly indexer: FaultProxy;
  readonly node: FaultProxy;
  readonly provider: LocalProvider;
  /** The provider's service, whose address is the proxy's. */
  readonly service: Service;
  readonly http: HttpDeps;
  readonly storageLimits: Partial<StorageLimits>;
  /** A user nobody else is. */
  user(): Promise<FaultUser>;
  /** One with a ledger, all of it locked at the provider. */
  customer(locked?: bigint): Promise<FaultUser>;
  /** The account of a user that the caller connects by itself. */
  account(): Promise<FundedUser>;
  /** What a user's ledger holds in truth. Neuron. */
  ledgerOf(user: { readonly address: Address }): Promise<{ readonly available: bigint; readonly total: bigint }>;
  /** How many transactions of a user are in blocks. */
  landedOf(user: { readonly address: Address }): Promise<number>;
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** Boots it. Call it inside `before`. */
export async function openFaultWorld(): Promise<FaultWorld> {
  const connection = await hardhatNetwork.create("default");
  const { galileo } = connection;
  const network = networkNamed("default");
  const server = await startRpcServer({ rpc: connection.provider, port: 0, mayBroadcast: () => true });
  const storageNode = galileo.storage.node(0);
  const chain = await faultProxy({ upstream: server.url });
  const node = await faultProxy({ upstream: storageNode.url });
  const indexer = await faultProxy({
    upstream: galileo.storage.indexer,
    rewrite: new Map([[storageNode.url, node.url]]),
  });
  const provider = await galileo.registerProvider();
  const market = await faultProxy({ upstream: provider.url });
  const listed = { ...provider.serviceParams(), url: market.url };
  const rpc = connection.provider;
  await impersonating(rpc, provider.address, async () => registerService(rpc, network, provider.address, listed));
  await galileo.endorse(provider);

  const connect = async (timeout: number) =>
    hardhatNetwork.create({ network: "localhost", override: { url: chain.url, timeout } });
  const [proxied, hasty] = await Promise.all([connect(PATIENCE_MS), connect(IMPATIENCE_MS)]);
  const truth: ReadContext = { network, provider: connection.ethers.provider };
  const read: ReadContext = { network, provider: proxied.ethers.provider };
  const hastyRead: ReadContext = { network, provider: hasty.ethers.provider };
  const proxies = [chain, market, indexer, node];
  const refused = new Set<FaultProxy>();
  for (const proxy of proxies) trackRefusals(proxy, refused);

  const user = async (): Promise<FaultUser> => {
    const { signer: wallet, address } = await galileo.fundedUser();
    const signer = wallet.connect(read.provider);
    const signed: SignedTransaction[] = [];
    const onSigned = (transaction: SignedTransaction) => void signed.push(transaction);
    const ctx: WriteContext = { ...read, signer, onSigned, receiptTimeout: PATIENCE_MS };
    const impatient = {
      ...ctx,
      ...hastyRead,
      signer: wallet.connect(hastyRead.provider),
      receiptTimeout: IMPATIENCE_MS,
    };
    return { address, ctx, impatient, session: new SessionTokens({ ...read, signer }), signed };
  };

  return {
    ...{ connection, galileo, truth, read, chain, market, indexer, node, provider, user },
    service: await readService(truth, provider.address),
    hasty: hastyRead,
    http: { timeoutMs: PATIENCE_MS, sleep: async () => Promise.resolve() },
    storageLimits: {
      ...{ requestTimeoutMs: PATIENCE_MS, retries: 1, retryDelayMs: 1 },
      ...{ logWaitMs: PATIENCE_MS, finalWaitMs: PATIENCE_MS, pollMs: 10 },
    },
    customer: async (locked = 3n * ZG) => {
      const made = await user();
      await deposit(made.ctx, locked);
      await transfer(made.ctx, { provider: provider.address, amount: locked });
      made.signed.length = 0;
      return made;
    },
    account: async () => galileo.fundedUser(),
    ledgerOf: async ({ address }) => (await readLedger(truth, address)) ?? { available: 0n, total: 0n },
    landedOf: async ({ address }) => truth.provider.getTransactionCount(address, "latest"),
    heal: async () => {
      for (const proxy of proxies) proxy.heal();
      for (const proxy of refused) await proxy.accept();
    },
    close: async () => {
      for (const proxy of proxies) proxy.heal();
      await Promise.all([proxied.close(), hasty.close()]);
      await Promise.all(proxies.map(async (proxy) => proxy.close()));
      await server.close();
      await connection.close();
    },
  };
}

/** Remembers who lets nobody connect, so that healing brings everybody back. */
function trackRefusals(proxy: FaultProxy, refused: Set<FaultProxy>): void {
  const { refuse, accept } = proxy;
  Object.assign(proxy, {
    refuse: async () => {
      refused.add(proxy);
      await refuse();
    },
    accept: async () => {
      refused.delete(proxy);
      await accept();
    },
  });
}

/** Our error that `work` ends with; anything else fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<ZgError> {
  const failed = await work.then(
    (value: unknown) => new Error(`expected a failure, but it gave ${String(value)}`),
    (error: unknown) => error,
  );
  if (failed instanceof ZgError) return failed;
  throw failed instanceof Error ? failed : new Error(String(failed));
}
