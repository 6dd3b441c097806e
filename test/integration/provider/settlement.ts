import { expect } from "chai";
import { verifyTypedData, Wallet } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import type { SignedSettlement } from "../../../lib/operator/settle.ts";
import { checksum, type Address } from "../../../lib/hex.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { requestsHash, SETTLEMENT_TYPES, settlementDomain, settlementNonce } from "../../../lib/protocol/settlement.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";
import { NOW, question, startBench, type Bench } from "./support/provider.ts";

const HIGH = { inputPrice: NEURON_PER_0G / 4n, outputPrice: NEURON_PER_0G / 4n, teeSignerAcknowledged: true };
/** Fee of `2+2`: one token in, one out. */
const FEE = 400n;

describe("local provider: settlement", () => {
  let bench: Bench;
  let uuids: string[];
  beforeEach(async () => {
    uuids = [];
    bench = await startBench({
      uuid: () => {
        const id = `00000000-0000-4000-8000-${String(uuids.length).padStart(12, "0")}`;
        uuids.push(id);
        return id;
      },
    });
  });
  afterEach(() => bench.provider.close());

  const ask = async (user = bench.user) => {
    const address = checksum(user.address);
    const authorization = `Bearer ${await bench.token({ address }, user)}`;
    const response = await bench.chat(question("2+2"), { authorization });
    expect(response.status).to.equal(200);
    await response.text();
  };
  const signerOf = ({ signature, ...message }: SignedSettlement) => {
    const network = networkNamed("default");
    const domain = settlementDomain(network.chainId, network.contracts.inferenceServing);
    return verifyTypedData(domain, SETTLEMENT_TYPES, message, signature);
  };

  it("sends nothing when nothing is owed", async () => {
    expect(await bench.provider.settle()).to.deep.equal([]);
    expect(bench.chain.sent).to.deep.equal([]);
  });

  it("collects a user's total, signed by the TEE key over the requests it is for", async () => {
    await ask();
    await ask();
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(2n * FEE);
    const outcomes = await bench.provider.settle();
    expect(outcomes).to.deep.equal([
      {
        provider: bench.provider.address,
        user: bench.userAddress,
        status: "success",
        requests: 2,
        totalFee: 2n * FEE,
        unsettled: 0n,
        hash: outcomes[0]?.hash,
      },
    ]);
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(0n);
    const [item] = bench.chain.sent[0] ?? [];
    if (item === undefined) throw new Error("nothing was sent");
    expect(signerOf(item)).to.equal(bench.provider.teeSigner);
    // Request ids are drawn before chat ids, so they are the first and the third.
    const row = { user: bench.userAddress, fee: FEE, inputFee: 100n, outputFee: 300n };
    const rows = [uuids[0], uuids[2]].map((requestId = "") => ({ requestId, ...row }));
    expect(item.requestsHash).to.equal(requestsHash(rows));
    expect(item.nonce).to.equal(settlementNonce(NOW));
    expect(await bench.provider.settle()).to.deep.equal([]);
  });

  it("never uses a nonce twice, even within one second or behind the account's", async () => {
    await ask();
    await bench.provider.settle();
    await ask();
    await bench.provider.settle();
    const future = settlementNonce(NOW) + 10n ** 12n;
    bench.chain.put(bench.userAddress, { nonce: future });
    await ask();
    await bench.provider.settle();
    const nonces = bench.chain.sent.map(([item]) => item?.nonce);
    expect(nonces).to.deep.equal([settlementNonce(NOW), settlementNonce(NOW) + 1n, future + 1n]);
  });

  it("takes only the oldest requests that fit, and leaves the rest for an hour unless told", async () => {
    const { chain, provider, userAddress } = bench;
    chain.service = HIGH;
    for (let i = 0; i < 3; i++) await ask(); // 0.5 0G each
    chain.put(userAddress, { balance: (11n * NEURON_PER_0G) / 10n });
    const [outcome] = await provider.settle();
    expect(outcome).to.include({ status: "success", requests: 2, totalFee: NEURON_PER_0G });
    expect(provider.unsettledFee(userAddress)).to.equal(NEURON_PER_0G / 2n);
    const [nothingFits] = await provider.settle();
    expect(nothingFits).to.include({ status: "skipped", requests: 1, unsettled: NEURON_PER_0G / 2n });
    expect(nothingFits).to.not.have.property("hash");
    chain.put(userAddress, { balance: NEURON_PER_0G });
    const [paid] = await provider.settle();
    expect(paid).to.include({ status: "success", totalFee: NEURON_PER_0G / 2n });
    expect(provider.unsettledFee(userAddress)).to.equal(0n);
  });

  it("forgets fees that nobody vouches for any more, and keeps those that may still be paid", async () => {
    const { chain, provider, userAddress } = bench;
    await ask();
    chain.failures.set(userAddress, "invalid-signature");
    expect((await provider.settle())[0]).to.include({ status: "invalid-signature", unsettled: FEE });
    expect(provider.unsettledFee(userAddress)).to.equal(FEE);
    chain.failures.set(userAddress, "no-tee-signer");
    expect((await provider.settle())[0]).to.include({ status: "no-tee-signer" });
    expect(provider.unsettledFee(userAddress)).to.equal(0n);
    expect(chain.sent).to.deep.equal([]);
  });

  it("goes by the contract's last word, not by the preview's", async () => {
    const { chain, provider, userAddress } = bench;
    await ask();
    chain.lateFailures.set(userAddress, "invalid-nonce");
    expect((await provider.settle())[0]).to.include({ status: "invalid-nonce", unsettled: FEE });
    expect(provider.unsettledFee(userAddress)).to.equal(FEE);
    chain.lateFailures.clear();
    expect((await provider.settle())[0]).to.include({ status: "success" });
  });

  it("settles 51 users in two batches, each user on its own", async () => {
    const users = Array.from({ length: 51 }, (_, i) => new Wallet(`0x${String(i + 1).padStart(64, "0")}`));
    for (const user of users) {
      bench.chain.put(checksum(user.address));
      await ask(user);
    }
    const outcomes = await bench.provider.settle();
    expect(bench.chain.previewed.map((batch) => batch.length)).to.deep.equal([50, 1]);
    expect(bench.chain.sent.map((batch) => batch.length)).to.deep.equal([50, 1]);
    expect(outcomes.map(({ user }) => user)).to.deep.equal(users.map((user) => user.address as Address));
    expect(outcomes.every(({ status }) => status === "success")).to.equal(true);
    for (const user of users) expect(bench.provider.unsettledFee(user.address)).to.equal(0n);
  });

  it("settles once when asked twice at a time", async () => {
    await ask();
    const [first, second] = await Promise.all([bench.provider.settle(), bench.provider.settle()]);
    expect(first).to.have.length(1);
    expect(second).to.deep.equal([]);
  });

  it("keeps what arrives while it settles", async () => {
    await ask();
    const settle = bench.chain.settle.bind(bench.chain);
    bench.chain.settle = async (items) => {
      await ask();
      return settle(items);
    };
    await bench.provider.settle();
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(FEE);
  });

  it("tries again after an outage", async () => {
    await ask();
    bench.chain.outage = new Error("down");
    await bench.provider.settle().then(
      () => expect.fail("it settled"),
      (error: unknown) => expect(error).to.equal(bench.chain.outage),
    );
    bench.chain.outage = undefined;
    expect(await bench.provider.settle()).to.have.length(1);
  });

  it("settles on its own when given an interval, and a failure does not end that", async () => {
    const lines: string[] = [];
    const stranger = new Wallet(developmentAccount(11).privateKey);
    const timed = await startBench({ settleIntervalMs: 5, log: (line) => lines.push(line), wallet: stranger });
    const previewSettlement = timed.chain.previewSettlement.bind(timed.chain);
    timed.chain.previewSettlement = () => Promise.reject(new Error("down"));
    try {
      await (await timed.chat(question("2+2"))).text();
      while (!lines.some((line) => line.includes("settlement failed")))
        await new Promise((next) => setTimeout(next, 2));
      expect(timed.provider.unsettledFee(timed.userAddress)).to.equal(FEE);
      timed.chain.previewSettlement = previewSettlement;
      while (timed.chain.sent.length === 0) await new Promise((next) => setTimeout(next, 2));
      while (timed.provider.unsettledFee(timed.userAddress) > 0n) await new Promise((next) => setTimeout(next, 2));
    } finally {
      await timed.provider.close();
    }
  });
});
