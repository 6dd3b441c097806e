import { expect } from "chai";
import { Wallet } from "ethers";

import type { SignedTransaction, WriteContext } from "../../../lib/chain/context.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { bumpedFees } from "../../../lib/chain/fees.ts";
import type { Time } from "../../../lib/chain/inclusion.ts";
import {
  ReceiptPendingError,
  TransactionDroppedError,
  TransactionReplacedError,
  TransactionRevertedError,
} from "../../../lib/chain/outcomes.ts";
import { awaitPending } from "../../../lib/chain/pending.ts";
import { sendTransaction } from "../../../lib/chain/send.ts";
import { WalletSpending } from "../../../lib/chain/spending.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { PocketChain, PocketNode, refuse } from "../../support/pocket-chain.ts";
import { caught } from "../compute/support/caught.ts";

const { address: KEY, privateKey } = developmentAccount(0);
const TO = developmentAccount(1).address;
const ZG = 10n ** 18n;
const DRAFT = { what: "pay", to: TO, data: "0x", value: 5n } as const;
const LOCAL = networkNamed("localhost");
const LIVE = { ...LOCAL, confirmations: 1 };

/** A clock that stands still but while one sleeps; `each` is what happens meanwhile, told the seconds that are over. */
function dream(each: (seconds: number) => void | Promise<void>): Time {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      await each(now / 1_000);
    },
  };
}

/** Lets it happen once, from that second on. */
function once(second: number, happens: () => void | Promise<void>): (seconds: number) => Promise<void> {
  let done = false;
  return async (seconds) => {
    if (done || seconds < second) return;
    done = true;
    await happens();
  };
}

