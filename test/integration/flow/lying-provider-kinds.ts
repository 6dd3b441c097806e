import { readFileSync } from "node:fs";

import { expect } from "chai";
import { Wallet } from "ethers";

import { auditBilling } from "../../../lib/compute/billing-audit.ts";
import { assertMintable } from "../../../lib/compute/verify.ts";
import { readService } from "../../../lib/compute/providers.ts";
import { EXIT, type ZgError } from "../../../lib/errors.ts";
import type { FlowContext } from "../../../lib/flow/context.ts";
import { openRun, runFlow } from "../../../lib/flow/flow.ts";
import { lastFact } from "../../../lib/flow/journal.ts";
import { registerService } from "../../../lib/galileo/boot.ts";
import type { LocalProvider, Misbehaviour } from "../../../lib/galileo/provider/local-provider.ts";
import { impersonating } from "../../../lib/galileo/rpc.ts";
import { openRuns, type Runs } from "./support/runs.ts";

/** What becomes of a run whose provider does this once, and is asked honestly from then on. */
interface Case {
  readonly how: Misbehaviour;
  readonly ends:
    /** The answer was paid for, and no run mints it. */
    | { readonly never: "minted"; readonly exit: number; readonly named: RegExp }
    /** There was no answer, or no proof of it yet; the next run gets there for one more look, or one more fee. */
    | { readonly later: "minted"; readonly code: string; readonly retryUnanswered?: true }
    /** It harms nobody. */
    | { readonly at: "once" }
    /** The answer is true and minted; the bill is not, and is named. */
    | { readonly billed: bigint }
    /** Nothing that a chat has; the test that shows it is elsewhere. */
    | { readonly test: readonly [file: string, title: string] };
}

const refused = (named: RegExp) => ({ never: "minted", exit: EXIT.trust, named }) as const;
const failing = (check: string) => refused(new RegExp(`failed the check ${check} and is quarantined`));

/** Every misbehaviour has a case: without one this does not compile, and the first test fails. */
const CASES: Readonly<Record<Misbehaviour["kind"], Case>> = {
  "wrong-signature": { how: { kind: "wrong-signature" }, ends: failing("signer") },
  "foreign-signature": { how: { kind: "foreign-signature" }, ends: failing("signer") },
  "signed-by": { how: { kind: "signed-by", signer: Wallet.createRandom() }, ends: failing("signer") },
  "replayed-signature": { how: { kind: "replayed-signature" }, ends: failing("signer") },
  "replayed-text": { how: { kind: "replayed-text" }, ends: failing("response") },
  "wrong-request-hash": { how: { kind: "wrong-request-hash" }, ends: failing("request") },
  "wrong-response-hash": { how: { kind: "wrong-response-hash" }, ends: failing("response") },
  "altered-body": { how: { kind: "altered-body" }, ends: failing("response") },
  "inflated-usage": { how: { kind: "inflated-usage", times: 1_000 }, ends: refused(/bounds: 1000 tokens of answer/) },
  "missing-key": { how: { kind: "missing-key", alsoInBody: true }, ends: refused(/signature/i) },
  "hostile-key": { how: { kind: "hostile-key" }, ends: refused(/chat id/i) },
  "no-signature": { how: { kind: "no-signature" }, ends: refused(/signature/i) },
  "late-signature": {
    how: { kind: "late-signature", misses: 4 },
    ends: { later: "minted", code: "ZG_SIGNATURE_MISSING" },
  },
  status: { how: { kind: "status", status: 500 }, ends: { later: "minted", code: "ZG_PROVIDER_DOWN" } },
  hang: { how: { kind: "hang" }, ends: { later: "minted", code: "ZG_PROVIDER_TIMEOUT", retryUnanswered: true } },
  "cut-stream": {
    how: { kind: "cut-stream" },
    ends: { later: "minted", code: "ZG_RESPONSE_CUT", retryUnanswered: true },
  },
  truncated: { how: { kind: "truncated" }, ends: failing("form") },
  slow: { how: { kind: "slow", ms: 1 }, ends: { at: "once" } },
  "over-billing": { how: { kind: "over-billing", times: 6 }, ends: { billed: 6n } },
  "fewer-images": {
    how: { kind: "fewer-images" },
    ends: { test: ["services/images.ts", "that did not come are named: what came is signed, and all are charged"] },
  },
  "foreign-image-url": {
    how: { kind: "foreign-image-url" },
    ends: { test: ["services/images.ts", "are never fetched from anybody but the provider"] },
  },
};

