import { expect } from "chai";
import { verifyMessage, Wallet } from "ethers";

import { recoverMessageSigner } from "../../../lib/protocol/signed-text.ts";

describe("recovering a signer that signed before", () => {
  const wallets = Array.from({ length: 6 }, (_, i) => new Wallet(`0x${String(i + 1).padStart(64, "7")}`));

  it("gives what recovering it anew gives, for many signers and many texts", async () => {
    for (let round = 0; round < 6; round++) {
      for (const wallet of wallets) {
        const text = `text ${round}`;
        const signature = await wallet.signMessage(text);
        expect(recoverMessageSigner(text, signature)).to.equal(wallet.address);
      }
    }
  });

  it("takes no other text, no other v, no other r or s for that signer's", async () => {
    const [wallet] = wallets;
    if (wallet === undefined) return expect.fail("there is one");
    for (let round = 0; round < 5; round++) {
      const text = `known ${round}`;
      expect(recoverMessageSigner(text, await wallet.signMessage(text))).to.equal(wallet.address);
    }
    const signature = await wallet.signMessage("the text");
    const flipped = signature.endsWith("1b") ? `${signature.slice(0, -2)}1c` : `${signature.slice(0, -2)}1b`;
    const shifted = `${signature.slice(0, 129)}${signature[129] === "0" ? "1" : "0"}${signature.slice(130)}`;
    for (const [text, given] of [
      ["another text", signature],
      ["the text", flipped],
      ["the text", shifted],
    ] as const) {
      const found = recoverMessageSigner(text, given);
      expect(found).not.to.equal(wallet.address);
      expect(found).to.equal(verifyMessage(text, given));
    }
  });
});
