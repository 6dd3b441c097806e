import { connect } from "node:net";

import { expect } from "chai";

import { PortTakenError } from "../../../lib/galileo/provider/local-provider.ts";
import { parseServiceInfo, mintability } from "../../../lib/protocol/service-info.ts";
import { sha256Hex } from "../../../lib/protocol/signed-text.ts";
import { errorOf, MODEL, question, startBench, type Bench } from "./support/provider.ts";

describe("local provider: server", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.provider.close());

  const get = (path: string, headers: Record<string, string> = {}) => fetch(bench.provider.url + path, { headers });

  it("listens on loopback only, and its URL can be registered as it is", () => {
    expect(bench.provider.url).to.equal(`http://127.0.0.1:${bench.provider.port}`);
  });

  it("offers a service whose results can be minted once it is endorsed", () => {
    const params = bench.provider.serviceParams();
    expect(params).to.include({
      serviceType: "chatbot",
      model: MODEL,
      verifiability: "TeeML",
      url: bench.provider.url,
    });
    const info = params.additionalInfo;
    expect(info.length).to.be.lessThan(4096);
    expect(parseServiceInfo(info)).to.deep.include({ ok: true });
    const service = {
      serviceType: "chatbot",
      verifiability: "TeeML",
      additionalInfo: info,
      teeSignerAddress: bench.provider.teeSigner,
      teeSignerAcknowledged: true,
    };
    expect(mintability(service)).to.deep.equal({ mintable: true });
  });

  it("says what is wrong when its port is taken", async () => {
    const { port } = bench.provider;
    await startBench({ port }).then(
      () => expect.fail("it started"),
      (error: unknown) => {
        expect(error).to.be.instanceOf(PortTakenError);
        expect(error).to.include({ code: "ZG_PORT_TAKEN", exit: 3 });
        expect((error as PortTakenError).message).to.contain(String(port));
        expect((error as PortTakenError).details).to.deep.include({ port });
      },
    );
    expect((await bench.chat()).status, "the first one goes on").to.equal(200);
  });

  it("answers all of the first requests when they come together", async () => {
    const answers = await Promise.all(["/v1/models", "/v1/quote", "/v1/models"].map(async (path) => get(path)));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
    expect(bench.provider.requests()).to.have.length(3);
  });

  it("closes although nobody ever asked it anything", async () => {
    const idle = await startBench();
    await idle.provider.close();
    await fetch(idle.provider.url).then(
      () => expect.fail("it still listens"),
      (error: unknown) => expect(error).to.have.nested.property("cause.code", "ECONNREFUSED"),
    );
  });

  it("lists its model, and says that it is no language model", async () => {
    const { object, data } = (await (await get("/v1/models")).json()) as {
      object: string;
      data: Record<string, unknown>[];
    };
    expect(object).to.equal("list");
    expect(data).to.have.length(1);
    expect(data[0]).to.deep.include({
      id: MODEL,
      object: "model",
      owned_by: bench.provider.address,
      type: "chatbot",
      pricing: { prompt: "100", completion: "300" },
      tee_attested: false,
    });
    expect(data[0]?.["description"]).to.contain("not a language model");
  });

  it("gives a report that agrees with itself and claims no hardware", async () => {
    const response = await get("/v1/quote?legacy=true");
    expect(response.headers.get("content-type")).to.contain("text/plain");
    const report = JSON.parse(await response.text()) as Record<
      "quote" | "report_data" | "tcb_info" | "event_log",
      string
    >;
    expect(report).to.include({ quote: "", mock: true });
    expect(JSON.stringify(report)).to.contain("DEVELOPMENT ONLY");
    const data = Buffer.from(report.report_data, "base64");
    expect(data).to.have.length(64);
    expect(data.toString("ascii").replace(/\0+$/, "")).to.equal(bench.provider.teeSigner);
    const { app_compose } = JSON.parse(report.tcb_info) as { app_compose: string };
    const events = JSON.parse(report.event_log) as { event: string; event_payload: string }[];
    expect(events.find(({ event }) => event === "compose-hash")?.event_payload).to.equal(sha256Hex(app_compose));
  });

  it("has no report of another node", async () => {
    const response = await get("/v1/proxy/attestation/report?model=x");
    expect(response.status).to.equal(501);
    expect(await errorOf(response)).to.match(/^LLM attestation report is not available/);
  });

  describe("unsettled fees", () => {
    it("are told to their user", async () => {
      await (await bench.chat(question("2+2"))).text();
      const path = `/v1/user/${bench.userAddress.toLowerCase()}/unsettledfee`;
      const response = await get(path, await bench.headers());
      expect(response.status).to.equal(200);
      expect(await response.json()).to.deep.equal({ userAddress: bench.userAddress, unsettledFee: "400" });
    });

    it("are told to nobody else", async () => {
      const other = await get(`/v1/user/${bench.provider.address}/unsettledfee`, await bench.headers());
      expect([other.status, await errorOf(other)]).to.deep.equal([403, "you can only query your own unsettled fee"]);
      const nobody = await get(`/v1/user/${bench.userAddress}/unsettledfee`);
      expect(nobody.status).to.equal(400);
      expect(await errorOf(nobody)).to.match(/^Provider: validate session: missing or invalid Authorization header/);
    });
  });

  it("refuses a body above 32 MiB without reading it", async () => {
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(bench.provider.port, "127.0.0.1");
      socket.on("error", reject);
      socket.on("data", (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.write(
        `POST /v1/proxy/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${32 * 1024 * 1024 + 1}\r\n\r\n`,
      );
    });
    expect(status).to.match(/^HTTP\/1\.1 413 /);
    expect(status).to.contain('{"error":"Request body size exceeds the maximum allowed size of 32MB"}');
  });

  it("answers preflight requests and names its headers to browsers", async () => {
    const origin = "http://app.example";
    const preflight = await fetch(`${bench.provider.url}/v1/proxy/chat/completions`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
    });
    expect(preflight.status).to.equal(204);
    expect(preflight.headers.get("access-control-allow-origin")).to.equal(origin);
    expect(preflight.headers.get("access-control-allow-headers")).to.equal("authorization");
    const response = await bench.chat(undefined, { ...(await bench.headers()), origin });
    expect(response.headers.get("access-control-allow-origin")).to.equal(origin);
    expect(response.headers.get("access-control-expose-headers")).to.contain("ZG-Res-Key");
  });

  it("answers 404 as JSON where nothing is", async () => {
    for (const path of ["/", "/v1/logs", "/v1/lora/adapters"]) {
      const response = await get(path);
      expect([response.status, await errorOf(response)], path).to.deep.equal([404, "not found"]);
    }
  });

  describe("limits", () => {
    /** Starts requests that never end, and returns what ends them. */
    const occupy = async (occupied: Bench, count: number) => {
      occupied.provider.misbehave({ kind: "hang" });
      const leaving = new AbortController();
      const hanging = Array.from({ length: count }, async () =>
        fetch(`${occupied.provider.url}/v1/proxy/chat/completions`, {
          method: "POST",
          headers: await occupied.headers(),
          body: JSON.stringify(question("2+2")),
          signal: leaving.signal,
        }).then(
          () => expect.fail("it answered"),
          () => undefined,
        ),
      );
      const waiting = () => occupied.provider.requests().filter(({ misbehaviour }) => misbehaviour === "hang").length;
      while (waiting() < count) await new Promise((next) => setImmediate(next));
      occupied.provider.misbehave(undefined);
      return async () => {
        leaving.abort();
        await Promise.all(hanging);
      };
    };
    const eventually = async (occupied: Bench) => {
      for (let i = 0; i < 200; i++) {
        const { status } = await occupied.chat();
        if (status === 200) return;
        await new Promise((next) => setTimeout(next, 5));
      }
      expect.fail("the places were never given back");
    };

    it("refuse a user's sixth request, and give the places back", async () => {
      const end = await occupy(bench, 5);
      const response = await bench.chat();
      expect([response.status, await errorOf(response)]).to.deep.equal([
        429,
        "Too many concurrent requests. You have 5 active requests (limit: 5). Please wait for some to complete.",
      ]);
      await end();
      await eventually(bench);
    });

    it("refuse everybody when the server is full, before asking who it is", async () => {
      const small = await startBench({ limits: { global: 2 } });
      try {
        const end = await occupy(small, 2);
        const response = await small.chat(undefined, {});
        expect([response.status, await errorOf(response)]).to.deep.equal([
          503,
          "Server is currently processing too many requests. Please try again later.",
        ]);
        const free = await fetch(`${small.provider.url}/v1/models`);
        expect(free.status, "free routes stay open").to.equal(200);
        await end();
        await eventually(small);
      } finally {
        await small.provider.close();
      }
    });
  });

  it("closes at once although somebody still waits for an answer", async () => {
    bench.provider.misbehave({ kind: "hang" });
    const waiting = bench.chat().then(
      () => "answered",
      () => "cut off",
    );
    while (bench.provider.requests().at(-1)?.misbehaviour !== "hang") await new Promise((next) => setImmediate(next));
    await bench.provider.close();
    expect(await waiting).to.equal("cut off");
    const port = bench.provider.port;
    bench = await startBench({ port });
    expect(bench.provider.port).to.equal(port);
  });

  it("is refused an upstream that is no address before it listens", async () => {
    await startBench({ upstream: "nonsense" }).then(
      () => expect.fail("it started"),
      (error: unknown) => expect(error).to.include({ code: "ZG_USAGE" }),
    );
  });
});
