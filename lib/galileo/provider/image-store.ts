/** Images that an answer only named, kept for a while. */

export interface ImageStore {
  put(chatId: string, images: readonly Uint8Array[]): void;
  /** Undefined when there is none, or no longer. */
  find(chatId: string, index: number): Uint8Array | undefined;
}

export function imageStore(lifetimeMs: number, clock: () => number): ImageStore {
  const kept = new Map<string, { readonly images: readonly Uint8Array[]; readonly until: number }>();
  return {
    put(chatId, images) {
      const now = clock();
      for (const [id, { until }] of kept) if (until <= now) kept.delete(id);
      kept.set(chatId.toLowerCase(), { images, until: now + lifetimeMs });
    },
    find(chatId, index) {
      const entry = kept.get(chatId.toLowerCase());
      return entry === undefined || entry.until <= clock() ? undefined : entry.images[index];
    },
  };
}
