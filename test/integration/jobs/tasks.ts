import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import hre from "hardhat";

import { parseReceipt } from "../../../lib/compute/receipt.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/local-provider.ts";
import { serveGalileo, type ServedGalileo } from "../../../lib/galileo/serve.ts";
import { jobFiles } from "../../../tasks/support/jobs.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { hardhatJson, startHardhat } from "../../support/cli.ts";
import { runTask } from "../../support/in-process.ts";
import { person, type Person } from "../../support/person.ts";
import { serveTask, type ServedTask } from "../../support/served-task.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";

interface Result {
  readonly job_id: string;
  readonly status: string;
  readonly output: { readonly content: string };
  readonly proof: { readonly method: string | null; readonly metadata: { readonly absent: object } };
  readonly spent: { readonly amount: string; readonly assumed: boolean };
}

const ON = ["--network", "localhost"] as const;

describe("jobs by command", function () {
  this.timeout(60_000);

  let served: ServedGalileo;
  let home: TemporaryFolder;
  let provider: LocalProvider;
  let me: Person;
  let env: { readonly LOCALHOST_RPC_URL: string; readonly ZG_HOME: string };

  before(async () => {
    [served, home] = await Promise.all([serveGalileo(hre, { port: 0, allServices: true }), temporaryFolder()]);
    provider = served.galileo.provider(0);
    env = { LOCALHOST_RPC_URL: served.url, ZG_HOME: home.path };
    const machine = { url: served.url, home: home.path };
    me = person(async (...words) => runTask(machine, ...(words as [string, string, ...string[]])), home.path);
    await me.succeed("ledger", "deposit", "6");
    for (const model of [provider.address, "not-an-image-model", "not-an-embedding-model"]) {
      await me.succeed("ledger", "transfer", model, "1.5");
    }
  });
  afterEach(() => {
    provider.misbehave(undefined);
  });
  after(async () => {
    await served.close();
    await home.remove();
  });

  const prompt = ["--prompt", "What is 2+2?"] as const;
  const asked = () => provider.requests().filter(({ method }) => method === "POST").length;
  const submit = async (...more: string[]) => me.succeed<Result>("job", "submit", ...more);

  it("works a job to its proof, keeps it, and never asks twice for one id", async () => {
    const made = await submit(...prompt, "--id", "first");
    expect(made).to.deep.include({ job_id: "first", status: "completed" });
    expect(made.output.content).to.equal("4");
    const before = asked();
    expect(await submit(...prompt, "--id", "first")).to.deep.include({ output: made.output, spent: made.spent });
    expect(asked()).to.equal(before);
    await me.refused("ZG_JOB_ID_TAKEN", 2, "job", "submit", "--prompt", "other", "--id", "first");
    expect(await me.succeed("job", "status", "first")).to.include({ status: "completed", progress: 100 });
    expect(await me.succeed("job", "result", "first")).to.deep.include({ proof: made.proof });
    await me.refused("ZG_JOB_NOT_CANCELLED", 3, "job", "cancel", "first");
    const store = path.join(home.path, ".0g", "localhost", "jobs", "jobs.db");
    expect((await stat(store)).mode & 0o777).to.equal(0o600);
  });

  it("writes a receipt that inference verify takes", async () => {
    const out = path.join(home.path, "job.json");
    await me.succeed("job", "result", "first", "--out", out);
    expect(parseReceipt(await readFile(out, "utf8")).content).to.equal("4");
    expect(await me.succeed("inference", "verify", out)).to.include({ status: "verified" });
  });

  it("takes the adapter's task from a file, for every kind of service", async () => {
    const file = path.join(home.path, "task.json");
    const write = async (task: object) => writeFile(file, JSON.stringify(task));
    await write({ task_type: "image", model: "not-an-image-model", inputs: { prompt: "cat" }, resources: {} });
    const image = await submit(file);
    expect(image.output).to.have.nested.property("images[0].b64_json");
    await write({ task_type: "embedding", inputs: { inputs: ["a", "b"] } });
    const embedding = await submit(file);
    expect(embedding.output).to.have.property("embeddings").with.length(2);
    await write({ task_type: "inference", inputs: { prompt: "a" }, docker_image: "alpine" });
    await me.refused("ZG_JOB_UNSUPPORTED", 2, "job", "submit", file);
    await me.refused("ZG_JOB_UNSUPPORTED", 2, "job", "submit", ...prompt, "--type", "training");
    await me.refused("ZG_SERVICE_TYPE", 2, "job", "submit", "--type", "image", ...prompt, "--model", provider.address);
    await me.refused("ZG_USAGE", 2, "job", "submit");
    await me.refused("ZG_USAGE", 2, "job", "submit", ...prompt, "--inputs", "[]");
  });

  it("shows the plan and stops, holds to a cap, and stores nothing of either", async () => {
    const before = (await me.succeed<{ jobs: unknown[] }>("job", "list")).jobs.length;
    expect(await me.succeed("job", "submit", ...prompt, "--dry-run")).to.include({ dryRun: true });
    await me.refused("ZG_MAX_SPEND", 3, "job", "submit", ...prompt, "--max-spend", "1neuron");
    expect((await me.succeed<{ jobs: unknown[] }>("job", "list")).jobs).to.have.length(before);
  });

  it("leaves a job pending, says so, cancels it, and knows no other", async () => {
    expect(await submit(...prompt, "--id", "later", "--detach")).to.include({ status: "pending" });
    const pending = await me.refused("ZG_JOB_PENDING", 4, "job", "result", "later", "--timeout", "0");
    expect(pending.remedy).to.include("job serve");
    expect(await me.succeed("job", "cancel", "later")).to.include({ cancelled: true });
    await me.refused("ZG_JOB_CANCELLED", 3, "job", "result", "later");
    await me.refused("ZG_JOB_UNKNOWN", 2, "job", "status", "nobody");
    await me.refused("ZG_USAGE", 2, "job", "status");
  });

  it("ends with the error a job failed with, and what it cost", async () => {
    provider.misbehave({ kind: "wrong-signature" });
    const refusal = await me.refused("ZG_SIG_SIGNER", 5, "job", "submit", ...prompt, "--id", "forged");
    expect(refusal.details["output"]).to.be.null;
    expect(refusal.details["spent"]).to.have.property("assumed", false);
    await me.refused("ZG_SIG_SIGNER", 5, "job", "result", "forged");
  });

  it("needs a network that lasts", async () => {
    const error = await caught(UsageError, () => jobFiles(hre, networkNamed("default")));
    expect(error.remedy).to.include("galileo up");
  });

  describe("whose worker is killed", () => {
    const start = (...words: string[]) => startHardhat(["job", "submit", ...words, ...ON], env);
    async function kill(child: ChildProcess): Promise<string> {
      let stderr = "";
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
      const before = asked();
      while (asked() === before && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(child.exitCode, stderr).to.be.null;
      child.kill("SIGKILL");
      await once(child, "exit");
      return stderr;
    }

    it("after its request was sent is of unknown outcome, and is never sent again", async () => {
      provider.misbehave({ kind: "hang" });
      const stderr = await kill(start(...prompt, "--id", "killed"));
      expect(stderr).not.to.include("Warning");
      provider.misbehave(undefined);
      const before = asked();
      expect(await me.succeed("job", "status", "killed")).to.include({ status: "outcome_unknown" });
      const refusal = await me.refused("ZG_JOB_OUTCOME_UNKNOWN", 3, "job", "submit", ...prompt, "--id", "killed");
      expect(refusal.details["spent"]).to.have.property("assumed", true);
      await me.refused("ZG_JOB_OUTCOME_UNKNOWN", 3, "job", "result", "killed");
      expect(asked()).to.equal(before);
    });
  });

  describe("with job serve", () => {
    let server: ServedTask<{ readonly address: string; readonly key: string; readonly keyFile: string }>;
    let stopped: Promise<number | null> | undefined;
    const stop = async () => (stopped ??= server.stop());
    after(stop);
    before(async () => {
      server = await serveTask(["job", "serve", "--port", "0", "--drain", "2", ...ON], env);
    });

    it("works what this machine submits, and what comes over gRPC with the key it printed", async () => {
      const { address, key } = server.ready;
      await submit(...prompt, "--id", "queued", "--detach");
      expect(await me.succeed("job", "result", "queued")).to.include({ status: "completed" });
      const remote = { ...env, ZEROG_GRPC_URL: address, ZEROG_API_KEY: key };
      const answered = await hardhatJson(["job", "submit", ...prompt, "--id", "sent", ...ON], remote);
      expect(answered.answer).to.have.nested.property("data.output.content", "4");
      expect(await me.succeed("job", "status", "sent")).to.include({ status: "completed" });
      expect(await readFile(server.ready.keyFile, "utf8")).to.equal(`${key}\n`);
    });

    it("tells a client without a key, and one with options that are not its own to give", async () => {
      const { address } = server.ready;
      await me.refused("ZG_JOB_KEY", 3, "job", "status", "queued", "--remote", address);
      await me.refused("ZG_JOB_SERVER_URL", 2, "job", "status", "queued", "--remote", "10.0.0.1:50051");
      await me.refused("ZG_USAGE", 2, "job", "submit", ...prompt, "--remote", address, "--max-spend", "1");
      await me.refused("ZG_USAGE", 2, "job", "result", "queued", "--remote", address, "--out", "receipt.json");
    });

    it("ends when it is told to, and then nobody answers", async () => {
      expect(await stop()).to.equal(0);
      await me.refused("ZG_JOB_SERVER", 4, "job", "status", "queued", "--remote", server.ready.address);
    });
  });
});
