import { computeAddress } from "ethers";
import { expect } from "chai";

import { MaxSpendExceededError } from "../../../lib/chain/spending.ts";
import { NotEndorsedError, ProviderDownError, RateLimitedError } from "../../../lib/compute/errors.ts";
import { parseReceipt } from "../../../lib/compute/receipt.ts";
import { verifyReceipt } from "../../../lib/compute/receipt-check.ts";
import { JobNotProvableError, JobOutcomeUnknownError } from "../../../lib/jobs/errors.ts";
import type { Job } from "../../../lib/jobs/job.ts";
import { awaitJob, refusalOfResult, resultView } from "../../../lib/jobs/jobs.ts";
import { computeProof, outputOf } from "../../../lib/jobs/proof.ts";
import { isUnproved } from "../../../lib/jobs/store.ts";
import { parseTask } from "../../../lib/jobs/task.ts";
import { resultMessage, resultOf } from "../../../lib/jobs/wire.ts";
import { proveJob } from "../../../lib/jobs/work.ts";
import { workNow } from "../../../lib/jobs/worker.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/local-provider.ts";
import type { Address } from "../../../lib/hex.ts";
import { checksum } from "../../../lib/hex.ts";
import { sha256Hex } from "../../../lib/protocol/signed-text.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { openDesk, type Desk } from "./support/desk.ts";

