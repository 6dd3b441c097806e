/** Parties, services and signed answers for tests. Keys are the published development ones. */

import { Wallet } from "ethers";

import { developmentAccount } from "../../../../lib/chain/development-keys.ts";
import { describeService, type Service, type ServiceFacts } from "../../../../lib/compute/providers.ts";
import type { Session } from "../../../../lib/compute/session.ts";
import type { SubAccount } from "../../../../lib/compute/ledger.ts";
import type { Address } from "../../../../lib/hex.ts";
import { networkNamed, type NetworkName } from "../../../../lib/networks.ts";
import { sha256Hex, signedText } from "../../../../lib/protocol/signed-text.ts";

export const ZG = 10n ** 18n;
export const user: Address = developmentAccount(0).address;
export const provider: Address = developmentAccount(10).address;
export const teeWallet = new Wallet(developmentAccount(15).privateKey);
export const strangerWallet = new Wallet(developmentAccount(16).privateKey);
export const INFO = JSON.stringify({ TEEVerifier: "dstack", TargetSeparated: false, TargetTeeAddress: "" });

/** An endorsed chat service of the plain topology, changed as told. */
export function service(changes: Partial<ServiceFacts> = {}): Service {
  return describeService({
    provider,
    serviceType: "chatbot",
    url: "http://127.0.0.1:1",
    model: "maker/small-model",
    inputPrice: 100n,
    outputPrice: 200n,
    updatedAt: 1n,
    verifiability: "TeeML",
    additionalInfo: INFO,
    teeSignerAddress: teeWallet.address as Address,
    endorsed: true,
    ...changes,
  });
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What an honest broker signs. */
export async function sign(requestBytes: Uint8Array, responseBytes: Uint8Array, wallet = teeWallet) {
  const text = signedText(sha256Hex(requestBytes), sha256Hex(responseBytes));
  return { text, signature: await wallet.signMessage(text) };
}

export function subAccount(changes: Partial<SubAccount> = {}): SubAccount {
  return {
    service: "inference",
    user,
    provider,
    balance: 2n * ZG,
    pendingRefund: 0n,
    spendable: 2n * ZG,
    refunds: [],
    acknowledged: true,
    nonce: 0n,
    generation: 0n,
    revokedBitmap: 0n,
    ...changes,
  };
}

/** Tokens that are counted instead of signed. */
export function fakeSession(network: NetworkName = "default"): Session & { readonly made: () => number } {
  let made = 0;
  let cached: string | undefined;
  return {
    network: networkNamed(network),
    user: async () => Promise.resolve(user),
    header: async () => {
      if (cached === undefined) {
        made += 1;
        cached = `Bearer app-sk-token${made}`;
      }
      return Promise.resolve(cached);
    },
    invalidate: () => {
      cached = undefined;
    },
    made: () => made,
  };
}
