export interface Probed {
  readonly alive: boolean;
  /** Why not. */
  readonly reason: string | undefined;
}

const TIMEOUT_MS = 3_000;

/** Whether a server answers. Not an error if not: a server that is down is part of the answer. */
export async function probe(ask: typeof fetch, url: string, request: RequestInit = {}): Promise<Probed> {
  try {
    const response = await ask(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok ? { alive: true, reason: undefined } : { alive: false, reason: `HTTP ${response.status}` };
  } catch (error) {
    const { message, cause } = error as Error;
    return { alive: false, reason: cause instanceof Error ? cause.message || message : message };
  }
}
