import { expect } from "chai";

import { AbortedError } from "../../../../lib/errors.ts";
import { fromHex, type Address, type Hex } from "../../../../lib/hex.ts";
import {
  attestorUrl,
  describeAttestor,
  findAttestors,
  requestReencryption,
  type FoundAttestor,
} from "../../../../lib/inft/attestor/client.ts";
import type { AttestorKey } from "../../../../lib/inft/attestor/key.ts";
import { serveAttestor, type ServedAttestor } from "../../../../lib/inft/attestor/server.ts";
import { recoverSigner } from "../../../../lib/inft/proof-signatures.ts";
import { assembleProofs, ownershipDigest } from "../../../../lib/inft/proof.ts";
import { decryptData, openKey } from "../../../../lib/sealing/index.ts";
import { storageRoot } from "../../../../lib/storage/merkle.ts";
import {
  at,
  attestorOf,
  BUYER,
  caught,
  CHAIN_ID,
  CONTRACT,
  countingBytes,
  openAttestation,
  privateKeyOf,
  SELLER,
  STRANGER,
  VERIFIER,
  xyOf,
  type Attestation,
} from "./support/attestation.ts";
import { verifierNode, type Listing } from "./support/verifier-node.ts";

const KEYS = [attestorOf(10), attestorOf(11), attestorOf(12)];

