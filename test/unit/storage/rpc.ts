import { expect } from "chai";

import { AbortedError } from "../../../lib/errors.ts";
import { StorageNodeError, StorageUrlError } from "../../../lib/storage/client-errors.ts";
import { callRpc, storageUrl } from "../../../lib/storage/rpc.ts";
import type { Reach } from "../../../lib/storage/settings.ts";
import { intercepted, rpcRefusal, rpcResult } from "../../support/storage-rpc.ts";
import { caught } from "../compute/support/caught.ts";

const REQUEST = { url: "http://node.example/", what: "Asking", method: "zgs_getStatus", params: [] } as const;

/** Answers in turn, the last one for ever; counts requests, and notes how long was waited between them. */
function server(...answers: readonly (() => Promise<Response> | Response)[]) {
  const waits: number[] = [];
  let asked = 0;
  const reach: Reach = {
    fetch: intercepted(() => (answers[asked++] ?? answers.at(-1) ?? expect.fail())()),
    sleep: async (ms) => void waits.push(ms),
    limits: { requestTimeoutMs: 30, retries: 3, retryDelayMs: 100 },
  };
  return { reach, waits, asked: () => asked };
}

const down = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }));

describe("callRpc", () => {
  it("returns the result, also none", async () => {
    expect(await callRpc(server(() => rpcResult({ a: 1 })).reach, REQUEST)).to.deep.equal({ a: 1 });
    expect(await callRpc(server(() => rpcResult(null)).reach, REQUEST)).to.equal(null);
  });

  it("asks again after what may pass, ever later", async () => {
    const busy = () => rpcRefusal(-32000, "too many data writing: 16");
    const { reach, waits } = server(
      down,
      () => new Response("", { status: 503 }),
      busy,
      () => rpcResult(7),
    );
    expect(await callRpc(reach, REQUEST)).to.equal(7);
    expect(waits).to.deep.equal([100, 200, 400]);
  });

  it("gives up after so many times, and says why", async () => {
    const { reach, asked } = server(down);
    const error = await caught(StorageNodeError, async () => callRpc(reach, REQUEST));
    expect(error).to.include({ code: "ZG_STORAGE_NODE", exit: 4, url: REQUEST.url, passing: true });
    expect(error.message).to.equal(`Asking failed at storage node ${REQUEST.url}: connect ECONNREFUSED`);
    expect(asked()).to.equal(4);
  });

  it("takes a refusal for an answer", async () => {
    const { reach, asked } = server(() => rpcRefusal(-32602, "Invalid params: root", "no such file"));
    const error = await caught(StorageNodeError, async () => callRpc(reach, REQUEST));
    expect(error.answered).to.deep.equal({ code: -32602, message: "Invalid params: root", data: "no such file" });
    expect(error.message).to.contain("Invalid params: root: no such file");
    expect(asked()).to.equal(1);
  });

  it("waits no longer than it may", async () => {
    const never = async () => new Promise<Response>(() => undefined);
    const { reach } = server(never);
    const hanging: typeof fetch = async (input, init) =>
      Promise.race([
        (reach.fetch ?? expect.fail())(input, init),
        new Promise<never>((_, reject) => {
          init?.signal?.addEventListener("abort", () => {
            reject(new Error("aborted"));
          });
        }),
      ]);
    const limits = { ...reach.limits, retries: 0 };
    const error = await caught(StorageNodeError, async () => callRpc({ ...reach, fetch: hanging, limits }, REQUEST));
    expect(error.message).to.contain("no answer within 30 ms");
  });

  it("follows no redirect, and reads no endless or malformed answer", async () => {
    const moved = () => new Response("", { status: 302, headers: { location: "http://elsewhere.example" } });
    const endless = () => {
      const pull = (controller: ReadableStreamDefaultController) => {
        controller.enqueue(new Uint8Array(1 << 20));
      };
      return new Response(new ReadableStream({ pull }));
    };
    const cases: [() => Response, RegExp][] = [
      [moved, /status 302/],
      [endless, /an answer of more than 2097152 bytes/],
      [() => Response.json([1]), /not JSON-RPC/],
    ];
    for (const [answer, problem] of cases) {
      const { reach, asked } = server(answer);
      const error = await caught(StorageNodeError, async () => callRpc(reach, REQUEST));
      expect(error.message).to.match(problem);
      expect(asked()).to.equal(1);
    }
    const page = server(() => new Response("<html>"));
    const error = await caught(StorageNodeError, async () => callRpc(page.reach, REQUEST));
    expect(error.message).to.contain("not JSON");
    expect(page.asked()).to.equal(4);
  });

  it("ends when it is called off, and does not ask again", async () => {
    const stop = new AbortController();
    const { reach, asked } = server(() => {
      stop.abort();
      return down();
    });
    await caught(AbortedError, async () => callRpc({ ...reach, signal: stop.signal }, REQUEST));
    await caught(AbortedError, async () => callRpc({ ...reach, signal: stop.signal }, REQUEST));
    expect(asked()).to.equal(1);
  });
});

describe("storageUrl", () => {
  it("takes http and https, and nothing else", () => {
    expect(storageUrl("http://127.0.0.1:5678")).to.equal("http://127.0.0.1:5678");
    for (const url of ["file:///etc/passwd", "ftp://a.example", "node", ""]) {
      expect(() => storageUrl(url), url)
        .to.throw(StorageUrlError)
        .with.property("exit", 2);
    }
  });

  it("repeats no password", () => {
    expect(() => storageUrl("http://me:hunter2@a.example"))
      .to.throw(StorageUrlError)
      .with.property("message")
      .that.does.not.contain("hunter2");
  });
});
