import { spawn } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";
import { Wallet, type Provider } from "ethers";

import type { WriteContext } from "../../../lib/chain/context.ts";
import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { nonceFile } from "../../../lib/chain/nonce-file.ts";
import { ReceiptPendingError } from "../../../lib/chain/outcomes.ts";
import { sendTransaction, type TransactionDraft } from "../../../lib/chain/send.ts";
import { MaxSpendExceededError, WalletSpending } from "../../../lib/chain/spending.ts";
import { AbortedError } from "../../../lib/errors.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { PocketChain, PocketNode, refuse } from "../../support/pocket-chain.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { caught } from "../compute/support/caught.ts";

const { address: KEY, privateKey } = developmentAccount(0);
const TO = developmentAccount(1).address;
const ZG = 10n ** 18n;

function draft(number: number): TransactionDraft {
  return { what: `pay ${number}`, to: TO, data: "0x", value: BigInt(number) };
}

function contextOn(chain: PocketChain, more: Partial<WriteContext> = {}, provider: Provider = new PocketNode(chain)) {
  return { network: networkNamed("localhost"), provider, signer: new Wallet(privateKey, provider), ...more };
}

const noncesOf = (transactions: readonly { nonce: number }[]) => transactions.map(({ nonce }) => nonce);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("the nonces of a key", () => {
  let chain: PocketChain;

  beforeEach(() => {
    chain = new PocketChain();
    chain.fund(KEY, 100n * ZG);
  });

  it("are one order for all senders, over whichever provider object, without a gap", async () => {
    const nodes = [new PocketNode(chain), new PocketNode(chain)];
    const sends = upTo(20).map(async (i) => sendTransaction(contextOn(chain, {}, nodes[i % 2]), draft(i)));

    await Promise.all(sends);

    expect(noncesOf(chain.included)).to.deep.equal(upTo(20));
    expect(new Set(chain.included.map(({ value }) => value)).size).to.equal(20);
  });

  it("are not waited for: the next is signed while the one before waits for its block", async () => {
    chain.includesAtOnce = false;
    const sends = upTo(3).map(async (i) => sendTransaction(contextOn(chain), draft(i)));
    await until(() => chain.pool.length === 3);
    chain.mine();
    await Promise.all(sends);

    expect(noncesOf(chain.included)).to.deep.equal([0, 1, 2]);
  });

  it("are given back by what was refused before it was sent", async () => {
    const refused = { what: "pay too much", to: TO, data: "0x", value: 0n } as const;
    const ctx = contextOn(chain);
    const failing = contextOn(chain, { onSigned: () => Promise.reject(new RangeError("disk full")) });
    const poor = contextOn(chain, { spending: new WalletSpending(1n) });

    const [first, second, third, fourth] = await Promise.all([
      sendTransaction(ctx, draft(1)),
      sendTransaction(failing, refused).catch((error: unknown) => error),
      sendTransaction(poor, refused).catch((error: unknown) => error),
      sendTransaction(ctx, draft(2)),
    ]);

    expect(second).to.be.instanceOf(RangeError);
    expect(third).to.be.instanceOf(MaxSpendExceededError);
    expect([first, fourth].map((sent) => sent.receipt.from)).to.deep.equal([KEY, KEY]);
    expect(noncesOf(chain.included)).to.deep.equal([0, 1]);
  });

  it("give back what was reserved for a transaction that was not sent", async () => {
    const spending = new WalletSpending(ZG);
    const ctx = contextOn(chain, { spending, onSigned: () => Promise.reject(new RangeError("disk full")) });

    await sendTransaction(ctx, draft(1)).catch(() => undefined);

    expect(spending).to.include({ spent: 0n, reserved: 0n });
  });

  it("go on after what waits, when the node counts only what is in blocks", async () => {
    chain.includesAtOnce = false;
    chain.intercept = (method, params) =>
      method === "eth_getTransactionCount" && params[1] === "pending"
        ? chain.request("eth_getTransactionCount", [params[0], "latest"])
        : undefined;
    const sends = upTo(3).map(async (i) => sendTransaction(contextOn(chain), draft(i)));
    await until(() => chain.pool.length === 3);
    chain.mine();
    await Promise.all(sends);

    expect(noncesOf(chain.included)).to.deep.equal([0, 1, 2]);
  });

  it("are kept for a transaction that the node forgot: it is given to it again", async () => {
    chain.includesAtOnce = false;
    const first = sendTransaction(contextOn(chain), draft(1));
    await until(() => chain.pool.length === 1);
    chain.forget(chain.pool[0]!.hash);
    const second = sendTransaction(contextOn(chain), draft(2));
    await until(() => chain.pool.length === 2);
    chain.mine();
    await Promise.all([first, second]);

    expect(chain.included.map(({ nonce, value }) => [nonce, value])).to.deep.equal([
      [0, 1n],
      [1, 2n],
    ]);
  });

  it("are free again when a transaction that nobody waits for is forgotten: only one of the two can land", async () => {
    chain.includesAtOnce = false;
    await caught(ReceiptPendingError, async () => sendTransaction(contextOn(chain, { receiptTimeout: 1 }), draft(1)));
    chain.forget(chain.pool[0]!.hash);
    chain.includesAtOnce = true;

    await sendTransaction(contextOn(chain), draft(2));

    expect(chain.included.map(({ nonce, value }) => [nonce, value])).to.deep.equal([[0, 2n]]);
  });

  it("follow a chain whose blocks were taken back", async () => {
    for (const i of upTo(3)) await sendTransaction(contextOn(chain), draft(i));
    chain.takeBack(2, "forget");

    await sendTransaction(contextOn(chain), draft(9));

    expect(chain.included.map(({ nonce, value }) => [nonce, value])).to.deep.equal([
      [0, 0n],
      [1, 9n],
    ]);
  });

  it("wait a little for a node of a live network that lags behind another, and then believe it", async () => {
    const live = { ...networkNamed("localhost"), confirmations: 1 };
    let seconds = 0;
    const time = {
      now: () => seconds * 1_000,
      sleep: async (ms: number) => Promise.resolve(void (seconds += ms / 1_000)),
    };
    const mining = { now: time.now, sleep: async (ms: number) => time.sleep(ms).then(() => void chain.mine()) };
    await sendTransaction(contextOn(chain, { network: live, time: mining }), draft(1));
    chain.takeBack(chain.height, "forget");

    await sendTransaction(contextOn(chain, { network: live, time: mining }), draft(2));

    expect(chain.included.map(({ nonce, value }) => [nonce, value])).to.deep.equal([[0, 2n]]);
    expect(seconds >= 5).to.equal(true);
  });

  it("are those of one chain: another with the same id and key has its own", async () => {
    const other = new PocketChain();
    other.fund(KEY, ZG);
    const named = (name: string) => (method: string) =>
      method === "hardhat_metadata" ? { instanceId: name } : undefined;
    chain.intercept = named("0x01");
    other.intercept = named("0x02");
    chain.includesAtOnce = false;
    const waiting = sendTransaction(contextOn(chain), draft(1));
    await until(() => chain.pool.length === 1);

    await sendTransaction(contextOn(other), draft(2));

    expect(noncesOf(other.included)).to.deep.equal([0]);
    chain.mine();
    await waiting;
  });

  it("are not waited for by a command that was interrupted, and the turns after it come in order", async () => {
    let go = () => {};
    const slow = contextOn(chain, { onSigned: () => new Promise<void>((resolve) => (go = resolve)) });
    const first = sendTransaction(slow, draft(1));
    await until(() => chain.asked.includes("eth_getTransactionCount"));
    const abort = new AbortController();
    const second = sendTransaction(contextOn(chain, { signal: abort.signal }), draft(2));
    const third = sendTransaction(contextOn(chain), draft(3));
    abort.abort();
    await caught(AbortedError, async () => second);
    go();
    await Promise.all([first, third]);

    expect(chain.included.map(({ value }) => value)).to.deep.equal([1n, 3n]);
  });

  describe("of several processes", () => {
    let folder: TemporaryFolder;
    before(async () => (folder = await temporaryFolder()));
    after(async () => folder.remove());

    const live = { ...networkNamed("localhost"), mode: "live" as const, confirmations: 1 };
    const lastOf = (key: typeof KEY) => path.join(folder.path, `${key}.json`);

    it("go on after what another process sent and this node has not counted yet", async () => {
      chain.includesAtOnce = false;
      const shared = nonceFile(folder.path, KEY);
      const hash = `0x${"ab".repeat(32)}` as const;
      writeFileSync(lastOf(KEY), JSON.stringify({ chain: "16602", nonce: 4, hash }));
      chain.intercept = (method, [wanted]) =>
        method === "eth_getTransactionByHash" && wanted === hash ? { hash, ...ELSEWHERE } : undefined;
      const ctx = contextOn(chain, { network: live, sharedNonces: shared, receiptTimeout: 1 });

      await sendTransaction(ctx, draft(1)).catch(() => undefined);

      expect(noncesOf(chain.pool)).to.deep.equal([5]);
      expect(shared.read()).to.deep.include({ chain: "16602", nonce: 5, hash: chain.pool[0]!.hash });
      expect(existsSync(path.join(folder.path, `${KEY}.lock`))).to.equal(false);
    });

    it("forget what was signed for another chain, or was cut off", async () => {
      const shared = nonceFile(folder.path, KEY);
      for (const left of [JSON.stringify({ chain: "other", nonce: 9, hash: `0x${"ab".repeat(32)}` }), '{"chain":']) {
        writeFileSync(lastOf(KEY), left);
        await sendTransaction(contextOn(chain, { sharedNonces: shared }), draft(1));
      }
      expect(noncesOf(chain.included)).to.deep.equal([0, 1]);
    });

    it("are those of before when a transaction was refused", async () => {
      const shared = nonceFile(folder.path, TO);
      const refusing = (method: string) => (method === "eth_sendRawTransaction" ? refuse("no") : undefined);
      chain.intercept = refusing;
      await sendTransaction(contextOn(chain, { sharedNonces: shared }), draft(1)).catch(() => undefined);
      expect(shared.read()).to.equal(undefined);
      expect(statSync(lastOf(TO)).mode & 0o777).to.equal(0o600);

      chain.intercept = () => undefined;
      await sendTransaction(contextOn(chain, { sharedNonces: shared }), draft(1));
      chain.intercept = refusing;
      await sendTransaction(contextOn(chain, { sharedNonces: shared }), draft(1)).catch(() => undefined);
      expect(shared.read()).to.include({ nonce: 0, hash: chain.included[0]!.hash });
    });

    it("are signed by one process at a time, and not held while one waits for a receipt", async () => {
      const shared = nonceFile(folder.path, KEY);
      const lock = path.join(folder.path, `${KEY}.lock`);
      const held: boolean[] = [];
      chain.includesAtOnce = false;
      const ctx = contextOn(chain, { sharedNonces: shared, onSigned: () => void held.push(existsSync(lock)) });
      const sending = sendTransaction(ctx, draft(1));
      await until(() => chain.asked.includes("eth_getTransactionReceipt"));
      expect(existsSync(lock)).to.equal(false);
      chain.mine();
      await sending;
      expect(held).to.deep.equal([true]);

      const other = spawn("sleep", ["60"]);
      writeFileSync(lock, `${other.pid}`);
      const abort = new AbortController();
      const waiting = contextOn(chain, {
        sharedNonces: nonceFile(folder.path, KEY, { signal: abort.signal }),
        signal: abort.signal,
      });
      setTimeout(() => {
        abort.abort();
      }, 20);
      await caught(AbortedError, async () => sendTransaction(waiting, draft(2)));
      expect(noncesOf(chain.included)).to.deep.equal([0]);
      other.kill();
    });
  });
});

/** A transaction as a node answers it. */
const ELSEWHERE = {
  ...{ from: KEY, to: TO, nonce: "0x4", value: "0x0", input: "0x", gas: "0x5208", type: "0x0", gasPrice: "0x1" },
  ...{
    r: `0x${"11".repeat(32)}`,
    s: `0x${"11".repeat(32)}`,
    v: "0x1b",
    chainId: "0x40da",
    blockHash: null,
    blockNumber: null,
  },
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
