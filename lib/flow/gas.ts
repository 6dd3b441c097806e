/**
 * Gas of each transaction of the flow, from above, for bills that are made before the state exists in which it could be
 * estimated. Ledger figures: the most seen on the deployed bytecode (contracts sheet, section 10), with the proxies'
 * surcharge; iNFT figures: measured here, the mint with a provider that describes itself in the 4 KB the contract allows.
 * Storing: a submission of a small file at the Flow contract, with epochs to
 * begin. All with the fifth on top that `sendTransaction` adds to its estimate. A test holds the real flow against them.
 */
export const GAS_BOUNDS = {
  deployVerifier: 2_500_000n,
  deployInft: 8_300_000n,
  openLedger: 200_000n,
  deposit: 80_000n,
  openSubAccount: 480_000n,
  transfer: 130_000n,
  store: 400_000n,
  commit: 70_000n,
  syncSigner: 130_000n,
  mint: 700_000n,
} as const;

/** Gas a byte of a request that a bound mint shows: 17 measured, but up to 40 where EIP-7623 sets a floor. */
const REQUEST_BYTE_GAS = 50n;
/** Gas of each further mint of a batch, whose provider has been read already. */
const FURTHER_MINT_GAS = 180_000n;

/** Gas of a batch of so many mints. */
export function batchMintGas(mints: number): bigint {
  return GAS_BOUNDS.mint + BigInt(mints - 1) * FURTHER_MINT_GAS;
}

/** Gas of each further commitment of a transaction, and of each further submission to 0G Storage. */
const FURTHER_COMMIT_GAS = 60_000n;
const FURTHER_STORE_GAS = 250_000n;

/** Gas of so many commitments in one transaction. */
export function batchCommitGas(commitments: number): bigint {
  return GAS_BOUNDS.commit + BigInt(commitments - 1) * FURTHER_COMMIT_GAS;
}

/** Gas of so many submissions to 0G Storage in one transaction. */
export function batchStoreGas(submissions: number): bigint {
  return GAS_BOUNDS.store + BigInt(submissions - 1) * FURTHER_STORE_GAS;
}

/** Gas of a mint that shows so many bytes of request. */
export function mintGas(requestBytes = 0): bigint {
  return GAS_BOUNDS.mint + BigInt(requestBytes) * REQUEST_BYTE_GAS;
}
