import { expect } from "chai";
import { Wallet, keccak256, toUtf8Bytes } from "ethers";

import { DEVELOPMENT_MNEMONIC } from "../../../lib/chain/development-mnemonic.ts";
import type { Hex } from "../../../lib/hex.ts";
import {
  agentNftAccessDigest,
  agentNftAccessText,
  agentNftNonce,
  agentNftOwnershipDigest,
  agentNftOwnershipText,
} from "../../../lib/inft/proof-agentnft.ts";

const TERMS = {
  chainId: 16602,
  contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  action: "transfer",
  tokenId: 1n,
  sequence: 0n,
  to: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  deadline: 1_800_000_000n,
  index: 0,
  oldDataHash: `0x${"11".repeat(32)}`,
} as const;

describe("proofs as 0G's AgentNFT has them signed", () => {
  const message = {
    dataHash: `0x${"22".repeat(32)}`,
    targetPubkey: `0x${"33".repeat(64)}`,
    nonce: agentNftNonce(TERMS),
    sealedKey: `0x${"44".repeat(129)}`,
  } as const;

  it("have known nonces and digests", () => {
    expect({
      nonce: agentNftNonce(TERMS),
      second: agentNftNonce({ ...TERMS, action: "clone", tokenId: 2n ** 256n - 1n, sequence: 9n, index: 3 }),
      access: agentNftAccessDigest(message),
      accessOfOwnKey: agentNftAccessDigest({ ...message, targetPubkey: "0x" }),
      ownership: agentNftOwnershipDigest(message),
    }).to.deep.equal({
      nonce: "0x00006b49d200ba58a08977d5cee499f84a183726ddb89c911fbbad3419f1474a799f8b3552e5",
      second: "0x00006b49d2000538b7703440fa68d0739f6bc81060c95ce8a3bff29239daff47ae645b8224a2",
      access: "0x20a729816ee0ee20275963196c8ccf41a85767be6ee518f823f582bc10bc384c",
      accessOfOwnKey: "0x5263b4f636ac4f5bc707b8fa1781d8b23047d4fc46fd37667b637ae7048dc261",
      ownership: "0x5af00362a4aed872ffcdad6b830684a3282339a4392e94249be4131789b748e8",
    });
  });

  it("have a nonce of 38 bytes that begins with the deadline", () => {
    const nonce = agentNftNonce(TERMS);
    expect(nonce).to.have.length(2 + 2 * 38);
    expect(BigInt(nonce.slice(0, 14))).to.equal(TERMS.deadline);
  });

  it("have another nonce for any other chain, contract, token, sequence, action, receiver, deadline, index or hash", () => {
    const others = [
      { chainId: 16661 },
      { contract: TERMS.to },
      { tokenId: 2n },
      { sequence: 1n },
      { action: "clone" },
      { to: TERMS.contract },
      { deadline: TERMS.deadline + 1n },
      { index: 1 },
      { oldDataHash: `0x${"12".repeat(32)}` },
    ] as const;
    const tails = others.map((other) => agentNftNonce({ ...TERMS, ...other }).slice(14));
    expect(new Set([...tails, agentNftNonce(TERMS).slice(14)]).size).to.equal(others.length + 1);
  });

  it("are personal messages over 66 characters of hexadecimal", async () => {
    const wallet = Wallet.fromPhrase(DEVELOPMENT_MNEMONIC);
    const [access, ownership] = [agentNftAccessText(message), agentNftOwnershipText(message)];
    expect(access).to.match(/^0x[0-9a-f]{64}$/);
    expect(await wallet.signMessage(access)).to.equal(wallet.signingKey.sign(agentNftAccessDigest(message)).serialized);
    expect(await wallet.signMessage(ownership)).to.equal(
      wallet.signingKey.sign(agentNftOwnershipDigest(message)).serialized,
    );
    const prefixed: Hex = keccak256(toUtf8Bytes(`\x19Ethereum Signed Message:\n66${access}`)) as Hex;
    expect(agentNftAccessDigest(message)).to.equal(prefixed);
  });
});
