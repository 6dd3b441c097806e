/** How much an attestor takes on in one request. */
export interface AttestorLimits {
  /** All old ciphertexts of a request together. */
  readonly maxBytes: number;
  /** How far ahead a deadline may lie: a proof cannot be called back. Seconds. */
  readonly maxDeadlineSeconds: number;
  /** Other attestors that a seed may be shared with. */
  readonly maxPeers: number;
}

export const DEFAULT_ATTESTOR_LIMITS: AttestorLimits = {
  maxBytes: 10 * 1024 * 1024,
  maxDeadlineSeconds: 30 * 24 * 60 * 60,
  maxPeers: 15,
};
