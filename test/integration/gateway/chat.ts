import { expect } from "chai";
import OpenAI from "openai";

import type { Service } from "../../../lib/compute/providers.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "../compute/support/galileo.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";

const messages = [{ role: "user" as const, content: "What is 2+2?" }];

describe("gateway: OpenAI's client", () => {
  let world: TestGalileo;
  let user: TestUser;
  let service: Service;
  let gateway: TestGateway;

  before(async () => {
    world = await bootGalileo();
    service = await world.service(0);
    user = await world.customer(service.provider, 5n * ZG);
    gateway = await startGateway(user, [service]);
  });
  after(async () => {
    await gateway.close();
    await world.close();
  });

  it("gets a completion", async () => {
    const { data, response } = await gateway
      .client()
      .chat.completions.create({ model: service.model, messages })
      .withResponse();
    expect(data.choices[0]?.message.content).to.equal("4");
    expect(response.headers.get("zg-provider")).to.equal(service.provider);
    expect(response.headers.get("zg-res-key")).to.match(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("zg-verification")).to.equal("pending");
  });

  it("gets a stream, with the usage at its end", async () => {
    const stream = await gateway.client().chat.completions.create({ model: service.model, messages, stream: true });
    let text = "";
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect(text).to.equal("4");
    expect(tokens).to.be.greaterThan(0);
  });

  it("lists the models", async () => {
    const models = await gateway.client().models.list();
    expect(models.data.map(({ id }) => id)).to.deep.equal([service.model]);
  });

  it("is refused without the right key", async () => {
    const error = await gateway
      .client("sk-zg-wrong")
      .models.list()
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).to.be.instanceOf(OpenAI.AuthenticationError);
    expect(error).to.have.property("code", "invalid_api_key");
  });
});
