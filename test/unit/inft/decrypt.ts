import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { toHex, type Address, type Hex } from "../../../lib/hex.ts";
import { agentDescription, encodeAgentPart, sealAgent, type AgentPart } from "../../../lib/inft/agent.ts";
import { CONTENT_DESCRIPTION, encodeContent, sealDatum } from "../../../lib/inft/content.ts";
import { decryptedFiles, decryptToken, type DecryptTokenParams } from "../../../lib/inft/decrypt.ts";
import { decryptionKey, type DecryptionKey } from "../../../lib/inft/decryption-key.ts";
import {
  AgentMalformedError,
  ContentMalformedError,
  ContentNotHereError,
  KeysNotPublishedError,
  SealedToAnotherKeyError,
  TokenWithoutDataError,
} from "../../../lib/inft/errors.ts";
import type { TokenView } from "../../../lib/inft/show.ts";
import { encryptForGoAgent } from "../../../lib/sealing/go-agent-envelope.ts";
import { publicKeyOf } from "../../../lib/sealing/index.ts";
import { SealedKeyMalformedError } from "../../../lib/sealing/errors.ts";
import { MemoryObjectStore } from "../../../lib/storage/object-store.ts";
import { StorageRootMismatchError } from "../../../lib/storage/errors.ts";

const text = (value: string) => new TextEncoder().encode(value);
const INFT: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const GO_KEY = { key: new Uint8Array(32).fill(3), id: "default" };

const OWNER = decryptionKey(new Uint8Array(32).fill(1), "GALILEO_PRIVATE_KEY");
const APART = decryptionKey(new Uint8Array(32).fill(2), "GALILEO_DECRYPTION_KEY");
const STRANGER = decryptionKey(new Uint8Array(32).fill(9), "a stranger");

const CONFIG: AgentPart = { part: "config", name: "config.json", bytes: text("{}") };
const WEIGHTS: AgentPart = { part: "weights", name: "weights/1.bin", bytes: Uint8Array.of(0, 255) };

type Changes = Partial<Omit<DecryptTokenParams, "token" | "keys">> & { readonly token?: Partial<TokenView> };

/** A token whose data are sealed to a key, and its decryption with some keys. */
async function tokenOf(
  plaintexts: readonly { readonly description: string; readonly bytes: Uint8Array }[],
  sealTo: DecryptionKey = OWNER,
) {
  const objects = new MemoryObjectStore();
  const place = { chainId: 16602, contract: INFT, token: toHex(randomBytes(32)) };
  const sealed = plaintexts.map(({ description, bytes }, index) => ({
    description,
    ...sealDatum(bytes, { ...place, index }, publicKeyOf(sealTo.privateKey), randomBytes),
  }));
  for (const { dataHash, ciphertext } of sealed) await objects.put(dataHash, ciphertext);
  const token: TokenView = {
    inft: INFT,
    tokenId: 7n,
    owner: OWNER.account,
    proven: false,
    sequence: 0n,
    datas: sealed.map(({ description, dataHash }) => ({ dataDescription: description, dataHash })),
    sealedKeys: sealed.map(({ sealedKey }) => sealedKey),
    sealedTo: OWNER.account,
  };
  let asked = 0;
  const decrypt = async (keys: readonly DecryptionKey[] = [OWNER], { token: change, ...changes }: Changes = {}) =>
    decryptToken({
      token: { ...token, ...change },
      chainId: 16602,
      network: "localhost",
      keys: async () => {
        asked++;
        return Promise.resolve(keys);
      },
      goAgentKey: () => GO_KEY,
      ciphertext: async (root) => {
        const bytes = await objects.get(root);
        return bytes === undefined ? { asked: [] } : { bytes };
      },
      sealingAccount: async () => Promise.resolve(undefined),
      publishedMetadata: async () => Promise.resolve(undefined),
      ...changes,
    });
  return { token, objects, decrypt, asked: () => asked };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
}

const REQUEST = text('{"messages":[]}');
const inference = (response: string) => ({
  description: CONTENT_DESCRIPTION,
  bytes: encodeContent({ request: REQUEST, response: text(response) }),
});
const part = (one: AgentPart) => ({ description: agentDescription(one.part), bytes: encodeAgentPart(one) });

