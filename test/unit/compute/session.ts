import { expect } from "chai";
import { Wallet } from "ethers";

import { developmentAccount, RealKeyRefusedError } from "../../../lib/chain/development-keys.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { NoSubAccountError, NotAcknowledgedError } from "../../../lib/compute/errors.ts";
import { SessionTokens, type SessionDeps } from "../../../lib/compute/session.ts";
import { MAX_EPHEMERAL_MS, parseSessionToken, recoverSessionSigner } from "../../../lib/protocol/session-token.ts";
import { caught } from "./support/caught.ts";
import { fakeChain, Refusal } from "./support/fake-chain.ts";
import { provider, user } from "./support/fixtures.ts";

const HOUR = 3_600_000;
const START = 1_750_000_000_000;

function setUp(
  options: Partial<SessionDeps> & { account?: { acknowledged?: boolean; generation?: bigint } | null } = {},
) {
  const { account = {}, ...deps } = options;
  const state = { now: START, generation: account?.generation ?? 3n, signed: 0 };
  const chain = fakeChain({
    "inferenceServing.getAccount": (who: string, at: string) => {
      if (account === null) throw new Refusal("inferenceServing", "AccountNotExists", [who, at]);
      const acknowledged = account.acknowledged ?? true;
      return [[who, at, 0n, 0n, 0n, [], "", acknowledged, 0n, state.generation, 0n]];
    },
  });
  const wallet = new Wallet(developmentAccount(0).privateKey);
  const signer = Object.assign(Object.create(wallet) as Wallet, {
    getAddress: async () => Promise.resolve(user.toLowerCase()),
    signMessage: async (message: Uint8Array) => {
      state.signed += 1;
      return wallet.signMessage(message);
    },
  });
  const tokens = new SessionTokens({ ...chain.ctx, signer, clock: () => state.now, ...deps });
  return { tokens, chain, state };
}

describe("SessionTokens", () => {
  it("makes a token that a provider accepts, of the generation on chain", async () => {
    const { tokens, chain } = setUp({ randomBytes: (size) => new Uint8Array(size).fill(7) });
    const header = await tokens.header(provider);
    expect(header).to.match(/^Bearer app-sk-/);
    expect(chain.calls).to.deep.equal(["inferenceServing.getAccount"]);
    const { message, token, signature } = parseSessionToken(header);
    expect(token).to.deep.equal({
      address: user,
      provider,
      timestamp: START,
      expiresAt: START + MAX_EPHEMERAL_MS,
      nonce: "07".repeat(16),
      generation: 3n,
      tokenId: 255,
    });
    expect(recoverSessionSigner(message, signature)).to.equal(user);
  });

  it("draws its nonces from a secure source by default", async () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 20; i++) nonces.add(parseSessionToken(await setUp().tokens.header(provider)).token.nonce);
    expect(nonces.size).to.equal(20);
    for (const nonce of nonces) expect(nonce).to.match(/^[0-9a-f]{32}$/);
  });

  it("answers from memory: neither chain nor signer is asked again", async () => {
    const { tokens, chain, state } = setUp();
    const first = await tokens.header(provider);
    const asked = chain.calls.length;
    chain.outage = true;
    state.now += 23 * HOUR - 1;
    expect(await tokens.header(provider)).to.equal(first);
    expect(chain.calls.length).to.equal(asked);
    expect(state.signed).to.equal(1);
  });

  it("renews a token an hour before it ends, with the generation of then", async () => {
    const { tokens, state } = setUp();
    const first = await tokens.header(provider);
    state.now += 23 * HOUR;
    state.generation = 4n;
    const second = await tokens.header(provider);
    expect(second).not.to.equal(first);
    expect(parseSessionToken(second).token).to.deep.include({ timestamp: START + 23 * HOUR, generation: 4n });
  });

  it("makes a new one after the old was refused, and keeps one made since", async () => {
    const { tokens, state } = setUp();
    const first = await tokens.header(provider);
    tokens.invalidate(provider, first);
    const second = await tokens.header(provider);
    expect(second).not.to.equal(first);
    tokens.invalidate(provider, first);
    expect(await tokens.header(provider)).to.equal(second);
    tokens.invalidate(provider);
    expect(await tokens.header(provider)).not.to.equal(second);
    expect(state.signed).to.equal(3);
  });

  it("makes one token for callers that come together, and one per provider", async () => {
    const { tokens, state } = setUp();
    const [one, two] = await Promise.all([tokens.header(provider), tokens.header(provider)]);
    expect(one).to.equal(two);
    expect(state.signed).to.equal(1);
    await tokens.header(developmentAccount(11).address);
    expect(state.signed).to.equal(2);
  });

  it("signs nothing without a sub-account, or where the acknowledgement was taken back", async () => {
    const none = setUp({ account: null });
    const error = await caught(NoSubAccountError, async () => none.tokens.header(provider));
    expect(error.details).to.deep.include({ user, provider });
    const withdrawn = setUp({ account: { acknowledged: false } });
    await caught(NotAcknowledgedError, async () => withdrawn.tokens.header(provider));
    expect(none.state.signed + withdrawn.state.signed).to.equal(0);
  });

  it("does not remember a failure", async () => {
    const { tokens, chain } = setUp();
    chain.outage = true;
    await caught(RpcUnreachableError, async () => tokens.header(provider));
    chain.outage = false;
    expect(await tokens.header(provider)).to.match(/^Bearer app-sk-/);
  });

  it("lets no real key sign on an embedded network", async () => {
    const signer = new Wallet(`0x${"5a".repeat(32)}`);
    await caught(RealKeyRefusedError, async () => setUp({ signer }).tokens.header(provider));
  });
});
