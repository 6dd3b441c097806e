import { getBytes, Wallet } from "ethers";

import { developmentAccount } from "../../../../lib/chain/development-keys.ts";
import {
  startLocalProvider,
  type LocalProvider,
  type LocalProviderOptions,
} from "../../../../lib/galileo/provider/local-provider.ts";
import { checksum, type Address } from "../../../../lib/hex.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import {
  encodeSessionMessage,
  formatSessionToken,
  sessionDigest,
  type SessionToken,
} from "../../../../lib/protocol/session-token.ts";
import { fakeChain, type FakeChain } from "./fake-chain.ts";

export const MODEL = "test/no-language-model";
export const NOW = 1_750_000_000_000;

/** A provider on a free port with a chain in memory, one funded user, and a clock that stands still. */
export interface Bench {
  readonly provider: LocalProvider;
  readonly chain: FakeChain;
  readonly user: Wallet;
  readonly userAddress: Address;
  /** Milliseconds to add to the clock. */
  advance(ms: number): void;
  token(changes?: Partial<SessionToken>, signer?: Wallet): Promise<string>;
  headers(changes?: Partial<SessionToken>): Promise<Record<string, string>>;
  chat(body?: object, headers?: Record<string, string>): Promise<Response>;
  signature(chatId: string): Promise<Response>;
}

export async function startBench(options: Partial<LocalProviderOptions> = {}): Promise<Bench> {
  let now = NOW;
  const chain = fakeChain();
  const wallet = new Wallet(developmentAccount(10).privateKey);
  const user = new Wallet(developmentAccount(0).privateKey);
  const userAddress = checksum(user.address);
  chain.put(userAddress);
  const provider = await startLocalProvider({
    network: networkNamed("default"),
    wallet,
    teeWallet: new Wallet(developmentAccount(19).privateKey),
    service: { model: MODEL, serviceType: "chatbot", inputPrice: 100n, outputPrice: 300n, title: "For tests" },
    port: 0,
    clock: () => now,
    chain,
    ...options,
  });

  const token = async (changes: Partial<SessionToken> = {}, signer = user): Promise<string> => {
    const message = encodeSessionMessage({
      address: userAddress,
      provider: provider.address,
      timestamp: now,
      expiresAt: now + 3_600_000,
      nonce: "00",
      generation: 0n,
      tokenId: 255,
      ...changes,
    });
    return formatSessionToken(message, await signer.signMessage(getBytes(sessionDigest(message))));
  };
  const headers = async (changes: Partial<SessionToken> = {}) => ({
    authorization: `Bearer ${await token(changes)}`,
    "content-type": "application/json",
  });
  return {
    provider,
    chain,
    user,
    userAddress,
    advance: (ms) => void (now += ms),
    token,
    headers,
    async chat(body = question("What is 2+2?"), extra) {
      return fetch(`${provider.url}/v1/proxy/chat/completions`, {
        method: "POST",
        headers: extra ?? (await headers()),
        body: JSON.stringify(body),
      });
    },
    signature: (chatId) => fetch(`${provider.url}/v1/proxy/signature/${chatId}?model=${MODEL}`),
  };
}

export function question(text: string, more: object = {}): object {
  return { messages: [{ role: "user", content: text }], model: MODEL, ...more };
}

/** The text of a refusal. */
export async function errorOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: string }).error;
}
