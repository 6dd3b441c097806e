/** The client's end of a request, over fastify: whole answers through it, pieces past it, onto the connection. */

import type { FastifyReply } from "fastify";

import type { Sink } from "./parts.ts";
import { ClientGone } from "./upstream.ts";

export class ReplySink implements Sink {
  readonly gone = new ClientGone();
  readonly #reply: FastifyReply;
  #begun = false;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) this.gone.leave();
    });
  }

  /** Whether something is on its way to the client, so that no other answer can be given. */
  get begun(): boolean {
    return this.#begun;
  }

  whole(status: number, headers: Readonly<Record<string, string>>, body: Buffer): void {
    this.#begun = true;
    void this.#reply.code(status).headers(headers).send(body);
  }

  begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.#begun = true;
    this.#reply.hijack();
    this.#reply.raw.writeHead(status, { ...headers, "cache-control": "no-store", "x-accel-buffering": "no" });
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    const { raw } = this.#reply;
    if (raw.write(bytes) || this.gone.gone) return undefined;
    return new Promise((resolve) => {
      const go = () => {
        raw.off("drain", go);
        raw.off("close", go);
        resolve();
      };
      raw.once("drain", go);
      raw.once("close", go);
    });
  }

  end(cut = false): void {
    if (cut) this.#reply.raw.destroy();
    else this.#reply.raw.end();
  }
}