describe("every misbehaviour of a provider", () => {
  let runs: Runs;
  let provider: LocalProvider;
  before(async () => {
    runs = await openRuns();
    provider = runs.galileo.provider(0);
    await runFlow(await started()); // what is replayed needs an answer before it
  });
  afterEach(() => {
    provider.misbehave(undefined);
  });
  after(async () => runs.close());

  async function started(): Promise<FlowContext> {
    const made = await runs.newRun();
    const ctx: FlowContext = {
      ...made,
      question: { ...made.question, provider: provider.address },
      http: { timeoutMs: 20_000, sleep: async () => Promise.resolve() },
    };
    openRun(ctx.journal, ctx);
    return ctx;
  }

  it("has a case here", () => {
    const source = readFileSync("lib/galileo/provider/misbehaviour.ts", "utf8");
    const kinds = [...source.matchAll(/readonly kind: "([a-z-]+)"/g)].map(([, kind]) => kind);
    expect(kinds).to.have.members(Object.keys(CASES));
  });

  const failureOf = async (ctx: FlowContext): Promise<ZgError> => runs.failureOf(ctx);

  for (const [kind, { how, ends }] of Object.entries(CASES)) {
    if ("never" in ends) {
      it(`${kind}: is named, and never minted`, async () => {
        const ctx = await started();
        provider.misbehave({ ...how, requests: 1 });
        const failed = await failureOf(ctx);
        expect(failed.exit, failed.message).to.equal(ends.exit);
        expect(failed.message).to.match(ends.named);
        const again = await failureOf(ctx);
        expect(again.exit, again.message).to.be.oneOf([EXIT.trust, EXIT.precondition]);
        expect(await runs.tokensOf(ctx)).to.equal(0n);
        expect(provider.requests().filter(({ user, fee }) => user === ctx.owner && fee !== undefined)).to.have.length(
          1,
        );
      });
    } else if ("later" in ends) {
      it(`${kind}: is named, and the next run gets there`, async () => {
        const ctx = await started();
        provider.misbehave({ ...how, requests: 1 });
        const http = kind === "hang" ? { ...ctx.http, timeoutMs: 300 } : ctx.http;
        expect(await failureOf({ ...ctx, http })).to.include({ code: ends.code });
        expect(await runs.tokensOf(ctx)).to.equal(0n);
        if (ends.retryUnanswered === true) expect((await failureOf(ctx)).code).to.equal("ZG_UNANSWERED");
        await runFlow({ ...ctx, retryUnanswered: ends.retryUnanswered === true });
        expect(await runs.tokensOf(ctx)).to.equal(1n);
      });
    } else if ("at" in ends) {
      it(`${kind}: harms nobody`, async () => {
        const ctx = await started();
        provider.misbehave({ ...how, requests: 1 });
        await runFlow(ctx);
        expect(await runs.tokensOf(ctx)).to.equal(1n);
      });
    } else if ("billed" in ends) {
      it(`${kind}: is named to the neuron when it is settled, though the answer is true`, async () => {
        const ctx = await started();
        provider.misbehave({ ...how, requests: 1 });
        await runFlow(ctx);
        await provider.settle();
        const fee = BigInt(lastFact(ctx.journal, "answered")?.receipt.fee.fee ?? 0);
        const request = { key: "the run's", provider: provider.address, fee, answered: true, at: Date.now() };
        const unsettled = async () => Promise.resolve({ fee: provider.unsettledFee(ctx.owner) });
        const [found] = await auditBilling(ctx.read, { user: ctx.owner, requests: [request], unsettled });
        expect(found).to.include({ owed: fee, settled: ends.billed * fee, overBilled: (ends.billed - 1n) * fee });
      });
    } else {
      it(`${kind}: is shown where such services are tested`, () => {
        const [file, title] = ends.test;
        expect(readFileSync(`test/integration/${file}`, "utf8")).to.contain(`it("${title}"`);
      });
    }
  }

  it("does not pass with the signature of another provider of the same chain", async () => {
    const signer = Wallet.createRandom();
    await runs.galileo.registerProvider({ teeWallet: signer });
    const ctx = await started();
    provider.misbehave({ kind: "signed-by", signer, requests: 1 });
    const failed = await failureOf(ctx);
    expect(failed.exit, failed.message).to.equal(EXIT.trust);
    expect(failed.message).to.contain(`signed by ${signer.address}`);
    expect(await runs.tokensOf(ctx)).to.equal(0n);
  });

  it("does not pass with a signer that the provider changed behind the chain's back, nor before the new one is endorsed", async () => {
    const rotating = await runs.galileo.registerProvider();
    const question = { ...(await started()).question, provider: rotating.address };
    const run = async (): Promise<FlowContext> => ({ ...(await runs.newRun()), question });

    const fresh = rotating.rotateTeeSigner();
    const ctx = await run();
    const failed = await failureOf(ctx);
    expect(failed.exit, failed.message).to.equal(EXIT.trust);
    expect(failed.message).to.contain(`signed by ${fresh}`);

    const { network } = runs.galileo;
    const rpc = runs.connection.provider;
    await impersonating(rpc, rotating.address, async () =>
      registerService(rpc, network, rotating.address, rotating.serviceParams()),
    );
    const unendorsed = await failureOf(await run());
    expect(unendorsed.code, unendorsed.message).to.equal("ZG_NOT_ENDORSED");

    await runs.galileo.endorse(rotating);
    const after = await run();
    openRun(after.journal, after);
    await runFlow(after);
    expect(await runs.tokensOf(after)).to.equal(1n);
    expect(await runs.tokensOf(ctx), "the answer from before").to.equal(0n);
    assertMintable(await readService(ctx.read, rotating.address));
  });
});
