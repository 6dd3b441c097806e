/** Whether a known user may have an answer: account, acknowledgement, endorsement, balance, in this order. */

import type { Address } from "../../hex.ts";
import { PROVIDER_MINIMUM_RESERVE } from "../../protocol/constants.ts";
import type { ProviderAccount, ProviderService } from "./chain.ts";
import type { ChainCache } from "./chain-cache.ts";
import { Refusal } from "./refusal.ts";

/** An amount as providers print it: six decimals, rounded to the nearest. */
export function sixDecimals(neuron: bigint): string {
  const micro = (neuron + 500_000_000_000n) / 1_000_000_000_000n;
  const digits = micro.toString().padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

function refuse(text: string): Refusal {
  return new Refusal(400, `validate request: ${text}`);
}

/** What the user has with this provider and has not asked back. */
function locked(account: ProviderAccount): bigint {
  return account.balance - account.pendingRefund;
}

/**
 * Admits a user's next paid request, or throws a 400.
 * Needs `locked ≥ unsettled + 1 0G`: what the request itself will cost counts as 0, as brokers count it. A balance that
 * does not suffice is read from the chain once more, so a top-up acts at once. Returns the service, whose prices apply.
 */
export async function admit(
  ctx: { readonly provider: Address; readonly cache: ChainCache },
  request: {
    readonly user: Address;
    readonly account: ProviderAccount | undefined;
    readonly unsettled: () => bigint;
  },
): Promise<ProviderService> {
  const { provider, cache } = ctx;
  const { user, account } = request;
  if (account === undefined) {
    throw refuse(`get account from contract, account not exist: user ${user}, provider ${provider}`);
  }
  if (!account.acknowledged) {
    throw refuse(
      "user not acknowledge the provider, please use acknowledgeProviderSigner function in sdk first, it will take effect in 2 minutes",
    );
  }
  const service = await cache.service();
  if (service?.teeSignerAcknowledged !== true) throw refuse("service not acknowledge the tee signer");

  const fee = 0n;
  const required = () => request.unsettled() + fee + PROVIDER_MINIMUM_RESERVE;
  if (locked(account) >= required()) return service;
  const fresh = await cache.freshAccount(user);
  const available = fresh === undefined ? 0n : locked(fresh);
  const needed = required();
  if (available >= needed) return service;
  throw refuse(
    `insufficient balance: your locked balance is ${sixDecimals(available)} 0G, but the required minimum is ${sixDecimals(needed)} 0G ` +
      `(breakdown: minimum reserve ${sixDecimals(PROVIDER_MINIMUM_RESERVE)} 0G + unsettled fees ${sixDecimals(request.unsettled())} 0G ` +
      `+ current request fee ${sixDecimals(fee)} 0G). Please add more funds with: ` +
      `0g-compute-cli transfer-fund --provider ${provider} --amount ${sixDecimals(needed - available + 499_999_999_999n)}`,
  );
}
