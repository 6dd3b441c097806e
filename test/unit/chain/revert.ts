import { inspect } from "node:util";

import { AbiCoder, Interface, makeError } from "ethers";
import { expect } from "chai";

import { INTERFACES } from "../../../lib/chain/contracts.ts";
import {
  asChainError,
  chainCall,
  ContractRevertError,
  decodeRevert,
  isRevert,
  PrecompileOnlyOnLiveChainError,
  registerErrors,
  revertDataOf,
  RpcUnreachableError,
} from "../../../lib/chain/revert.ts";
import { AbortedError } from "../../../lib/errors.ts";
import type { Hex } from "../../../lib/hex.ts";

const USER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const PROVIDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/** One value per Solidity type that 0G's errors use. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  address: USER,
  uint256: 7n,
  string: "why",
};

/** The error's data with sample arguments. */
function sample(abi: Interface, signature: string): { data: Hex; args: unknown[] } {
  const fragment = abi.getError(signature)!;
  const args = fragment.inputs.map(({ type }) => SAMPLES[type]);
  return { data: abi.encodeErrorResult(fragment, args) as Hex, args };
}

const ledgerNotExists = sample(INTERFACES.ledgerManager(), "LedgerNotExists(address)").data;

describe("decodeRevert", () => {
  for (const [contract, abi] of Object.entries(INTERFACES)) {
    describe(`over every custom error of ${contract}`, () => {
      abi().forEachError((fragment) => {
        const signature = fragment.format("sighash");
        it(`names ${signature} and its arguments`, () => {
          const { data, args } = sample(abi(), signature);

          const revert = decodeRevert(data);

          expect(revert.name).to.equal(fragment.name);
          expect(Object.values(revert.args)).to.deep.equal(args);
          expect(revert.data).to.equal(data);
        });

        it(`gives every argument of ${signature} a name`, () => {
          expect(fragment.inputs.every(({ name }) => name !== "")).to.be.true;
          expect(new Set(fragment.inputs.map(({ name }) => name)).size).to.equal(fragment.inputs.length);
        });
      });
    });
  }

  // contracts.md lists the overloads: the same name with other arguments in another contract.
  const overloads: readonly [signature: string, selector: Hex, contract: keyof typeof INTERFACES][] = [
    ["AdditionalInfoTooLong(uint256,uint256)", "0x69e0a42c", "ledgerManager"],
    ["AdditionalInfoTooLong()", "0xef54fd9d", "inferenceServing"],
    ["CallerNotLedger(address)", "0x52446b87", "inferenceServing"],
    ["CallerNotLedger()", "0x2441e569", "fineTuningServing"],
    ["LimitTooLarge(uint256,uint256)", "0x062ba4db", "inferenceServing"],
    ["LimitTooLarge(uint256)", "0xbad7206a", "fineTuningServing"],
    ["LockTimeOutOfRange(uint256,uint256,uint256)", "0xa730f674", "inferenceServing"],
    ["LockTimeOutOfRange(uint256)", "0x1285b07b", "fineTuningServing"],
  ];
  for (const [signature, selector, contract] of overloads) {
    it(`tells ${signature} from its namesake by the selector ${selector}`, () => {
      const { data, args } = sample(INTERFACES[contract](), signature);

      expect(data.slice(0, 10)).to.equal(selector);
      expect(Object.values(decodeRevert(data).args)).to.deep.equal(args);
    });
  }

  it("reads a reason string, as OpenZeppelin's Ownable of 0G's contracts throws it", () => {
    const reason = "Ownable: caller is not the owner";
    const data = `0x08c379a0${AbiCoder.defaultAbiCoder().encode(["string"], [reason]).slice(2)}` as Hex;
    expect(decodeRevert(data)).to.deep.equal({ name: "Error", args: { reason }, data });
  });

  it("reads a panic", () => {
    const data = `0x4e487b71${"11".padStart(64, "0")}` as Hex;
    expect(decodeRevert(data)).to.deep.equal({ name: "Panic", args: { panic: 0x11n }, data });
  });

  it("keeps the data of an error it does not know", () => {
    expect(decodeRevert("0xdeadbeef01")).to.deep.equal({ name: "unknown", args: {}, data: "0xdeadbeef01" });
  });

  it("learns another contract's errors by registerErrors", () => {
    const abi = new Interface(["error ShelfEmptyOfRevertTest(uint256 shelf)"]);
    const data = abi.encodeErrorResult("ShelfEmptyOfRevertTest", [3n]) as Hex;
    expect(decodeRevert(data).name).to.equal("unknown");

    registerErrors(abi);

    expect(decodeRevert(data)).to.deep.equal({ name: "ShelfEmptyOfRevertTest", args: { shelf: 3n }, data });
  });
});

