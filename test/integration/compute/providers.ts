import { expect } from "chai";

import { inferenceServing } from "../../../lib/chain/contracts.ts";
import { NotEndorsedError, ProviderAmbiguousError, ProviderUnknownError } from "../../../lib/compute/errors.ts";
import { chooseService, listServices, readService, resolveService } from "../../../lib/compute/providers.ts";
import { assertMintable } from "../../../lib/compute/verify.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import type { Address } from "../../../lib/hex.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, type TestGalileo } from "./support/galileo.ts";

describe("the providers on 0G's own contracts", () => {
  let world: TestGalileo;

  before(async () => {
    world = await bootGalileo();
  });

  after(async () => {
    await world.close();
  });

  it("lists the three local providers with their prices, endorsement and mintability", async () => {
    const services = await listServices(world.read);
    expect(services.map((each) => each.provider)).to.deep.equal(world.galileo.providers.map(({ address }) => address));
    expect(services.map((each) => [each.endorsed, each.mintability.mintable])).to.deep.equal([
      [true, true],
      [true, true],
      [false, false],
    ]);
    for (const [index, listed] of services.entries()) {
      const { teeSigner, url } = world.galileo.provider(index);
      expect(listed).to.deep.include({
        url,
        teeSignerAddress: teeSigner,
        expectedSigner: teeSigner,
        topology: "broker",
      });
    }
  });

  it("chooses the cheaper endorsed one, though one without endorsement is cheaper still", async () => {
    const services = await listServices(world.read);
    const chosen = chooseService(services, { network: world.read.network });
    expect(chosen.provider).to.equal(world.galileo.provider(0).address);
    expect(services[2]?.inputPrice).to.be.lessThan(chosen.inputPrice);
    const listed = await world.service(2);
    await caught(NotEndorsedError, () => {
      assertMintable(listed);
    });
  });

  it("sees a rotated signer and the endorsement it lost", async () => {
    const local = await world.galileo.registerProvider();
    const before = await readService(world.read, local.address);
    expect(before).to.deep.include({ endorsed: true, teeSignerAddress: local.teeSigner });
    const rotated = local.rotateTeeSigner();
    const signer = await world.user();
    const wallet = signer.ctx.signer;
    expect(await wallet.getAddress()).not.to.equal(local.address);
    const { network, provider } = world.read;
    const send = (provider as unknown as { send(method: string, params: unknown[]): Promise<unknown> }).send.bind(
      provider,
    );
    await send("hardhat_impersonateAccount", [local.address]);
    const data = inferenceServing(network, provider).interface.encodeFunctionData("addOrUpdateService", [
      local.serviceParams(),
    ]);
    await send("eth_sendTransaction", [{ from: local.address, to: network.contracts.inferenceServing, data }]);
    const after = await readService(world.read, local.address);
    expect(after).to.deep.include({ endorsed: false, teeSignerAddress: rotated });
  });

  it("resolves by address, model and short model, and names the candidates of a shared one", async () => {
    const listed = await world.service(0);
    for (const text of [
      listed.provider,
      listed.provider.toLowerCase(),
      listed.model,
      listed.model.split("/")[1] ?? "",
    ]) {
      expect((await resolveService(world.read, text)).provider).to.equal(listed.provider);
    }
    const twins = [
      await world.galileo.registerService({ model: "maker/twin" }),
      await world.galileo.registerService({ model: "other/twin" }),
    ];
    const error = await caught(ProviderAmbiguousError, async () => resolveService(world.read, "twin"));
    expect((error.details["candidates"] as { provider: Address }[]).map(({ provider }) => provider)).to.deep.equal(
      twins,
    );
    await caught(ProviderUnknownError, async () => resolveService(world.read, developmentAccount(18).address));
    await caught(ProviderUnknownError, async () => resolveService(world.read, "no-such-model"));
  });

  it("lists all of 130 services, where one page holds 50", async () => {
    const before = (await listServices(world.read)).length;
    for (let i = before; i < 130; i++) await world.galileo.registerService({ endorsed: false });
    const services = await listServices(world.read);
    expect(services).to.have.length(130);
    expect(new Set(services.map((each) => each.provider)).size).to.equal(130);
  }).timeout(180_000);
});
