import { expect } from "chai";
import { randomBytes } from "node:crypto";

import { Transaction, Wallet } from "ethers";

import { developmentAccount } from "../../../lib/chain/development-keys.ts";
import { signLocally, type UnsignedTransaction } from "../../../lib/chain/sign-locally.ts";
import { checksum, toHex } from "../../../lib/hex.ts";

describe("signing a transaction on bytes", () => {
  const wallet = new Wallet(developmentAccount(0).privateKey);
  const to = checksum(wallet.address);
  const plain: UnsignedTransaction = {
    ...{ chainId: 16_602, nonce: 0, maxPriorityFeePerGas: 0n, maxFeePerGas: 1n, gasLimit: 21_000n, to, value: 0n },
    data: "0x",
  };

  for (const [what, changes] of [
    ["of nothing", {}],
    ["with a nonce, fees and a value of several bytes", { nonce: 128, maxFeePerGas: 2n ** 40n, value: 10n ** 24n }],
    ["that creates a contract", { to: null, data: toHex(randomBytes(300)) }],
    ["with a byte that stands for itself", { data: "0x7f" }],
    ["with a byte that does not", { data: "0x80" }],
    ["with data of 55 bytes", { data: toHex(randomBytes(55)) }],
    ["with data of 56 bytes", { data: toHex(randomBytes(56)) }],
    ["with data of 70,000 bytes", { data: toHex(randomBytes(70_000)) }],
  ] as const) {
    it(`makes the bytes and the hash that ethers makes, of one ${what}`, async () => {
      const transaction = { ...plain, ...changes };
      const expected = await wallet.signTransaction({ type: 2, ...transaction });
      const { raw, hash } = signLocally(wallet, transaction);
      expect(raw).to.equal(expected);
      expect(hash).to.equal(Transaction.from(expected).hash);
    });
  }
});
