import { request as httpRequest } from "node:http";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { UsageError } from "../../../../lib/errors.ts";
import type { Hex } from "../../../../lib/hex.ts";
import { maxBodyBytes, serializeRequest } from "../../../../lib/inft/attestor/protocol.ts";
import { reencrypt, type AttestorContext } from "../../../../lib/inft/attestor/reencrypt.ts";
import { serveAttestor, type ServedAttestor } from "../../../../lib/inft/attestor/server.ts";
import { PortTakenError } from "../../../../lib/listen.ts";
import {
  at,
  caught,
  CHAIN_ID,
  CONTRACT,
  openAttestation,
  TOKEN_ID,
  VERIFIER,
  type Attestation,
} from "./support/attestation.ts";

const JSON_TYPE = { "content-type": "application/json" };

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

describe("an attestor's server", () => {
  let attestation: Attestation;
  let served: ServedAttestor | undefined;

  async function serve(context: AttestorContext = attestation.context, inFlight?: number): Promise<ServedAttestor> {
    served = await serveAttestor({
      attestor: context,
      host: "127.0.0.1",
      port: 0,
      ...(inFlight === undefined ? {} : { inFlight }),
    });
    return served;
  }

  const post = async (body: string, headers: Record<string, string> = JSON_TYPE) =>
    fetch(`${served?.url ?? ""}/v1/reencrypt`, { method: "POST", headers, body });
  const get = async (path: string, headers: Record<string, string> = {}) =>
    fetch(`${served?.url ?? ""}${path}`, { headers });
  const refusal = async (response: Response) => ((await response.json()) as Refusal).error;

  beforeEach(() => {
    attestation = openAttestation();
  });

  afterEach(async () => {
    await served?.close();
    served = undefined;
  });

  it("says who it is: a development attestor, never more", async () => {
    await serve();
    const response = await get("/v1/attestor");
    expect(response.status).to.equal(200);
    expect(response.headers.get("cache-control")).to.equal("no-store");
    expect(await response.json()).to.deep.equal({
      protocol: "0g-inft-attestor",
      version: 2,
      kind: "development",
      chainId: CHAIN_ID,
      address: attestation.key.address,
      publicKey: attestation.key.publicKey,
      limits: { maxBytes: 10_485_760, maxDeadlineSeconds: 2_592_000, maxPeers: 15 },
    });
  });

  it("answers a request as the attestor does", async () => {
    await serve();
    const response = await post(serializeRequest(await attestation.request()));
    expect(response.status).to.equal(200);
    // The same random bytes in another attestor of the same key.
    const again = openAttestation();
    const { ciphertexts, ...made } = await reencrypt(again.context, await again.request());
    const base64 = ciphertexts.map((bytes) => Buffer.from(bytes).toString("base64"));
    expect(await response.json()).to.deep.equal({ ...made, ciphertexts: base64 });
  });

  /** Has the token's data re-encrypted; returns the new hash. */
  async function made(): Promise<Hex> {
    const response = await post(serializeRequest(await attestation.request()));
    return at(((await response.json()) as { newDataHashes: Hex[] }).newDataHashes, 0);
  }

  const objectPath = (hash: string, token = TOKEN_ID) => `/v1/objects/${hash}?contract=${CONTRACT}&token=${token}`;

  it("serves a ciphertext it made once the chain lists it for the token", async () => {
    await serve();
    const hash = await made();
    attestation.state.dataHashes = [hash];
    const object = await get(objectPath(hash));
    expect(object.status).to.equal(200);
    expect(object.headers.get("content-type")).to.equal("application/octet-stream");
    expect(object.headers.get("cache-control")).to.equal("no-store");
    const bytes = new Uint8Array(await object.arrayBuffer());
    expect(bytes).to.deep.equal(await attestation.context.objects.get(hash));
  });

  it("gives a new ciphertext to nobody before the token holds it: its keys may be on chain already", async () => {
    await serve();
    const hash = await made();
    for (const path of [objectPath(hash), objectPath(hash, TOKEN_ID + 1n)]) {
      const early = await get(path);
      expect([early.status, (await refusal(early)).code]).to.deep.equal([403, "ZG_ATTESTOR_OBJECT"]);
    }
    attestation.state.dataHashes = [hash];
    expect((await get(objectPath(hash, TOKEN_ID + 1n))).status).to.equal(403);
    await served?.close();
    await serve({ ...attestation.context, contracts: [VERIFIER] });
    expect((await get(objectPath(hash))).status).to.equal(403);
  });

  it("is asked for a ciphertext of a token, and for no other", async () => {
    await serve();
    const hash = await made();
    for (const query of [
      "",
      `?contract=${CONTRACT}`,
      "?token=7",
      `?contract=0x12&token=7`,
      `?contract=${CONTRACT}&token=x`,
    ]) {
      expect((await get(`/v1/objects/${hash}${query}`)).status, query).to.equal(400);
    }
  });

  it("has no object that it does not keep, and no name that is no hash", async () => {
    await serve();
    const absent = await get(objectPath(`0x${"ab".repeat(32)}`));
    expect([absent.status, (await refusal(absent)).code]).to.deep.equal([404, "ZG_ATTESTOR_CIPHERTEXT"]);
    for (const name of ["0xAB", "..%2f..%2fetc%2fpasswd", `0x${"AB".repeat(32)}`]) {
      const response = await get(objectPath(name));
      expect([response.status, (await refusal(response)).code], name).to.deep.equal([400, "ZG_USAGE"]);
    }
  });

  describe("refuses", () => {
    it("with the attestor's own code, message and remedy, and a status that fits", async () => {
      await serve();
      attestation.state.attestors.clear();
      const untrusted = await post(serializeRequest(await attestation.request()));
      expect(untrusted.status).to.equal(409);
      const error = await refusal(untrusted);
      expect(error.code).to.equal("ZG_ATTESTOR_UNTRUSTED");
      expect(error.message).to.include(attestation.key.address);
      expect(error.remedy).to.include("inft attestor show");
      const malformed = await post("{}");
      expect([malformed.status, (await refusal(malformed)).code]).to.deep.equal([400, "ZG_ATTESTOR_REQUEST"]);
      const unsigned = await post(
        serializeRequest({ ...(await openAttestation().request()), signature: `0x${"11".repeat(65)}` }),
      );
      expect(unsigned.status).to.equal(409); // the verifier still lists nobody: that is checked first
    });

    it("a stranger's signature with 403", async () => {
      await serve();
      const request = { ...(await attestation.request()), signature: `0x${"11".repeat(65)}` as const };
      const response = await post(serializeRequest(request));
      expect([response.status, (await refusal(response)).code]).to.deep.equal([403, "ZG_ATTESTOR_OWNER"]);
    });

    it("what is no JSON, and what does not say that it is", async () => {
      await serve();
      const broken = await post("{");
      expect([broken.status, (await refusal(broken)).code]).to.deep.equal([400, "ZG_ATTESTOR_REQUEST"]);
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
        const response = await post(serializeRequest(await attestation.request()), { "content-type": type });
        expect(response.status, type).to.equal(415);
      }
      expect(attestation.asked).to.deep.equal([]);
    });

    it("a body larger than its data may be, before it reads it", async () => {
      const context = attestation.contextOf(attestation.key, { maxBytes: 3 });
      await serve(context);
      const response = await post(`"${"a".repeat(maxBodyBytes(context.limits))}"`);
      expect([response.status, (await refusal(response)).code]).to.deep.equal([413, "ZG_ATTESTOR_LIMIT"]);
    });

    it("requests of a page in a browser", async () => {
      await serve();
      const request = serializeRequest(await attestation.request());
      const response = await post(request, { ...JSON_TYPE, origin: "https://page.example" });
      expect(response.status).to.equal(403);
      expect(response.headers.get("access-control-allow-origin")).to.equal(null);
      expect((await get("/v1/attestor", { origin: "null" })).status).to.equal(403);
      const preflight = await fetch(`${served?.url ?? ""}/v1/reencrypt`, {
        method: "OPTIONS",
        headers: { "access-control-request-method": "POST" },
      });
      expect(preflight.status).to.equal(404);
      expect(attestation.asked).to.deep.equal([]);
    });

    it("a host name that merely resolves to this machine", async () => {
      const { port } = await serve();
      const statusAs = async (host: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          const sent = httpRequest({ host: "127.0.0.1", port, path: "/v1/attestor", headers: { host } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          sent.on("error", reject);
          sent.end();
        });
      expect(await statusAs("rebound.example")).to.equal(403);
      expect(await statusAs(`localhost:${port}`)).to.equal(200);
    });

    it("any other path", async () => {
      await serve();
      for (const path of ["/", "/v1/reencrypt", "/v1/objects/", "/v1/keys"]) {
        expect((await get(path)).status, path).to.be.oneOf([400, 404]);
      }
    });

    it("more requests than it works on at a time, before it reads them", async () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const { chain } = attestation.context;
      const slow = {
        ...chain,
        verifierOf: async (contract: Parameters<typeof chain.verifierOf>[0]) => {
          await held;
          return chain.verifierOf(contract);
        },
      };
      await serve({ ...attestation.context, chain: slow }, 1);
      const body = serializeRequest(await attestation.request());
      const both = [post(body), post(body)];
      // Whichever came first holds the only place, so the other one is answered first.
      const refused = await Promise.race(both);
      expect([refused.status, (await refusal(refused)).code]).to.deep.equal([503, "ZG_ATTESTOR_BUSY"]);
      release();
      expect((await Promise.all(both)).map(({ status }) => status)).to.have.members([200, 503]);
      expect((await post(body)).status).to.equal(200);
    });

    it("to say more of a failure of its own than that there was one", async () => {
      const objects = {
        get: async () => Promise.resolve(undefined),
        put: async () => Promise.reject(new Error("/secret/path: disk full")),
      };
      await serve({ ...attestation.context, objects });
      const response = await post(serializeRequest(await attestation.request()));
      expect(response.status).to.equal(500);
      expect(await response.text()).not.to.include("secret");
    });
  });

  it("says which port is taken, and leaves nothing behind", async () => {
    const { port } = await serve();
    const error = await caught(serveAttestor({ attestor: attestation.context, host: "127.0.0.1", port }));
    expect(error).to.be.instanceOf(PortTakenError);
    expect(error.details).to.include({ port, what: "attestor" });
  });

  it("does not listen at an address that is not this machine's", async () => {
    const error = await caught(serveAttestor({ attestor: attestation.context, host: "192.0.2.1", port: 0 }));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.include("192.0.2.1");
  });

  it("stops listening when it is closed, open connections included", async () => {
    const { port, close } = await serve();
    const open = get("/v1/attestor");
    await open;
    await close();
    served = undefined;
    const again: Server = createServer();
    await new Promise<void>((resolve) => again.listen({ host: "127.0.0.1", port }, resolve));
    expect((again.address() as AddressInfo).port).to.equal(port);
    await new Promise((resolve) => again.close(resolve));
  });
});
