import type { Address, Hex } from "../../hex.ts";

/** Where an attestor answers what. Apart from the formats, which need a parser that the embedded network need not load. */
export const ATTESTOR_PATHS = {
  describe: "/v1/attestor",
  reencrypt: "/v1/reencrypt",
  object: (dataHash: string) => `/v1/objects/${dataHash}`,
} as const;

/** Where a ciphertext of a token is. An attestor serves it while the chain lists it for that token. */
export function objectOf({ inft, tokenId, dataHash }: { inft: Address; tokenId: bigint; dataHash: Hex }): string {
  return `${ATTESTOR_PATHS.object(dataHash)}?contract=${inft}&token=${tokenId}`;
}
