/** HTTP to one provider over connections that stay open: no redirects, a deadline for the first byte, raw bytes. */

import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import https from "node:https";

import { assertMayAsk, lookupWithin, refusalBelow, type Border } from "../border.ts";
import { ProviderDownError, ProviderTimeoutError, ResponseCutError, ResponseTooLargeError } from "../compute/errors.ts";
import { PROXY_PATH } from "../protocol/constants.ts";
import { serviceBase } from "../protocol/endpoints.ts";

export interface UpstreamRequest {
  /** For errors: `Chat completion`. */
  readonly what: string;
  /** Below the provider's `/v1/proxy`. */
  readonly path: string;
  readonly contentType: string;
  readonly authorization: string;
  readonly body: Uint8Array;
  /** Until the answer begins. Milliseconds. */
  readonly timeoutMs: number;
}

/** The client went away while the provider was at work. */
export class ClientLeftError extends Error {
  constructor() {
    super("the client left");
    this.name = "ClientLeftError";
  }
}

/** Idle connections are closed before most servers would: a request must not meet a closing one. */
const KEEP_ALIVE_MS = 4_000;
const MAX_IDLE = 256;

/** One provider's connections. */
export class Upstream {
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  readonly #target: { readonly hostname: string; readonly port: string; readonly prefix: string };
  readonly #url: string;

  /**
   * @throws {ServiceUrlError} when the registered URL is none.
   * @throws {AddressRefusedError} when it lies beyond the border.
   */
  constructor(serviceUrl: string, border: Border = "local") {
    this.#url = serviceBase(serviceUrl) + PROXY_PATH;
    const url = new URL(this.#url);
    assertMayAsk(border, url);
    const secure = url.protocol === "https:";
    const options = {
      keepAlive: true,
      scheduling: "lifo",
      maxFreeSockets: MAX_IDLE,
      timeout: KEEP_ALIVE_MS,
      ...lookupWithin(border, url.hostname),
    } as const;
    this.#agent = secure ? new https.Agent(options) : new http.Agent(options);
    this.#request = secure ? https.request : http.request;
    this.#target = { hostname: url.hostname.replace(/^\[|\]$/g, ""), port: url.port, prefix: url.pathname };
  }

  /**
   * Sends a request and resolves when its answer begins, whatever its status. What `left` does ends the request.
   * @throws {ProviderDownError} {@link ProviderTimeoutError} {@link ClientLeftError}
   */
  async send(request: UpstreamRequest, left: ClientGone): Promise<IncomingMessage> {
    try {
      return await this.#once(request, left);
    } catch (error) {
      // The provider closed a kept connection just as it was used: nothing was read of the request.
      if (!(error instanceof StaleConnectionError)) throw error;
      return this.#once(request, left);
    }
  }

  async #once(request: UpstreamRequest, left: ClientGone): Promise<IncomingMessage> {
    const { what, path, contentType, authorization, body, timeoutMs } = request;
    const { hostname, port, prefix } = this.#target;
    return new Promise((resolve, reject) => {
      const sent = this.#request({
        agent: this.#agent,
        hostname,
        port,
        path: prefix + path,
        method: "POST",
        headers: {
          "content-type": contentType,
          "content-length": body.length,
          authorization,
          // The TEE signs the bytes it delivered: they must arrive as they were, not compressed on the way.
          "accept-encoding": "identity",
        },
      });
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        sent.destroy();
      }, timeoutMs);
      left.then(() => sent.destroy());
      sent.once("response", (response) => {
        clearTimeout(timer);
        left.then(() => response.destroy());
        resolve(response);
      });
      sent.once("error", (error) => {
        clearTimeout(timer);
        const url = this.#url + path;
        if (left.gone) reject(new ClientLeftError());
        else if (timedOut) reject(new ProviderTimeoutError({ what, url, timeoutMs }, error));
        else if (sent.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET") {
          reject(new StaleConnectionError());
        } else reject(refusalBelow(error) ?? new ProviderDownError({ what, url }, error));
      });
      sent.end(body);
    });
  }

  /** Ends the kept connections. */
  close(): void {
    this.#agent.destroy();
  }
}

class StaleConnectionError extends Error {}

/** Whether and when a client goes away. Cheaper than an AbortSignal, of which every request would make several. */
export class ClientGone {
  #gone = false;
  #then: (() => void) | undefined;

  get gone(): boolean {
    return this.#gone;
  }

  /** What to do then; the last one given counts. */
  then(act: () => void): void {
    if (this.#gone) act();
    else this.#then = act;
  }

  /** Says that it is gone. */
  leave(): void {
    this.#gone = true;
    this.#then?.();
  }
}

/**
 * Reads a whole answer.
 * @throws {ResponseCutError} when it breaks off. {@link ResponseTooLargeError} {@link ClientLeftError}
 * @throws {ProviderTimeoutError} when nothing comes for `idleMs`.
 */
export async function readWhole(
  response: IncomingMessage,
  options: { readonly what: string; readonly url: string; readonly limit: number; readonly idleMs: number },
  left: ClientGone,
): Promise<Buffer> {
  const { what, url, limit, idleMs } = options;
  const length = Number(response.headers["content-length"] ?? 0);
  if (length > limit) {
    response.destroy();
    throw new ResponseTooLargeError({ url, limit });
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let ended: Error | undefined;
    const stop = (error: Error) => {
      ended ??= error;
      response.destroy();
    };
    const timer = setTimeout(() => stop(new ProviderTimeoutError({ what, url, timeoutMs: idleMs })), idleMs);
    response.on("data", (chunk: Buffer) => {
      timer.refresh();
      size += chunk.length;
      if (size > limit) stop(new ResponseTooLargeError({ url, limit }));
      else chunks.push(chunk);
    });
    response.once("error", (error) => {
      ended ??= new ResponseCutError({ url, bytes: size }, error);
    });
    response.once("close", () => {
      clearTimeout(timer);
      const [only] = chunks;
      if (response.complete && ended === undefined) {
        resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size));
      } else reject(left.gone ? new ClientLeftError() : (ended ?? new ResponseCutError({ url, bytes: size })));
    });
  });
}

/** What of a provider's answer is passed on: what it is and what limits it. Nothing a page could use, no claim of proof. */
const PASSED_ON =
  /^(?:content-type|content-encoding|content-language|retry-after|x-ratelimit-[a-z-]+|zg-failure-source)$/;

/** The headers of an answer that go on to the client. */
export function headersFor(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string" && PASSED_ON.test(name)) passed[name] = value;
  }
  return passed;
}
