import { expect } from "chai";

import { NoSuitableProviderError, ProviderDownError, ProviderTimeoutError } from "../../../lib/compute/errors.ts";
import { answers, assertAnswers, chooseAnsweringService } from "../../../lib/compute/liveness.ts";
import { AbortedError } from "../../../lib/errors.ts";
import { ServiceUrlError } from "../../../lib/protocol/errors.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { caught } from "./support/caught.ts";
import { service } from "./support/fixtures.ts";
import { httpFake, json, type HttpFake } from "./support/http-fake.ts";

/** Nobody may listen below 1024 without asking, and port 1 is nobody's. */
const NOBODY = "http://127.0.0.1:1";

describe("assertAnswers", () => {
  let server: HttpFake;
  beforeEach(async () => {
    server = await httpFake();
  });
  afterEach(async () => server.close());

  for (const status of [200, 400, 401, 403, 404, 429, 500]) {
    it(`takes status ${status} for somebody`, async () => {
      server.answer = json(status, {});
      await assertAnswers({}, { url: `${server.url}/v1/proxy/` });
      expect(server.asked.map(({ method, path }) => `${method} ${path}`)).to.deep.equal(["GET /v1/models"]);
    });
  }

  it("takes a redirect for somebody, without following it", async () => {
    server.answer = (_asked, response) => void response.writeHead(301, { location: `${server.url}/elsewhere` }).end();
    await assertAnswers({}, server);
    expect(server.asked).to.have.length(1);
  });

  it("takes an endless answer for somebody, without reading it", async () => {
    server.answer = (_asked, response) => void response.end(Buffer.alloc(3 * 1024 * 1024));
    await assertAnswers({}, server);
  });

  for (const status of [502, 503, 504]) {
    it(`takes status ${status} for a gateway with nobody behind it`, async () => {
      server.answer = json(status, {});
      const error = await caught(ProviderDownError, async () => assertAnswers({}, server));
      expect(error.details).to.include({ status, url: `${server.url}/v1/models` });
      expect(await answers({}, server)).to.equal(false);
    });
  }

  it("refuses a closed port, and an address that is none", async () => {
    await caught(ProviderDownError, async () => assertAnswers({}, { url: NOBODY }));
    await caught(ServiceUrlError, async () => assertAnswers({}, { url: "ftp://x" }));
    expect(await answers({}, { url: NOBODY })).to.equal(false);
    expect(await answers({}, { url: "ftp://x" })).to.equal(false);
  });

  it("gives up after the time-out, and at once when aborted", async () => {
    server.answer = async () => new Promise(() => undefined);
    await caught(ProviderTimeoutError, async () => assertAnswers({ timeoutMs: 30 }, server));
    expect(await answers({ timeoutMs: 30 }, server)).to.equal(false);
    await caught(AbortedError, async () => answers({ signal: AbortSignal.abort() }, server));
  });
});

describe("chooseAnsweringService", () => {
  let server: HttpFake;
  before(async () => {
    server = await httpFake(json(200, {}));
  });
  after(async () => server.close());

  const offer = (account: number, price: bigint, url: string) =>
    service({ provider: developmentAccount(account).address, inputPrice: price, outputPrice: price, url });

  it("takes the cheapest that answers", async () => {
    const services = [offer(10, 3n, server.url), offer(11, 2n, server.url), offer(12, 1n, NOBODY)];
    expect(await chooseAnsweringService({}, services)).to.equal(services[1]);
  });

  it("asks nobody who would not be chosen anyway", async () => {
    server.asked.length = 0;
    await chooseAnsweringService({}, [offer(10, 1n, server.url), offer(11, 2n, server.url)]);
    expect(server.asked).to.have.length(1);
  });

  it("says of each why it was passed over when nobody answers", async () => {
    const services = [offer(10, 1n, NOBODY), offer(11, 2n, NOBODY), service({ serviceType: "text-to-image" })];
    const error = await caught(NoSuitableProviderError, async () => chooseAnsweringService({}, services));
    expect(error.details["refused"]).to.deep.equal([
      `${developmentAccount(10).address}: does not answer`,
      `${developmentAccount(11).address}: does not answer`,
      `${developmentAccount(10).address}: sells text-to-image`,
    ]);
  });
});
