import { expect } from "chai";
import { Interface, Transaction, Wallet, type Provider, type Signer, type TransactionReceipt } from "ethers";

import type { SignedTransaction, Spending, WriteContext } from "../../../lib/chain/context.ts";
import { INTERFACES } from "../../../lib/chain/contracts.ts";
import { DEVELOPMENT_ACCOUNTS, developmentAccount, RealKeyRefusedError } from "../../../lib/chain/development-keys.ts";
import { ReceiptPendingError, TransactionRefusedError, TransactionRevertedError } from "../../../lib/chain/outcomes.ts";
import { RpcFailure } from "../../../lib/chain/rpc-exchange.ts";
import { ContractRevertError, RpcUnreachableError } from "../../../lib/chain/revert.ts";
import {
  estimateTransaction,
  InsufficientWalletBalanceError,
  sendTransaction,
  type TransactionDraft,
} from "../../../lib/chain/send.ts";
import { WalletSpending } from "../../../lib/chain/spending.ts";
import { AbortedError, EXIT, ZgError } from "../../../lib/errors.ts";
import { networkNamed } from "../../../lib/networks.ts";

const GWEI = 1_000_000_000n;
const FEE = 2n * GWEI + 20n; // floor tip, and twice the base fee below
const GAS = 50_000n;
const GAS_LIMIT = 60_000n; // a fifth above the estimate
const WORST = 5n + GAS_LIMIT * FEE;
const { address: FROM, privateKey } = developmentAccount(0);
const TO = developmentAccount(1).address;
const DRAFT: TransactionDraft = { what: "tip the barkeeper", to: TO, data: "0x1234", value: 5n };
const LEDGER_NOT_EXISTS = INTERFACES.ledgerManager().encodeErrorResult("LedgerNotExists", [FROM]);

interface Bar {
  readonly ctx: WriteContext;
  /** Everything that happened, in order. */
  readonly diary: string[];
  readonly signed: SignedTransaction[];
  readonly broadcast: Transaction[];
}

interface BarOptions {
  readonly balance?: bigint;
  readonly estimate?: () => Promise<bigint>;
  readonly fees?: () => Promise<string>;
  readonly onBroadcast?: () => Promise<void>;
  readonly count?: () => Promise<string>;
  readonly known?: () => Promise<unknown>;
  /** Answers of successive receipt queries; the last one repeats. */
  readonly receipts?: readonly (Partial<TransactionReceipt> | null | Error)[];
  readonly replay?: () => Promise<string>;
  readonly ctx?: Partial<WriteContext>;
}

const MINED = { status: 1, gasUsed: 40_000n, gasPrice: 2n * GWEI + 10n, blockNumber: 8 };

/** A node, a wallet and a guest book: a context whose every effect is written down. */
function openBar(options: BarOptions = {}): Bar {
  const diary: string[] = [];
  const signed: SignedTransaction[] = [];
  const broadcast: Transaction[] = [];
  const receipts = [...(options.receipts ?? [MINED])];
  const wallet = new Wallet(privateKey);

  const provider = {
    getBalance: async () => {
      diary.push("balance");
      return options.balance ?? 10n ** 18n;
    },
    estimateGas: async () => {
      diary.push("estimate");
      return options.estimate === undefined ? GAS : options.estimate();
    },
    getBlock: async () => ({ baseFeePerGas: 10n }),
    send: async (method: string, [raw]: readonly string[]) => {
      if (method === "eth_getTransactionCount") {
        diary.push("nonce");
        return options.count === undefined ? "0x3" : options.count();
      }
      if (method === "eth_sendRawTransaction") {
        diary.push("broadcast");
        broadcast.push(Transaction.from(raw));
        await options.onBroadcast?.();
        return null;
      }
      return options.fees === undefined ? "0x1" : options.fees();
    },
    getTransaction: async () => {
      diary.push("look up");
      return options.known === undefined ? null : options.known();
    },
    getTransactionReceipt: async (hash: string) => {
      diary.push("receipt");
      const answer = receipts.length > 1 ? receipts.shift() : receipts[0];
      if (answer instanceof Error) throw answer;
      return answer === null ? null : Object.assign({ hash }, answer);
    },
    call: async ({ blockTag }: { blockTag: number }) => {
      diary.push(`replay at ${blockTag}`);
      return options.replay === undefined ? "0x" : options.replay();
    },
  } as unknown as Provider;

  const signer = new Proxy(wallet, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === "signingKey") diary.push("sign");
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

  const ctx: WriteContext = {
    network: networkNamed("localhost"),
    provider,
    signer,
    onSigned: (transaction) => {
      diary.push("write down");
      signed.push(transaction);
    },
    ...options.ctx,
  };
  return { ctx, diary, signed, broadcast };
}

