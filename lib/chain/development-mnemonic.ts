/** Hardhat's and Anvil's published accounts, as data: the configuration reads it, so nothing is derived or imported here. */

/** Whatever is sent to its accounts on a public chain is lost. */
export const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";
/** Accounts that Hardhat and Anvil fund and print. */
export const FUNDED_ACCOUNTS = 20;
