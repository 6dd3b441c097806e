import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import net from "node:net";
import { setImmediate } from "node:timers/promises";

import { expect } from "chai";
import type { buildConnector } from "undici";

import {
  AddressRefusedError,
  assertMayAsk,
  borderFetch,
  borderOf,
  contentBorderOf,
  publicLookup,
  refusalBelow,
  type Border,
  type BorderDeps,
} from "../../lib/border.ts";
import { exchange, neverReached } from "../../lib/compute/provider-http.ts";
import { listen } from "../../lib/listen.ts";
import { networkNamed, NETWORKS, type NetworkName } from "../../lib/networks.ts";
import { caught } from "./compute/support/caught.ts";

describe("assertMayAsk", () => {
  const refused = (border: Border, url: string): AddressRefusedError | undefined => {
    try {
      assertMayAsk(border, new URL(url));
      return undefined;
    } catch (error) {
      expect(error).to.be.instanceOf(AddressRefusedError);
      return error as AddressRefusedError;
    }
  };

  // Whatever spelling of a number or of IPv6 a URL has, its hostname is the usual one.
  for (const url of [
    "https://127.0.0.1",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://10.0.0.7:8443/v1",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::a00:1]/",
    "https://[fd00:ec2::254]/",
    "https://０.０.０.０/",
    "https://127。0。0。1/",
  ]) {
    it(`refuses ${url} on a live network`, () => {
      expect(refused("live", url)).to.include({ code: "ZG_ADDRESS_REFUSED", exit: 5 });
    });
  }

  it("takes public addresses and names over https on a live network", () => {
    for (const url of ["https://8.8.8.8/", "https://[2606:4700::1111]/", "https://provider.example:8443/"]) {
      expect(refused("live", url)).to.equal(undefined);
    }
  });

  it("refuses http on a live network by name, but for content that a hash proves", () => {
    expect(refused("live", "http://provider.example/")?.details).to.deep.equal({
      host: "provider.example",
      why: "is registered without https, which live networks require",
    });
    expect(refused("live-content", "http://8.8.8.8:5678/")).to.equal(undefined);
    expect(refused("live-content", "http://192.168.0.8:5678/")?.details["address"]).to.equal("192.168.0.8");
  });

  it("takes this machine, named as such, and nothing else within, where the network is simulated", () => {
    expect(refused("local", "http://127.0.0.1:8080/")).to.equal(undefined);
    expect(refused("local", "http://10.0.0.1:8080/")).to.be.instanceOf(AddressRefusedError);
  });

  it("asks anything that the user typed", () => {
    expect(refused("given", "http://10.0.0.1/")).to.equal(undefined);
  });

  it("is strict on every live network and on no other", () => {
    for (const name of Object.keys(NETWORKS) as NetworkName[]) {
      const network = networkNamed(name);
      expect(borderOf(network) === "live", name).to.equal(network.mode === "live");
      expect(contentBorderOf(network) === "live-content", name).to.equal(network.mode === "live");
    }
  });
});

/** A resolver that gives these addresses, one list a call, and counts how often it is asked. */
function resolving(...answers: readonly string[][]) {
  let asked = 0;
  const resolve: NonNullable<BorderDeps["resolve"]> = (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: net.isIP(address) })),
    );
  };
  return { resolve, asked: () => asked };
}

describe("publicLookup", () => {
  const look = async (addresses: string[], all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      publicLookup(resolving(addresses).resolve)("provider.example", { all }, (error, found) => {
        if (error === null) resolve(found);
        else reject(error);
      });
    });

  it("yields what is public, one or all of it", async () => {
    expect(await look(["8.8.8.8", "2606:4700::1111"], false)).to.equal("8.8.8.8");
    expect(await look(["8.8.8.8"], true)).to.deep.equal([{ address: "8.8.8.8", family: 4 }]);
  });

  it("refuses a name of which any address leads within", async () => {
    const error = await caught(AddressRefusedError, async () => look(["8.8.8.8", "10.0.0.7"], true));
    expect(error.details).to.deep.equal({
      host: "provider.example",
      address: "10.0.0.7",
      why: "is not public (private)",
    });
    expect(error.message).to.include("leads to 10.0.0.7");
  });

  it("passes on that a name leads nowhere", async () => {
    const failing: NonNullable<BorderDeps["resolve"]> = (_hostname, _options, callback) => {
      callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
    };
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      publicLookup(failing)("provider.example", {}, resolve);
    });
    expect(error?.code).to.equal("ENOTFOUND");
  });
});

describe("borderFetch", () => {
  let server: Server;
  let port: number;
  let requests = 0;

  before(async () => {
    server = createServer((_request, response) => {
      requests++;
      response.setHeader("location", "http://127.0.0.1:1/").writeHead(_request.url === "/moved" ? 302 : 200);
      response.end("here");
    });
    port = await listen(server, { port: 0, what: "test server" });
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  beforeEach(() => {
    requests = 0;
  });

  /** As if the public address that the name leads to were the test's server. */
  const reaching = (resolve: NonNullable<BorderDeps["resolve"]>, connections: string[] = []): BorderDeps => ({
    resolve,
    connector: (options) => (target: buildConnector.Options, callback: buildConnector.Callback) => {
      const { lookup } = options as { lookup: net.LookupFunction };
      lookup(target.hostname, {}, (error, address) => {
        if (error !== null) {
          callback(error, null);
          return;
        }
        connections.push(address as string);
        const socket = net.connect(port, "127.0.0.1", () => {
          callback(null, socket);
        });
      });
    },
  });

  it("connects to the very address that was looked at, and keeps the connection", async () => {
    const connections: string[] = [];
    const names = resolving(["8.8.8.8"], ["127.0.0.1"]);
    const ask = borderFetch("live-content", reaching(names.resolve, connections));
    for (let i = 0; i < 3; i++) {
      expect(await (await ask("http://node.example/")).text()).to.equal("here");
      await setImmediate(); // the connection is free once its answer was read
    }
    expect({ asked: names.asked(), connections, requests }).to.deep.equal({
      asked: 1,
      connections: ["8.8.8.8"],
      requests: 3,
    });
  });

  it("sends nothing when a name leads within", async () => {
    const ask = borderFetch("live", { resolve: resolving(["127.0.0.1"]).resolve });
    const error = await failure(ask(`https://provider.example:${port}/`));
    expect(refusalBelow(error)?.details["address"]).to.equal("127.0.0.1");
    expect(neverReached(error)).to.equal(true);
    expect(requests).to.equal(0);
  });

  it("gives `exchange` the refusal itself, and a redirect to no one", async () => {
    const within = {
      border: "live",
      fetch: borderFetch("live", { resolve: resolving(["10.1.2.3"]).resolve }),
    } as const;
    const request = { what: "Asking", url: "https://provider.example/", method: "GET" } as const;
    const refused = await caught(AddressRefusedError, async () => exchange(within, request));
    expect(refused.details).to.include({ host: "provider.example", address: "10.1.2.3" });
    const outside = { border: "local", fetch: borderFetch("local", reaching(resolving(["8.8.8.8"]).resolve)) } as const;
    const moved = { ...request, url: "http://provider.example/moved" };
    expect(await failure(exchange(outside, moved))).to.include({ code: "ZG_PROVIDER_REDIRECT" });
  });

  it("asks nobody beyond the border even when it is handed another fetch", async () => {
    const deps = { border: "live", fetch: async () => Promise.resolve(new Response("here")) } as const;
    const request = { what: "Asking", url: "https://127.0.0.1/", method: "GET" } as const;
    await caught(AddressRefusedError, async () => exchange(deps, request));
  });
});

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
