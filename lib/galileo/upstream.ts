import { RpcUnreachableError } from "../chain/revert.ts";

/**
 * Asks a node over HTTP for the number of its latest block.
 * @throws {RpcUnreachableError} when no answer comes.
 */
export async function latestBlock(url: string, ask: typeof fetch): Promise<bigint> {
  const what = `Reading the latest block of ${url}`;
  try {
    const response = await ask(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] }),
      signal: AbortSignal.timeout(10_000),
    });
    const { result } = (await response.json()) as { result: unknown };
    return BigInt(result as string);
  } catch (error) {
    throw new RpcUnreachableError(what, error);
  }
}
