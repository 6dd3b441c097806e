/** An embedded Galileo with two providers, and a faulty proxy before each of them and before the chain. */

import { network as hardhatNetwork } from "hardhat";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { registerService } from "../../../lib/galileo/boot.ts";
import type { SettlementOutcome } from "../../../lib/galileo/provider/options.ts";
import { impersonating } from "../../../lib/galileo/rpc.ts";
import { startRpcServer } from "../../../lib/galileo/rpc-server.ts";
import type { Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { faultProxy, type FaultProxy } from "../../../test/support/fault-proxy.ts";
import type { RoundFaults } from "./mix.ts";

/** What the client of a soak asks of its world, in this process or another. */
export interface SoakWorld {
  /** Where the chain is: through the proxy, and past it. */
  addresses(): Promise<{ readonly proxied: string; readonly truth: string }>;
  disturb(faults: RoundFaults): Promise<void>;
  /** Ends all faults and lies, and lets go of whoever hangs. */
  calm(): Promise<void>;
  /** Neuron of each request of a user that was ever billed, in order. */
  bills(user: Address): Promise<readonly bigint[]>;
  settle(): Promise<readonly SettlementOutcome[]>;
  close(): Promise<void>;
}

/** Cheaper than the providers the network begins with, so that these two are asked first. Neuron a token. */
const PRICES = [10_000_000_000n, 20_000_000_000n] as const;
const AT_ONCE = 64;

export async function openSoakWorld(): Promise<SoakWorld> {
  const connection = await hardhatNetwork.create("default");
  const { galileo, provider: rpc } = connection;
  const network = networkNamed("default");
  const server = await startRpcServer({ rpc, port: 0, mayBroadcast: () => true });
  const chain = await faultProxy({ upstream: server.url });
  const liars = await galileo.registerProviders(
    PRICES.map((outputPrice, i) => ({
      service: { model: `soak/${i}`, inputPrice: outputPrice, outputPrice },
      limits: { perUser: AT_ONCE, global: AT_ONCE },
    })),
  );
  const markets: FaultProxy[] = [];
  for (const liar of liars) {
    const market = await faultProxy({ upstream: liar.url });
    const listed = { ...liar.serviceParams(), url: market.url };
    await impersonating(rpc, liar.address, async () => registerService(rpc, network, liar.address, listed));
    await galileo.endorse(liar);
    markets.push(market);
  }
  const proxies = [chain, ...markets];
  /** By chat id: a provider remembers its last 1000 requests only. */
  const billed = new Map<string, { readonly user: Address; readonly fee: bigint }>();
  const collect = () => {
    for (const { chatId, user, fee } of galileo.providers.flatMap((one) => one.requests())) {
      if (chatId !== undefined && user !== undefined && fee !== undefined) billed.set(chatId, { user, fee });
    }
  };
  return {
    addresses: async () => ({ proxied: chain.url, truth: server.url }),
    disturb: async ({ market, chain: onChain, lie }) => {
      for (const { fault, when } of market) for (const one of markets) one.fail(fault, when);
      for (const { fault, when } of onChain) chain.fail(fault, when);
      liars[0]?.misbehave(lie);
    },
    calm: async () => {
      for (const proxy of proxies) proxy.heal();
      for (const liar of liars) liar.misbehave(undefined);
      collect();
    },
    bills: async (user) => {
      collect();
      return [...billed.values()].flatMap((one) => (one.user === user ? [one.fee] : []));
    },
    settle: async () => {
      collect();
      return galileo.settle();
    },
    close: async () => {
      await Promise.all(proxies.map(async (proxy) => proxy.close()));
      await server.close();
      await connection.close();
    },
  };
}

/** Who pays, and who deploys the contract. */
export const PAYER = developmentAccount(1);
export const DEPLOYER = developmentAccount(2);