describe("the data of a token", () => {
  it("comes back as the files it was made of", async () => {
    const { decrypt, token, asked } = await tokenOf([part(CONFIG), part(WEIGHTS)]);
    expect(await decrypt()).to.deep.equal(
      [CONFIG, WEIGHTS].map(({ name, bytes }, index) => ({
        index,
        ...token.datas[index],
        content: "agent part",
        openedWith: `${OWNER.account} (GALILEO_PRIVATE_KEY)`,
        files: [{ name, bytes }],
      })),
    );
    expect(asked()).to.equal(1);
  });

  it("comes back from what sealAgent made", async () => {
    const { decrypt, objects } = await tokenOf([]);
    const agent = { parts: [WEIGHTS, CONFIG] };
    const ownerPublicKey = publicKeyOf(OWNER.privateKey);
    const sealed = sealAgent({ chainId: 16602, inft: INFT, agent, ownerPublicKey, randomBytes });
    for (const [index, { dataHash }] of sealed.datas.entries()) {
      await objects.put(dataHash, sealed.ciphertexts[index] ?? expect.fail());
    }
    const opened = await decrypt([OWNER], { token: { datas: sealed.datas, sealedKeys: sealed.sealedKeys } });
    expect(decryptedFiles(opened)).to.deep.equal([WEIGHTS, CONFIG].map(({ name, bytes }) => ({ name, bytes })));
  });

  it("of an inference is its request and its response, byte for byte", async () => {
    for (const [response, name] of [
      ['{"choices":[]}', "response.json"],
      ["data: {}\n\n", "response.txt"],
    ] as const) {
      const { decrypt } = await tokenOf([inference(response)]);
      const [datum] = await decrypt();
      expect(datum).to.deep.include({
        content: "inference",
        files: [
          { name: "request.json", bytes: REQUEST },
          { name, bytes: text(response) },
        ],
      });
    }
  });

  it("of any other kind is its bytes", async () => {
    const { decrypt } = await tokenOf([part(CONFIG), { description: "a picture", bytes: Uint8Array.of(1, 2) }]);
    const [, datum] = await decrypt();
    expect(datum).to.deep.include({ content: "bytes", files: [{ name: "datum-1", bytes: Uint8Array.of(1, 2) }] });
  });

  it("of the Go inference agent opens with that agent's key alone", async () => {
    const metadata = encryptForGoAgent(text('{"task_id":"t"}'), GO_KEY, randomBytes);
    const { decrypt, asked } = await tokenOf([]);
    const dataHash: Hex = `0x${"12".repeat(32)}`;
    const [datum] = await decrypt([], {
      token: { datas: [{ dataDescription: "result", dataHash }] },
      publishedMetadata: async (hash) => Promise.resolve(hash === dataHash ? metadata : undefined),
    });
    expect(datum).to.deep.include({
      content: "go agent metadata",
      openedWith: "the agent's key default",
      files: [{ name: "metadata-0.json", bytes: text('{"task_id":"t"}') }],
    });
    expect(asked()).to.equal(0);
  });

  it("opens with the one of several keys that it was sealed to, and says with which", async () => {
    for (const [sealTo, keys] of [
      [APART, [OWNER, APART]],
      [OWNER, [APART, OWNER]],
    ] as const) {
      const { decrypt } = await tokenOf([part(CONFIG)], sealTo);
      const [datum] = await decrypt(keys);
      expect(datum?.openedWith).to.equal(`${sealTo.account} (${sealTo.from})`);
    }
  });

  describe("does not open", () => {
    it("with another's key, and the refusal names whose it is and which keys were tried", async () => {
      const { decrypt } = await tokenOf([part(CONFIG)]);
      const error = await rejection(decrypt([STRANGER, APART]));
      expect(error).to.be.instanceOf(SealedToAnotherKeyError).and.to.include({ code: "ZG_SEALED_TO", exit: 3 });
      expect(error)
        .to.have.property("details")
        .that.deep.equals({
          tokenId: 7n,
          index: 0,
          sealedTo: OWNER.account,
          tried: [STRANGER, APART].map(({ account, from }) => ({ account, from })),
        });
      expect(error).to.have.property("remedy").that.includes(`--as ${OWNER.account}`);
    });

    it("with the owner's own key where it was sealed to a separate one, and the refusal says so", async () => {
      const { decrypt } = await tokenOf([part(CONFIG)], APART);
      const error = await rejection(decrypt([OWNER]));
      expect(error).to.be.instanceOf(SealedToAnotherKeyError);
      expect(error).to.have.property("message").that.includes("an encryption key apart from its own");
      expect(error).to.have.property("remedy").that.includes("GALILEO_DECRYPTION_KEY");
    });

    it("with another key than the one that the chain names, and the refusal names it, too", async () => {
      const { decrypt } = await tokenOf([part(CONFIG)], APART);
      const known = await rejection(decrypt([OWNER], { sealingAccount: async () => Promise.resolve(APART.account) }));
      expect(known).to.be.instanceOf(SealedToAnotherKeyError);
      expect(known)
        .to.have.property("details")
        .that.includes({ sealedTo: OWNER.account, encryptionKey: APART.account });
      expect(known).to.have.property("message").that.includes(`to the key of ${APART.account}`);
      expect(known).to.have.property("remedy").that.includes("GALILEO_DECRYPTION_KEY");
      const own = await rejection(decrypt([STRANGER], { sealingAccount: async () => Promise.resolve(OWNER.account) }));
      expect(own).to.have.property("remedy").that.includes(`--as ${OWNER.account}`);
    });

    it("with a damaged sealed key, whatever other keys there are", async () => {
      const { decrypt } = await tokenOf([part(CONFIG)]);
      expect(await rejection(decrypt([OWNER], { token: { sealedKeys: ["0x04"] } }))).to.be.instanceOf(
        SealedKeyMalformedError,
      );
    });

    it("where its ciphertext is not, and asks for no key then", async () => {
      const { decrypt, token, asked } = await tokenOf([part(CONFIG)]);
      const answers = ["https://attestor.example does not keep it"];
      const error = await rejection(decrypt([OWNER], { ciphertext: async () => Promise.resolve({ asked: answers }) }));
      expect(error).to.be.instanceOf(ContentNotHereError);
      expect(error).to.have.property("details").that.deep.equals({
        tokenId: 7n,
        network: "localhost",
        dataHash: token.datas[0]?.dataHash,
        asked: answers,
      });
      expect(error).to.have.property("message").that.includes("attestor.example");
      expect(asked()).to.equal(0);
    });

    it("when what is kept is not what the chain lists", async () => {
      const { decrypt } = await tokenOf([part(CONFIG)]);
      const wrong = { ciphertext: async () => Promise.resolve({ bytes: Uint8Array.of(1) }) };
      expect(await rejection(decrypt([OWNER], wrong))).to.be.instanceOf(StorageRootMismatchError);
    });

    it("without keys published for it", async () => {
      const { decrypt, token } = await tokenOf([part(CONFIG), part(WEIGHTS)]);
      const { sealedKeys = [] } = token;
      const error = await rejection(decrypt([OWNER], { token: { sealedKeys: sealedKeys.slice(0, 1) } }));
      expect(error).to.be.instanceOf(KeysNotPublishedError);
    });

    it("when there is none", async () => {
      const { decrypt } = await tokenOf([]);
      expect(await rejection(decrypt()))
        .to.be.instanceOf(TokenWithoutDataError)
        .with.property("details")
        .that.deep.equals({ tokenId: 7n });
    });

    it("as what it is not", async () => {
      const bytes = encodeAgentPart(CONFIG);
      for (const [description, expected] of [
        [agentDescription("weights"), AgentMalformedError],
        [CONTENT_DESCRIPTION, ContentMalformedError],
      ] as const) {
        const { decrypt } = await tokenOf([{ description, bytes }]);
        expect(await rejection(decrypt())).to.be.instanceOf(expected);
      }
    });
  });

  it("goes into a folder for each datum where two names are one on some system", async () => {
    const { decrypt } = await tokenOf([part(CONFIG), part({ ...WEIGHTS, name: "Config.json" }), inference("x")]);
    const names = decryptedFiles(await decrypt()).map(({ name }) => name);
    expect(names).to.deep.equal(["0/config.json", "1/Config.json", "2/request.json", "2/response.txt"]);
  });
});
