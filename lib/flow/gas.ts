/**
 * Gas of each transaction of the flow, from above, for bills that are made before the state exists in which it could be
 * estimated. Ledger figures: the most seen on the deployed bytecode (contracts sheet, section 10), with the proxies'
 * surcharge; iNFT figures: measured here. A test holds the real flow against them.
 */
export const GAS_BOUNDS = {
  deploy: 4_200_000n,
  openLedger: 200_000n,
  deposit: 80_000n,
  openSubAccount: 480_000n,
  transfer: 130_000n,
  acknowledge: 50_000n,
  commit: 70_000n,
  mint: 700_000n,
} as const;
