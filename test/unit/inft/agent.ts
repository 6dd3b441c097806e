import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { DATA_KEY_BYTES, SEALED_KEY_BYTES, envelopeToken, publicKeyOf } from "../../../lib/sealing/index.ts";
import type { Address } from "../../../lib/hex.ts";
import {
  agentDescription,
  assertAgent,
  decodeAgent,
  decodeAgentPart,
  encodeAgentPart,
  isAgentDescription,
  sealAgent,
  type AgentPart,
} from "../../../lib/inft/agent.ts";
import { openDatum } from "../../../lib/inft/content.ts";
import { AgentDataError, AgentMalformedError } from "../../../lib/inft/errors.ts";
import { storageRoot } from "../../../lib/storage/merkle.ts";

const text = (value: string) => new TextEncoder().encode(value);
const WEIGHTS: AgentPart = { part: "weights", name: "weights.bin", bytes: Uint8Array.of(0, 10, 255, 123) };
const CONFIG: AgentPart = { part: "config", name: "config.json", bytes: text('{"temperature":0}') };
const CAPABILITIES: AgentPart = {
  part: "capabilities",
  name: "capabilities.json",
  bytes: text('["chat",{"name":"search","url":"https://example.org"}]'),
};
const EMPTY: AgentPart = { part: "file", name: "notes/empty.txt", bytes: new Uint8Array(0) };
const PARTS = [WEIGHTS, CONFIG, CAPABILITIES, EMPTY];

describe("a part of an agent", () => {
  it("keeps its bytes, name and kind", () => {
    for (const part of PARTS) expect(decodeAgentPart(encodeAgentPart(part))).to.deep.equal(part);
  });

  it("is a line of JSON and the bytes, which anybody can read without us", () => {
    const header = '{"kind":"0g-agent-part","version":1,"part":"weights","name":"weights.bin","bytes":4}\n';
    expect([...encodeAgentPart(WEIGHTS)]).to.deep.equal([...text(header), 0, 10, 255, 123]);
  });

  it("is described in public by its kind alone", () => {
    expect(agentDescription("weights")).to.equal("application/vnd.0g.agent.weights");
    expect(isAgentDescription("application/vnd.0g.agent.weights")).to.equal(true);
    for (const other of [
      "application/vnd.0g.agent.",
      "application/vnd.0g.agent.other",
      "application/vnd.0g.inference",
    ]) {
      expect(isAgentDescription(other)).to.equal(false);
    }
  });

  const header = { kind: "0g-agent-part", version: 1, part: "file", name: "a", bytes: 1 };
  const document = (change: object, rest = "x") => text(`${JSON.stringify({ ...header, ...change })}\n${rest}`);
  for (const [what, bytes] of [
    ["nothing", new Uint8Array(0)],
    ["no line", text(JSON.stringify(header))],
    ["a line that does not end soon", text(`${" ".repeat(9_000)}${JSON.stringify(header)}\nx`)],
    ["no UTF-8", Uint8Array.of(0xff, 10)],
    ["no JSON", text("{\n")],
    ["another kind of document", document({ kind: "other" })],
    ["an unknown version", document({ version: 2 })],
    ["an unknown part", document({ part: "soul" })],
    ["a name that leads elsewhere", document({ name: "../a" })],
    ["an absolute name", document({ name: "/a" })],
    ["fewer bytes than announced", document({}, "")],
    ["more bytes than announced", document({}, "xy")],
    ["a number of bytes that is none", document({ bytes: -1 })],
    ["more than it should be", document({ extra: 1 })],
  ] as const) {
    it(`is refused: ${what}`, () => {
      expect(() => decodeAgentPart(bytes))
        .to.throw(AgentMalformedError)
        .that.includes({ code: "ZG_AGENT", exit: 5 });
    });
  }
});

