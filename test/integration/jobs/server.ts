import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import path from "node:path";
import { randomBytes } from "node:crypto";

import * as grpc from "@grpc/grpc-js";
import { expect } from "chai";

import { UsageError } from "../../../lib/errors.ts";
import { PortTakenError } from "../../../lib/listen.ts";
import {
  JobKeyError,
  JobPendingError,
  JobServerError,
  JobServerRefusedError,
  JobServerUrlError,
} from "../../../lib/jobs/errors.ts";
import { awaitJob } from "../../../lib/jobs/jobs.ts";
import { jobServerTarget, RemoteJobs } from "../../../lib/jobs/remote.ts";
import { serverKey } from "../../../lib/jobs/server-key.ts";
import { serveJobs, type JobServerOptions, type ServedJobs } from "../../../lib/jobs/server.ts";
import { parseTask } from "../../../lib/jobs/task.ts";
import { loadProtocol } from "../../../lib/jobs/wire.ts";
import type { JobWorker } from "../../../lib/jobs/worker.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, ZG, type TestGalileo } from "../compute/support/galileo.ts";
import { openDesk, type Desk } from "./support/desk.ts";

const KEY = "zgj-a-key-of-a-test-that-is-long-enough";
const task = parseTask({ task_type: "inference", inputs: { prompt: "What is 2+2?" } });

/** What a call comes to: its answer, or its error, and the trailers. */
interface Ended {
  readonly answer?: Record<string, unknown>;
  readonly error?: grpc.ServiceError;
  readonly trailer: Record<string, grpc.MetadataValue>;
}

