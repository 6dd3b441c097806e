import { AbiCoder, keccak256, toBeHex } from "ethers";

import type { network } from "hardhat";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

const SLOTS = 24;
/** Of a token's word: where the counters stand, and how long they are. See contracts/inft/TokenWord.sol. */
const COUNTERS = { sequence: 160n, authorizationEpoch: 184n } as const;
export const LAST_COUNT = (1n << 24n) - 1n;
const OWNER = (1n << 160n) - 1n;
const NUMBER = (1n << 32n) - 1n;

/** Reaches into the storage of an iNFT, for what would take millions of transactions. */
export function tokenStorage({ ethers, networkHelpers }: Connection, address: string) {
  const read = async (slot: string) => BigInt(await ethers.provider.getStorage(address, slot));
  const write = (slot: string, value: bigint) => networkHelpers.setStorageAt(address, slot, toBeHex(value, 32));

  /** Finds a slot by what is in it; the layout may change. */
  async function slotWith(slots: readonly string[], is: (value: bigint) => boolean): Promise<string> {
    for (const slot of slots) if (is(await read(slot))) return slot;
    throw new Error("no slot of the token contract holds what was looked for");
  }
  const numbered = Array.from({ length: SLOTS }, (_, slot) => toBeHex(slot, 32));

  return {
    /** Puts counters of a token, which has an owner, at these values. */
    async setCounters(tokenId: bigint, counters: Partial<Record<keyof typeof COUNTERS, bigint>>, owner: string) {
      const entries = numbered.map((slot) =>
        keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "bytes32"], [tokenId, slot])),
      );
      const slot = await slotWith(entries, (value) => (value & OWNER) === BigInt(owner));
      let word = await read(slot);
      for (const [name, value] of Object.entries(counters)) {
        const at = COUNTERS[name as keyof typeof COUNTERS];
        word = (word & ~(LAST_COUNT << at)) | (value << at);
      }
      await write(slot, word);
    },

    /** Makes the contract one that has created so many others. */
    async setCreated(count: bigint) {
      const nonce = BigInt(await ethers.provider.getTransactionCount(address));
      const slot = await slotWith(numbered, (value) => (value & NUMBER) === nonce - 1n);
      await write(slot, ((await read(slot)) & ~NUMBER) | count);
      await networkHelpers.setNonce(address, count + 1n);
    },
  };
}
