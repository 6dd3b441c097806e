import { expect } from "chai";
import { id, TypedDataEncoder, verifyTypedData, Wallet } from "ethers";

import type { Address } from "../../../lib/hex.ts";
import {
  requestsHash,
  SETTLEMENT_TYPES,
  settlementDomain,
  settlementNonce,
  settlementStatus,
} from "../../../lib/protocol/settlement.ts";
import { vector } from "./vectors.ts";

interface SettlementVector {
  chainId: number;
  verifyingContract: Address;
  requestsHashPreimageUtf8: string;
  nonce: string;
  provider: Address;
  user: Address;
  totalFee: string;
  domainSeparator: string;
  digest: string;
  signature: string;
}

describe("settlement", () => {
  const known = vector<SettlementVector>("settlement");
  const { teePrivateKey } = vector<{ teePrivateKey: string }>("response-signature");
  const domain = settlementDomain(known.chainId, known.verifyingContract);
  const message = {
    requestsHash: id(known.requestsHashPreimageUtf8),
    nonce: BigInt(known.nonce),
    provider: known.provider,
    user: known.user,
    totalFee: BigInt(known.totalFee),
  };

  it("has the vector's domain, digest and signature", async () => {
    expect(TypedDataEncoder.hashDomain(domain)).to.equal(known.domainSeparator);
    expect(TypedDataEncoder.hash(domain, SETTLEMENT_TYPES, message)).to.equal(known.digest);
    expect(await new Wallet(teePrivateKey).signTypedData(domain, SETTLEMENT_TYPES, message)).to.equal(known.signature);
    expect(verifyTypedData(domain, SETTLEMENT_TYPES, { ...message, totalFee: 1n }, known.signature)).to.not.equal(
      new Wallet(teePrivateKey).address,
    );
  });

  it("hashes the type the contract names", () => {
    expect(id(TypedDataEncoder.from(SETTLEMENT_TYPES).encodeType("TEESettlement"))).to.equal(
      "0x6e525043a6c7323bdf60ce222f35127cdd9d8e867ec6350c83fcc254ed18b756",
    );
  });

  it("has Galileo's domain separator at Galileo's proxy", () => {
    const galileo = settlementDomain(16602, "0xa79F4c8311FF93C06b8CfB403690cc987c93F91E");
    expect(TypedDataEncoder.hashDomain(galileo)).to.equal(
      "0xda596bc261f3030c2a3b8586fd56a01aab43437237aab631ee66fafb3f1e31a9",
    );
  });

  it("hashes requests in order, without separators", () => {
    const row = { requestId: "uuid-1", user: known.user, fee: 30n, inputFee: 10n, outputFee: 20n };
    expect(requestsHash([row])).to.equal(id(`uuid-1${known.user}301020`));
    const other = { ...row, requestId: "uuid-2" };
    expect(requestsHash([row, other])).to.equal(id(`uuid-1${known.user}301020uuid-2${known.user}301020`));
    expect(requestsHash([other, row])).to.not.equal(requestsHash([row, other]));
  });

  it("numbers settlements by the second", () => {
    expect(settlementNonce(1_750_000_000_999)).to.equal(BigInt(known.nonce));
    expect(settlementNonce(1_750_000_001_000)).to.equal(BigInt(known.nonce) + 10_000_000n);
  });

  it("names the contract's statuses and refuses unknown ones", () => {
    expect([0, 1n, 2, 3, 4, 5].map(settlementStatus)).to.deep.equal([
      "success",
      "partial",
      "provider-mismatch",
      "no-tee-signer",
      "invalid-nonce",
      "invalid-signature",
    ]);
    expect(() => settlementStatus(6)).to.throw(RangeError);
  });
});