describe("the end of a transaction", () => {
  let chain: PocketChain;
  let node: PocketNode;
  let wallet: Wallet;
  let signed: SignedTransaction[];
  let lines: string[];
  let spending: WalletSpending;

  beforeEach(() => {
    chain = new PocketChain();
    chain.fund(KEY, ZG);
    chain.includesAtOnce = false;
    node = new PocketNode(chain);
    wallet = new Wallet(privateKey, node);
    signed = [];
    lines = [];
    spending = new WalletSpending();
  });

  const send = async (each: (seconds: number) => void | Promise<void>, more: Partial<WriteContext> = {}) =>
    sendTransaction(
      {
        ...{ network: LOCAL, provider: node, signer: wallet, spending, time: dream(each) },
        onSigned: (transaction) => void signed.push(transaction),
        log: (line) => lines.push(line),
        ...more,
      },
      DRAFT,
    );

  /** The same key, used by somebody else. */
  const sendElsewhere = async (nonce = 0) => {
    const fees = { maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 12n };
    const raw = await wallet.signTransaction({ to: KEY, nonce, gasLimit: 21_000n, chainId: 16602, type: 2, ...fees });
    return chain.request("eth_sendRawTransaction", [raw]) as string;
  };

  it("is reverted when it failed on chain: its gas is spent, its value is not", async () => {
    chain.reverts = true;
    const error = await caught(TransactionRevertedError, async () => send(once(1, () => void chain.mine())));
    expect(error.details).to.include({ what: "pay", hash: signed[0]!.hash });
    expect(spending.spent).to.equal(ZG - chain.balanceOf(KEY));
    expect(spending.reserved).to.equal(0n);
  });

  it("is replaced when another transaction took its nonce, which is named; nothing was paid", async () => {
    let other = "";
    const error = await caught(TransactionReplacedError, async () =>
      send(
        once(1, async () => {
          other = await sendElsewhere();
          chain.mine();
        }),
      ),
    );
    expect(error).to.include({ code: "ZG_TRANSACTION_REPLACED", exit: 3 });
    expect(error.details).to.deep.include({ replacedBy: other, nonce: 0, from: KEY, block: 1 });
    expect(spending).to.include({ spent: 0n, reserved: 0n });
  });

  it("is dropped when no node holds it nor takes it again, and then its nonce is free", async () => {
    const refusing = (method: string) => (method === "eth_sendRawTransaction" ? refuse("underpriced") : undefined);
    const error = await caught(TransactionDroppedError, async () =>
      send(
        once(1, () => {
          chain.forget(chain.pool[0]!.hash);
          chain.intercept = refusing;
        }),
      ),
    );
    expect(error).to.include({ code: "ZG_TRANSACTION_DROPPED", exit: 4 });
    expect(error.details).to.deep.include({ nonce: 0, from: KEY, hashes: [signed[0]!.hash] });
    expect(spending).to.include({ spent: 0n, reserved: 0n });

    chain.intercept = () => undefined;
    chain.includesAtOnce = true;
    await send(() => undefined);
    expect(chain.included.map(({ nonce }) => nonce)).to.deep.equal([0]);
  });

  it("is unknown when the node falls silent, and stays reserved", async () => {
    const silent = () => refuse("gone", -1);
    const error = await caught(ReceiptPendingError, async () => send(once(1, () => void (chain.intercept = silent))));
    expect(error).to.include({ code: "ZG_RECEIPT_PENDING", exit: 4 });
    expect(error.details).to.deep.include({ seen: "no answer", nonce: 0, hashes: [signed[0]!.hash] });
    expect(spending.spent).to.equal(0n);
    expect(spending.reserved > 5n).to.equal(true);
  });

  it("is unknown when its nonce is used and the node shows neither receipt nor transaction; says where to look", async () => {
    const blind = (method: string, [, tag]: readonly unknown[]) =>
      method === "eth_getTransactionReceipt" || (method === "eth_getTransactionCount" && tag !== "latest")
        ? refuse("not found")
        : undefined;
    const error = await caught(ReceiptPendingError, async () =>
      send(
        once(1, () => {
          chain.mine();
          chain.intercept = blind;
        }),
      ),
    );
    expect(error.details).to.deep.include({ seen: "nonce used", nonce: 0, from: KEY });
    expect(error.remedy).to.include(KEY);
  });

  it("is unknown, and not dropped, where a remote signer may hold what no node shows", async () => {
    const remote = { getAddress: async () => KEY, sendTransaction: async () => ({ hash: `0x${"cd".repeat(32)}` }) };
    const signer = remote as unknown as WriteContext["signer"];
    const error = await caught(ReceiptPendingError, async () => send(() => undefined, { signer }));
    expect(error.details).to.deep.include({ seen: "waiting", hashes: [`0x${"cd".repeat(32)}`] });
  });

  describe("when its receipt lags", () => {
    it("is waited for as long as its block holds it", async () => {
      const late = (method: string) => (method === "eth_getTransactionReceipt" ? null : undefined);
      const sent = await send(async (seconds) => {
        await once(1, () => void chain.mine())(seconds);
        chain.intercept = seconds < 60 ? late : () => undefined;
      });
      expect(sent.hash).to.equal(signed[0]!.hash);
      expect(chain.included).to.have.length(1);
    });
  });

  describe("when no block takes it", () => {
    const upTo = (seconds: number) => once(seconds, () => void chain.mine());

    it("is sent again for an eighth more, written down before, and whichever lands counts, once", async () => {
      const sent = await send(upTo(70));

      expect(signed.map(({ nonce }) => nonce)).to.deep.equal([0, 0, 0]);
      expect(new Set(signed.map(({ hash }) => hash)).size).to.equal(3);
      expect(sent.hash).to.equal(signed[2]!.hash);
      const tip = LOCAL.priorityFeeFloor;
      expect(chain.included[0]!.maxPriorityFeePerGas).to.equal((((tip * 9n) / 8n) * 9n) / 8n);
      expect(spending).to.include({ spent: 5n + sent.fee, reserved: 0n });
      expect(chain.balanceOf(KEY)).to.equal(ZG - 5n - sent.fee);
    });

    it("counts the first when that one lands after all", async () => {
      const first = () => {
        chain.refill(signed[0]!.hash);
        chain.mine();
      };
      const sent = await send(once(40, first));
      expect(signed).to.have.length(2);
      expect(sent.hash).to.equal(signed[0]!.hash);
    });

    it("pays what is paid now when that is more than an eighth on top", async () => {
      const dear = (method: string) => (method === "eth_maxPriorityFeePerGas" ? "0x12a05f200" : undefined); // 5 gwei
      await send(async (seconds) => {
        chain.intercept = dear;
        await upTo(40)(seconds);
      });
      expect(chain.included[0]!.maxPriorityFeePerGas).to.equal(5_000_000_000n);
    });

    it("waits on, at its price, when a better one is more than was agreed to", async () => {
      const agreed = 5n + 25_200n * (LOCAL.priorityFeeFloor + 14n);
      spending.agree(agreed);
      const sent = await send(upTo(70));
      expect(signed).to.have.length(1);
      expect(sent.hash).to.equal(signed[0]!.hash);
      expect(lines.filter((line) => line.includes("more than was agreed to"))).to.have.length(2);
      expect(spending.reserved).to.equal(0n);
    });

    it("waits on, at its price, when a better one is above --gas-price", async () => {
      const gasPrice = 3_000_000_000n;
      await send(upTo(70), { gasPrice });
      expect(signed).to.have.length(1);
      expect(chain.included[0]!.maxFeePerGas).to.equal(gasPrice);
      expect(lines.some((line) => line.includes(`above ${gasPrice} neuron`))).to.equal(true);
    });

    it("is not sent for whatever a node asks for where nobody set a limit", async () => {
      const absurd = (method: string) => (method === "eth_maxPriorityFeePerGas" ? "0x2386f26fc10000" : undefined);
      await send(async (seconds) => {
        chain.intercept = absurd;
        await upTo(70)(seconds);
      });
      expect(signed).to.have.length(1);
    });

    it("holds what it may cost, not more, when the node refuses the better price", async () => {
      const error = await caught(ReceiptPendingError, async () =>
        send(
          once(1, () => {
            chain.intercept = (method) => (method === "eth_sendRawTransaction" ? refuse("pool is full") : undefined);
          }),
        ),
      );
      expect(error.details).to.deep.include({ seen: "waiting", hashes: [signed[0]!.hash] });
      expect(signed.length > 1).to.equal(true);
      expect(spending.reserved).to.equal(5n + 25_200n * (LOCAL.priorityFeeFloor + 14n));
    });
  });

  describe("where blocks can be taken back", () => {
    it("is believed when another block follows", async () => {
      const sent = await send(
        async (seconds) => {
          await once(1, () => void chain.mine())(seconds);
          await once(5, () => void chain.mine())(seconds);
        },
        { network: LIVE },
      );
      expect(sent.blockNumber).to.equal(1);
      expect(chain.height >= 2).to.equal(true);
    });

    it("is looked for again when its block is taken back, and sent again, the same bytes, when it is forgotten", async () => {
      const steps = [
        once(1, () => void chain.mine()),
        once(2, () => {
          chain.takeBack(1, "forget");
          chain.mine();
        }),
        once(10, () => void (chain.mine(), chain.mine())),
      ];
      const sent = await send(
        async (seconds) => {
          for (const step of steps) await step(seconds);
        },
        { network: LIVE },
      );
      expect(signed).to.have.length(1);
      expect(sent.hash).to.equal(signed[0]!.hash);
      expect(sent.blockNumber).to.equal(2);
      expect(chain.balanceOf(TO)).to.equal(5n);
    });

    it("is not believed from a receipt of a block that is no longer the chain's", async () => {
      let stale: unknown;
      const steps = [
        once(1, () => {
          chain.mine();
          stale = chain.request("eth_getTransactionReceipt", [signed[0]!.hash]);
        }),
        once(1.5, () => {
          chain.takeBack(1, "forget");
          chain.mine();
          chain.mine();
          chain.intercept = (method) => (method === "eth_getTransactionReceipt" ? stale : undefined);
        }),
      ];
      const error = await caught(ReceiptPendingError, async () =>
        send(
          async (seconds) => {
            for (const step of steps) await step(seconds);
          },
          { network: LIVE, replaceAfter: 10 ** 9 },
        ),
      );
      expect(error.details).to.deep.include({ nonce: 0 });
      expect(lines.some((line) => line.includes("block 1 was taken back"))).to.equal(true);
      expect(chain.pool.map(({ hash }) => hash)).to.deep.equal([signed[0]!.hash]);
    });

    it("is unknown when no block follows in time", async () => {
      const error = await caught(ReceiptPendingError, async () =>
        send(
          once(1, () => void chain.mine()),
          { network: LIVE },
        ),
      );
      expect(error.details).to.include({ seen: "not confirmed" });
    });
  });

  describe("of an interrupted command", () => {
    const pendingOf = async (each: (seconds: number) => void | Promise<void>) =>
      awaitPending({ network: LOCAL, provider: node }, KEY, signed, { time: dream(each) });

    it("is waited for, whichever of its prices lands", async () => {
      await caught(ReceiptPendingError, async () => send(() => undefined, { receiptTimeout: 40_000 }));
      expect(signed).to.have.length(2);
      await pendingOf(once(5, () => void chain.mine()));
      expect(chain.included).to.have.length(1);
    });

    it("needs no wait when another transaction took its nonce", async () => {
      await caught(ReceiptPendingError, async () => send(() => undefined, { receiptTimeout: 1 }));
      await pendingOf(
        once(5, async () => {
          await sendElsewhere();
          chain.mine();
        }),
      );
      expect(chain.balanceOf(TO)).to.equal(0n);
    });
  });
});

describe("bumpedFees", () => {
  it("adds an eighth to both fees, rounded up", () => {
    expect(bumpedFees({ maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }, NOTHING)).to.deep.equal({
      maxFeePerGas: 11n,
      maxPriorityFeePerGas: 2n,
    });
  });

  it("is never below what is paid now", () => {
    const now = { maxFeePerGas: 100n, maxPriorityFeePerGas: 50n };
    expect(bumpedFees({ maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }, now)).to.deep.equal(now);
  });
});

const NOTHING = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
