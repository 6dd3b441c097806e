/** How to test a contract of your own against 0G Compute, on the embedded Galileo. */

import { expect } from "chai";
import { network } from "hardhat";

import { createBroker } from "../../lib/broker/broker.ts";
import type { InferenceResult } from "../../lib/compute/inference.ts";
import { parseAmount } from "../../lib/units.ts";

describe("example: a contract that pays for other people's inference", () => {
  async function setUp() {
    const { ethers, galileo } = connection;
    const agent = await galileo.fundedUser();
    const sponsor = await ethers.deployContract("Sponsor", [galileo.network.contracts.ledgerManager]);
    return { ethers, galileo, agent, sponsor };
  }

  // One network for the file: it boots 0G's contracts and three providers.
  let connection: Awaited<ReturnType<typeof network.create>>;

  before(async () => {
    connection = await network.create();
  });

  after(async () => {
    await connection.close();
  });

  it("opens the ledger of whoever is sponsored", async () => {
    const { galileo, agent, sponsor } = await setUp();

    await expect(sponsor.getFunction("sponsor")(agent.address, { value: parseAmount("2") }))
      .to.emit(sponsor, "Sponsored")
      .withArgs(agent.address, parseAmount("2"));

    const { totalBalance } = await galileo.contracts.ledgerManager.getLedger(agent.address);
    expect(totalBalance).to.equal(parseAmount("2"));
  });

  it("passes the ledger's refusal on, and keeps nothing", async () => {
    const { ethers, galileo, agent, sponsor } = await setUp();
    const { ledgerManager } = galileo.contracts;
    const minimum = await ledgerManager.MIN_ACCOUNT_BALANCE();

    await expect(sponsor.getFunction("sponsor")(agent.address, { value: minimum - 1n }))
      .to.be.revertedWithCustomError(ledgerManager, "MinimumDepositRequired")
      .withArgs(minimum - 1n, minimum);
    expect(await ethers.provider.getBalance(sponsor)).to.equal(0n);
  });

  it("pays for an answer that a provider really gave, signed, and settled", async () => {
    const { galileo, agent, sponsor } = await setUp();
    const provider = galileo.provider(0);
    await sponsor.getFunction("sponsor")(agent.address, { value: parseAmount("2") });

    const { ledger, inference } = createBroker(agent.signer, { network: "default" });
    await ledger.transferFund(provider.address, parseAmount("1.5"));
    const answer = await inference.chat(provider.address, { messages: [{ role: "user", content: "What is 2+2?" }] });
    const [settled] = await galileo.settle(0);

    expect(answer.responseBytes.length).to.be.greaterThan(0);
    expect(settled).to.include({ user: agent.address, status: "success" });
    const { totalBalance } = await galileo.contracts.ledgerManager.getLedger(agent.address);
    expect(totalBalance).to.equal(parseAmount("2") - (settled?.totalFee ?? 0n));
  });

  it("notices a provider that lies", async () => {
    const { galileo, agent, sponsor } = await setUp();
    const provider = galileo.provider(1);
    await sponsor.getFunction("sponsor")(agent.address, { value: parseAmount("2") });
    const { ledger, inference } = createBroker(agent.signer, { network: "default" });
    await ledger.transferFund(provider.address, parseAmount("1.5"));
    const ask = async () => inference.chat(provider.address, { messages: [{ role: "user", content: "What is 2+2?" }] });

    const honest = await ask();
    provider.misbehave({ kind: "altered-body" });
    const altered = await ask();
    provider.misbehave(undefined);

    const verdict = async ({ requestBytes, responseBytes, chatId }: InferenceResult) => {
      if (chatId === undefined) return expect.fail("the answer has no id");
      return (await inference.processResponse(provider.address, { requestBytes, responseBytes, chatId })).status;
    };
    expect(await verdict(honest)).to.equal("verified");
    expect(await verdict(altered)).to.equal("rejected");
  });
});