async function thrownBy(promise: Promise<unknown>): Promise<ZgError> {
  const error = await promise.then(
    () => expect.fail("nothing was thrown"),
    (caught: unknown) => caught,
  );
  expect(error).to.be.instanceOf(ZgError);
  return error as ZgError;
}

class CapReachedError extends ZgError {
  constructor() {
    super({ code: "ZG_TEST_CAP", exit: EXIT.precondition, message: "cap", remedy: "raise it" });
  }
}

/** A purse without a bottom that writes down what was really spent. */
function counting(settled: bigint[]): Spending {
  return { reserve: () => ({ resize: () => undefined, settle: (actual) => settled.push(actual) }) };
}

describe("sendTransaction", () => {
  it("checks, signs, writes the hash down, and only then broadcasts", async () => {
    const bar = openBar();

    const sent = await sendTransaction(bar.ctx, DRAFT);

    expect(bar.diary).to.deep.equal(["balance", "estimate", "nonce", "sign", "write down", "broadcast", "receipt"]);
    expect(bar.signed).to.deep.equal([{ what: DRAFT.what, hash: sent.hash, nonce: 3, from: FROM }]);
    expect(bar.broadcast[0]!.hash).to.equal(sent.hash);
  });

  it("signs for the network's chain, priced at the floor, with a fifth more gas than estimated", async () => {
    const { ctx, broadcast } = openBar();

    await sendTransaction(ctx, DRAFT);

    expect(broadcast[0]).to.include({
      chainId: 16602n,
      type: 2,
      nonce: 3,
      to: TO,
      value: 5n,
      data: "0x1234",
      gasLimit: GAS_LIMIT,
      maxPriorityFeePerGas: 2n * GWEI,
      maxFeePerGas: FEE,
      from: FROM,
    });
  });

  it("reports what was paid, in neuron, value and gas apart", async () => {
    const lines: string[] = [];
    const { ctx } = openBar({ ctx: { log: (line) => lines.push(line) } });

    const sent = await sendTransaction(ctx, DRAFT);

    expect(sent).to.include({
      what: DRAFT.what,
      blockNumber: 8,
      gasUsed: 40_000n,
      fee: 40_000n * MINED.gasPrice,
      value: 5n,
    });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include(sent.hash);
  });

  it("creates a contract when there is no recipient", async () => {
    const { ctx, broadcast } = openBar();

    await sendTransaction(ctx, { what: "build a bar", data: "0x6000" });

    expect(broadcast[0]).to.include({ to: null, value: 0n });
  });

  describe("sends nothing", () => {
    afterEach(function (this: Mocha.Context & { bar?: Bar }) {
      expect(this.bar!.diary).not.to.include.members(["broadcast"]);
      expect(this.bar!.signed).to.deep.equal([]);
    });

    it("when the wallet cannot pay the value", async function (this: Mocha.Context & { bar?: Bar }) {
      const bar = (this.bar = openBar({ balance: 4n }));

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(InsufficientWalletBalanceError);
      expect(error.details).to.include({ address: FROM, available: 4n, required: 5n, missing: 1n });
      expect(bar.diary).to.deep.equal(["balance"]);
    });

    it("when the wallet cannot pay value and gas at the maximum fee, naming the shortfall", async function (this: Mocha.Context & {
      bar?: Bar;
    }) {
      const bar = (this.bar = openBar({ balance: WORST - 1n }));

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(InsufficientWalletBalanceError);
      expect(error).to.include({ code: "ZG_WALLET_BALANCE", exit: 3 });
      expect(error.details).to.include({ required: WORST, missing: 1n });
      expect(error.remedy).to.include("0.000000000000000001 0G");
    });

    it("when the transaction would revert", async function (this: Mocha.Context & { bar?: Bar }) {
      const bar = (this.bar = openBar({ estimate: async () => Promise.reject({ data: LEDGER_NOT_EXISTS }) }));

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(ContractRevertError);
      expect((error as ContractRevertError).revert.name).to.equal("LedgerNotExists");
    });

    it("when the node cannot say what fees are", async function (this: Mocha.Context & { bar?: Bar }) {
      const bar = (this.bar = openBar({ fees: async () => Promise.reject(new Error("502 Bad Gateway")) }));

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(RpcUnreachableError);
    });

    it("when the spending cap says no to the worst case", async function (this: Mocha.Context & { bar?: Bar }) {
      const asked: [string, bigint][] = [];
      const spending: Spending = {
        reserve: (what, worst) => {
          asked.push([what, worst]);
          throw new CapReachedError();
        },
      };
      const bar = (this.bar = openBar({ ctx: { spending } }));

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(CapReachedError);
      expect(asked).to.deep.equal([[DRAFT.what, WORST]]);
    });

    it("when the signer may not sign on this network", async function (this: Mocha.Context & { bar?: Bar }) {
      const stranger = new Wallet(developmentAccount(DEVELOPMENT_ACCOUNTS).privateKey); // one past the published ones
      const bar = (this.bar = openBar({ ctx: { signer: stranger } }));

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(RealKeyRefusedError);
      expect(bar.diary).to.deep.equal([]);
    });

    it("when the caller has aborted", async function (this: Mocha.Context & { bar?: Bar }) {
      const bar = (this.bar = openBar({ ctx: { signal: AbortSignal.abort() } }));

      expect(await thrownBy(sendTransaction(bar.ctx, DRAFT))).to.be.instanceOf(AbortedError);
    });
  });

  it("does not broadcast when writing the hash down fails", async () => {
    const bar = openBar({
      ctx: {
        onSigned: () => {
          throw new CapReachedError();
        },
      },
    });

    expect(await thrownBy(sendTransaction(bar.ctx, DRAFT))).to.be.instanceOf(CapReachedError);
    expect(bar.diary).not.to.include("broadcast");
  });

  it("tells the spending cap what was really paid", async () => {
    const settled: bigint[] = [];
    const { ctx } = openBar({ ctx: { spending: counting(settled) } });

    await sendTransaction(ctx, DRAFT);

    expect(settled).to.deep.equal([5n + 40_000n * MINED.gasPrice]);
  });

  it("goes on when the node refuses the broadcast but knows the transaction already", async () => {
    const bar = openBar({
      onBroadcast: async () => Promise.reject(Object.assign(new Error("already known"), { code: -32000 })),
      known: async () => ({}),
    });

    await sendTransaction(bar.ctx, DRAFT);

    expect(bar.diary.slice(-3)).to.deep.equal(["broadcast", "look up", "receipt"]);
  });

  it("does not call a transaction unsent when the node's answer was lost: it may have been taken", async () => {
    const lost = Object.assign(new Error("504 Gateway Timeout"), { code: -1 });
    const bar = openBar({ onBroadcast: async () => Promise.reject(lost), receipts: [MINED] });
    expect((await sendTransaction(bar.ctx, DRAFT)).blockNumber).to.equal(8);

    const onBroadcast = async () => Promise.reject(lost);
    const unknown = openBar({ onBroadcast, receipts: [null], ctx: { receiptTimeout: 1 } });
    expect(await thrownBy(sendTransaction(unknown.ctx, DRAFT))).to.be.instanceOf(ReceiptPendingError);
  });

  it("does not take the number of a time-out, below an answer that never came, for a node's no", async () => {
    const timeout = new DOMException("The operation was aborted due to timeout", "TimeoutError"); // its code is 23
    for (const lost of [new RpcFailure("silent", "it did not answer", { cause: timeout }), timeout]) {
      const onBroadcast = async () => Promise.reject(lost);
      const bar = openBar({ onBroadcast, receipts: [null], ctx: { receiptTimeout: 1 } });

      expect(await thrownBy(sendTransaction(bar.ctx, DRAFT))).to.be.instanceOf(ReceiptPendingError);
    }
  });

  it("fails when the node refused the transaction and does not know it; its hash stays written down", async () => {
    const refused = Object.assign(new Error("nonce too low"), { code: -32000 });
    const bar = openBar({ onBroadcast: async () => Promise.reject(refused) });

    const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

    expect(error).to.be.instanceOf(TransactionRefusedError);
    expect(error).to.include({ code: "ZG_TRANSACTION_REFUSED", exit: 3 });
    expect(error.details).to.deep.include({ what: DRAFT.what, nonce: 3, reason: "nonce too low" });
    expect(bar.signed).to.have.length(1);
  });

  it("says that nobody was there to take it, which says nothing of the transaction", async () => {
    const nobody = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const bar = openBar({ onBroadcast: async () => Promise.reject(nobody) });

    expect(await thrownBy(sendTransaction(bar.ctx, DRAFT))).to.be.instanceOf(RpcUnreachableError);
  });

  it("looks for the receipt again while there is none, or the node stumbles", async () => {
    const bar = openBar({ receipts: [null, new Error("502 Bad Gateway"), null, MINED] });

    const sent = await sendTransaction(bar.ctx, DRAFT);

    expect(sent.blockNumber).to.equal(8);
    expect(bar.diary.filter((entry) => entry === "receipt")).to.have.length(4);
  });

  it("says that it may still land when no receipt came in time", async () => {
    const bar = openBar({ receipts: [null], ctx: { receiptTimeout: 1 } });

    const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

    expect(error).to.be.instanceOf(ReceiptPendingError);
    expect(error).to.include({ code: "ZG_RECEIPT_PENDING", exit: 4 });
    expect(error.details).to.include({ hash: bar.signed[0]!.hash, nonce: 3 });
  });

  it("stops waiting for the receipt when the caller aborts", async () => {
    const abort = new AbortController();
    const bar = openBar({ receipts: [null], ctx: { signal: abort.signal } });
    const sending = sendTransaction(bar.ctx, DRAFT);
    setTimeout(() => {
      abort.abort();
    }, 5);

    expect(await thrownBy(sending)).to.be.instanceOf(AbortedError);
  });

  describe("when the transaction reverted on chain", () => {
    const reverted = { ...MINED, status: 0 };

    it("says why, by replaying it on the block before, and counts the gas as spent but not the value", async () => {
      const settled: bigint[] = [];
      const bar = openBar({
        receipts: [reverted],
        replay: async () => Promise.reject({ data: LEDGER_NOT_EXISTS }),
        ctx: { spending: counting(settled) },
      });

      const error = await thrownBy(sendTransaction(bar.ctx, DRAFT));

      expect(error).to.be.instanceOf(TransactionRevertedError);
      expect(error).to.include({ code: "ZG_TRANSACTION_REVERTED", exit: 3 });
      expect(error.details).to.include({ reason: "LedgerNotExists", hash: bar.signed[0]!.hash });
      expect(bar.diary.at(-1)).to.equal("replay at 7");
      expect(settled).to.deep.equal([40_000n * MINED.gasPrice]);
    });

    it("admits that it does not know why when the replay succeeds", async () => {
      const { ctx } = openBar({ receipts: [reverted] });

      expect((await thrownBy(sendTransaction(ctx, DRAFT))).details).to.include({ reason: "no reason given" });
    });
  });

  it("records the hash after the fact for a signer that signs and sends in one step", async () => {
    const bar = openBar();
    const remote = {
      getAddress: async () => FROM,
      sendTransaction: async () => {
        bar.diary.push("remote");
        return { hash: "0xfeed" };
      },
    } as unknown as Signer;

    const sent = await sendTransaction({ ...bar.ctx, signer: remote }, DRAFT);

    expect(sent.hash).to.equal("0xfeed");
    expect(bar.diary).to.deep.equal(["balance", "estimate", "nonce", "remote", "write down", "receipt"]);
  });

  it("keeps reserved what a remote signer may have sent, and gives back what certainly nobody sent", async () => {
    const lost = Object.assign(new Error("504"), { code: -1 });
    const remote = { getAddress: async () => FROM, sendTransaction: async () => Promise.reject(lost) };
    const spending = new WalletSpending();
    const bar = openBar({ ctx: { spending } });
    await thrownBy(sendTransaction({ ...bar.ctx, signer: remote as unknown as Signer }, DRAFT));
    expect(spending.reserved).to.equal(WORST);

    const silent = openBar({ count: async () => Promise.reject(lost), ctx: { spending } });
    await thrownBy(sendTransaction(silent.ctx, DRAFT));
    expect(spending.reserved).to.equal(WORST);
  });

  it("gives a remote signer's refusal a class", async () => {
    const { ctx } = openBar();
    const abi = new Interface(["error LedgerLocked()"]);
    const remote = {
      getAddress: async () => FROM,
      sendTransaction: async () => Promise.reject({ data: abi.encodeErrorResult("LedgerLocked") }),
    } as unknown as Signer;

    const error = await thrownBy(sendTransaction({ ...ctx, signer: remote }, DRAFT));

    expect((error as ContractRevertError).revert.name).to.equal("LedgerLocked");
  });
});

describe("estimateTransaction", () => {
  it("gives the worst cost: value, and the gas limit at the maximum fee", async () => {
    const { ctx } = openBar();

    expect(await estimateTransaction(ctx, FROM, DRAFT)).to.deep.equal({
      gasLimit: GAS_LIMIT,
      fees: { maxPriorityFeePerGas: 2n * GWEI, maxFeePerGas: FEE },
      worstCost: WORST,
    });
  });
});
