import { expect } from "chai";

import { onNetwork } from "../../../tasks/support/on-network.ts";

describe("onNetwork", () => {
  it("adds the network to every command", () => {
    expect(onNetwork("Deposit: npx hardhat ledger deposit 2; or look: npx hardhat ledger show", "localhost")).to.equal(
      "Deposit: npx hardhat --network localhost ledger deposit 2; or look: npx hardhat --network localhost ledger show",
    );
    expect(onNetwork("npx hardhat doctor", "galileo")).to.equal("npx hardhat --network galileo doctor");
  });

  for (const network of [undefined, "default", "nowhere"]) {
    it(`leaves commands alone on ${network ?? "no network"}`, () => {
      expect(onNetwork("npx hardhat ledger show", network)).to.equal("npx hardhat ledger show");
    });
  }

  for (const text of [
    "npx hardhat flow run --network galileo --id first",
    "npx hardhat --network localhost ledger show",
    "Serve one with npx hardhat galileo up, then add --network localhost.",
    "Put GALILEO_PRIVATE_KEY into .env, or run: npx hardhat keystore set GALILEO_PRIVATE_KEY",
    "Give 64 hexadecimal digits.",
  ]) {
    it(`leaves ${JSON.stringify(text)} as it is`, () => {
      expect(onNetwork(text, "aristotle")).to.equal(text);
    });
  }

  it("looks at each command alone", () => {
    expect(onNetwork("npx hardhat provider list; npx hardhat doctor --network galileo", "localhost")).to.equal(
      "npx hardhat --network localhost provider list; npx hardhat doctor --network galileo",
    );
  });
});
