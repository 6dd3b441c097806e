import { expect } from "chai";

import { sixDecimals } from "../../../lib/galileo/provider/admission.ts";
import { RpcUnreachableError } from "../../../lib/chain/revert.ts";
import { classifyProviderError } from "../../../lib/protocol/provider-errors.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";
import { OPEN_ACCOUNT } from "./support/fake-chain.ts";
import { errorOf, question, startBench, type Bench } from "./support/provider.ts";

describe("local provider: admission", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.provider.close());

  const refused = async (text: string | RegExp) => {
    const response = await bench.chat();
    expect(response.status).to.equal(400);
    const error = await errorOf(response);
    if (typeof text === "string") expect(error).to.equal(text);
    else expect(error).to.match(text);
    return error;
  };

  it("refuses a user without an account", async () => {
    bench.chain.accounts.clear();
    const error = await refused(/^validate request: get account from contract, account not exist: /);
    expect(classifyProviderError(400, error).kind).to.equal("no-account");
  });

  it("admits a user as soon as the account is there", async () => {
    bench.chain.accounts.clear();
    await refused(/account not exist/);
    bench.chain.put(bench.userAddress);
    expect((await bench.chat()).status).to.equal(200);
  });

  it("refuses a user who took back the acknowledgement", async () => {
    bench.chain.put(bench.userAddress, { acknowledged: false });
    await refused(
      "validate request: user not acknowledge the provider, please use acknowledgeProviderSigner function in sdk first, it will take effect in 2 minutes",
    );
  });

  it("refuses everybody while its signer is not endorsed, or it is not registered", async () => {
    const text = "validate request: service not acknowledge the tee signer";
    bench.chain.service = { inputPrice: 1n, outputPrice: 1n, teeSignerAcknowledged: false };
    await refused(text);
    bench.chain.service = undefined;
    await refused(text);
  });

  it("wants one 0G locked on top of what is owed, and says so exactly", async () => {
    bench.chain.put(bench.userAddress, { balance: NEURON_PER_0G });
    expect((await bench.chat()).status).to.equal(200);
    const owed = bench.provider.unsettledFee(bench.userAddress);
    expect(owed > 0n).to.equal(true);
    await refused(
      "validate request: insufficient balance: your locked balance is 1.000000 0G, but the required minimum is 1.000000 0G " +
        "(breakdown: minimum reserve 1.000000 0G + unsettled fees 0.000000 0G + current request fee 0.000000 0G). " +
        `Please add more funds with: 0g-compute-cli transfer-fund --provider ${bench.provider.address} --amount 0.000001`,
    );
  });

  it("counts money that is being retrieved as gone", async () => {
    bench.chain.put(bench.userAddress, { balance: 5n * NEURON_PER_0G, pendingRefund: 45n * 10n ** 17n });
    const error = await refused(/your locked balance is 0\.500000 0G, but the required minimum is 1\.000000 0G/);
    expect(error).to.match(/--amount 0\.500000$/);
    expect(classifyProviderError(400, error).balance).to.deep.equal({
      locked: NEURON_PER_0G / 2n,
      required: NEURON_PER_0G,
    });
  });

  it("admits exactly one 0G when nothing is owed, and refuses one neuron less", async () => {
    bench.chain.put(bench.userAddress, { balance: NEURON_PER_0G - 1n });
    await refused(/insufficient balance/);
    bench.chain.put(bench.userAddress, { balance: NEURON_PER_0G });
    expect((await bench.chat()).status).to.equal(200);
  });

  it("says what a chain that does not answer means, and does not call it an absence", async () => {
    bench.chain.outage = new RpcUnreachableError("Reading the account", new Error("connection refused"));
    const error = await refused(/^validate request: get account from contract: /);
    expect(error).to.not.contain("account not exist");
  });

  it("refuses another model, after the balance", async () => {
    const other = await bench.chat({ ...question("hi"), model: "gpt-9" });
    expect(other.status).to.equal(400);
    expect(await errorOf(other)).to.equal(
      'prepare HTTP request: enforce configured model: model not supported: requested "gpt-9", accepted: ["test/no-language-model"]',
    );
    bench.chain.put(bench.userAddress, { balance: 0n });
    expect(await errorOf(await bench.chat({ ...question("hi"), model: "gpt-9" }))).to.match(/insufficient balance/);
  });

  it("refuses bodies that are no JSON object", async () => {
    for (const body of ["", "{", "[]", '"x"', "null"]) {
      const response = await fetch(`${bench.provider.url}/v1/proxy/chat/completions`, {
        method: "POST",
        headers: await bench.headers(),
        body,
      });
      expect(response.status, body).to.equal(400);
      expect(await errorOf(response)).to.match(/^prepare HTTP request: request body is not /);
    }
    expect(bench.provider.unsettledFee(bench.userAddress)).to.equal(0n);
  });

  describe("with an account cache like a live provider's", () => {
    let cached: Bench;
    before(async () => {
      cached = await startBench({ accountCacheMs: 600_000 });
    });
    after(() => cached.provider.close());

    it("believes an old account, but reads again before it refuses for the balance", async () => {
      expect((await cached.chat()).status).to.equal(200);
      expect((await cached.chat()).status).to.equal(200);
      expect(cached.chain.accountReads).to.equal(1);

      cached.chain.put(cached.userAddress, { generation: 1n });
      expect((await cached.chat()).status, "an old token still passes").to.equal(200);
      const early = await cached.chat(undefined, await cached.headers({ generation: 1n }));
      expect(await errorOf(early)).to.equal("validate session: invalid session token (future generation)");
      cached.advance(600_000);
      const late = await cached.chat(undefined, await cached.headers({ generation: 1n }));
      expect(late.status, "the new token passes after ten minutes").to.equal(200);
    });

    it("lets a top-up act at once", async () => {
      const poor = await startBench({ accountCacheMs: 600_000 });
      try {
        poor.chain.put(poor.userAddress, { balance: 0n });
        expect((await poor.chat()).status).to.equal(400);
        poor.chain.put(poor.userAddress, OPEN_ACCOUNT);
        expect((await poor.chat()).status).to.equal(200);
      } finally {
        await poor.provider.close();
      }
    });
  });
});

describe("sixDecimals", () => {
  it("prints neuron as providers do, rounded to the nearest", () => {
    expect(sixDecimals(0n)).to.equal("0.000000");
    expect(sixDecimals(NEURON_PER_0G)).to.equal("1.000000");
    expect(sixDecimals(499_999_999_999n)).to.equal("0.000000");
    expect(sixDecimals(500_000_000_000n)).to.equal("0.000001");
    expect(sixDecimals(123_456_789_012_345_678_901n)).to.equal("123.456789");
  });
});
