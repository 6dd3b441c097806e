/** Where an attestor answers what. Apart from the formats, which need a parser that the embedded network need not load. */
export const ATTESTOR_PATHS = {
  describe: "/v1/attestor",
  reencrypt: "/v1/reencrypt",
  object: (dataHash: string) => `/v1/objects/${dataHash}`,
} as const;
