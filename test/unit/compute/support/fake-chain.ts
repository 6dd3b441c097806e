/** A chain of answers: contract calls are decoded, handed to a function, and its result encoded again. */

import type { Interface, Provider } from "ethers";

import { INTERFACES } from "../../../../lib/chain/contracts.ts";
import type { ReadContext } from "../../../../lib/chain/context.ts";
import type { Hex } from "../../../../lib/hex.ts";
import { networkNamed, type NetworkName } from "../../../../lib/networks.ts";

export const GENESIS: Hex = `0x${"ab".repeat(32)}`;
export const NOW = 1_750_000_000;

type ContractKey = keyof typeof INTERFACES;
type Handler = (...args: never[]) => readonly unknown[];

/** The contract refuses with this custom error. */
export class Refusal extends Error {
  readonly data: string;

  constructor(contract: ContractKey, name: string, args: readonly unknown[]) {
    super(name);
    this.data = INTERFACES[contract]().encodeErrorResult(name, args);
  }
}

export interface FakeChain {
  readonly ctx: ReadContext;
  readonly provider: Provider;
  /** `contract.function` of each call so far. */
  readonly calls: string[];
  /** While set, nothing answers. */
  outage: boolean;
}

function keyOf(to: string, network: ReadContext["network"]): ContractKey {
  const keys: readonly ContractKey[] = ["ledgerManager", "inferenceServing", "fineTuningServing"];
  const found = keys.find((key) => network.contracts[key].toLowerCase() === to.toLowerCase());
  if (found === undefined) throw new Error(`no contract at ${to}`);
  return found;
}

/** Makes a chain whose contracts answer with `handlers`, keyed `ledgerManager.getLedger`. */
export function fakeChain(
  handlers: Readonly<Record<string, Handler>>,
  options: { readonly network?: NetworkName; readonly genesis?: Hex } = {},
): FakeChain {
  const network = networkNamed(options.network ?? "default");
  const calls: string[] = [];
  const chain = { calls, outage: false };
  const answer = (abi: Interface, key: ContractKey, data: string): string => {
    const call = abi.parseTransaction({ data });
    if (call === null) throw new Error(`unknown call ${data.slice(0, 10)}`);
    const name = `${key}.${call.name}`;
    calls.push(name);
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`unexpected call of ${name}`);
    return abi.encodeFunctionResult(call.fragment, handler(...(call.args.toArray() as never[])));
  };
  const alive = () => {
    if (chain.outage) throw new Error("connection refused");
  };
  const provider = {
    call: async ({ to, data }: { to: string; data: string }) => {
      alive();
      const key = keyOf(to, network);
      return Promise.resolve(answer(INTERFACES[key](), key, data));
    },
    getBlock: async (tag: unknown) => {
      alive();
      return Promise.resolve(tag === 0 ? { hash: options.genesis ?? GENESIS } : { timestamp: NOW });
    },
    getBlockNumber: async () => {
      alive();
      return Promise.resolve(7);
    },
    getNetwork: async () => {
      alive();
      return Promise.resolve({ chainId: BigInt(network.chainId) });
    },
  } as unknown as Provider;
  return Object.assign(chain, { provider, ctx: { network, provider } });
}
