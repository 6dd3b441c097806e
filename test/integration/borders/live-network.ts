import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { AddressRefusedError, borderOf } from "../../../lib/border.ts";
import { createBroker } from "../../../lib/broker/broker.ts";
import { NoSuitableProviderError } from "../../../lib/compute/errors.ts";
import { buildChatRequest, chat } from "../../../lib/compute/inference.ts";
import { answers, assertAnswers, chooseAnsweringService } from "../../../lib/compute/liveness.ts";
import { assertProviderSees, chooseService, listServices } from "../../../lib/compute/providers.ts";
import { storageEntry } from "../../../lib/galileo/storage/entry.ts";
import { gatewayFiles, openGateway } from "../../../lib/gateway/gateway.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { trustedNodes } from "../../../lib/storage/indexer.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, type TestGalileo } from "../compute/support/galileo.ts";

const messages = [{ role: "user", content: "What is 2+2?" }] as const;

// The embedded chain has the live one's id and contracts, so that it can stand for it: its providers then are ones that
// registered an address of this machine on the public chain.
describe("a provider of a live network that registered an address of this machine", () => {
  let world: TestGalileo;
  const network = networkNamed("galileo");
  const http = { border: borderOf(network) };

  before(async () => {
    world = await bootGalileo();
  });
  after(async () => {
    await world.close();
  });

  const live = () => ({ ...world.read, network });

  it("is never chosen, and the refusal says why", async () => {
    const services = await listServices(live());
    const error = await caught(NoSuitableProviderError, () => chooseService(services, { network }));
    expect(error.message).to.include("registered an address that is not public, or not https");
    await caught(NoSuitableProviderError, async () => chooseAnsweringService(http, services, { network }));
  });

  it("is refused before anything is paid, when it is named", async () => {
    const service = await world.service();
    await caught(AddressRefusedError, () => {
      assertProviderSees(network, service);
    });
    await caught(AddressRefusedError, async () => assertAnswers(http, service));
    expect(await answers(http, service)).to.equal(false);
  });

  it("gets no request, and no session token", async () => {
    const service = await world.service();
    const { session } = await world.customer(service.provider);
    const before = world.galileo.provider(0).requests().length;
    const requestBytes = buildChatRequest({ model: service.model, messages, random: randomBytes });
    await caught(AddressRefusedError, async () => chat({ ...http, session }, { service, requestBytes }));
    // Nor does it when the caller did not say where requests may go: the session knows.
    const live = { network, user: session.user.bind(session), header: session.header.bind(session) };
    const asking = { session: { ...live, invalidate: session.invalidate.bind(session) } };
    await caught(AddressRefusedError, async () => chat(asking, { service, requestBytes }));
    const broker = createBroker((await world.user()).ctx.signer, { network: "galileo" });
    expect(await broker.inference.isAnswering(service.provider)).to.equal(false);
    await caught(AddressRefusedError, async () => broker.inference.getProviderModels(service.provider));
    expect(world.galileo.provider(0).requests().length).to.equal(before);
  });

  it("is not served by a gateway", async () => {
    const home = await temporaryFolder();
    try {
      const { ctx, session } = await world.user();
      const services = [await world.service()];
      const files = gatewayFiles(home.path);
      const opening = { ctx: { ...ctx, network }, session, services, strategy: "priority", files } as const;
      await caught(AddressRefusedError, async () => openGateway(opening));
    } finally {
      await home.remove();
    }
  });

  it("is asked for no storage node of its own either", async () => {
    const lines: string[] = [];
    const { indexer } = storageEntry(world.galileo.storage);
    const indexers = [indexer];
    expect(await trustedNodes({ network: world.read.network, indexers })).to.have.length.greaterThan(0);
    const found = await trustedNodes({ network, indexers, log: (line) => lines.push(line) });
    expect(found).to.deep.equal([]);
    expect(lines[0]).to.match(/lists a node that cannot be used; it is left out$/);
  });
});