describe("the job server", () => {
  let world: TestGalileo;
  let desk: Desk;
  let worker: JobWorker;
  let served: ServedJobs;
  let protocol: Awaited<ReturnType<typeof loadProtocol>>;
  const remotes: RemoteJobs[] = [];
  const clients: grpc.Client[] = [];

  const options = (): JobServerOptions => ({
    jobs: desk.jobs,
    key: { opens: (key) => key === KEY },
    ...{ host: "127.0.0.1", port: 0, maxMessage: 100_000, drainMs: 1_000, version: "1.2.3" },
    log: () => undefined,
  });

  before(async () => {
    world = await bootGalileo();
    const { address } = world.galileo.provider(0);
    const user = await world.customer(address, 5n * ZG);
    let wake: () => void = () => undefined;
    desk = await openDesk(user, address, { onSubmitted: () => wake() });
    worker = await desk.worker();
    wake = () => worker.wake();
    worker.start();
    served = await serveJobs(options());
    protocol = await loadProtocol();
  });
  after(async () => {
    for (const client of [...remotes, ...clients]) client.close();
    await served.close();
    await worker.stop();
    await desk.close();
    await world.close();
  });

  async function remote(key: string | undefined = KEY, url = served.address): Promise<RemoteJobs> {
    const jobs = await RemoteJobs.open({ url, key, timeoutMs: 5_000, random: randomBytes });
    remotes.push(jobs);
    return jobs;
  }

  /** A call by a client that is made of the protocol alone. */
  async function call(
    name: string,
    request: object,
    metadata: Record<string, string> = { authorization: `Bearer ${KEY}` },
    authority?: string,
    service: "compute" | "health" = "compute",
  ): Promise<Ended> {
    const channel = authority === undefined ? {} : { "grpc.default_authority": authority };
    const client = new protocol[service](served.address, grpc.credentials.createInsecure(), channel);
    clients.push(client);
    const sent = new grpc.Metadata();
    for (const [header, value] of Object.entries(metadata)) sent.set(header, value);
    return new Promise((resolve) => {
      let ended: Pick<Ended, "answer" | "error"> = {};
      const method = (client as unknown as Record<string, (...args: unknown[]) => grpc.ClientUnaryCall>)[name]!;
      const under = method.call(client, request, sent, (error: grpc.ServiceError | null, answer?: object) => {
        ended = error === null ? { answer: answer as Record<string, unknown> } : { error };
      });
      under.on("status", ({ metadata: trailer }) => {
        setImmediate(() => resolve({ ...ended, trailer: trailer.getMap() }));
      });
    });
  }

  it("serves the messages of the adapter's protocol, from submission to proof", async () => {
    const request = { task_type: "inference", inputs: { prompt: "What is 2+2?" }, verification: "tee-ml" };
    const { answer } = await call("SubmitJob", request);
    expect(answer).to.include.keys("job_id", "status", "submitted_at");
    const id = answer!["job_id"] as string;
    const view = await awaitJob(await remote(), id, { timeoutMs: 10_000 });
    expect(view).to.include({ job_id: id, status: "completed", progress: 100, message: "proved" });
    const result = (await call("GetResult", { job_id: id })).answer as {
      output: string;
      attestation: unknown;
      metadata: Record<string, unknown> & { extra: Record<string, string> };
    };
    expect(JSON.parse(result.output)).to.deep.equal({ content: "4", finish_reason: "stop" });
    expect(result.attestation).to.be.null;
    expect(result.metadata["signed_result"]).to.match(/^0x[0-9a-f]{130}$/);
    expect(result.metadata["execution_hash"]).to.match(/^[0-9a-f]{64}:[0-9a-f]{64}$/);
    expect(result.metadata.extra).to.include.keys("chat_id", "provider", "chain_id", "block", "usage", "fee_neuron");
    expect(result.metadata.extra["absent.docker_digest"]).to.include("names no ImageDigest");
  });

  it("numbers the fields as the adapter's protocol does", () => {
    const fieldsOf = (name: string) => {
      const { type } = (
        protocol.compute.service[name] as unknown as {
          responseType: { type: { field: { name: string; number: number }[] } };
        }
      ).responseType;
      return Object.fromEntries(type.field.map(({ name: field, number }) => [field, number]));
    };
    expect(fieldsOf("SubmitJob")).to.deep.equal({ job_id: 1, status: 2, submitted_at: 3 });
    expect(fieldsOf("GetStatus")).to.deep.equal({ job_id: 1, status: 2, progress: 3, message: 4, updated_at: 5 });
    expect(fieldsOf("GetResult")).to.deep.equal({
      ...{ job_id: 1, status: 2, output: 3, attestation: 4, metadata: 5, completed_at: 6 },
    });
    expect(fieldsOf("CancelJob")).to.deep.equal({ job_id: 1, cancelled: 2, message: 3 });
    expect(fieldsOf("Health")).to.deep.equal({ status: 1, version: 2 });
  });

  it("is the same to our client as jobs of this machine", async () => {
    const jobs = await remote();
    const { job_id: id } = await jobs.submit(task, "mine");
    await awaitJob(jobs, id, { timeoutMs: 10_000 });
    expect(await jobs.result(id)).to.deep.equal(await desk.jobs.result(id));
    expect(await jobs.status(id)).to.deep.equal(await desk.jobs.status(id));
    expect(await jobs.submit(task, "mine")).to.include({ job_id: "mine", status: "completed" });
    expect(await jobs.cancel(id)).to.include({ cancelled: false });
  });

  it("says failed, as the adapter knows it, and beside it what is exact", async () => {
    const id = await desk.submit({ prompt: "a" }, "unknown");
    await awaitJob(desk.jobs, id, { timeoutMs: 10_000 });
    const other = parseTask({ task_type: "inference", model: "provider-0", inputs: { prompt: "later" } });
    const known = desk.store.get(id);
    // Nobody works jobs of this account.
    const stranger = { user: world.galileo.provider(1).address, genesisHash: known.genesis_hash } as const;
    const job = { ...stranger, provider: known.provider, model: known.model, agreed: 1n, attest: false };
    desk.store.submit({ ...job, id: "stranger", task: other });
    await desk.jobs.cancel("stranger");
    const { answer, trailer } = await call("GetStatus", { job_id: "stranger" });
    expect(answer).to.include({ status: "failed", message: "cancelled" });
    expect(trailer["zg-job-state"]).to.equal("cancelled");
    expect((await (await remote()).status("stranger")).status).to.equal("cancelled");
  });

  it("refuses by name what nobody can honour", async () => {
    const asked = { task_type: "inference", inputs: { prompt: "a" } };
    for (const [field, value] of [
      ["verification", "zk-ml"],
      ["verification", "op-ml"],
      ["task_type", "training"],
      ["docker_image", "alpine"],
      ["resources", { gpu: "1" }],
    ] as const) {
      const { error, trailer } = await call("SubmitJob", { ...asked, [field]: value });
      expect(error?.code, field).to.equal(grpc.status.UNIMPLEMENTED);
      expect(error?.details).to.include(field);
      expect(trailer["zg-error-code"]).to.equal("ZG_JOB_UNSUPPORTED");
    }
    const wrong = await call("SubmitJob", { ...asked, inputs: { poem: "a" } });
    expect(wrong.error?.code).to.equal(grpc.status.INVALID_ARGUMENT);
    const refused = await caught(JobServerRefusedError, async () =>
      (await remote()).submit({ ...task, inputs: { poem: "a" } }),
    );
    expect(refused).to.include({ code: "ZG_JOB_TASK", exit: 2 });
  });

  it("opens to its key only, before a message is read, and tells without one only that it lives", async () => {
    for (const metadata of [{}, { authorization: "Bearer wrong" }, { authorization: KEY }] as const) {
      for (const name of ["SubmitJob", "GetStatus", "GetResult", "CancelJob"]) {
        const { error } = await call(name, {}, metadata as Record<string, string>);
        expect(error?.code, name).to.equal(grpc.status.UNAUTHENTICATED);
        expect(error?.details).not.to.include("wrong");
      }
    }
    await caught(JobKeyError, async () => (await remote("wrong")).status("mine"));
    expect((await call("Health", {}, {})).answer).to.deep.equal({ status: "ok", version: "1.2.3" });
    const check = async (service: string) => call("Check", { service }, {}, undefined, "health");
    expect((await check("")).answer).to.deep.equal({ status: "SERVING" });
    expect((await check("zerog.compute.v1.ZeroGCompute")).answer).to.deep.equal({ status: "SERVING" });
    expect((await check("other")).error?.code).to.equal(grpc.status.NOT_FOUND);
  });

  it("lets in no page of a browser and no foreign name", async () => {
    const authorization = `Bearer ${KEY}`;
    const page = await call("GetStatus", { job_id: "mine" }, { authorization, origin: "https://evil.example" });
    expect(page.trailer["zg-error-code"]).to.equal("ZG_JOB_DOOR");
    const name = await call("Health", {}, {}, "evil.example");
    expect(name.error?.code).to.equal(grpc.status.PERMISSION_DENIED);
  });

  it("takes no message above its limit, and lives on", async () => {
    const inputs = { prompt: "a".repeat(200_000) };
    const { error } = await call("SubmitJob", { task_type: "inference", inputs });
    expect(error?.code).to.equal(grpc.status.RESOURCE_EXHAUSTED);
    expect((await call("Health", {}, {})).answer).to.include({ status: "ok" });
  });

  it("survives what is no gRPC at all", async () => {
    await new Promise<void>((resolve) => {
      const socket = connectTcp(served.port, "127.0.0.1", () => socket.end("GET / HTTP/1.1\r\n\r\n"));
      socket
        .on("close", () => resolve())
        .on("error", () => undefined)
        .resume();
    });
    expect((await call("Health", {}, {})).answer).to.include({ status: "ok" });
  });

  it("says of a job nobody has that there is none, and of one that takes too long that it waits", async () => {
    const { error } = await call("GetResult", { job_id: "nobody" });
    expect(error?.code).to.equal(grpc.status.NOT_FOUND);
    const pending = { status: async () => ({ ...(await desk.jobs.status("mine")), status: "pending" as const }) };
    const late = await caught(JobPendingError, async () => awaitJob(pending, "mine", { timeoutMs: 0 }));
    expect(late).to.include({ exit: 4 });
  });

  it("cannot listen where somebody does, or at an address that is not of this machine", async () => {
    await caught(PortTakenError, async () => serveJobs({ ...options(), port: served.port }));
    await caught(UsageError, async () => serveJobs({ ...options(), host: "192.0.2.1" }));
  });

  it("ends the health watchers' calls, and takes no more, when it stops", async () => {
    const short = await serveJobs(options());
    const client = new protocol.health(short.address, grpc.credentials.createInsecure());
    clients.push(client);
    const watch = (
      client as unknown as { Watch(request: object): grpc.ClientReadableStream<{ status: string }> }
    ).Watch({ service: "" });
    const seen: string[] = [];
    const ended = new Promise<void>((resolve) => watch.on("end", () => resolve()).on("error", () => undefined));
    await new Promise<void>((resolve) => {
      watch.on("data", ({ status }: { status: string }) => {
        seen.push(status);
        resolve();
      });
    });
    await short.close();
    await ended;
    expect(seen).to.deep.equal(["SERVING", "NOT_SERVING"]);
    await caught(JobServerError, async () => (await remote(KEY, short.address)).status("mine"));
    const lost = await caught(JobServerError, async () => (await remote(KEY, short.address)).submit(task, "lost"));
    expect(lost.message).to.include("--id lost");
  });
});

