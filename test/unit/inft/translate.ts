import { expect } from "chai";

import { ContractRevertError, RpcUnreachableError, decodeRevert } from "../../../lib/chain/revert.ts";
import { ZgError } from "../../../lib/errors.ts";
import type { Hex } from "../../../lib/hex.ts";
import { dialectsInterface, inftInterface, verifierInterface } from "../../../lib/inft/contracts.ts";
import { isTranslated, translateInftError } from "../../../lib/inft/translate.ts";

const ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const SAMPLES: Readonly<Record<string, unknown>> = {
  address: ADDRESS,
  bytes: "0x070809",
  bytes4: "0x07080910",
  bytes32: `0x${"07".repeat(32)}`,
  uint256: 1_700_000_007n,
  uint48: 1_700_000_008n,
  uint40: 1_700_000_009n,
  uint8: 7,
};

const INTERFACES = [inftInterface(), dialectsInterface(), verifierInterface()];

/** What the chain layer throws for a custom error of the contract, with sample arguments. */
function refusal(name: string): ContractRevertError {
  const abi = INTERFACES.find((one) => one.getError(name) !== null);
  const fragment = abi?.getError(name);
  if (abi === undefined || fragment == null) throw new Error(`no error ${name}`);
  const values = fragment.inputs.map(({ type }) => SAMPLES[type]);
  return new ContractRevertError("To mint", decodeRevert(abi.encodeErrorResult(fragment, values) as Hex));
}

/** Of the token, its module and its verifier. */
function namesOfErrors(): readonly string[] {
  const names = new Set<string>();
  for (const abi of INTERFACES) abi.forEachError(({ name }) => names.add(name));
  return [...names].sort();
}

describe("what the iNFT contract and its verifier refuse", () => {
  it("has a sentence for every custom error", () => {
    expect(namesOfErrors().filter((name) => !isTranslated(name))).to.deep.equal([]);
  });

  for (const name of namesOfErrors()) {
    it(`says ${name} with its values, a code and a remedy, and keeps the cause`, () => {
      const cause = refusal(name);
      const error = translateInftError(cause);
      if (!(error instanceof ZgError)) expect.fail("not an error of ours");
      expect(error).to.not.be.instanceOf(ContractRevertError);
      expect(error.cause).to.equal(cause);
      expect(error.code).to.match(/^ZG_[A-Z_]+$/);
      expect(error.message + error.remedy).to.not.match(/undefined|\[object/);
      // Every argument is in the details or the message, some as a date.
      const said = `${error.message} ${JSON.stringify(error.details, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v))}`;
      for (const value of Object.values(cause.revert.args)) expect(said).to.include(String(value));
    });
  }

  it("passes on what it does not know", () => {
    const unknown = new ContractRevertError("To mint", decodeRevert("0xdeadbeef"));
    expect(translateInftError(unknown)).to.equal(unknown);
    const outage = new RpcUnreachableError("To mint", new Error("down"));
    expect(translateInftError(outage)).to.equal(outage);
    const inherited = new ContractRevertError("To mint", { name: "constructor", args: {}, data: "0x" });
    expect(translateInftError(inherited)).to.equal(inherited);
  });
});
