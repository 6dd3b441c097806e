import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { genesisHash } from "../../../lib/chain/connect.ts";
import { createBroker } from "../../../lib/broker/broker.ts";
import {
  ProviderCannotSeeError,
  ProviderDownError,
  ProviderFundsRefusedError,
  UnsettledFeeError,
  ProviderRefusedError,
  ProviderTimeoutError,
  RateLimitedError,
  ResponseCutError,
  SignatureMissingError,
  ChatIdMissingError,
  NoSubAccountError,
  NotEndorsedError,
} from "../../../lib/compute/errors.ts";
import { fundingNeed, requiredLocked } from "../../../lib/compute/funding.ts";
import { buildChatRequest, chat, fetchSignature, type ChatParams } from "../../../lib/compute/inference.ts";
import { deposit, readSubAccount, retrieve, transfer } from "../../../lib/compute/ledger.ts";
import { exchange, type HttpDeps } from "../../../lib/compute/provider-http.ts";
import type { Service } from "../../../lib/compute/providers.ts";
import { createReceipt, parseReceipt } from "../../../lib/compute/receipt.ts";
import { verifyReceipt } from "../../../lib/compute/receipt-check.ts";
import { fetchUnsettledFee } from "../../../lib/compute/unsettled-fee.ts";
import { verifyInference, type CheckName, type Verification } from "../../../lib/compute/verify.ts";
import { inferenceServing } from "../../../lib/chain/contracts.ts";
import type { Misbehaviour } from "../../../lib/galileo/provider/misbehaviour.ts";
import { parseSessionToken } from "../../../lib/protocol/session-token.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "./support/galileo.ts";

const messages = [{ role: "user", content: "What is 2+2?" }];