describe("a client of attestors", () => {
  let attestation: Attestation;
  let servers: ServedAttestor[] = [];

  async function serve(key: AttestorKey): Promise<string> {
    attestation.state.attestors.add(key.address);
    const server = await serveAttestor({ attestor: attestation.contextOf(key), host: "127.0.0.1", port: 0 });
    servers.push(server);
    return server.url;
  }

  /** As many attestors as asked for, each behind its own server. */
  async function attestors(count: number): Promise<FoundAttestor[]> {
    const urls: string[] = [];
    for (const key of KEYS.slice(0, count)) urls.push(await serve(key));
    return Promise.all(urls.map(async (url) => describeAttestor({}, url)));
  }

  async function ask(found: readonly FoundAttestor[], deps: Parameters<typeof requestReencryption>[0] = {}) {
    return requestReencryption(deps, {
      access: await attestation.accept(),
      signer: SELLER,
      dataKeys: attestation.data.map(({ dataKey }) => dataKey),
      ciphertexts: attestation.data.map(({ ciphertext }) => ciphertext),
      attestors: found,
      randomBytes: countingBytes("client"),
    });
  }

  beforeEach(() => {
    attestation = openAttestation({ count: 2 });
  });

  afterEach(async () => {
    await Promise.all(servers.map(async (server) => server.close()));
    servers = [];
  });

  for (const count of [1, 2, 3]) {
    it(`comes back with what ${count} of ${count} signed, and what the buyer can open`, async () => {
      const found = await attestors(count);
      const { ownership, ciphertexts } = await ask(found);
      const access = await attestation.accept();
      const digest = ownershipDigest(access, ownership);
      const signatures = ownership.signatures.slice(2).match(/.{130}/g) ?? [];
      const signers = signatures.map((signature) => recoverSigner(digest, `0x${signature}`));
      const expected = KEYS.slice(0, count).map(({ address }) => address);
      expect(signers).to.deep.equal(expected.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
      expect(assembleProofs(access, ownership)).to.have.length(2);
      ciphertexts.forEach((ciphertext, index) => {
        expect(storageRoot(ciphertext)).to.equal(ownership.newDataHashes[index]);
        const dataKey = openKey(fromHex(at(ownership.sealedKeys, index)), privateKeyOf(BUYER));
        const plaintext = decryptData(ciphertext, dataKey, { chainId: CHAIN_ID, contract: CONTRACT, index });
        expect(new TextDecoder().decode(plaintext)).to.equal(`private datum ${index}`);
      });
    });
  }

  it("asks the owner to sign once, however many attestors there are", async () => {
    const found = await attestors(3);
    let signed = 0;
    const signer = {
      signTypedData: async (...typed: Parameters<typeof SELLER.signTypedData>) => {
        signed++;
        return SELLER.signTypedData(...typed);
      },
    };
    await requestReencryption(
      {},
      {
        access: await attestation.accept(),
        signer,
        dataKeys: attestation.data.map(({ dataKey }) => dataKey),
        ciphertexts: attestation.data.map(({ ciphertext }) => ciphertext),
        attestors: found,
        randomBytes: countingBytes("client"),
      },
    );
    expect(signed).to.equal(1);
  });

  it("carries over what an attestor says when it refuses", async () => {
    const found = await attestors(1);
    attestation.state.sequence += 1n;
    const error = await caught(ask(found));
    expect(error).to.include({ code: "ZG_ATTESTOR_REFUSED", exit: 3 });
    expect(error.details).to.include({ code: "ZG_ACCESS_PROOF_MISMATCH", status: 409 });
    expect(error.message).to.include("sequence");
    expect(error.remedy).to.include("inft accept");
  });

  it("says which attestor is down", async () => {
    const found = await attestors(2);
    await servers.pop()?.close();
    const error = await caught(ask(found));
    expect(error).to.include({ code: "ZG_ATTESTOR_DOWN", exit: 4 });
    expect(error.details).to.include({ url: found[1]?.url });
  });

  it("stops when it is told to", async () => {
    const found = await attestors(1);
    const interruption = new AbortController();
    const fetchOnce: typeof fetch = async (input, init) => {
      interruption.abort();
      return fetch(input, init);
    };
    const error = await caught(ask(found, { signal: interruption.signal, fetch: fetchOnce }));
    expect(error).to.be.instanceOf(AbortedError);
  });

  it("does not wait for an attestor for ever", async () => {
    const found = await attestors(1);
    const never: typeof fetch = async (_input, init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    expect(await caught(ask(found, { fetch: never, timeoutMs: 5 }))).to.include({ code: "ZG_ATTESTOR_DOWN" });
  });

  describe("believes no attestor that", () => {
    type Json = Record<string, unknown>;

    /** Real attestors behind a wire that changes what comes back from one path of one of them. */
    function tampering(
      url: string,
      path: RegExp,
      change: (body: Json) => Json | Uint8Array<ArrayBuffer>,
    ): typeof fetch {
      return async (input, init) => {
        const target = input instanceof Request ? input.url : input.toString();
        const response = await fetch(input, init);
        if (!target.startsWith(url) || !path.test(target)) return response;
        const changed = change((await response.json()) as Json);
        return new Response(changed instanceof Uint8Array ? changed : JSON.stringify(changed), { status: 200 });
      };
    }

    const first = (body: Json, name: string) => (body[name] as string[])[0] ?? "";
    const other: Hex = `0x${"11".repeat(32)}`;

    for (const [what, problem, change] of [
      [
        "signed something else",
        "its signature is of",
        (body) => ({ ...body, sealedKeys: [...(body["sealedKeys"] as string[])].reverse() }),
      ],
      [
        "did not sign itself",
        "its signature is of",
        (body) => ({ ...body, signature: SELLER.signingKey.sign(other).serialized }),
      ],
      ["signs with what is no signature", "nobody", (body) => ({ ...body, signature: `0x${"00".repeat(65)}` })],
      [
        "left the data as they were",
        "a new hash is an old one",
        (body) => ({ ...body, newDataHashes: attestation.data.map(({ dataHash }) => dataHash) }),
      ],
      [
        "made one thing of two",
        "a new hash is an old one",
        (body) => ({ ...body, newDataHashes: [first(body, "newDataHashes"), first(body, "newDataHashes")] }),
      ],
      [
        "sealed to another key",
        "another key than the receiver's",
        (body) => ({ ...body, encryptedPubKey: xyOf(STRANGER) }),
      ],
      [
        "answers for fewer data",
        "other than 2 data",
        (body) => ({ ...body, newDataHashes: [first(body, "newDataHashes")] }),
      ],
      ["answers in another form", "another form", (body) => ({ ...body, sealedKeys: "none" })],
      [
        "shared its seed with somebody else",
        "shared its seed",
        (body) => ({
          ...body,
          sealedSeeds: (body["sealedSeeds"] as Json[]).map((seed) => ({ ...seed, attestor: SELLER.address })),
        }),
      ],
      ["kept its seed to itself", "shared its seed", (body) => ({ ...body, sealedSeeds: [] })],
    ] as readonly (readonly [string, string, (body: Json) => Json])[]) {
      it(what, async () => {
        const found = await attestors(2);
        const [lead] = found;
        const error = await caught(ask(found, { fetch: tampering(lead?.url ?? "", /reencrypt$/, change) }));
        expect(error).to.include({ code: "ZG_ATTESTOR_LIES", exit: 5 });
        expect(error.message).to.include(problem);
        expect(error.details).to.include({ url: lead?.url });
      });
    }

    for (const [what, problem, change] of [
      ["sends other bytes than those of the new hash", "has another hash", (sent) => [...sent.slice(1), sent[0]]],
      ["sends no bytes for a new hash", "has another hash", (sent) => ["", ...sent.slice(1)]],
      ["sends fewer ciphertexts than it made", "sent 1 new ciphertexts", (sent) => sent.slice(1)],
    ] as readonly (readonly [string, string, (sent: string[]) => (string | undefined)[]])[]) {
      it(what, async () => {
        const found = await attestors(1);
        const swap = tampering(found[0]?.url ?? "", /reencrypt$/, (body) => ({
          ...body,
          ciphertexts: change(body["ciphertexts"] as string[]),
        }));
        const error = await caught(ask(found, { fetch: swap }));
        expect(error).to.include({ code: "ZG_ATTESTOR_LIES" });
        expect(error.message).to.include(problem);
      });
    }

    it("sends more than there can be", async () => {
      const found = await attestors(1);
      const flood = tampering(found[0]?.url ?? "", /reencrypt$/, () => new Uint8Array(2_000_000));
      expect(await caught(ask(found, { fetch: flood }))).to.include({ code: "ZG_ATTESTOR_DOWN" });
    });

    it("made something else than the first one, though it signed what it made", async () => {
      const found = await attestors(2);
      const [, second] = found;
      /** Keeps the seed from the second one, which then draws its own. */
      const seedless: typeof fetch = async (input, init) => {
        if (input !== `${second?.url ?? ""}/v1/reencrypt`) return fetch(input, init);
        const { seed, ...rest } = JSON.parse(Buffer.from(init?.body as Uint8Array).toString("utf8")) as Json;
        expect(seed).to.have.property("attestor", second?.address);
        return fetch(input, { ...init, body: JSON.stringify(rest) });
      };
      const error = await caught(ask(found, { fetch: seedless }));
      expect(error).to.include({ code: "ZG_ATTESTOR_LIES" });
      expect(error.message).to.include("something else than that one");
      expect(error.details).to.include({ url: second?.url });
    });
  });

  describe("describeAttestor", () => {
    it("reads who an attestor is", async () => {
      const [found] = await attestors(1);
      expect(found).to.deep.include({
        kind: "development",
        chainId: CHAIN_ID,
        address: KEYS[0]?.address,
        publicKey: KEYS[0]?.publicKey,
      });
    });

    const answering =
      (body: unknown, status = 200): typeof fetch =>
      async () =>
        Promise.resolve(new Response(JSON.stringify(body), { status }));
    const description = {
      protocol: "0g-inft-attestor",
      version: 2,
      kind: "tee",
      chainId: CHAIN_ID,
      address: KEYS[0]?.address,
      publicKey: KEYS[0]?.publicKey,
      limits: { maxBytes: 1, maxDeadlineSeconds: 1, maxPeers: 0 },
    };
    const at = "http://127.0.0.1:1";

    it("takes what another kind of attestor calls itself, and fields of later versions", async () => {
      const found = await describeAttestor({ fetch: answering({ ...description, quote: "0x" }) }, `${at}/`);
      expect(found).to.include({ kind: "tee", url: at });
      expect(found).not.to.have.property("quote");
    });

    it("refuses an address that is not the public key's: boxes would be sealed to a stranger", async () => {
      const lie = { ...description, publicKey: KEYS[1]?.publicKey };
      const error = await caught(describeAttestor({ fetch: answering(lie) }, at));
      expect(error).to.include({ code: "ZG_ATTESTOR_LIES" });
    });

    it("refuses a public key that is no point of the curve", async () => {
      const error = await caught(
        describeAttestor({ fetch: answering({ ...description, publicKey: `0x04${"11".repeat(64)}` }) }, at),
      );
      expect(error).to.include({ code: "ZG_ATTESTOR_LIES" });
    });

    for (const [what, answer] of [
      ["something else", answering({ hello: "world" })],
      ["a later version", answering({ ...description, version: 3 })],
      ["an error without a reason", answering("gone", 502)],
      ["no JSON", async () => Promise.resolve(new Response("<html>"))],
      ["without end", async () => Promise.resolve(new Response("x".repeat(100_000)))],
      [
        "a redirect",
        async () => Promise.resolve(new Response(null, { status: 302, headers: { location: "http://x" } })),
      ],
    ] as readonly (readonly [string, typeof fetch])[]) {
      it(`takes ${what} for no attestor`, async () => {
        expect(await caught(describeAttestor({ fetch: answer }, at))).to.include({ code: "ZG_ATTESTOR_DOWN" });
      });
    }
  });

  describe("attestorUrl", () => {
    for (const [given, url] of [
      ["http://127.0.0.1:8700/", "http://127.0.0.1:8700"],
      ["http://localhost:1", "http://localhost:1"],
      ["https://attestor.example", "https://attestor.example"],
      ["https://host.example/attestor/", "https://host.example/attestor"],
    ] as const) {
      it(`takes ${given}`, () => {
        expect(attestorUrl(given)).to.equal(url);
      });
    }

    for (const given of [
      "attestor.example",
      "ftp://attestor.example",
      "http://attestor.example",
      "http://10.0.0.7:8700",
      "https://user:secret@attestor.example",
      "https://attestor.example/?key=secret",
      "https://attestor.example/#x",
    ]) {
      it(`refuses ${given}`, async () => {
        const error = await caught(Promise.resolve().then(() => attestorUrl(given)));
        expect(error).to.include({ code: "ZG_ATTESTOR_URL", exit: 2 });
      });
    }
  });

  describe("findAttestors", () => {
    const search = (named: readonly string[], known: readonly string[] = []) => ({ verifier: VERIFIER, named, known });
    const listed = (...listings: readonly Listing[]) => listings;
    const [one, two, three] = KEYS.map(({ address }) => address) as [Address, Address, Address];
    const down = "http://127.0.0.1:1";

    it("takes as many as the verifier demands, in the order named", async () => {
      const urls = [await serve(at(KEYS, 1)), await serve(at(KEYS, 0))];
      const ctx = verifierNode(1, listed({ address: one }, { address: two }));
      expect((await findAttestors(ctx, {}, search(urls))).map(({ address }) => address)).to.deep.equal([two]);
    });

    it("asks those whose address the verifier publishes, when none is named", async () => {
      const endpoint = await serve(at(KEYS, 0));
      const ctx = verifierNode(1, listed({ address: one, endpoint }));
      expect((await findAttestors(ctx, {}, search([]))).map(({ url }) => url)).to.deep.equal([endpoint]);
    });

    it("asks the network's own before them, and passes over one that the verifier does not list", async () => {
      const own = await serve(at(KEYS, 2));
      const endpoint = await serve(at(KEYS, 0));
      const ctx = verifierNode(1, listed({ address: one, endpoint }));
      expect((await findAttestors(ctx, {}, search([], [own]))).map(({ address }) => address)).to.deep.equal([one]);
      const both = verifierNode(2, listed({ address: one, endpoint }, { address: three }));
      expect((await findAttestors(both, {}, search([], [own]))).map(({ address }) => address)).to.deep.equal([
        three,
        one,
      ]);
    });

    it("passes over one that is down while there are others, and one named twice", async () => {
      const url = await serve(at(KEYS, 0));
      const ctx = verifierNode(1, listed({ address: one }));
      expect(await findAttestors(ctx, {}, search([down, url]))).to.have.length(1);
      const two = verifierNode(2, listed({ address: one }));
      const error = await caught(findAttestors(two, {}, search([url, `${url}/`])));
      expect(error).to.include({ code: "ZG_ATTESTORS_MISSING" });
      expect(error.details).to.include({ required: 2, found: 1 });
    });

    it("says why too few can be asked", async () => {
      const ctx = verifierNode(2, listed({ address: one, endpoint: down }, { address: two }));
      const error = await caught(findAttestors(ctx, {}, search([])));
      expect(error).to.include({ code: "ZG_ATTESTORS_MISSING", exit: 3 });
      expect(error.message).to.include(down);
    });

    it("refuses a named attestor that the verifier does not list", async () => {
      const url = await serve(at(KEYS, 1));
      const error = await caught(findAttestors(verifierNode(1, listed({ address: one })), {}, search([url])));
      expect(error).to.include({ code: "ZG_ATTESTOR_UNKNOWN", exit: 5 });
      expect(error.details).to.include({ attestor: two, verifier: VERIFIER });
    });

    for (const [state, times] of [
      ["scheduled", { activeFrom: 1_800_000_001n }],
      ["expired", { validUntil: 1_800_000_000n }],
    ] as const) {
      it(`refuses a named attestor that is ${state}`, async () => {
        const url = await serve(at(KEYS, 0));
        const ctx = verifierNode(1, listed({ address: one, ...times }));
        expect(await caught(findAttestors(ctx, {}, search([url])))).to.include({ code: "ZG_ATTESTOR_UNKNOWN" });
      });
    }

    it("asks nobody whose published address is no address for it, and refuses one that was named", async () => {
      const ctx = verifierNode(1, listed({ address: one, endpoint: "http://attestor.example" }));
      expect(await caught(findAttestors(ctx, {}, search([])))).to.include({ code: "ZG_ATTESTORS_MISSING" });
      expect(await caught(findAttestors(ctx, {}, search(["http://attestor.example"])))).to.include({
        code: "ZG_ATTESTOR_URL",
      });
    });

    it("takes an attestor of another chain for none", async () => {
      const { url } = await serveAttestor({
        attestor: { ...attestation.contextOf(KEYS[0]), chainId: 16661 },
        host: "127.0.0.1",
        port: 0,
      }).then((server) => {
        servers.push(server);
        return server;
      });
      const error = await caught(findAttestors(verifierNode(1, listed({ address: one })), {}, search([url])));
      expect(error).to.include({ code: "ZG_ATTESTORS_MISSING" });
      expect(error.message).to.include("16661");
    });
  });
});
