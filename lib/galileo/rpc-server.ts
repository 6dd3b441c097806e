/**
 * JSON-RPC over HTTP for a simulated chain that lives in this process. Hardhat's own server cannot take a connection
 * that is already open, nor report that a port is taken.
 */

import type { AddressInfo } from "node:net";

import { Transaction } from "ethers";

import { revertDataOf } from "../chain/revert.ts";
import { isHex, type Address, type Hex } from "../hex.ts";
import { asListenError } from "../listen.ts";
import { answerBody, CODES, failed, refuseForeignPages, succeeded, type Answer, type Call } from "./json-rpc.ts";
import type { Eip1193 } from "./rpc.ts";

export interface RpcServerOptions {
  readonly rpc: Eip1193;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether a transaction signed by this account may be taken. */
  readonly mayBroadcast: (sender: Address) => boolean;
  /** Answers that are not the chain's, by method. */
  readonly own?: Readonly<Record<string, () => unknown>>;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Of geth, which clients know. */
const REVERTED = 3;
const MAX_BODY = 32 * 1024 * 1024;

/**
 * Serves `rpc` on 127.0.0.1.
 * @throws {PortTakenError} when another process listens on the port.
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { fastify } = await import("fastify");
  const app = fastify({ bodyLimit: MAX_BODY, forceCloseConnections: true });
  refuseForeignPages(app);
  app.setErrorHandler(async (error: { statusCode?: number; message: string }, _request, reply) => {
    await reply.status(error.statusCode ?? 500).send(failed(null, CODES.parse, error.message));
  });
  app.post("/", async (request, reply) => {
    const answer = await answerBody(request.body, async (call) => perform(options, call));
    // A notification, or a batch of nothing else, has no answer.
    if (answer === undefined) await reply.status(204).send();
    else await reply.send(answer);
  });
  try {
    await app.listen({ port: options.port, host: "127.0.0.1" });
  } catch (error) {
    await app.close();
    throw asListenError(error, { port: options.port, what: "chain" });
  }
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, close: async () => app.close() };
}

async function perform({ rpc, mayBroadcast, own = {} }: RpcServerOptions, call: Call): Promise<Answer> {
  const { id, method, params } = call;
  const answer = Object.hasOwn(own, method) ? own[method] : undefined;
  if (answer !== undefined) return succeeded(id, answer());
  const sender = method === "eth_sendRawTransaction" ? senderOf(params[0]) : undefined;
  if (sender !== undefined && !mayBroadcast(sender)) return failed(id, CODES.refused, refusal(sender));
  try {
    return succeeded(id, await rpc.request({ method, params: [...params] }));
  } catch (error) {
    // A live node takes a transaction that will fail and answers with its hash; so does this one.
    const hash = method.startsWith("eth_send") ? minedHashOf(error) : undefined;
    return hash === undefined ? failure(id, error) : succeeded(id, hash);
  }
}

/** Undefined when it cannot be read; then the chain itself says why. */
function senderOf(raw: unknown): Address | undefined {
  if (!isHex(raw)) return undefined;
  try {
    return (Transaction.from(raw).from as Address | null) ?? undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function refusal(sender: Address): string {
  return (
    `a transaction signed by ${sender} was refused: this chain shares its id with the public Galileo, where the same ` +
    "signature is valid; only the 20 published development accounts may sign here"
  );
}

/** The hash under which a transaction was mined although it failed. */
function minedHashOf(error: unknown): Hex | undefined {
  const { transactionHash, data } = error as { transactionHash?: unknown; data?: { transactionHash?: unknown } };
  const hash = transactionHash ?? data?.transactionHash;
  return isHex(hash) ? hash : undefined;
}

function failure(id: Call["id"], error: unknown): Answer {
  const { message, code } = error as { message: string; code?: unknown };
  const reverted = revertDataOf(error);
  // geth's form, from which every client takes revert data.
  if (reverted !== undefined) return failed(id, REVERTED, message, reverted);
  return failed(id, typeof code === "number" ? code : CODES.internal, message);
}
