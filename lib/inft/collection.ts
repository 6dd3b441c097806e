/** What an iNFT contract is called unless told otherwise. Apart from `deploy.ts`: help reads it and must stay instant. */
export const COLLECTION = { name: "Verified Inference", symbol: "VINF" } as const;
