/**
 * A programmable proxy between us and an RPC node, a provider or a storage node. It hands every request on as it is, until
 * it is told what shall go wrong.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { corrupted, give, giveInPart, giveSlowly, type UpstreamAnswer } from "./fault-proxy/answers.ts";
import type { Fault, When } from "./fault-proxy/faults.ts";
import { atBlock, callsOf, knownAt, mapAnswers, type RpcCall } from "./fault-proxy/json-rpc.ts";

export type { Fault, When } from "./fault-proxy/faults.ts";

/** One request as it came. */
export interface PassedRequest {
  readonly path: string;
  /** The methods it calls, where it is JSON-RPC. */
  readonly methods: readonly string[];
  /** How often it was handed on. */
  delivered: number;
}

export interface FaultProxy {
  /** Without trailing slash. */
  readonly url: string;
  /** All that came, in order. */
  readonly requests: readonly PassedRequest[];
  /** Lets requests fail from now on. Several faults add up; the first that fits a request applies. */
  fail(fault: Fault, when?: When): void;
  /** Forgets all faults and lets go of whoever hangs. */
  heal(): void;
  /** Lets nobody connect until {@link FaultProxy.accept}: connections are refused, as where no program listens. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Where requests go. */
  readonly upstream: string;
  /** Texts to be replaced in answers, such as addresses that lead past the proxy. */
  readonly rewrite?: ReadonlyMap<string, string>;
}

interface Rule {
  readonly fault: Fault;
  readonly when: When;
  seen: number;
}

interface Request {
  readonly path: string;
  readonly calls: readonly RpcCall[];
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly passed: PassedRequest;
}

const HOP_BY_HOP = new Set(["host", "connection", "content-length", "transfer-encoding", "keep-alive", "expect"]);

/** Listens on 127.0.0.1, on a free port. */
export async function faultProxy({ upstream, rewrite = new Map() }: FaultProxyOptions): Promise<FaultProxy> {
  const rules: Rule[] = [];
  const requests: PassedRequest[] = [];
  const hanging = new Set<ServerResponse>();
  const firstAnswers = new Map<string, UpstreamAnswer>();
  /** Answers that wait until another one has overtaken them. */
  const overtaken: (() => void)[] = [];

  const deliver = async (request: Request, body = request.body): Promise<UpstreamAnswer> => {
    request.passed.delivered++;
    const { method, headers } = request;
    const sent = method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(body) };
    const answer = await fetch(upstream + request.path, { method, headers, redirect: "manual", ...sent });
    let text: Buffer = Buffer.from(await answer.arrayBuffer());
    for (const [from, to] of rewrite) text = Buffer.from(text.toString("utf8").replaceAll(from, to));
    return { status: answer.status, headers: kept(Object.fromEntries(answer.headers)), body: text };
  };

  const stale = async (request: Request, block: number | undefined): Promise<UpstreamAnswer> => {
    if (block === undefined) return firstAnswers.get(keyOf(request)) ?? deliver(request);
    const sends = request.calls.some(({ method }) => method.startsWith("eth_send"));
    if (sends) return deliver(request);
    const answer = await deliver(request, atBlock(request.body, block));
    const [call] = request.calls;
    return { ...answer, body: mapAnswers(answer.body, (one) => knownAt(call, one, block)) };
  };

  const hold = async (response: ServerResponse, answer: UpstreamAnswer) => {
    const batch: unknown = JSON.parse(answer.body.toString("utf8"));
    if (Array.isArray(batch)) {
      give(response, { ...answer, body: Buffer.from(JSON.stringify(batch.reverse())) });
      return;
    }
    await new Promise<void>((resolve) => overtaken.push(resolve));
    give(response, answer);
  };

  const honest = async (request: Request, response: ServerResponse) => {
    const answer = await deliver(request);
    if (!firstAnswers.has(keyOf(request))) firstAnswers.set(keyOf(request), answer);
    give(response, answer);
    for (const release of overtaken.splice(0)) response.once("finish", release);
  };

  const spoil = async (fault: Fault, request: Request, response: ServerResponse): Promise<void> => {
    switch (fault.kind) {
      case "drop":
        if (fault.delivered === true) await deliver(request);
        response.destroy();
        return;
      case "hang":
        hanging.add(response);
        if (fault.delivered === true) await deliver(request);
        return;
      case "slow":
        return giveSlowly(response, await deliver(request), fault.bytes);
      case "cut":
        giveInPart(response, await deliver(request), fault.afterBytes);
        return;
      case "duplicate": {
        const [first, second] = [await deliver(request), await deliver(request)];
        give(response, fault.answer === 2 ? second : first);
        return;
      }
      case "reorder":
        return hold(response, await deliver(request));
      case "corrupt": {
        const answer = await deliver(request);
        give(response, { ...answer, body: corrupted(answer.body, fault.how) });
        return;
      }
      case "stale":
        give(response, await stale(request, fault.block));
        return;
      case "status": {
        const { status, retryAfter, body = '{"error":"try again later"}' } = fault;
        const again: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
        give(response, { status, headers: { "content-type": "application/json", ...again }, body: Buffer.from(body) });
        return;
      }
      case "answer": {
        const all = request.calls.map(({ id }) => ({ jsonrpc: "2.0", id, result: fault.result }));
        const body = Buffer.from(JSON.stringify(all.length === 1 ? all[0] : all));
        give(response, { status: 200, headers: { "content-type": "application/json" }, body });
      }
    }
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const calls = callsOf(body);
    const path = incoming.url ?? "/";
    const passed = { path, methods: calls.map(({ method }) => method), delivered: 0 };
    requests.push(passed);
    const headers = kept(incoming.headers as Record<string, string>);
    const request: Request = { path, calls, method: incoming.method ?? "GET", headers, body, passed };
    const rule = rules.filter((one) => fits(one, request)).find(applies);
    if (rule === undefined) await honest(request, response);
    else await spoil(rule.fault, request, response);
  };

  const server = createServer((incoming, response) => {
    response.on("error", () => response.destroy());
    // What stands behind is gone, or whoever asked is: the proxy has nothing to say.
    serve(incoming, response).catch(() => response.destroy());
  });
  const port = await listenOn(server, 0);
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    fail: (fault, when = {}) => void rules.push({ fault, when, seen: 0 }),
    heal: () => {
      rules.length = 0;
      for (const release of overtaken.splice(0)) release();
      for (const response of hanging) response.destroy();
      hanging.clear();
    },
    refuse: close,
    accept: async () => {
      await listenOn(server, port);
    },
    close,
  };
}

function kept(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())));
}

function keyOf({ path, calls, body }: Request): string {
  const questions = calls.map(({ method, params }) => [method, params]);
  return `${path} ${questions.length === 0 ? body.toString("latin1") : JSON.stringify(questions)}`;
}

function fits({ when: { method, path, call } }: Rule, request: Request): boolean {
  if (path !== undefined && !path.test(request.path)) return false;
  if (call !== undefined && !request.calls.some(call)) return false;
  if (method === undefined) return true;
  return request.calls.some((one) => (typeof method === "string" ? one.method === method : method.test(one.method)));
}

function applies(rule: Rule): boolean {
  const { nth = 1, times = Infinity } = rule.when;
  rule.seen++;
  return rule.seen >= nth && rule.seen < nth + times;
}

async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
