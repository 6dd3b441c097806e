import { expect } from "chai";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { sendTransaction } from "../../../lib/chain/send.ts";
import { WalletSpending } from "../../../lib/chain/spending.ts";
import { bootGalileo, type TestGalileo } from "../compute/support/galileo.ts";

describe("many transactions of one key at once", () => {
  let world: TestGalileo;
  before(async () => (world = await bootGalileo()));
  after(async () => world.close());

  it("all land, with nonces in a row, and the balances add up to the neuron", async () => {
    const { ctx, address } = await world.user();
    const to = developmentAccount(0).address;
    const { provider } = world.read;
    const [poorer, richer] = [await provider.getBalance(address), await provider.getBalance(to)];
    const first = await provider.getTransactionCount(address);
    const spending = new WalletSpending();

    const sends = Array.from({ length: 50 }, async (_, i) =>
      sendTransaction({ ...ctx, spending }, { what: "pay", to, data: "0x", value: BigInt(i) }),
    );
    const sent = await Promise.all(sends);

    const nonces = await Promise.all(sent.map(async ({ receipt }) => (await receipt.getTransaction()).nonce));
    expect(nonces.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 50 }, (_, i) => first + i));
    const value = (50n * 49n) / 2n;
    const fees = sent.reduce((sum, { fee }) => sum + fee, 0n);
    expect(await provider.getBalance(to)).to.equal(richer + value);
    expect(await provider.getBalance(address)).to.equal(poorer - value - fees);
    expect(spending).to.include({ spent: value + fees, reserved: 0n });
  });
});
