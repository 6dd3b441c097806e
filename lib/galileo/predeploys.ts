/**
 * 0G Compute's contracts as the embedded Galileo places them. Data only.
 *
 * They are created, not copied: the deployer recorded on Galileo is impersonated at the nonces it used there, so the
 * chain itself yields the real addresses and the constructors run. Addresses, nonces and `recordedCodeHash` come from
 * 0g-serving-contract c9033d3 (2026-02-12), deployments/zgTestnetV4 (the two first implementations: a8bd1de).
 * `placedCodeHash` is the keccak of what the packages yield; boot checks it. The fork tests check `recordedCodeHash`
 * against the live chain.
 */

import type { Address, Hex } from "../hex.ts";

export const GALILEO_DEPLOYER: Address = "0x6D233D2610c32f630ED53E8a7Cbf759568041f8f";

/** A byte string to replace in creation code, and how often it must occur: another count means another build. */
export interface Patch {
  readonly find: string;
  readonly replace: string;
  readonly hits: number;
}

/** Where creation code is read from. */
export type CodeSource =
  | {
      readonly package: string;
      readonly kind: "typechain-factory";
      readonly file: string;
      readonly patches?: readonly Patch[];
    }
  | { readonly package: string; readonly kind: "artifact"; readonly file: string };

export interface Predeploy {
  readonly name: string;
  readonly kind: "implementation" | "beacon" | "proxy";
  readonly address: Address;
  /** Of the deployer's creating transaction. */
  readonly nonce: number;
  readonly source: CodeSource;
  /** The one constructor argument of beacons and proxies. */
  readonly pointsAt?: Address;
  readonly placedCodeHash: Hex;
  readonly recordedCodeHash: Hex;
  /** Why the two hashes differ. Absent exactly when they are equal. */
  readonly difference?: string;
}

/** A beacon that Galileo's deployer moved to a later implementation. */
export interface Upgrade {
  readonly nonce: number;
  readonly beacon: Address;
  readonly implementation: Address;
}

const SDK = "@0gfoundation/0g-compute-ts-sdk";
const OPENZEPPELIN = "@openzeppelin/contracts-v4";

const factory = (domain: string, contract: string) =>
  ({
    package: SDK,
    kind: "typechain-factory",
    file: `lib.commonjs/${domain}/contract/typechain/factories/${contract}__factory.js`,
  }) as const;
const artifact = (contract: string) =>
  ({ package: OPENZEPPELIN, kind: "artifact", file: `build/contracts/${contract}.json` }) as const;

/** Galileo's minimums in place of the package's: PUSH8 3e18 becomes 1e17, PUSH8 1e18 becomes 1e16, same length. */
const LEDGER = {
  ...factory("ledger", "LedgerManager"),
  patches: [
    { find: "6729a2241af62c0000", replace: "67016345785d8a0000", hits: 9 },
    { find: "670de0b6b3a7640000", replace: "67002386f26fc10000", hits: 3 },
  ],
} as const;
const INFERENCE = factory("inference", "InferenceServing");
const FINE_TUNING = factory("fine-tuning", "FineTuningServing");

const LEDGER_PLACED = "0x9367ba83be447618ac666aae14e8dcee2754b7169e6abbc8ccca0423d320172c";
const INFERENCE_CODE = "0xad92b0fa727432adde6f6c1f12b763f87ceab291117f3f528b6cffbbd3a5d646";

const LEDGER_DIFFERENCE =
  "same instructions as on Galileo and the same minimums (0.1 and 0.01 0G), but the package's build with its two " +
  "constants replaced in place, so that jump targets differ by up to 3 bytes";
const FIRST_DIFFERENCE = "superseded and called by nobody; today's implementation stands here, on Galileo an older one";
const OPENZEPPELIN_DIFFERENCE =
  "the same OpenZeppelin 4.8.3 source, in the build OpenZeppelin published (solc 0.8.13) instead of 0G's; " +
  "28 to 160 gas more per call";

const beacon = { kind: "beacon", source: artifact("UpgradeableBeacon"), difference: OPENZEPPELIN_DIFFERENCE } as const;
const proxy = { kind: "proxy", source: artifact("BeaconProxy"), difference: OPENZEPPELIN_DIFFERENCE } as const;
const BEACON_PLACED = "0x0bd9db0d85dd4fb5c567d8a26798e1c68046c0142bc1db2ef7ffa12c7275527d";
const PROXY_PLACED = "0x68712f6cabf8e13754fa3814d89910412c060a47d102e62be0aaecca89f52dd9";
const BEACON_0_8_20 = "0xfd4a450c728ff551f5c4567c766e77b609cc55590f366565f9a0ea7f0c3c1894";
const PROXY_0_8_20 = "0xc29fe3e016babc6824cbd6b8633f5576ad6d1c82e761350e39bd5d7a8b97f17b";