describe("the address of a job server", () => {
  it("is a host and port, or a URL", () => {
    expect(jobServerTarget("localhost:5")).to.deep.equal({ address: "localhost:5", tls: false });
    expect(jobServerTarget("127.0.0.1")).to.deep.equal({ address: "127.0.0.1:50051", tls: false });
    expect(jobServerTarget("http://[::1]:7")).to.deep.equal({ address: "[::1]:7", tls: false });
    expect(jobServerTarget("https://jobs.example")).to.deep.equal({ address: "jobs.example:443", tls: true });
    expect(jobServerTarget("grpcs://jobs.example:9/")).to.deep.equal({ address: "jobs.example:9", tls: true });
  });

  it("is refused when it is none, or would show the key to a network", async () => {
    for (const wrong of ["", "ftp://a", "jobs.example:50051", "http://10.0.0.1:1", "https://a/b", "https://u:p@a"]) {
      await caught(JobServerUrlError, () => jobServerTarget(wrong));
    }
  });
});

describe("the key of a job server", () => {
  it("is made once, kept for its owner alone, and shown when it is made", async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder.path, "jobs", "server.key");
    const first = await serverKey(file, undefined);
    const kept = (await readFile(file, "utf8")).trim();
    expect(first.made).to.equal(kept);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const again = await serverKey(file, undefined);
    expect(again.made).to.be.undefined;
    expect([again.opens(kept), again.opens(`${kept}x`), again.opens("")]).to.deep.equal([true, false, false]);
    await folder.remove();
  });

  it("is the one given, if nobody can guess it; an empty file is none", async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder.path, "jobs"));
    const file = path.join(folder.path, "jobs", "server.key");
    expect((await serverKey(file, KEY)).opens(KEY)).to.be.true;
    const short = await caught(UsageError, async () => serverKey(file, "short"));
    expect(short.message).not.to.include('"short"');
    await writeFile(file, "\n");
    expect((await serverKey(file, undefined)).made).to.match(/^zgj-/);
    await folder.remove();
  });
});
