/**
 * Asks a server for chats over a number of connections, as fast as it answers, in a process of its own. Speaks HTTP just
 * well enough over bare sockets, so that the client costs little of the machine that is measured. Run by Node itself:
 * `gateway-load.ts <JSON of LoadArguments>`; prints one JSON object.
 */

import { writeSync } from "node:fs";
import { connect, type Socket } from "node:net";

export interface LoadArguments {
  readonly port: number;
  readonly path: string;
  readonly key?: string;
  readonly body: string;
  readonly connections: number;
  /** Either so many requests, or for so long. */
  readonly requests?: number;
  readonly seconds?: number;
  /** Requests before anything counts. */
  readonly warmUp?: number;
}

export interface LoadAnswer {
  readonly perSecond: number;
  /** Medians, in milliseconds. */
  readonly latency: number;
  readonly firstByte: number;
  /** Answers that were no 200. */
  readonly failed: number;
  readonly requests: number;
}

const given = JSON.parse(process.argv[2] ?? "{}") as LoadArguments;
const { port, path, key, body, connections, requests = Infinity, seconds = Infinity, warmUp = 0 } = given;
const REQUEST = Buffer.from(
  [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    ...(key === undefined ? [] : [`authorization: Bearer ${key}`]),
    "",
    body,
  ].join("\r\n"),
);

const latencies: number[] = [];
const firstBytes: number[] = [];
let sent = 0;
let answered = 0;
let failed = 0;
let started = performance.now();
let countedFrom = 0;

/** Where the body of a chunked answer ends, or one with its length; -1 while it is not there. */
function endOf(text: string, head: number): number {
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2));
  if (length === null) {
    const end = text.indexOf("\r\n0\r\n\r\n", head + 2);
    return end < 0 ? -1 : end + 7;
  }
  const end = head + 4 + Number(length[1]);
  return text.length < end ? -1 : end;
}

class Connection {
  readonly #socket: Socket;
  #text = "";
  #sentAt = 0;
  #firstByte = 0;

  constructor() {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#socket.once("connect", () => this.#ask());
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", () => {
      failed += 1;
      finish();
    });
  }

  #ask(): void {
    if (sent >= requests + warmUp) return;
    sent += 1;
    this.#firstByte = 0;
    this.#sentAt = performance.now();
    this.#socket.write(REQUEST);
  }

  #take(chunk: Buffer): void {
    this.#text += chunk.toString("latin1");
    const head = this.#text.indexOf("\r\n\r\n");
    if (head < 0) return;
    if (this.#firstByte === 0 && this.#text.length > head + 4) this.#firstByte = performance.now();
    const end = endOf(this.#text, head);
    if (end < 0) return;
    const now = performance.now();
    if (!this.#text.startsWith("HTTP/1.1 200")) failed += 1;
    this.#text = this.#text.slice(end);
    answered += 1;
    if (answered === warmUp) {
      started = now;
      countedFrom = answered;
    } else if (answered > warmUp) {
      latencies.push(now - this.#sentAt);
      firstBytes.push(this.#firstByte - this.#sentAt);
    }
    if (answered >= requests + warmUp || now - started > seconds * 1000) finish();
    else this.#ask();
  }
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? 0;
}

function finish(): never {
  const counted = answered - countedFrom;
  const answer: LoadAnswer = {
    perSecond: (counted * 1000) / (performance.now() - started),
    latency: median(latencies),
    firstByte: median(firstBytes),
    failed,
    requests: counted,
  };
  writeSync(process.stdout.fd, `${JSON.stringify(answer)}\n`);
  process.exit(0);
}

for (let i = 0; i < connections; i++) new Connection();
