import { request as httpRequest } from "node:http";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import type { Service } from "../../../lib/compute/providers.ts";
import { ClientsFile } from "../../../lib/gateway/clients.ts";
import { gatewayFiles } from "../../../lib/gateway/gateway.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

interface Refused {
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly zg_code: string;
  readonly remedy: string;
}

const CHAT = "/v1/chat/completions";
const messages = [{ role: "user", content: "2+2?" }];
/** More than any buffer on the way holds. */
const ALL = 64 * 1024 * 1024;

describe("gateway: who may come in, and with what", () => {
  let world: TestGalileo;
  let user: TestUser;
  let services: readonly Service[];
  let gateway: TestGateway;

  before(async () => {
    world = await bootGalileo();
    services = [await world.service(0), await world.service(1)];
    user = await world.customer(services[0]!.provider, 5n * ZG);
    gateway = await startGateway(user, services, { limits: { maxBody: 10_000 } });
  });
  after(async () => {
    await gateway.close();
    await world.close();
  });

  const refusal = async (response: Response): Promise<Refused> => {
    const { error } = (await response.json()) as { error: Refused };
    expect(response.headers.get("zg-error-code")).to.equal(error.zg_code);
    expect(error.remedy).not.to.equal("");
    return error;
  };
  const status = async (headers: Record<string, string>, method = "GET", at = "/v1/models"): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ host: "127.0.0.1", port: gateway.port, path: at, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.once("error", reject);
      sent.end();
    });

  it("takes no request without a key, on any path but that of its health", async () => {
    for (const at of ["/v1/models", "/metrics", "/v1/verifications/x", "/nothing"]) {
      const response = await gateway.get(at, { authorization: "" });
      expect([response.status, (await refusal(response)).code]).to.deep.equal([401, "invalid_api_key"]);
    }
    const chat = await gateway.post(CHAT, { messages }, { authorization: "Bearer sk-zg-nobody" });
    expect(await refusal(chat)).to.include({ type: "authentication_error", zg_code: "ZG_GATEWAY_KEY" });
    const health = await gateway.get("/health", { authorization: "" });
    expect([health.status, await health.text()]).to.deep.equal([200, '{"status":"ok"}']);
  });

  it("serves no host name that merely resolves to this machine", async () => {
    const authorization = `Bearer ${gateway.key}`;
    expect(await status({ host: `localhost:${gateway.port}`, authorization })).to.equal(200);
    for (const host of ["rebound.example", `127.0.0.1.example:${gateway.port}`]) {
      expect(await status({ host, authorization })).to.equal(403);
      expect(await status({ host }, "GET", "/health")).to.equal(403);
    }
  });

  it("serves no page in a browser, whatever key it has, and answers no preflight", async () => {
    const response = await gateway.post(CHAT, { messages }, { origin: "https://page.example" });
    expect([response.status, (await refusal(response)).zg_code]).to.deep.equal([403, "ZG_GATEWAY_DOOR"]);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).to.deep.equal([]);
    expect(await status({ origin: "https://page.example" }, "OPTIONS", CHAT)).to.equal(403);
  });

  it("takes JSON where JSON is due, and forms where forms are", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const response = await gateway.post(CHAT, "{}", { "content-type": type });
      expect([response.status, (await refusal(response)).zg_code]).to.deep.equal([415, "ZG_GATEWAY_DOOR"]);
    }
    expect((await gateway.post("/v1/images/edits", { prompt: "x" })).status).to.equal(415);
  });

  const MALFORMED: [string, unknown, string | null][] = [
    ["no JSON", "{", null],
    ["nothing", "", null],
    ["a list", [], null],
    ["null", "null", null],
    ["no messages", {}, "messages"],
    ["empty messages", { messages: [] }, "messages"],
    ["messages that are no list", { messages: "hi" }, "messages"],
    ["a model that is no text", { messages, model: 5 }, "model"],
    ["too many choices", { messages, n: 1_000 }, "n"],
  ];
  for (const [what, body, param] of MALFORMED) {
    it(`refuses a body that is or has ${what}, before a provider hears of it`, async () => {
      const response = await gateway.post(CHAT, body);
      expect(response.status).to.equal(400);
      expect(await refusal(response)).to.include({
        type: "invalid_request_error",
        zg_code: "ZG_GATEWAY_REQUEST",
        param,
      });
      expect(await gateway.spending()).to.deep.equal([]);
    });
  }

  it("says which models there are when one is unknown, or several could be meant", async () => {
    for (const model of ["gpt-unknown", undefined]) {
      const response = await gateway.post(CHAT, { model, messages });
      expect(response.status).to.equal(404);
      const error = await refusal(response);
      expect(error).to.include({ code: "model_not_found", zg_code: "ZG_GATEWAY_MODEL" });
      for (const service of services) expect(error.remedy).to.include(service.model);
    }
  });

  it("knows a model by its name without its maker, and sends the provider's own", async () => {
    const response = await gateway.post(CHAT, { model: "not-a-language-model", messages });
    expect(response.status).to.equal(200);
    expect(await response.json()).to.include({ model: "local/not-a-language-model" });
  });

  it("refuses what is too large, by its length and while it comes in", async () => {
    const large = JSON.stringify({ messages: [{ role: "user", content: "x".repeat(10_000) }] });
    const stated = await gateway.post(CHAT, large);
    expect([stated.status, (await refusal(stated)).zg_code]).to.deep.equal([413, "ZG_GATEWAY_TOO_LARGE"]);

    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 65_536;
        if (sent > ALL) controller.close();
        else controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const headers = { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" };
    const streamed = fetch(`${gateway.url}${CHAT}`, { method: "POST", headers, body, duplex: "half" });
    // The connection may end before the refusal is read: what counts is that it was not all taken.
    const answered = await streamed.catch(() => undefined);
    if (answered !== undefined) expect(answered.status).to.equal(413);
    expect(sent).to.be.lessThan(ALL);
  });

  it("says what it has at no path of its own", async () => {
    const response = await gateway.post("/v1/completions", {});
    expect([response.status, (await refusal(response)).code]).to.deep.equal([404, "unknown_url"]);
  });

  it("shows metrics to the owner only, and no key in them", async () => {
    const metrics = await (await gateway.get("/metrics")).text();
    expect(metrics).to.include("zg_gateway_requests_total").and.include("zg_gateway_provider_up");
    expect(metrics).to.not.include("sk-zg");
    const key = (await new ClientsFile(gatewayFiles(gateway.folder).clients).put("metrics-reader", undefined)) ?? "";
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await gateway.get("/metrics", { authorization: `Bearer ${key}` })).status).to.equal(401);
    expect((await gateway.get("/v1/models", { authorization: `Bearer ${key}` })).status).to.equal(200);
  });

  it("keeps its files from others, and no key but the owner's in them", async () => {
    for (const name of await readdir(gateway.folder)) {
      const file = path.join(gateway.folder, name);
      if (name !== "gateway.lock") expect((await stat(file)).mode & 0o777, name).to.equal(0o600);
      const holdsKey = (await readFile(file, "utf8")).includes("sk-zg-");
      expect(holdsKey, name).to.equal(name === "owner.key");
    }
  });

  it("told its log no key and no token", () => {
    expect(gateway.said.join("\n")).to.not.match(/sk-zg-|app-sk-|Bearer/);
  });
});