/** In the order of the deployer's nonces. */
export const PREDEPLOYS: readonly Predeploy[] = [
  {
    name: "LedgerManager, first implementation",
    kind: "implementation",
    address: "0x32d9F8Bd346a4E1386b19aa2F874E3d34Bfd8556",
    nonce: 474,
    source: LEDGER,
    placedCodeHash: LEDGER_PLACED,
    recordedCodeHash: "0x52d520799fc8685f10edf1bb5647f9b01fedfa491c541ff11e66ed88f76faa4a",
    difference: FIRST_DIFFERENCE,
  },
  {
    ...beacon,
    name: "LedgerManager beacon",
    address: "0x1e9366B95391aED2b207aD5A53681e0Ae825Cc9B",
    nonce: 475,
    pointsAt: "0x32d9F8Bd346a4E1386b19aa2F874E3d34Bfd8556",
    placedCodeHash: BEACON_PLACED,
    recordedCodeHash: BEACON_0_8_20,
  },
  {
    ...proxy,
    name: "LedgerManager",
    address: "0xE70830508dAc0A97e6c087c75f402f9Be669E406",
    nonce: 476,
    pointsAt: "0x1e9366B95391aED2b207aD5A53681e0Ae825Cc9B",
    placedCodeHash: PROXY_PLACED,
    recordedCodeHash: PROXY_0_8_20,
  },
  {
    name: "InferenceServing, first implementation",
    kind: "implementation",
    address: "0x3af6b57556012bB5513aD017942a15B0f119170f",
    nonce: 478,
    source: INFERENCE,
    placedCodeHash: INFERENCE_CODE,
    recordedCodeHash: "0xbe9ba0348b75158aa91d55c6cf3e3f0047456618ecf127e3af295af9126435d3",
    difference: FIRST_DIFFERENCE,
  },
  {
    ...beacon,
    name: "InferenceServing beacon",
    address: "0xa543f577aB2c3e4A103dd6F947E70a83eC436d78",
    nonce: 479,
    pointsAt: "0x3af6b57556012bB5513aD017942a15B0f119170f",
    placedCodeHash: BEACON_PLACED,
    recordedCodeHash: BEACON_0_8_20,
  },
  {
    ...proxy,
    name: "InferenceServing",
    address: "0xa79F4c8311FF93C06b8CfB403690cc987c93F91E",
    nonce: 480,
    pointsAt: "0xa543f577aB2c3e4A103dd6F947E70a83eC436d78",
    placedCodeHash: PROXY_PLACED,
    recordedCodeHash: PROXY_0_8_20,
  },
  {
    name: "InferenceServing implementation",
    kind: "implementation",
    address: "0x84EaB76dCfA142a1CC0DcfB46110d9A41a250FE1",
    nonce: 710,
    source: INFERENCE,
    placedCodeHash: INFERENCE_CODE,
    recordedCodeHash: INFERENCE_CODE,
  },
  {
    name: "LedgerManager implementation",
    kind: "implementation",
    address: "0x71BC400e0545cD0f5C137563b49dF64e75bF19d0",
    nonce: 712,
    source: LEDGER,
    placedCodeHash: LEDGER_PLACED,
    recordedCodeHash: "0x01c76a83b68d86bc6f5535b24dccaaa07d191b693581ef88916a261c3539b491",
    difference: LEDGER_DIFFERENCE,
  },
  {
    name: "FineTuningServing implementation",
    kind: "implementation",
    address: "0xe7CDaB774578128694E4d247f3454Ef2B1B1a78C",
    nonce: 737,
    source: FINE_TUNING,
    placedCodeHash: "0x83cd16a64fd85dd9b1be0906bfff26431c2ddd348c77094ea7fff0ba63f42af2",
    recordedCodeHash: "0xa8519a36f98f69f3bf0a548aba48adfef9cb2418265ac8a47f1c2bd05bf752b8",
    difference: "an older build than any deployed one: the package has no abandonDeliverable and its error and event",
  },
  {
    ...beacon,
    name: "FineTuningServing beacon",
    address: "0x11Dca583800fDefB88356F0Bb0474bBAB63Fdb86",
    nonce: 738,
    pointsAt: "0xe7CDaB774578128694E4d247f3454Ef2B1B1a78C",
    placedCodeHash: BEACON_PLACED,
    recordedCodeHash: "0xefe8ee32e6c4ce8168e33edc85896bb05aa955af6367c91f2b3a0e6414b244b2",
  },
  {
    ...proxy,
    name: "FineTuningServing",
    address: "0xC6C075D8039763C8f1EbE580be5ADdf2fd6941bA",
    nonce: 739,
    pointsAt: "0x11Dca583800fDefB88356F0Bb0474bBAB63Fdb86",
    placedCodeHash: PROXY_PLACED,
    recordedCodeHash: "0xce657944afc5e42788d17aed3f626a0c425305818c1021ddee13b0fa7e4f6c4a",
  },
];

export const UPGRADES: readonly Upgrade[] = [
  {
    nonce: 711,
    beacon: "0xa543f577aB2c3e4A103dd6F947E70a83eC436d78",
    implementation: "0x84EaB76dCfA142a1CC0DcfB46110d9A41a250FE1",
  },
  {
    nonce: 713,
    beacon: "0x1e9366B95391aED2b207aD5A53681e0Ae825Cc9B",
    implementation: "0x71BC400e0545cD0f5C137563b49dF64e75bF19d0",
  },
];

/** Arguments of the contracts' own initialisers and registrations, as 0G's deployment script gives them. */
export const SETTINGS = {
  /** Seconds a retrieved sub-account waits. */
  lockTime: 86_400n,
  /** Percent of a fine-tuning fee that falls due without the user's acknowledgement. */
  penaltyPercentage: 30n,
  services: {
    inference: { serviceType: "inference", version: "v1.0" },
    fineTuning: { serviceType: "fine-tuning", version: "v1.1" },
  },
} as const;

/**
 * 0G's precompiles run inside the live chain's node software. 0G's documentation and tools contradict each other about
 * the wrapped token's base (0x…1001 or 0x…1002; the chain's source says 0x…1002 and keeps 0x…1001 for staking), so all
 * three answer here, each with a custom error that carries its address. On the live chain they have no code.
 */
export const PRECOMPILES: readonly { readonly name: string; readonly address: Address }[] = [
  { name: "DASigners precompile", address: "0x0000000000000000000000000000000000001000" },
  { name: "Staking precompile", address: "0x0000000000000000000000000000000000001001" },
  { name: "WrappedOGBase precompile", address: "0x0000000000000000000000000000000000001002" },
];