describe("working a job", () => {
  let world: TestGalileo;
  let provider: LocalProvider;
  let user: TestUser;
  let desk: Desk;

  before(async () => {
    world = await bootGalileo();
    provider = world.galileo.provider(0);
    user = await world.customer(provider.address, 5n * ZG);
    desk = await openDesk(user, provider.address);
  });
  afterEach(() => {
    provider.misbehave(undefined);
  });
  after(async () => {
    await desk.close();
    await world.close();
  });

  /** Paid requests the provider has seen. */
  const asked = () => provider.requests().filter(({ method }) => method === "POST").length;
  const absent = (job: Job) => computeProof(job).metadata["absent"] as Record<string, string>;
  async function elsewhere(address: Address, use: (desk: Desk) => Promise<void>): Promise<void> {
    const other = await openDesk(user, address);
    try {
      await use(other);
    } finally {
      await other.close();
    }
  }

  describe("that is answered", () => {
    let job: Job;
    before(async () => {
      job = await desk.run({ prompt: "What is 2+2?" });
    });

    it("keeps the answer, a receipt that holds, and what it cost", async () => {
      expect(job).to.include({ state: "completed", spent_assumed: false });
      expect(outputOf(job)).to.deep.equal({ content: "4", finish_reason: "stop" });
      expect(job.spent! > 0n && job.spent! <= job.agreed).to.be.true;
      const receipt = parseReceipt(JSON.stringify(job.receipt));
      expect((await verifyReceipt(world.read, receipt)).status).to.equal("verified");
      expect(desk.store.history(job.id).map(({ state }) => state)).to.deep.equal([
        ...["pending", "preparing", "asked", "answered", "completed"],
      ]);
    });

    it("fills every field of the proof from evidence, or says why it is null", () => {
      const proof = computeProof(job);
      const [request, response] = [job.receipt!.request, job.receipt!.response].map((part) =>
        sha256Hex(Buffer.from(part, "base64")),
      );
      expect(proof).to.deep.include({
        method: "tee-ml",
        docker_digest: null,
        attestation: null,
        execution_hash: `${request}:${response}`,
        signature: job.receipt!.signature.signature,
        timestamp: Math.floor(Date.parse(job.receipt!.finishedAt) / 1000),
      });
      expect(computeAddress(proof.enclave_pubkey!)).to.equal(provider.teeSigner);
      expect(proof.metadata).to.include({
        provider: provider.address,
        signer: provider.teeSigner,
        chat_id: job.receipt!.chatId!.id,
        chain_id: 16602,
        fee_neuron: job.spent!.toString(),
      });
      expect(proof.metadata["block"]).to.be.a("number").above(0);
      expect(absent(job)).to.have.all.keys("docker_digest", "attestation");
    });

    it("takes the digest from what the provider registered", () => {
      const service = { ...job.receipt!.service, additionalInfo: '{"ImageDigest":"sha256:ab"}' };
      const named = computeProof({ ...job, receipt: { ...job.receipt!, service } });
      expect(named.docker_digest).to.equal("sha256:ab");
    });

    it("says the same in the messages of the protocol", () => {
      const report = { role: "broker", source: "u", form: "dstack", sha256: "ab", quote: "04", items: [] };
      const evidence = { block: 7, attestation: { reports: [report] }, notAttested: null };
      const attested = { ...job, evidence };
      expect(resultOf(resultMessage(resultView(job)))).to.deep.equal(resultView(job));
      expect(resultOf(resultMessage(resultView(attested)))).to.deep.equal(resultView(attested));
      expect(resultMessage(resultView(attested)).attestation).to.deep.include({ tee_report: "sha256:ab", quote: "04" });
    });

    it("is not asked again by whoever submits it again", async () => {
      const before = asked();
      const again = await desk.jobs.submit(job.task, job.id);
      expect(again).to.include({ job_id: job.id, status: "completed" });
      expect(await workNow(desk.deps(), job.id)).to.be.false;
      expect(asked()).to.equal(before);
    });
  });

  it("calls no development report an attestation, and says why", async () => {
    const attesting = await openDesk(user, provider.address, { attest: true });
    const job = await attesting.run();
    expect(job.state).to.equal("completed");
    expect(computeProof(job).attestation).to.be.null;
    expect(absent(job)["attestation"]).to.match(/^ZG_\w+: /);
    await attesting.close();
  });

  it("fails with the error of the check that failed, keeps the evidence, and calls nothing a proof", async () => {
    provider.misbehave({ kind: "foreign-signature" });
    const job = await desk.run();
    expect(job.failure).to.include({ code: "ZG_SIG_SIGNER", exit: 5 });
    expect(job.spent! > 0n).to.be.true;
    expect(job.receipt!.checks.filter(({ passed }) => !passed)).to.have.length(1);
    const result = resultView(job);
    expect(result.output).to.be.null;
    expect(result.proof).to.include({ method: null, signature: null });
    expect(refusalOfResult(result, job.message)).to.include({ code: "ZG_SIG_SIGNER", exit: 5 });
    expect(resultOf(resultMessage(result))).to.deep.equal(result);
  });

  it("costs nothing when it is refused", async () => {
    provider.misbehave({ kind: "status", status: 400, error: "no" });
    expect(await desk.run()).to.deep.include({ state: "failed", spent: 0n, spent_assumed: false });
  });

  it("tells a provider that was never reached from one that may have served", async () => {
    const failing = (code: string) => async () =>
      Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) }));
    const refused = await desk.run({ prompt: "a" }, { fetch: failing("ECONNREFUSED") });
    expect(refused).to.deep.include({ state: "failed", spent: 0n });
    expect(refused.failure?.code).to.equal("ZG_PROVIDER_DOWN");
    const cut = await desk.run({ prompt: "a" }, { fetch: failing("ECONNRESET") });
    expect(cut).to.deep.include({ state: "outcome_unknown", spent_assumed: true });
    expect(cut.spent! > 0n).to.be.true;
    const refusal = refusalOfResult(resultView(cut), cut.message);
    expect(refusal).to.be.instanceOf(JobOutcomeUnknownError);
  });

  it("counts the worst case for an answer that broke off", async () => {
    provider.misbehave({ kind: "cut-stream", requests: 1 });
    const job = await desk.run();
    expect(job).to.deep.include({ state: "failed", spent_assumed: true });
    expect(job.failure?.code).to.equal("ZG_RESPONSE_CUT");
  });

  it("does not know what became of a request without an answer in time, and never sends it again", async () => {
    provider.misbehave({ kind: "hang", requests: 1 });
    const job = await desk.run({ prompt: "a" }, { timeoutMs: 200 });
    expect(job.state).to.equal("outcome_unknown");
    const before = asked();
    const worker = await desk.worker();
    worker.start();
    await worker.stop();
    expect(asked()).to.equal(before);
    expect(desk.store.get(job.id).state).to.equal("outcome_unknown");
  });

  it("keeps an answer whose signature cannot be had, and proves it later for nothing", async () => {
    provider.misbehave({ kind: "late-signature", misses: 3, requests: 1 });
    const patient = { sleep: async () => Promise.resolve() };
    const job = await desk.run({ prompt: "a" }, patient);
    expect(job.failure?.code).to.equal("ZG_SIGNATURE_MISSING");
    expect(job.spent! > 0n && isUnproved(job)).to.be.true;
    const before = asked();
    const deps = desk.deps(patient);
    await proveJob(deps, desk.store.claimUnproved(job.id, deps.worker)!);
    const proved = desk.store.get(job.id);
    expect(proved).to.deep.include({ state: "completed", failure: null, spent: job.spent });
    expect(asked()).to.equal(before);
    expect(desk.store.claimUnproved(job.id, deps.worker)).to.be.undefined;
  });

  it("waits again when the chain or the way to it fails before anything is sent", async () => {
    const id = await desk.submit({ prompt: "a" });
    const deps = desk.deps();
    const session = {
      ...deps.session,
      header: async () => Promise.reject(new ProviderDownError({ what: "x", url: "y" })),
    };
    await caught(ProviderDownError, async () => workNow({ ...deps, session: session }, id));
    expect(desk.store.get(id)).to.include({ state: "pending", worker: null, spent: null });
    await workNow(desk.deps(), id);
    expect(desk.store.get(id).state).to.equal("completed");
  });

  it("is cancelled before it is worked, and while it is prepared, and costs nothing", async () => {
    const before = asked();
    const waiting = await desk.submit({ prompt: "a" });
    expect(await desk.jobs.cancel(waiting)).to.include({ cancelled: true });
    expect(await workNow(desk.deps(), waiting)).to.be.false;
    const prepared = await desk.submit({ prompt: "a" });
    const deps = desk.deps();
    const header = async (address: Address) => {
      expect(await desk.jobs.cancel(prepared)).to.include({ cancelled: true });
      return deps.session.header(address);
    };
    const session = {
      network: deps.session.network,
      user: async () => deps.session.user(),
      header,
      invalidate: () => undefined,
    };
    await workNow({ ...deps, session }, prepared);
    expect(desk.store.get(prepared)).to.include({ state: "cancelled", spent: null });
    expect(asked()).to.equal(before);
  });

  it("is not cancelled once it is asked, and says so", async () => {
    provider.misbehave({ kind: "slow", ms: 50 });
    const id = await desk.submit({ prompt: "a" });
    const working = workNow(desk.deps(), id);
    while (desk.store.get(id).state !== "asked") await new Promise((resolve) => setTimeout(resolve, 5));
    const { cancelled, message } = await desk.jobs.cancel(id);
    expect({ cancelled, message }).to.deep.equal({
      cancelled: false,
      message: "its request was sent, and a provider runs and charges what it was sent",
    });
    await working;
    expect(desk.store.get(id).state).to.equal("completed");
  });

  it("waits again when the provider is too busy: that cost nothing", async () => {
    provider.misbehave({ kind: "status", status: 429, error: "Too many concurrent requests." });
    const id = await desk.submit({ prompt: "a" });
    await caught(RateLimitedError, async () => workNow(desk.deps(), id));
    expect(desk.store.get(id)).to.include({ state: "pending", spent: null });
    provider.misbehave(undefined);
    await workNow(desk.deps(), id);
    expect(desk.store.get(id).state).to.equal("completed");
  });

  it("is done once by many workers at a time", async () => {
    const before = asked();
    const ids = await Promise.all(["a", "b", "c", "d", "e", "f"].map(async (prompt) => desk.submit({ prompt })));
    const workers = await Promise.all([
      desk.worker({ parallel: 2 }),
      desk.worker({ parallel: 1 }),
      desk.worker({ parallel: 1 }),
    ]);
    for (const worker of workers) worker.start();
    for (const id of ids) {
      const { status } = await awaitJob(desk.jobs, id, { timeoutMs: 20_000 });
      expect(status, JSON.stringify(desk.store.get(id).failure)).to.equal("completed");
    }
    await Promise.all(workers.map(async (worker) => worker.stop()));
    expect(asked()).to.equal(before + ids.length);
    for (const id of ids) expect(desk.store.history(id)).to.have.length(5);
  });

  describe("with a cap", () => {
    it("is refused when its plan is above, and stores nothing", async () => {
      const capped = await openDesk(user, provider.address, { perJob: 1n });
      await caught(MaxSpendExceededError, async () => capped.submit());
      expect(capped.store.list(9)).to.deep.equal([]);
      await capped.close();
    });

    it("fails, unsent, when it became dearer than was agreed to", async () => {
      const id = await desk.submit();
      const { task, user: payer, genesis_hash: genesisHash, model, agreed } = desk.store.get(id);
      desk.store.cancel(id);
      desk.store.submit({
        ...{ id: "cheap", task, user: payer, genesisHash, provider: provider.address, model },
        ...{ agreed: agreed - 1n, attest: false },
      });
      const before = asked();
      await workNow(desk.deps(), "cheap");
      expect(desk.store.get("cheap").failure?.code).to.equal("ZG_PLAN_EXCEEDED");
      expect(desk.store.get("cheap").spent).to.equal(0n);
      expect(asked()).to.equal(before);
    });

    it("leaves to others what its worker may not spend", async () => {
      const ids = [await desk.submit({ prompt: "a" }), await desk.submit({ prompt: "b" })];
      const { agreed } = desk.store.get(ids[0]!);
      const worker = await desk.worker({ maxSpend: agreed, parallel: 1 });
      worker.start();
      await awaitJob(desk.jobs, ids[0]!, { timeoutMs: 10_000 });
      await worker.stop();
      expect(desk.store.get(ids[1]!).state).to.equal("pending");
      await caught(MaxSpendExceededError, async () => {
        worker.admit({ worst: agreed, service: await world.service() });
      });
      desk.store.cancel(ids[1]!);
    });
  });

  it("takes no service that cannot prove its answers, before anything is stored", async () => {
    const standard = await world.galileo.registerService({ verifiability: "Standard", model: "local/standard" });
    const zk = await world.galileo.registerService({ verifiability: "ZKML", model: "local/zk" });
    const bare = await world.galileo.registerService({ endorsed: false, model: "local/unendorsed" });
    await elsewhere(standard, async (other) => {
      await caught(JobNotProvableError, async () => other.submit());
    });
    await elsewhere(zk, async (other) => {
      await caught(JobNotProvableError, async () => other.submit());
    });
    await elsewhere(bare, async (other) => {
      await caught(NotEndorsedError, async () => other.submit());
      expect(other.store.list(9)).to.deep.equal([]);
    });
  });

  it("takes the cheapest provider that proves its answers when none is named", async () => {
    const { job_id } = await desk.jobs.submit(parseTask({ task_type: "inference", inputs: { prompt: "a" } }));
    expect(checksum(desk.store.get(job_id).provider)).to.equal(provider.address);
    desk.store.cancel(job_id);
  });
});