describe("revertDataOf", () => {
  const wrapped: Readonly<Record<string, unknown>> = {
    "ethers' CALL_EXCEPTION": makeError("execution reverted", "CALL_EXCEPTION", {
      action: "call",
      data: ledgerNotExists,
      reason: null,
      transaction: { to: null, data: "0x" },
      invocation: null,
      revert: null,
    }),
    "ethers' info.error of a JSON-RPC answer": { info: { error: { code: 3, data: ledgerNotExists } } },
    "an error inside an error, as ethers wraps an estimate": { error: { error: { data: ledgerNotExists } } },
    "a cause": new Error("outer", { cause: Object.assign(new Error("inner"), { data: ledgerNotExists }) }),
    "Hardhat's provider, which nests data in data": { data: { data: ledgerNotExists, txHash: "0x00" } },
  };
  for (const [name, error] of Object.entries(wrapped)) {
    it(`finds it in ${name}`, () => {
      expect(revertDataOf(error)).to.equal(ledgerNotExists);
    });
  }

  for (const nothing of [undefined, null, "0x08c379a0", 7, {}, new Error("no"), { data: "0x" }, { data: "0x1234" }]) {
    it(`finds none in ${nothing instanceof Error ? "a plain Error" : inspect(nothing)}`, () => {
      expect(revertDataOf(nothing)).to.be.undefined;
    });
  }

  it("ends on an error that is its own cause", () => {
    const loop: { cause?: unknown } = {};
    loop.cause = loop;
    expect(revertDataOf(loop)).to.be.undefined;
  });
});

describe("chainCall", () => {
  it("passes the answer through", async () => {
    expect(await chainCall("Asking", Promise.resolve(7))).to.equal(7);
  });

  it("turns a refusal of the contract into ContractRevertError with its name and values", async () => {
    const thrown = await chainCall("Reading the ledger", Promise.reject({ data: ledgerNotExists })).catch(
      (error: unknown) => error,
    );

    expect(thrown).to.be.instanceOf(ContractRevertError);
    expect(thrown).to.include({
      code: "ZG_REVERTED",
      exit: 3,
      message: `Reading the ledger was refused by the contract: LedgerNotExists (user ${USER})`,
    });
    expect(isRevert(thrown, "LedgerNotExists")).to.be.true;
    expect(isRevert(thrown, "AccountNotExists")).to.be.false;
  });

  it("says so when a call reverts and gives no reason", async () => {
    const bare = makeError("missing revert data", "CALL_EXCEPTION", {
      action: "call",
      data: null,
      reason: null,
      transaction: { to: null, data: "0x" },
      invocation: null,
      revert: null,
    });
    const thrown = await chainCall("Calling", Promise.reject(bare)).catch((error: unknown) => error);

    expect(thrown).to.be.instanceOf(ContractRevertError);
    expect((thrown as Error).message).to.include("reverted without data");
  });

  for (const [node, code, message] of [
    ["Hardhat's own node", 3, "Transaction reverted: function was called with incorrect parameters"],
    ["go-ethereum", -32000, "execution reverted"],
  ] as const) {
    it(`knows a refusal without a word, as ${node} answers it`, async () => {
      const bare = Object.assign(new Error(message), { code });
      const thrown = await chainCall("Calling", Promise.reject(bare)).catch((error: unknown) => error);

      expect(thrown).to.be.instanceOf(ContractRevertError);
      expect((thrown as ContractRevertError).revert.data).to.equal("0x");
    });
  }

  it("never reads an outage as a refusal", async () => {
    const outages = [
      new Error("502 Bad Gateway"),
      new Error("execution reverted"),
      Object.assign(new Error("missing trie node"), { code: -32000 }),
      makeError("timeout", "TIMEOUT", { operation: "x", reason: "y" }),
      "gone",
    ];
    for (const outage of outages) {
      const thrown = await chainCall("Reading the ledger", Promise.reject(outage)).catch((error: unknown) => error);

      expect(thrown).to.be.instanceOf(RpcUnreachableError);
      expect(thrown).to.include({ code: "ZG_RPC", exit: 4 });
      expect((thrown as RpcUnreachableError).cause).to.equal(outage);
      expect(isRevert(thrown, "LedgerNotExists")).to.be.false;
    }
  });

  it("keeps only the first line of what the node said, in the message", () => {
    const error = asChainError("Asking", new Error(`connection refused\n${"x".repeat(1000)}`));
    expect(error.message).to.equal("Asking failed: connection refused");
  });

  it("lets this project's own errors through untouched", () => {
    const ours = new AbortedError("x");
    expect(asChainError("Asking", ours)).to.equal(ours);
  });

  it("explains a call to a precompile of 0G's that only the live chain has", () => {
    const abi = new Interface(["error PrecompileOnlyOnLiveChain(address precompile)"]);
    const data = abi.encodeErrorResult("PrecompileOnlyOnLiveChain", [PROVIDER]);

    const error = asChainError("Asking the DA entrance", { data });

    expect(error).to.be.instanceOf(PrecompileOnlyOnLiveChainError);
    expect(error).to.include({ code: "ZG_PRECOMPILE", exit: 3 });
    expect(error.message).to.include(PROVIDER);
    expect(error.remedy).to.include("--network galileo");
  });
});
