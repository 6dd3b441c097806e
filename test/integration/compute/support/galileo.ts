/** One embedded Galileo per test file, and users of it who can pay. */

import { network as hardhatNetwork } from "hardhat";

import type { ReadContext, WriteContext } from "../../../../lib/chain/context.ts";
import { deposit, transfer } from "../../../../lib/compute/ledger.ts";
import { readService, type Service } from "../../../../lib/compute/providers.ts";
import { SessionTokens } from "../../../../lib/compute/session.ts";
import type { Galileo } from "../../../../lib/galileo/galileo.ts";
import type { Address } from "../../../../lib/hex.ts";
import { networkNamed } from "../../../../lib/networks.ts";

export const ZG = 10n ** 18n;

export interface TestUser {
  readonly address: Address;
  readonly ctx: WriteContext;
  readonly session: SessionTokens;
}

export interface TestGalileo {
  readonly galileo: Galileo;
  readonly read: ReadContext;
  /** A user whom nobody else is, with coin and no ledger. */
  user(): Promise<TestUser>;
  /** One with a ledger and this much locked at a provider. */
  customer(provider: Address, locked?: bigint): Promise<TestUser>;
  /** The i-th local provider's service as the chain lists it. */
  service(index?: number): Promise<Service>;
  close(): Promise<void>;
}

/** Boots the embedded network. Call it inside `before`. */
export async function bootGalileo(): Promise<TestGalileo> {
  const connection = await hardhatNetwork.create("default");
  const { galileo } = connection;
  const network = networkNamed("default");
  const read: ReadContext = { network, provider: connection.ethers.provider };
  const user = async (): Promise<TestUser> => {
    const { signer, address } = await galileo.fundedUser();
    const own = signer.connect(read.provider);
    return { address, ctx: { ...read, signer: own }, session: new SessionTokens({ ...read, signer: own }) };
  };
  return {
    galileo,
    read,
    user,
    customer: async (provider, locked = 2n * ZG) => {
      const made = await user();
      await deposit(made.ctx, locked);
      await transfer(made.ctx, { provider, amount: locked });
      return made;
    },
    service: async (index = 0) => readService(read, galileo.provider(index).address),
    close: async () => connection.close(),
  };
}