describe("an agent", () => {
  it("comes back from its plaintexts, part by part", () => {
    expect(decodeAgent(PARTS.map(encodeAgentPart))).to.deep.equal({ parts: PARTS });
  });

  const many = (count: number) => Array.from({ length: count }, (_, i): AgentPart => ({ ...EMPTY, name: `${i}` }));
  const json = (part: AgentPart, value: string): AgentPart => ({ ...part, bytes: text(value) });
  for (const [what, parts, problem] of [
    ["without parts", [], "nothing"],
    ["with more parts than a token holds", many(256), "256 parts"],
    ["with two parts of one name", [EMPTY, { ...WEIGHTS, name: "Notes/Empty.txt" }], "Notes/Empty.txt"],
    ["with a name that leads elsewhere", [{ ...EMPTY, name: "../a" }], "leads elsewhere"],
    ["whose config is not JSON", [json(CONFIG, "temperature: 0")], "config.json, its config, is not JSON"],
    ["whose config is a list", [json(CONFIG, "[]")], "not a JSON object"],
    ["whose capabilities are no list", [json(CAPABILITIES, '{"chat":true}')], "not a JSON list"],
    ["with an empty list of capabilities", [json(CAPABILITIES, "[]")], "empty"],
    ["with a capability without a name", [json(CAPABILITIES, '["chat",{"url":"x"}]')], "capabilities"],
  ] as const) {
    it(`is refused ${what}, both ways`, () => {
      expect(() => assertAgent({ parts }))
        .to.throw(AgentDataError, problem)
        .that.includes({ code: "ZG_AGENT_DATA", exit: 2 });
      expect(() => decodeAgent(parts.map(encodeAgentPart))).to.throw(AgentMalformedError);
    });
  }

  it("has up to 255 parts", () => {
    assertAgent({ parts: many(255) });
  });
});

describe("a sealed agent", () => {
  const privateKey = new Uint8Array(32).fill(7);
  const inft: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
  const seal = () =>
    sealAgent({ chainId: 16602, inft, agent: { parts: PARTS }, ownerPublicKey: publicKeyOf(privateKey), randomBytes });

  it("opens with the owner's key, whatever id its token gets", () => {
    const { datas, sealedKeys, ciphertexts } = seal();
    const plaintexts = datas.map(({ dataHash }, index) => {
      const [ciphertext = expect.fail(), sealedKey = expect.fail()] = [ciphertexts[index], sealedKeys[index]];
      return openDatum({
        ciphertext,
        dataHash,
        sealedKey,
        privateKey,
        chainId: 16602,
        contract: inft,
        tokenId: 5n,
        index,
      });
    });
    expect(decodeAgent(plaintexts)).to.deep.equal({ parts: PARTS });
  });

  it("is what the contract takes: a description, a storage root and a sealed key for each part", () => {
    const { datas, sealedKeys, ciphertexts } = seal();
    expect(datas).to.deep.equal(
      PARTS.map(({ part }, index) => ({
        dataDescription: `application/vnd.0g.agent.${part}`,
        dataHash: storageRoot(ciphertexts[index] ?? expect.fail()),
      })),
    );
    for (const key of sealedKeys) expect(key).to.have.length(2 + 2 * SEALED_KEY_BYTES);
  });

  it("binds its parts to one random salt, and gives each a key of its own", () => {
    const drawn: number[] = [];
    const one = sealAgent({
      chainId: 16602,
      inft,
      agent: { parts: PARTS },
      ownerPublicKey: publicKeyOf(privateKey),
      randomBytes: (length) => {
        drawn.push(length);
        return randomBytes(length);
      },
    });
    const salts = new Set(one.ciphertexts.map(envelopeToken));
    expect(salts.size).to.equal(1);
    expect([...salts]).to.not.include(envelopeToken(seal().ciphertexts[0] ?? expect.fail()));
    expect(drawn.filter((length) => length === DATA_KEY_BYTES)).to.have.length(1 + 2 * PARTS.length);
    const commitments = one.ciphertexts.map((envelope) => Buffer.from(envelope.subarray(33, 65)).toString("hex"));
    expect(new Set(commitments).size).to.equal(PARTS.length);
  });

  it("is not made of what is no agent", () => {
    const agent = { parts: [] };
    expect(() => sealAgent({ chainId: 1, inft, agent, ownerPublicKey: publicKeyOf(privateKey), randomBytes })).to.throw(
      AgentDataError,
    );
  });
});
