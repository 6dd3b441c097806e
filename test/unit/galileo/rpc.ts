import { expect } from "chai";

import { GalileoBootError } from "../../../lib/galileo/errors.ts";
import { impersonatingWith, sendRaw, type Eip1193 } from "../../../lib/galileo/rpc.ts";

const SENDER = "0x6D233D2610c32f630ED53E8a7Cbf759568041f8f";
const TRANSACTION = { what: "create a thing", from: SENDER, data: "0x00" } as const;

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
}

describe("sendRaw", () => {
  it("names the contract's error when a step of the boot is refused", async () => {
    const rpc: Eip1193 = {
      request: async () => Promise.reject(Object.assign(new Error("reverted"), { data: { data: "0x0dc149f0" } })),
    };
    const error = await thrownBy(sendRaw(rpc, TRANSACTION));

    expect(error).to.be.instanceOf(GalileoBootError);
    expect((error as GalileoBootError).details).to.deep.equal({ what: "create a thing", reason: "AlreadyInitialized" });
  });

  it("notices a failed transaction on a network that does not throw for it", async () => {
    const rpc: Eip1193 = {
      request: async ({ method }) => (method === "eth_sendTransaction" ? `0x${"11".repeat(32)}` : { status: "0x0" }),
    };
    expect(await thrownBy(sendRaw(rpc, TRANSACTION))).to.be.instanceOf(GalileoBootError);
  });
});

describe("impersonatingWith", () => {
  it("stops impersonating and restores the balance, whatever happens in between", async () => {
    const calls: string[] = [];
    const rpc: Eip1193 = {
      request: async ({ method, params = [] }) => {
        calls.push([method, ...params.slice(1)].join(" "));
        return "0x5";
      },
    };
    const error = await thrownBy(impersonatingWith(rpc, SENDER, 2n, async () => Promise.reject(new Error("inside"))));

    expect(error).to.have.property("message", "inside");
    expect(calls).to.deep.equal([
      "eth_getBalance latest",
      "hardhat_setBalance 0x7",
      "hardhat_impersonateAccount",
      "hardhat_stopImpersonatingAccount",
      "hardhat_setBalance 0x5",
    ]);
  });
});