describe("inference with a local provider", () => {
  let world: TestGalileo;
  let listed: Service;
  let user: TestUser;

  before(async () => {
    world = await bootGalileo();
    listed = await world.service(0);
    user = await world.customer(listed.provider, 5n * ZG);
  });

  afterEach(() => {
    world.galileo.provider(0).misbehave(undefined);
  });

  after(async () => {
    await world.close();
  });

  const ask = async (options: Partial<ChatParams> & { http?: HttpDeps; who?: TestUser } = {}) => {
    const { http = {}, who = user, stream = false, ...params } = options;
    const service = params.service ?? listed;
    const requestBytes = buildChatRequest({ model: service.model, messages, stream, random: randomBytes });
    return chat({ ...http, session: who.session }, { service, requestBytes, stream, ...params });
  };

  const prove = async (result: Awaited<ReturnType<typeof ask>>): Promise<Verification> => {
    if (result.chatId === undefined) throw new Error("no chat id");
    const signature = await fetchSignature({}, listed, result.chatId);
    const { requestBytes, responseBytes } = result;
    return verifyInference({ service: listed, requestBytes, responseBytes, signature });
  };

  for (const stream of [false, true]) {
    it(`asks, is answered, and proves the answer (${stream ? "streamed" : "plain"})`, async () => {
      const deltas: string[] = [];
      const result = await ask({ stream, onDelta: (text) => deltas.push(text) });
      expect(result.content).not.to.equal("");
      if (stream) expect(deltas.join("")).to.equal(result.content);
      expect(result.chatId?.source).to.equal("header");
      const verification = await prove(result);
      expect(verification).to.deep.include({
        status: "verified",
        signer: world.galileo.provider(0).teeSigner,
        mintable: true,
      });
    });
  }

  it("finds the provider below a URL registered with a trailing slash or /v1/proxy", async () => {
    for (const suffix of ["/", "/v1/proxy", "/v1/proxy/"]) {
      const result = await ask({ service: { ...listed, url: listed.url + suffix } });
      expect((await prove(result)).status).to.equal("verified");
    }
  });

  it("computes the fee the provider bills, to the neuron", async () => {
    const payer = await world.customer(listed.provider);
    expect(await fetchUnsettledFee({ session: payer.session }, listed)).to.equal(0n);
    const first = await ask({ who: payer });
    const second = await ask({ who: payer, stream: true });
    const owed = first.fee.fee + second.fee.fee;
    expect(owed).to.be.greaterThan(0n);
    expect(await fetchUnsettledFee({ session: payer.session }, listed)).to.equal(owed);
    const before = await readSubAccount(world.read, payer.address, listed.provider);
    await world.galileo.settle(0);
    const after = await readSubAccount(world.read, payer.address, listed.provider);
    expect((before?.balance ?? 0n) - (after?.balance ?? 0n)).to.equal(owed);
    expect(await fetchUnsettledFee({ session: payer.session }, listed)).to.equal(0n);
  });

  it("keeps a receipt that verifies on this chain and holds no secret", async () => {
    const result = await ask();
    if (result.chatId === undefined) throw new Error("no chat id");
    const signature = await fetchSignature({}, listed, result.chatId);
    const { requestBytes, responseBytes } = result;
    const verification = verifyInference({ service: listed, requestBytes, responseBytes, signature });
    const genesis = await genesisHash(world.read.provider);
    const { network } = world.read;
    const receipt = createReceipt({ network, genesisHash: genesis, service: listed, result, signature, verification });
    const text = JSON.stringify(receipt);
    expect(text).not.to.contain((await user.session.header(listed.provider)).slice(20, 60));
    const checked = await verifyReceipt(world.read, parseReceipt(text));
    expect(checked).to.deep.include({ status: "verified", mode: "local", signer: listed.teeSignerAddress });
  });

  it("renews a token after all tokens were revoked", async () => {
    const payer = await world.customer(listed.provider);
    await ask({ who: payer });
    const before = await payer.session.header(listed.provider);
    await (await inferenceServing(world.read.network, payer.ctx.signer).revokeAllTokens(listed.provider)).wait();
    const result = await ask({ who: payer });
    expect((await prove(result)).status).to.equal("verified");
    const after = await payer.session.header(listed.provider);
    expect(after).not.to.equal(before);
    expect(parseSessionToken(after).token.generation).to.equal(parseSessionToken(before).token.generation + 1n);
  });

  describe("refusals", () => {
    it("names the sub-account that is missing", async () => {
      const stranger = await world.user();
      await caught(NoSubAccountError, async () => ask({ who: stranger }));
    });

    it("states the provider's own numbers when too little is locked", async () => {
      const poor = await world.customer(listed.provider, ZG / 2n);
      const error = await caught(ProviderFundsRefusedError, async () => ask({ who: poor }));
      expect(error.details).to.deep.include({ locked: ZG / 2n, required: ZG, missing: ZG / 2n });
      await deposit(poor.ctx, ZG / 2n);
      await transfer(poor.ctx, { provider: listed.provider, amount: ZG / 2n });
      await ask({ who: poor });
    });

    it("sees a refund that was requested as no longer locked", async () => {
      const leaving = await world.customer(listed.provider);
      await retrieve(leaving.ctx);
      const error = await caught(ProviderFundsRefusedError, async () => ask({ who: leaving }));
      expect(error.details).to.deep.include({ locked: 0n });
    });

    it("names a provider without endorsement", async () => {
      const unendorsed = await world.service(2);
      const payer = await world.customer(unendorsed.provider);
      await caught(NotEndorsedError, async () => ask({ who: payer, service: unendorsed }));
    });
  });

  describe("a provider that lies or fails", () => {
    const LIES: readonly (readonly [Misbehaviour, CheckName[]])[] = [
      [{ kind: "wrong-signature" }, ["signature", "signer"]],
      [{ kind: "foreign-signature" }, ["signer"]],
      [{ kind: "replayed-text" }, ["response", "request"]],
      [{ kind: "wrong-request-hash" }, ["request"]],
      [{ kind: "altered-body" }, ["response"]],
    ];
    for (const [how, failed] of LIES) {
      for (const stream of [false, true]) {
        it(`is rejected for ${how.kind} (${stream ? "streamed" : "plain"}), by name`, async () => {
          // A genuine answer first, whose text can be replayed.
          await ask({ stream });
          world.galileo.provider(0).misbehave(how);
          const verification = await prove(await ask({ stream }));
          expect(verification).to.deep.include({ status: "rejected", mintable: false });
          const names = verification.checks.filter(({ passed }) => !passed).map(({ name }) => name);
          // Noise may or may not be a signature of somebody; it is never the listed signer's.
          if (how.kind === "wrong-signature") expect(names).to.include("signer");
          else expect(names).to.deep.equal(failed);
        });
      }
    }

    it("cannot have a signature without a known id", async () => {
      world.galileo.provider(0).misbehave({ kind: "missing-key", alsoInBody: true });
      const result = await ask();
      expect(result.chatId?.source).to.equal("body");
      await caught(SignatureMissingError, async () => prove(result));
    });

    it("is still proved when only the header is missing", async () => {
      world.galileo.provider(0).misbehave({ kind: "missing-key" });
      const result = await ask();
      expect(result.chatId?.source).to.equal("body");
      expect((await prove(result)).status).to.equal("verified");
    });

    it("cannot put an id into our URLs", async () => {
      world.galileo.provider(0).misbehave({ kind: "hostile-key" });
      const result = await ask();
      await caught(ChatIdMissingError, async () => prove(result));
    });

    it("is asked again for a late signature, and given up when there is none", async () => {
      world.galileo.provider(0).misbehave({ kind: "late-signature", misses: 2 });
      expect((await prove(await ask())).status).to.equal("verified");
      world.galileo.provider(0).misbehave({ kind: "no-signature" });
      const result = await ask();
      await caught(SignatureMissingError, async () => prove(result));
    });

    it("is down, busy or refuses, each by its own name", async () => {
      const statuses = [
        [500, ProviderDownError],
        [502, ProviderDownError],
        [503, RateLimitedError],
        [429, RateLimitedError],
        [400, ProviderRefusedError],
      ] as const;
      for (const [status, kind] of statuses) {
        world.galileo.provider(0).misbehave({ kind: "status", status });
        await caught<InstanceType<typeof kind>>(kind, async () => ask());
      }
    });

    it("hangs or dawdles until our time is over", async () => {
      world.galileo.provider(0).misbehave({ kind: "hang" });
      await caught(ProviderTimeoutError, async () => ask({ http: { timeoutMs: 100 } }));
      world.galileo.provider(0).misbehave({ kind: "slow", ms: 400 });
      await caught(ProviderTimeoutError, async () => ask({ stream: true, http: { timeoutMs: 100 } }));
    });

    it("breaks off in the middle", async () => {
      world.galileo.provider(0).misbehave({ kind: "cut-stream" });
      for (const stream of [false, true]) await caught(ResponseCutError, async () => ask({ stream }));
    });

    it("that bills more than it reports shows in its own unsettled fee", async () => {
      const payer = await world.customer(listed.provider);
      world.galileo.provider(0).misbehave({ kind: "over-billing", times: 3 });
      const result = await ask({ who: payer });
      expect((await prove(result)).status).to.equal("verified");
      expect(await fetchUnsettledFee({ session: payer.session }, listed)).to.equal(result.fee.fee * 3n);
    });

    it("that reports more than it did signs that, and its report is what the receipt shows", async () => {
      const honest = await ask();
      world.galileo.provider(0).misbehave({ kind: "inflated-usage", times: 7 });
      const result = await ask();
      expect((await prove(result)).status).to.equal("verified");
      expect(result.usage?.completionTokens).to.equal((honest.usage?.completionTokens ?? 0) * 7);
    });

    it("that is gone is named", async () => {
      const local = await world.galileo.registerProvider();
      const service = { ...listed, provider: local.address, url: local.url };
      const payer = await world.customer(local.address);
      await local.close();
      const error = await caught(ProviderDownError, async () => ask({ service, who: payer }));
      expect(error.message).to.contain("ECONNREFUSED");
    });
  });

  describe("funding", () => {
    it("asks a new user for the reserve and the fee, in one deposit and one transfer", async () => {
      const fresh = await world.user();
      const need = await fundingNeed(world.read, fresh.address, listed, { expectedFee: 500n, session: fresh.session });
      expect(need).to.deep.include({
        depositNeeded: ZG + 500n,
        transferNeeded: ZG + 500n,
        unsettled: 0n,
        unsettledKnown: true,
        required: requiredLocked(0n, 500n),
      });
      await deposit(fresh.ctx, need.depositNeeded);
      await transfer(fresh.ctx, { provider: listed.provider, amount: need.transferNeeded });
      await ask({ who: fresh });
    });

    it("counts what the provider has not collected, and is enough when followed", async () => {
      const payer = await world.customer(listed.provider, ZG);
      const result = await ask({ who: payer });
      const params = { expectedFee: 0n, session: payer.session };
      const need = await fundingNeed(world.read, payer.address, listed, params);
      expect(need).to.deep.include({ unsettled: result.fee.fee, transferNeeded: result.fee.fee });
      expect(need.depositNeeded).to.equal(result.fee.fee);
      await caught(ProviderFundsRefusedError, async () => ask({ who: payer }));
      await deposit(payer.ctx, need.depositNeeded);
      await transfer(payer.ctx, { provider: listed.provider, amount: need.transferNeeded });
      await ask({ who: payer });
    });

    it("believes no claim for past answers beyond what the sub-account holds", async () => {
      const payer = await world.customer(listed.provider, ZG);
      const lying = async () => Promise.resolve(Response.json({ unsettledFee: (ZG + 1n).toString() }));
      const error = await caught(UnsettledFeeError, async () =>
        fundingNeed(world.read, payer.address, listed, {
          expectedFee: 0n,
          session: payer.session,
          http: { fetch: lying },
        }),
      );
      expect(error.details).to.include({ claimed: ZG + 1n, balance: ZG });
    });

    it("plans nothing for a provider that cannot see this chain", async () => {
      const live = { ...listed, url: "https://provider.example" };
      await caught(ProviderCannotSeeError, async () =>
        fundingNeed(world.read, user.address, live, { expectedFee: 1n, session: user.session }),
      );
    });

    it("plans on when the provider cannot be asked, and says so", async () => {
      const payer = await world.customer(listed.provider, ZG);
      const gone = { ...listed, url: "http://127.0.0.1:9" };
      const need = await fundingNeed(world.read, payer.address, gone, { expectedFee: 1n, session: payer.session });
      expect(need).to.deep.include({ unsettled: 0n, unsettledKnown: false, transferNeeded: 1n });
      expect(need.reasons.join("\n")).to.contain("ZG_PROVIDER_DOWN");
    });
  });

  describe("createBroker", () => {
    it("goes from an empty wallet to a proved answer with the SDK's names and exact amounts", async () => {
      const fresh = await world.user();
      const broker = createBroker(fresh.ctx.signer, { network: "default" });
      const provider = listed.provider.toLowerCase();
      expect(await broker.ledger.getLedger()).to.equal(undefined);
      await broker.ledger.depositFund(3n * ZG + 1n);
      await broker.ledger.transferFund(provider, 2n * ZG);
      expect(await broker.inference.acknowledged(provider)).to.equal(true);
      expect(await broker.inference.acknowledgeProviderSigner(provider)).to.deep.include({ changed: false });
      expect((await broker.inference.listService({ endorsed: true })).map((each) => each.provider)).to.include(
        listed.provider,
      );
      const { endpoint, model } = await broker.inference.getServiceMetadata(provider);
      expect(endpoint).to.equal(`${listed.url}/v1/proxy`);

      const requestBytes = buildChatRequest({ model, messages, random: randomBytes });
      const headers = { "Content-Type": "application/json", ...(await broker.inference.getRequestHeaders(provider)) };
      const url = `${endpoint}/chat/completions`;
      const answer = await exchange({}, { what: "Chat", url, method: "POST", headers, body: requestBytes });
      const chatId = answer.headers.get("ZG-Res-Key") ?? "";
      const given = { requestBytes, responseBytes: answer.bytes, chatId };
      expect(await broker.inference.processResponse(provider, given)).to.deep.include({ status: "verified" });
      const tampered = { ...given, responseBytes: answer.bytes.slice(1) };
      expect(await broker.inference.processResponse(provider, tampered)).to.deep.include({ failed: "response" });

      const own = await broker.inference.chat(provider, { messages, stream: true });
      expect(own.content).not.to.equal("");
      expect((await broker.ledger.getProvidersWithBalance()).map((each) => each.balance)).to.deep.equal([2n * ZG]);
      expect((await broker.ledger.retrieveFund()).requested).to.equal(2n * ZG);
      expect(await broker.ledger.refund("all")).to.deep.include({ amount: ZG + 1n, locked: 2n * ZG });
    });

    it("moves no money for a header", async () => {
      const fresh = await world.customer(listed.provider, ZG);
      await retrieve(fresh.ctx);
      const before = await readSubAccount(world.read, fresh.address, listed.provider);
      const sent = await world.read.provider.getTransactionCount(fresh.address);
      const broker = createBroker(fresh.ctx.signer, { network: "default" });
      expect((await broker.inference.getRequestHeaders(listed.provider)).Authorization).to.match(/^Bearer app-sk-/);
      const after = await readSubAccount(world.read, fresh.address, listed.provider);
      expect(after).to.deep.equal(before);
      expect(await world.read.provider.getTransactionCount(fresh.address)).to.equal(sent);
    });
  });
});
