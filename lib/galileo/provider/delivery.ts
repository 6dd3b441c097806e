/** Writes a response by hand, so that it can also be cut, slow, or never come. */

import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Delivery {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Never answers. */
  readonly hang?: boolean;
  /** Breaks the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Waits before every piece. */
  readonly delayMs?: number;
  /** Called when nothing more is done for this request. */
  readonly finished?: () => void;
}

function closed(response: ServerResponse): boolean {
  return response.destroyed || response.writableEnded;
}

async function gone(response: ServerResponse): Promise<void> {
  if (!response.destroyed) await new Promise<void>((resolve) => response.once("close", resolve));
}

/** Waits until a chunk is handed over, or nobody takes it any more. */
async function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (closed(response)) return;
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.write(chunk, () => {
      response.off("close", resolve);
      resolve();
    });
  });
}

/**
 * Sends a delivery. A client that leaves does not stop the answer: it is paid for and runs to its end unseen.
 * `closing` ends every wait.
 */
export async function send(response: ServerResponse, delivery: Delivery, closing: AbortSignal): Promise<void> {
  // Bytes may still be on their way to a client that has gone; that is its own affair.
  response.on("error", () => response.destroy());
  try {
    if (delivery.hang === true) await gone(response);
    else await deliver(response, delivery, closing);
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    delivery.finished?.();
  }
}

async function deliver(response: ServerResponse, delivery: Delivery, closing: AbortSignal): Promise<void> {
  const { status, headers, chunks, cutAfter = Infinity, delayMs = 0 } = delivery;
  if (!closed(response)) {
    response.writeHead(status, headers);
    response.flushHeaders();
  }
  let sent = 0;
  for await (const chunk of chunks) {
    if (delayMs > 0) await pause(delayMs, closing);
    const left = Math.min(chunk.length, cutAfter - sent);
    sent += left;
    await write(response, chunk.subarray(0, left));
    if (sent >= cutAfter) response.destroy();
  }
  response.end();
}

async function pause(ms: number, closing: AbortSignal): Promise<void> {
  // Rejects only when the server closes, and then there is nothing to wait for.
  await sleep(ms, undefined, { signal: closing, ref: false }).catch(() => undefined);
}
