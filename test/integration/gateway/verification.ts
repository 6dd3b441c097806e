import { expect } from "chai";

import { inferenceServing } from "../../../lib/chain/contracts.ts";
import { readService, type Service } from "../../../lib/compute/providers.ts";
import { UnverifiableProviderError } from "../../../lib/gateway/errors.ts";
import type { Misbehaviour } from "../../../lib/galileo/provider/misbehaviour.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

const messages = [{ role: "user" as const, content: "What is 2+2?" }];

describe("gateway: verification", () => {
  let world: TestGalileo;
  let user: TestUser;
  let service: Service;

  before(async () => {
    world = await bootGalileo();
    service = await world.service(0);
    user = await world.customer(service.provider, 5n * ZG);
  });
  after(async () => world.close());
  afterEach(() => world.galileo.provider(0).misbehave(undefined));

  const LIES: [Misbehaviour, string][] = [
    [{ kind: "wrong-signature" }, "ZG_SIG_SIGNER"],
    [{ kind: "foreign-signature" }, "ZG_SIG_SIGNER"],
    [{ kind: "altered-body" }, "ZG_SIG_UNBOUND"],
    [{ kind: "wrong-request-hash" }, "ZG_SIG_UNBOUND"],
    [{ kind: "replayed-text" }, "ZG_SIG_UNBOUND"],
    [{ kind: "no-signature" }, "ZG_SIGNATURE_MISSING"],
    [{ kind: "hostile-key" }, "ZG_CHAT_ID"],
  ];

  describe("before release", () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startGateway(user, [service], { verifyFirst: true, http: { sleep: async () => undefined } });
    });
    after(async () => gateway.close());

    for (const stream of [false, true]) {
      it(`gives a ${stream ? "streamed" : "plain"} answer that is proved, and says so`, async () => {
        const response = await gateway.post("/v1/chat/completions", { model: service.model, messages, stream });
        expect(response.status).to.equal(200);
        expect(response.headers.get("zg-verification")).to.equal("verified");
        const text = await response.text();
        expect(stream ? text.endsWith("data: [DONE]\n\n") : JSON.parse(text).choices.length === 1).to.equal(true);
      });

      for (const [how, code] of LIES) {
        it(`keeps a ${stream ? "streamed" : "plain"} answer of a provider that lies back (${how.kind}), and counts it`, async () => {
          // A text is replayed from an earlier answer, so there must be one.
          await gateway.client().chat.completions.create({ model: service.model, messages });
          world.galileo.provider(0).misbehave(how);
          const response = await gateway.post("/v1/chat/completions", { model: service.model, messages, stream });
          const body = (await response.json()) as { error: { zg_code: string } };
          expect([response.status, body.error.zg_code]).to.deep.equal([502, code]);
          const answered = (await gateway.spending()).findLast(({ event }) => event === "answered");
          expect(answered).to.include({ outcome: "answered" });
          expect(answered?.["fee"]).not.to.equal("0");
        });
      }
    }

    it("is not offered for a provider whom nobody signs for", async () => {
      const provider = await world.galileo.registerService({ verifiability: "standard", url: service.url });
      const unsigned = await readService(world.read, provider);
      await caught(UnverifiableProviderError, async () => startGateway(user, [unsigned], { verifyFirst: true }));
    });
  });

  describe("afterwards", () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startGateway(user, [service], { http: { sleep: async () => undefined } });
    });
    after(async () => gateway.close());

    const ask = async () => gateway.client().chat.completions.create({ model: service.model, messages }).withResponse();
    /** What the log says of the last answer. */
    const checked = async () => {
      for (;;) {
        const lines = await gateway.spending();
        const last = lines.findLast(({ event }) => event === "answered");
        const found = lines.find(({ event, id }) => event === "checked" && id === last?.["id"]);
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };

    it("is recorded, and can be asked for by the client who got the answer", async () => {
      const { response } = await ask();
      expect(response.headers.get("zg-verification")).to.equal("pending");
      expect(await checked()).to.include({ verdict: "verified" });
      const id = response.headers.get("zg-res-key") ?? "";
      const verdict = (await (await gateway.get(`/v1/verifications/${id}`)).json()) as {
        status: string;
        verification: { checks: { name: string; passed: boolean }[] };
      };
      expect(verdict.status).to.equal("verified");
      expect(verdict.verification.checks.map(({ name, passed }) => [name, passed])).to.deep.equal([
        ["signature", true],
        ["signer", true],
        ["response", true],
        ["request", true],
      ]);
      expect((await gateway.get("/v1/verifications/unknown")).status).to.equal(404);
    });

    for (const [how, verdict] of [
      [{ kind: "altered-body" }, "rejected"],
      [{ kind: "foreign-signature" }, "rejected"],
      [{ kind: "no-signature" }, "not-checked"],
      [{ kind: "hostile-key" }, "not-checked"],
    ] satisfies [Misbehaviour, string][]) {
      it(`says ${verdict} of an answer of a provider that lies (${how.kind})`, async () => {
        world.galileo.provider(0).misbehave(how);
        const { response } = await ask();
        expect(await checked())
          .to.include({ verdict })
          .and.have.property("reason")
          .that.is.a("string");
        if (how.kind === "hostile-key") expect(response.headers.has("zg-res-key")).to.equal(false);
      });
    }

    it("proves a request that had to be written anew, and one that went as it came", async () => {
      const body = `{ "messages": ${JSON.stringify(messages)} , "model" : "not-a-language-model", "stream": true }`;
      await (await gateway.post("/v1/chat/completions", body)).text();
      expect(await checked()).to.include({ verdict: "verified" });
      const asItIs = `{ "messages": ${JSON.stringify(messages)} , "model" : ${JSON.stringify(service.model)} }`;
      await (await gateway.post("/v1/chat/completions", asItIs)).text();
      expect(await checked()).to.include({ verdict: "verified" });
    });
  });

  it("says of an answer nobody signs that it cannot be verified", async () => {
    const provider = await world.galileo.registerService({ verifiability: "standard", url: service.url });
    const unsigned = await readService(world.read, provider);
    const fake = { ...unsigned, provider: service.provider, model: service.model };
    const gateway = await startGateway(user, [fake]);
    try {
      const { response } = await gateway
        .client()
        .chat.completions.create({ model: fake.model, messages })
        .withResponse();
      expect(response.headers.get("zg-verification")).to.equal("unverifiable");
      expect((await gateway.spending()).filter(({ event }) => event === "checked")).to.deep.equal([]);
    } finally {
      await gateway.close();
    }
  });

  it("is by the signer that the chain lists now, and only once it is endorsed", async () => {
    const local = await world.galileo.registerProvider({ service: { model: "test/rotating" } });
    const known = await readService(world.read, local.address);
    const customer = await world.customer(local.address, 5n * ZG);
    const gateway = await startGateway(customer, [known], { verifyFirst: true });
    const codeOf = async () => {
      const response = await gateway.post("/v1/chat/completions", { model: known.model, messages });
      return response.status === 200 ? "verified" : response.headers.get("zg-error-code");
    };
    try {
      expect(await codeOf()).to.equal("verified");
      local.rotateTeeSigner();
      expect(await codeOf()).to.equal("ZG_SIG_SIGNER");

      const { network, provider } = world.read;
      const chain = provider as unknown as { send(method: string, params: unknown[]): Promise<unknown> };
      await chain.send("hardhat_impersonateAccount", [local.address]);
      const data = inferenceServing(network, provider).interface.encodeFunctionData("addOrUpdateService", [
        local.serviceParams(),
      ]);
      await chain.send("eth_sendTransaction", [{ from: local.address, to: network.contracts.inferenceServing, data }]);
      // The provider itself refuses now; that is passed on.
      expect(await codeOf()).to.equal("ZG_NOT_ENDORSED");
      await world.galileo.endorse(local);
      expect(await codeOf()).to.equal("verified");
    } finally {
      await gateway.close();
    }
  });
});
