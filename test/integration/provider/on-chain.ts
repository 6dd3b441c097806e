import { expect } from "chai";
import { getBytes, type Wallet } from "ethers";
import { network } from "hardhat";

import { ZERO_ADDRESS, type Address } from "../../../lib/hex.ts";
import type { LocalProvider } from "../../../lib/galileo/provider/local-provider.ts";
import { canonicalJson } from "../../../lib/protocol/canonical-json.ts";
import { encodeSessionMessage, formatSessionToken, sessionDigest } from "../../../lib/protocol/session-token.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";
import { errorOf } from "./support/provider.ts";

type Connection = Awaited<ReturnType<typeof network.create>>;

interface FundedUser {
  readonly signer: Wallet;
  readonly address: Address;
}

const INFERENCE = "inference-v1.0";

describe("local provider on 0G's contracts", () => {
  let connection: Connection;
  let provider: LocalProvider;
  before(async () => {
    connection = await network.create();
    // Prices so high that a few answers use up a balance.
    provider = await connection.galileo.registerProvider({
      service: { inputPrice: NEURON_PER_0G / 100n, outputPrice: NEURON_PER_0G / 100n },
    });
  });
  after(() => connection.close());

  /** A user with `amount` neuron at the provider. */
  const depositor = async (amount: bigint): Promise<FundedUser> => {
    const user = await connection.galileo.fundedUser();
    const ledger = connection.galileo.contracts.ledgerManager.connect(user.signer);
    await (await ledger.depositFund({ value: 10n * NEURON_PER_0G })).wait();
    await (await ledger.transferFund(provider.address, INFERENCE, amount)).wait();
    return user;
  };
  const serving = () => connection.galileo.contracts.inferenceServing;
  const balance = async (user: FundedUser) => (await serving().getAccount(user.address, provider.address)).balance;
  const coins = async () => connection.ethers.provider.getBalance(provider.address);

  const headers = async (user: FundedUser, generation = 0n) => {
    const message = encodeSessionMessage({
      address: user.address,
      provider: provider.address,
      timestamp: Date.now(),
      expiresAt: Date.now() + 3_600_000,
      nonce: "00",
      generation,
      tokenId: 255,
    });
    const token = formatSessionToken(message, await user.signer.signMessage(getBytes(sessionDigest(message))));
    return { authorization: `Bearer ${token}`, "content-type": "application/json" };
  };
  const chat = async (user: FundedUser, generation?: bigint) =>
    fetch(`${provider.url}/v1/proxy/chat/completions`, {
      method: "POST",
      headers: await headers(user, generation),
      // One token in, one out: 0.02 0G.
      body: canonicalJson({ model: provider.serviceParams().model, messages: [{ role: "user", content: "2+2" }] }),
    });
  const answered = async (user: FundedUser, generation?: bigint) => {
    const response = await chat(user, generation);
    expect(response.status).to.equal(200);
    await response.text();
  };
  const refused = async (user: FundedUser, text: RegExp, generation?: bigint) => {
    const response = await chat(user, generation);
    expect(response.status).to.equal(400);
    expect(await errorOf(response)).to.match(text);
  };
  const FEE = NEURON_PER_0G / 50n;

  it("turns away whoever has no account with it", async () => {
    await refused(await connection.galileo.fundedUser(), /account not exist/);
  });

  it("settles to the neuron: the user pays the fees, the provider gets them less the gas", async () => {
    const user = await depositor(2n * NEURON_PER_0G);
    const bystander = await depositor(2n * NEURON_PER_0G);
    await answered(user);
    await answered(user);
    await answered(bystander);
    expect(provider.unsettledFee(user.address)).to.equal(2n * FEE);

    const before = await coins();
    const outcomes = await provider.settle();
    expect(
      outcomes.map(({ user: of, status, totalFee, requests, unsettled }) => ({
        of,
        status,
        totalFee,
        requests,
        unsettled,
      })),
    ).to.deep.equal([
      { of: user.address, status: "success", totalFee: 2n * FEE, requests: 2, unsettled: 0n },
      { of: bystander.address, status: "success", totalFee: FEE, requests: 1, unsettled: 0n },
    ]);
    const [{ hash = "" } = {}] = outcomes;
    const receipt = await connection.ethers.provider.getTransactionReceipt(hash);
    if (receipt === null) throw new Error(`no receipt of ${hash}`);
    expect((await coins()) - before).to.equal(3n * FEE - receipt.fee);
    expect(await balance(user)).to.equal(2n * NEURON_PER_0G - 2n * FEE);
    expect(await balance(bystander)).to.equal(2n * NEURON_PER_0G - FEE);
    expect(provider.unsettledFee(user.address)).to.equal(0n);
  });

  it("settles again within the same second", async () => {
    const user = await depositor(2n * NEURON_PER_0G);
    for (let i = 0; i < 2; i++) {
      await answered(user);
      expect((await provider.settle())[0]).to.include({ status: "success", totalFee: FEE });
    }
    expect(await balance(user)).to.equal(2n * NEURON_PER_0G - 2n * FEE);
  });

  it("refuses the next answer when less than one 0G would be left, and admits again after a top-up", async () => {
    const user = await depositor(NEURON_PER_0G + FEE);
    await answered(user);
    await answered(user);
    await refused(user, /your locked balance is 1\.020000 0G, but the required minimum is 1\.040000 0G/);
    const ledger = connection.galileo.contracts.ledgerManager.connect(user.signer);
    await (await ledger.transferFund(provider.address, INFERENCE, FEE)).wait();
    await answered(user);
  });

  it("counts a retrieval at once, and is still paid out of it", async () => {
    const user = await depositor(2n * NEURON_PER_0G);
    await answered(user);
    const ledger = connection.galileo.contracts.ledgerManager.connect(user.signer);
    await (await ledger.retrieveFund([provider.address], INFERENCE)).wait();
    await refused(user, /your locked balance is 0\.000000 0G/);
    const outcomes = await provider.settle();
    expect(outcomes.find((outcome) => outcome.user === user.address)).to.include({ status: "success", totalFee: FEE });
    expect(await balance(user)).to.equal(2n * NEURON_PER_0G - FEE);
  });

  it("settles only what a balance covers when the money has gone elsewhere", async () => {
    const user = await depositor(NEURON_PER_0G);
    await answered(user);
    const ledger = connection.galileo.contracts.ledgerManager.connect(user.signer);
    await (await ledger.retrieveFund([provider.address], INFERENCE)).wait();
    await connection.galileo.passLock();
    await (await ledger.retrieveFund([provider.address], INFERENCE)).wait();
    expect(await balance(user)).to.equal(0n);
    const outcomes = await provider.settle();
    expect(outcomes.find((outcome) => outcome.user === user.address)).to.include({ status: "skipped", unsettled: FEE });
    expect(provider.unsettledFee(user.address)).to.equal(FEE);
    await (await ledger.transferFund(provider.address, INFERENCE, FEE)).wait();
    expect((await provider.settle())[0]).to.include({ user: user.address, status: "success", totalFee: FEE });
    expect(await balance(user)).to.equal(0n);
  });

  it("goes by the generation on chain", async () => {
    const user = await depositor(2n * NEURON_PER_0G);
    await answered(user);
    await (await serving().connect(user.signer).revokeAllTokens(provider.address)).wait();
    await refused(user, /session token has been revoked \(generation expired\)/);
    await answered(user, 1n);
  });

  it("needs its new signer registered and endorsed before it serves and is paid again", async () => {
    const user = await depositor(2n * NEURON_PER_0G);
    await provider.settle();
    await answered(user);
    const rotated = provider.rotateTeeSigner();
    expect((await provider.settle())[0]).to.include({ status: "invalid-signature", unsettled: FEE });

    const wallet = await connection.ethers.getImpersonatedSigner(provider.address);
    await (await serving().connect(wallet).addOrUpdateService(provider.serviceParams())).wait();
    const service = await serving().getService(provider.address);
    expect(service.teeSignerAddress).to.equal(rotated);
    expect(service.teeSignerAcknowledged).to.equal(false);
    await refused(user, /service not acknowledge the tee signer/);

    await connection.galileo.endorse(provider);
    await answered(user);
    expect((await provider.settle())[0]).to.include({ status: "success", totalFee: 2n * FEE });
  });

  it("forgets what it is owed when its signer is no longer vouched for", async () => {
    const user = await depositor(2n * NEURON_PER_0G);
    await answered(user);
    await connection.galileo.unendorse(provider);
    try {
      expect((await provider.settle())[0]).to.include({ user: user.address, status: "no-tee-signer" });
      expect(provider.unsettledFee(user.address)).to.equal(0n);
      expect(await balance(user)).to.equal(2n * NEURON_PER_0G);
    } finally {
      await connection.galileo.endorse(provider);
    }
  });

  it("is not endorsed unless the owner says so", async () => {
    const unknown = connection.galileo.provider(2);
    const service = await serving().getService(unknown.address);
    expect(service.teeSignerAcknowledged).to.equal(false);
    expect(service.teeSignerAddress).to.equal(unknown.teeSigner);
    expect(service.teeSignerAddress).to.not.equal(ZERO_ADDRESS);
  });
});
