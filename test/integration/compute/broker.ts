import { readFile, stat } from "node:fs/promises";

import { expect } from "chai";
import { Wallet } from "ethers";

import { createBroker, type Broker } from "../../../lib/broker/broker.ts";
import { NotHardwareError } from "../../../lib/attestation/errors.ts";
import { assertHeld } from "../../../lib/attestation/verify.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { ChatIdMissingError, NoSubAccountError, ProviderUnknownError } from "../../../lib/compute/errors.ts";
import { UsageError } from "../../../lib/errors.ts";
import { NotContractOwnerError, ServiceRegisteredError } from "../../../lib/operator/errors.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../../unit/compute/support/caught.ts";
import { bootGalileo, ZG, type TestGalileo, type TestUser } from "./support/galileo.ts";

const messages = [{ role: "user", content: "What is 2+2?" }] as const;

describe("createBroker, beyond the SDK's names", () => {
  let world: TestGalileo;
  let home: TemporaryFolder;
  let provider: string;

  before(async () => {
    [world, home] = await Promise.all([bootGalileo(), temporaryFolder()]);
    provider = world.galileo.provider(0).address;
  });
  after(async () => {
    await Promise.all([world.close(), home.remove()]);
  });

  const brokerOf = ({ ctx }: TestUser, more: { keyFolder?: string; gasPrice?: bigint } = {}): Broker =>
    createBroker(ctx.signer, { network: "default", ...more });

  it("puts exactly what it is told into somebody else's ledger, and nothing into its own", async () => {
    const [giver, taker] = [await world.user(), await world.user()];
    const given = await brokerOf(giver).ledger.depositFundFor(taker.address, ZG + 1n);
    expect(given).to.include({ amount: ZG + 1n, opened: true });
    expect(await brokerOf(taker).ledger.getLedger()).to.include({ available: ZG + 1n });
    expect(await brokerOf(giver).ledger.getLedger()).to.equal(undefined);
    expect(await brokerOf(giver).ledger.depositFundFor(taker.address, 1n)).to.include({ opened: false });
  });

  it("tells what happened to the sub-accounts", async () => {
    const user = await world.customer(world.galileo.provider(0).address, 2n * ZG);
    const { ledger } = brokerOf(user);
    await ledger.retrieveFund();
    expect((await ledger.getHistory()).map(({ kind, amount }) => [kind, amount])).to.deep.equal([
      ["transferred", 2n * ZG],
      ["refund requested", 2n * ZG],
    ]);
  });

  it("pays no more for gas than it is told", async () => {
    const { transactions } = await brokerOf(await world.user(), { gasPrice: 5_000_000_000n }).ledger.depositFund(ZG);
    const [sent] = transactions;
    const transaction = await world.read.provider.getTransaction(sent?.hash ?? "");
    expect(transaction?.maxFeePerGas).to.equal(5_000_000_000n);
  });

  it("asks a provider whether it is there, and for its models", async () => {
    const { inference } = brokerOf(await world.user());
    const { model } = await inference.getService(provider);
    expect(await inference.isAnswering(provider)).to.equal(true);
    expect(await inference.getProviderModels(provider)).to.include(model);
  });

  it("refuses to prove an answer that names no chat id", async () => {
    const { inference } = brokerOf(await world.customer(world.galileo.provider(0).address));
    const { chatId: _chatId, ...unnamed } = await inference.chat(provider, { messages });
    await caught(ChatIdMissingError, async () => inference.processResponse(provider, unnamed));
  });

  it("says of embedded providers that no hardware attests them", async () => {
    const [report, ...others] = await brokerOf(await world.user()).inference.verifyService(provider);
    expect(others).to.be.empty;
    expect(report?.role).to.equal("broker");
    await caught(NotHardwareError, async () => {
      if (report !== undefined) assertHeld("the report", report);
      return Promise.resolve();
    });
  });

  describe("keys", () => {
    it("makes some that never share an id, keeps them in files of the owner's alone, and revokes them", async () => {
      const user = await world.customer(world.galileo.provider(0).address);
      const { keys } = brokerOf(user, { keyFolder: `${home.path}/keys` });
      const expiresAt = Date.now() + 3_600_000;
      const [a, b] = await Promise.all([
        keys.create({ provider: provider.toLowerCase(), label: "a", expiresAt }),
        keys.create({ provider, label: "b", expiresAt }),
      ]);
      expect(new Set([a.record.tokenId, b.record.tokenId])).to.have.property("size", 2);
      expect((await stat(a.record.kept)).mode & 0o777).to.equal(0o600);
      expect(await readFile(a.record.kept, "utf8")).to.equal(`${a.key}\n`);

      expect(await keys.revoke(provider, [a.record.tokenId, a.record.tokenId])).to.have.length(1);
      expect(await keys.revoke(provider, [a.record.tokenId])).to.deep.equal([]);
      expect((await keys.inspect(a.key)).standing.honoured).to.equal(false);
      expect((await keys.inspect(b.key)).standing.honoured).to.equal(true);
      expect(await keys.revokeAll(provider)).to.have.length(1);
      const states = (await keys.list()).map(({ label, state }) => [label, state]);
      expect(Object.fromEntries(states)).to.deep.equal({ a: "revoked with all", b: "revoked with all" });
      expect(JSON.stringify(await keys.list(), (_, value: unknown) => String(value))).not.to.include(a.key);
    });

    it("signs a new session token once all were revoked", async () => {
      const user = await world.customer(world.galileo.provider(0).address);
      const { keys, inference } = brokerOf(user);
      const before = await inference.getRequestHeaders(provider);
      await keys.revokeAll(provider);
      expect(await inference.getRequestHeaders(provider)).not.to.deep.equal(before);
    });

    it("makes none without a folder that remembers them, and revokes none without a sub-account", async () => {
      const { keys } = brokerOf(await world.user());
      await caught(UsageError, async () => keys.create({ provider, expiresAt: 0 }));
      await caught(NoSubAccountError, async () => keys.revoke(provider, [1]));
      await caught(NoSubAccountError, async () => keys.revokeAll(provider));
    });
  });

  describe("operator", () => {
    it("registers, changes and removes the signer's own service, and sends nothing for what is so already", async () => {
      const me = await world.user();
      const { operator, inference } = brokerOf(me);
      const offer = {
        ...{ serviceType: "chatbot", url: "http://127.0.0.1:9", model: "maker/model-1", verifiability: "TeeML" },
        ...{ inputPrice: 1n, outputPrice: 2n, additionalInfo: "", teeSignerAddress: me.address },
      };
      await caught(ProviderUnknownError, async () => operator.removeService());
      await operator.registerService(offer);
      await caught(ServiceRegisteredError, async () => operator.registerService(offer));
      expect(await operator.updateService({ outputPrice: 2n })).to.deep.equal([]);
      await operator.updateService({ outputPrice: 3n });
      expect(await inference.getService(me.address)).to.include({ inputPrice: 1n, outputPrice: 3n, endorsed: false });

      await caught(NotContractOwnerError, async () => operator.endorse(me.address));
      expect(await operator.unendorse(me.address)).to.deep.equal([]);
      const owner = new Wallet(developmentAccount(9).privateKey, world.read.provider);
      await createBroker(owner, { network: "default" }).operator.endorse(me.address);
      expect(await inference.getService(me.address)).to.include({ endorsed: true });

      await operator.removeService();
      await caught(ProviderUnknownError, async () => inference.getService(me.address));
    });
  });
});
