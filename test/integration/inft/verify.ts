import { randomBytes } from "node:crypto";

import { expect } from "chai";
import { Wallet, getCreateAddress, keccak256, makeError, type Log } from "ethers";

import type { ReadContext } from "../../../lib/chain/context.ts";
import { createBroker } from "../../../lib/broker/broker.ts";
import { fetchSignature } from "../../../lib/compute/signature.ts";
import { checksum, fromHex, type Address, type Hex } from "../../../lib/hex.ts";
import { deployInft } from "../../../lib/inft/deploy.ts";
import { moduleAddresses, unknownImmutables } from "../../../lib/inft/code.ts";
import { decryptionKey } from "../../../lib/inft/decryption-key.ts";
import { TokenMissingError, TokenNotProvenError } from "../../../lib/inft/errors.ts";
import { dialectsInterface, inftInterface } from "../../../lib/inft/contracts.ts";
import { topicOf } from "../../../lib/inft/events.ts";
import { syncDraft } from "../../../lib/inft/mint-batch.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import {
  commitDraft,
  commitMint,
  mintPlain,
  prepareInferenceMint,
  revealDraft,
  revealMint,
  sealInference,
  type MintableResult,
} from "../../../lib/inft/mint.ts";
import { ownerPublicKey } from "../../../lib/inft/owner-key.ts";
import { readListedModel, readRecord } from "../../../lib/inft/show.ts";
import { assertProven, verifyToken, type TokenCheck, type TokenVerification } from "../../../lib/inft/verify.ts";
import { sha256Hex, signedText } from "../../../lib/protocol/signed-text.ts";
import { MemoryObjectStore } from "../../../lib/storage/object-store.ts";
import { NEURON_PER_0G } from "../../../lib/units.ts";
import { NETWORK, openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

const CHAIN = ["code", "serving", "record", "token-id", "signature", "contract", "signer-at-mint", "signer-now"];
const CONTENT = ["ciphertext", "content", "request", "response"];

function namesOf(verification: TokenVerification, status: TokenCheck["status"]): string[] {
  return verification.checks.filter((check) => check.status === status).map(({ name }) => name);
}
function detailOf(verification: TokenVerification, name: string): string | undefined {
  return verification.checks.find((check) => check.name === name)?.detail;
}

describe("verifying a token", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  /** Where a ciphertext is found, whatever its hash. */
  const held = (ciphertext: Uint8Array) => async () => Promise.resolve(ciphertext);
  const keysOf = (user: Workshop["minter"]) => [decryptionKey(shop.privateKeyOf(user), "the test")];

  async function minted() {
    const provider = await shop.listProvider();
    const result = await shop.resultOf(provider);
    const { prepared, ciphertext } = await shop.prepare(result);
    await commitMint(shop.ctx, prepared);
    await revealMint(shop.ctx, prepared);
    const query = { inft: shop.inft, tokenId: prepared.tokenId, trustedCode: shop.trustedCode };
    return { provider, result, prepared, ciphertext: held(ciphertext), query, keys: keysOf(shop.minter) };
  }

  /** Answers some calls otherwise, as a lying contract or a forgetful node would. */
  function contextWith(changes: Record<string, (original: (...args: never[]) => unknown) => unknown>): ReadContext {
    const provider = new Proxy(shop.ctx.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const bound = value.bind(target) as (...args: never[]) => unknown;
        return typeof name === "string" && name in changes ? changes[name]?.(bound) : bound;
      },
    });
    return { network: NETWORK, provider };
  }

  it("proves a minted inference from chain data alone, and says what it did not check", async () => {
    const { query } = await minted();
    const verification = await verifyToken(shop.ctx, query);
    expect(verification.status).to.equal("proven");
    expect(namesOf(verification, "passed")).to.deep.equal(CHAIN);
    expect(namesOf(verification, "not checked")).to.deep.equal(CONTENT);
    expect(verification).to.not.have.property("content");
  });

  it("checks the ciphertext without a key, and the content with the owner's", async () => {
    const { query, ciphertext, keys } = await minted();
    const unopened = await verifyToken(shop.ctx, { ...query, ciphertext });
    expect(namesOf(unopened, "passed")).to.deep.equal([...CHAIN, "ciphertext"]);
    expect(detailOf(unopened, "content")).to.equal("needs the owner's key");

    const opened = await verifyToken(shop.ctx, { ...query, ciphertext, keys });
    expect(opened.status).to.equal("proven");
    expect(namesOf(opened, "passed")).to.deep.equal([...CHAIN, ...CONTENT]);
    expect(opened.content).to.deep.equal(shop.content);
  });

  it("does not blame the token for a key that is not its owner's", async () => {
    const { query, ciphertext } = await minted();
    const verification = await verifyToken(shop.ctx, { ...query, ciphertext, keys: keysOf(shop.stranger) });
    expect(verification.status).to.equal("proven");
    expect(namesOf(verification, "not checked")).to.include("content");
    expect(detailOf(verification, "content"))
      .to.include(`sealed for ${shop.minter.address}`)
      .and.to.include(shop.stranger.address);
  });

  it("rejects another ciphertext", async () => {
    const { query, ciphertext, keys } = await minted();
    const bytes = await ciphertext();
    for (const altered of [bytes.with(70, (bytes[70] ?? 0) ^ 1), new Uint8Array(0)]) {
      const verification = await verifyToken(shop.ctx, { ...query, ciphertext: held(altered), keys });
      expect(verification.status).to.equal("rejected");
      expect(namesOf(verification, "failed")).to.deep.equal(["ciphertext"]);
      expect(detailOf(verification, "content")).to.equal("the ciphertext is not the token's");
    }
  });

  it("rejects content other than what the TEE signed", async () => {
    const provider = await shop.listProvider();
    const result = await shop.resultOf(provider);
    const sealed = sealInference({
      network: NETWORK,
      inft: shop.inft,
      result,
      content: { request: shop.content.request, response: new TextEncoder().encode("5") },
      ownerPublicKey: await ownerPublicKey(shop.minter.signer),
      randomBytes,
    });
    const { address } = shop.minter;
    const prepared = prepareInferenceMint({
      network: NETWORK,
      inft: shop.inft,
      minter: address,
      to: address,
      result,
      sealed,
    });
    await commitMint(shop.ctx, prepared);
    await revealMint(shop.ctx, prepared);
    const verification = await verifyToken(shop.ctx, {
      inft: shop.inft,
      tokenId: prepared.tokenId,
      trustedCode: shop.trustedCode,
      ciphertext: held(sealed.ciphertext),
      keys: keysOf(shop.minter),
    });
    expect(verification.status).to.equal("rejected");
    expect(namesOf(verification, "failed")).to.deep.equal(["response"]);
  });

  it("rejects the data of another result, sealed though they are to the same owner", async () => {
    const one = await minted();
    const provider = await shop.listProvider();
    const [request, response] = ["another request", "another response"].map((text) => sha256Hex(Buffer.from(text)));
    const result = await shop.resultOf(provider, {
      requestHash: `0x${request}`,
      responseHash: `0x${response}`,
      signature: (await provider.tee.signMessage(signedText(request ?? "", response ?? ""))) as Hex,
    });
    const { address } = shop.minter;
    const copy = prepareInferenceMint({
      network: NETWORK,
      inft: shop.inft,
      minter: address,
      to: address,
      result,
      sealed: one.prepared,
    });
    await commitMint(shop.ctx, copy);
    await revealMint(shop.ctx, copy);
    const verification = await verifyToken(shop.ctx, {
      inft: shop.inft,
      tokenId: copy.tokenId,
      trustedCode: shop.trustedCode,
      ciphertext: one.ciphertext,
      keys: one.keys,
    });
    expect(verification.status).to.equal("rejected");
    expect(namesOf(verification, "failed")).to.deep.equal(["request", "response"]);
  });

  describe("whose data moved on", () => {
    it("proves it through a transfer; the buyer's key opens it, and the seller's no longer does", async () => {
      const { query, ciphertext } = await minted();
      const { tokenId } = query;
      const token = { tokenId, ciphertext: await ciphertext() };
      const { proofs, ciphertext: fresh } = await shop.deliver("transfer", token, shop.minter, shop.stranger);
      const { hash } = await shop.send(shop.ctx, "iTransfer", shop.stranger.address, tokenId, proofs);

      const bought = await verifyToken(shop.ctx, { ...query, ciphertext: held(fresh), keys: keysOf(shop.stranger) });
      expect(bought.status).to.equal("proven");
      expect(namesOf(bought, "passed")).to.deep.equal([...CHAIN, ...CONTENT]);
      expect(detailOf(bought, "record")).to.include(`changed once since, last by a transfer in ${hash}`);
      expect(bought.content).to.deep.equal(shop.content);

      const sold = await verifyToken(shop.ctx, { ...query, ciphertext: held(fresh), keys: keysOf(shop.minter) });
      expect(namesOf(sold, "not checked")).to.deep.equal(["content", "request", "response"]);
    });

    it("leaves it to the decrypted bytes whether an update by the owner is still the inference", async () => {
      const { query, keys, result } = await minted();
      const content = { ...shop.content, response: new TextEncoder().encode("5") };
      const ownerPublicKeyBytes = await ownerPublicKey(shop.minter.signer);
      const other = sealInference({
        ...{ network: NETWORK, inft: shop.inft, result, content, randomBytes },
        ownerPublicKey: ownerPublicKeyBytes,
      });
      await shop.send(shop.ctx, "updateHashes", query.tokenId, [other.datas[0]?.dataHash], other.sealedKeys);

      const unopened = await verifyToken(shop.ctx, query);
      expect(unopened.status, "no event contradicts it").to.equal("proven");
      expect(detailOf(unopened, "record")).to.include("last by an update by its owner");
      expect(namesOf(unopened, "not checked")).to.deep.equal(CONTENT);

      const opened = await verifyToken(shop.ctx, { ...query, ciphertext: held(other.ciphertext), keys });
      expect(opened.status).to.equal("rejected");
      expect(namesOf(opened, "failed")).to.deep.equal(["response"]);
    });

    it("rejects it when an event of the change is missing", async () => {
      const { query } = await minted();
      await shop.send(shop.ctx, "updateHashes", query.tokenId, [`0x${"33".repeat(32)}`], []);
      const topic = topicOf("DataHashesUpdated");
      const silent = contextWith({
        getLogs: (original) => async (filter: never) => {
          const logs = (await original(filter)) as Log[];
          return logs.filter(({ topics }) => topics[0] !== topic);
        },
      });
      const verification = await verifyToken(silent, query);
      expect(verification.status).to.equal("rejected");
      expect(namesOf(verification, "failed")).to.deep.equal(["record"]);
    });
  });

  describe("minted with a remembered signer", () => {
    /** The provider's signer is remembered, half an hour passes, the provider takes another one, then comes the mint. */
    async function mintedLate() {
      const provider = await shop.listProvider();
      const { prepared } = await shop.prepare(await shop.resultOf(provider));
      await sendToInft(shop.ctx, commitDraft(prepared));
      await sendToInft(shop.ctx, syncDraft(shop.inft, provider.address));
      await shop.connection.networkHelpers.time.increase(1_800);
      const teeSignerAddress = checksum(Wallet.createRandom().address);
      await shop.galileo.registerService({ address: provider.address, teeSignerAddress });
      await sendToInft(shop.ctx, revealDraft(prepared));
      return { inft: shop.inft, tokenId: prepared.tokenId, trustedCode: shop.trustedCode };
    }

    it("proves it by what was listed when the contract read the signer, and says that it is another's now", async () => {
      const verification = await verifyToken(shop.ctx, await mintedLate());
      expect(verification.status).to.equal("proven");
      expect(namesOf(verification, "failed")).to.deep.equal(["signer-now"]);
    });

    it("rejects it when the contract never read a signer then", async () => {
      const query = await mintedLate();
      const topic = inftInterface().getEvent("SignerSynced")?.topicHash;
      const silent = contextWith({
        getLogs: (original) => async (filter: { topics?: unknown[] }) =>
          filter.topics?.[0] === topic ? [] : original(filter as never),
      });
      const verification = await verifyToken(silent, query);
      expect(verification.status).to.equal("rejected");
      expect(namesOf(verification, "failed")).to.deep.equal(["signer-at-mint", "signer-now"]);
      expect(detailOf(verification, "signer-at-mint")).to.include("never did");
    });
  });

  it("still proves a token whose provider changed its signer, and says that it did", async () => {
    const { query, provider } = await minted();
    await shop.galileo.registerService({
      address: provider.address,
      teeSignerAddress: checksum(Wallet.createRandom().address),
    });
    const verification = await verifyToken(shop.ctx, query);
    expect(verification.status).to.equal("proven");
    expect(namesOf(verification, "failed")).to.deep.equal(["signer-now"]);
  });

  it("says when the endorsement was taken back", async () => {
    const { query, provider } = await minted();
    await shop.galileo.unendorse(provider.address);
    const verification = await verifyToken(shop.ctx, query);
    expect(verification.status).to.equal("proven");
    expect(detailOf(verification, "signer-now")).to.equal(`${checksum(provider.tee.address)} is listed, not endorsed`);
  });

  it("is incomplete when only the iNFT contract's word stands for a signer", async () => {
    const { query, provider } = await minted();
    await shop.galileo.unendorse(provider.address);
    const serving = NETWORK.contracts.inferenceServing;
    const forgetful = contextWith({
      call: (original) => async (transaction: { to?: string; blockTag?: unknown }) => {
        if (transaction.to === serving && typeof transaction.blockTag === "number") {
          throw makeError("missing trie node", "UNKNOWN_ERROR");
        }
        return original(transaction as never);
      },
    });
    const verification = await verifyToken(forgetful, query);
    expect(verification.status).to.equal("incomplete");
    expect(namesOf(verification, "not checked")).to.include("signer-at-mint");
  });

  it("rejects a token of a contract that takes its signers from somewhere else", async () => {
    const mock = (await shop.connection.ethers.deployContract("InferenceServing__MockForINFT")) as unknown as {
      getAddress(): Promise<string>;
      setService(service: unknown): Promise<unknown>;
    };
    const inferenceServing = checksum(await mock.getAddress());
    const elsewhere = { ...NETWORK, contracts: { ...NETWORK.contracts, inferenceServing } };
    const ctx = { ...shop.ctx, network: elsewhere };
    const { address: inft } = await deployInft(ctx, shop.artifact, {
      name: "Fake",
      symbol: "FAKE",
      verifier: shop.verifier,
    });
    const tee = Wallet.createRandom();
    const provider = checksum(tee.address);
    await mock.setService({
      provider,
      serviceType: "chatbot",
      url: "",
      inputPrice: 0n,
      outputPrice: 0n,
      updatedAt: 0n,
      model: "m",
      verifiability: "TeeML",
      additionalInfo: "{}",
      teeSignerAddress: provider,
      teeSignerAcknowledged: true,
    });
    const result = await shop.resultOf({ address: provider, tee });
    const key = await ownerPublicKey(shop.minter.signer);
    const sealed = sealInference({
      network: elsewhere,
      inft,
      result,
      content: shop.content,
      ownerPublicKey: key,
      randomBytes,
    });
    const { address } = shop.minter;
    const prepared = prepareInferenceMint({ network: elsewhere, inft, minter: address, to: address, result, sealed });
    await commitMint(ctx, prepared);
    await revealMint(ctx, prepared);
    const verification = await verifyToken(shop.ctx, { inft, tokenId: prepared.tokenId });
    expect(verification.status).to.equal("rejected");
    expect(namesOf(verification, "failed")).to.deep.equal(["serving", "token-id", "signer-at-mint", "signer-now"]);
    expect(namesOf(verification, "not checked")).to.include("code");
  });

  describe("a contract of other code", () => {
    const dataHash = `0x${"0f".repeat(32)}`;

    /** The genuine record of a minted token, told again for the stranger and beside other data. */
    async function forgery() {
      const { query } = await minted();
      const record = await readRecord(shop.ctx, query);
      if (record === undefined) return expect.fail("no record");
      const { provider, teeSigner, requestHash, responseHash, signature } = record;
      const provenance = { provider, teeSigner, requestHash, responseHash, signature };
      return { ...query, forged: { tokenId: query.tokenId, owner: shop.stranger.address, dataHash, provenance } };
    }
    async function fake(forged: object): Promise<Address> {
      const { ethers } = shop.connection;
      const mock = await ethers.deployContract("INFT__MockForVerify", [NETWORK.contracts.inferenceServing]);
      const contract = mock as unknown as { forge(forged: object): Promise<unknown>; getAddress(): Promise<string> };
      await contract.forge(forged);
      return checksum(await contract.getAddress());
    }
    /** Genuine code with a genuine module of its own, which its constructor made, too. */
    async function bornForged(forged: object): Promise<Address> {
      const { ethers } = shop.connection;
      const [signer] = await ethers.getSigners();
      const born = getCreateAddress({ from: signer?.address ?? "", nonce: (await signer?.getNonce()) ?? 0 });
      const bare = (address: string) => address.slice(2).toLowerCase();
      const own = moduleAddresses(checksum(born));
      let genuine = await shop.ctx.provider.getCode(shop.inft);
      for (const [position, module] of moduleAddresses(shop.inft).entries()) {
        genuine = genuine.replaceAll(bare(module), bare(own[position] ?? ""));
      }
      const mock = await ethers.deployContract("INFTConstructor__MockForVerify", [genuine, forged]);
      expect(await mock.getAddress()).to.equal(born);
      expect(await shop.ctx.provider.getCode(born)).to.equal(genuine);
      return checksum(born);
    }
    function refusal(verification: TokenVerification): TokenNotProvenError {
      try {
        assertProven(verification);
      } catch (error) {
        if (error instanceof TokenNotProvenError) return error;
        throw error;
      }
      return expect.fail("it passes as proven");
    }

    it("proves nothing, whatever it answers and emits", async () => {
      const { tokenId, trustedCode, forged } = await forgery();
      const inft = await fake(forged);
      const verification = await verifyToken(shop.ctx, { inft, tokenId, trustedCode });
      expect(verification.token.owner).to.equal(shop.stranger.address);
      expect(verification.status).to.equal("incomplete");
      expect(namesOf(verification, "failed")).to.deep.equal(["code"]);
      expect(namesOf(verification, "passed")).to.deep.equal(CHAIN.slice(1));
      const codeHash = keccak256(await shop.ctx.provider.getCode(inft));
      expect(detailOf(verification, "code")).to.include(codeHash).and.to.include("another version");

      const error = refusal(verification);
      expect(error).to.include({ code: "ZG_TOKEN_NOT_PROVEN", exit: 5 });
      expect(error.details).to.deep.equal({
        tokenId,
        status: "incomplete",
        reason: `code: ${detailOf(verification, "code")}`,
      });
    });

    it("proves nothing by a constructor that forges a record and leaves genuine code behind", async () => {
      const { tokenId, trustedCode, forged } = await forgery();
      const inft = await bornForged(forged);
      const verification = await verifyToken(shop.ctx, { inft, tokenId, trustedCode });
      expect(verification.token.owner).to.equal(shop.stranger.address);
      expect(verification.status).to.equal("incomplete");
      expect(namesOf(verification, "failed")).to.deep.equal(["code"]);
      expect(detailOf(verification, "code")).to.include("while the contract was being made");
    });

    it("is no shortcut without code to compare with: nothing is proven then", async () => {
      const { query } = await minted();
      const verification = await verifyToken(shop.ctx, { inft: query.inft, tokenId: query.tokenId });
      expect(verification.status).to.equal("incomplete");
      expect(namesOf(verification, "not checked")).to.deep.equal(["code", ...CONTENT]);
      expect(refusal(verification).details["reason"]).to.equal(
        "code: no code was given to compare the contract's with",
      );
    });

    it("is trusted when it is said to be, as an older version deployed from here is", async () => {
      const { query } = await minted();
      const codeHash = keccak256(await shop.ctx.provider.getCode(shop.inft)) as Hex;
      const address = shop.inft;
      const other = { address: shop.stranger.address, codeHash, origin: "another" };
      const trustedCode = [other, { address, codeHash, origin: "an older version" }];
      const verification = await verifyToken(shop.ctx, { ...query, trustedCode });
      expect(verification.status).to.equal("proven");
      expect(detailOf(verification, "code")).to.equal(`an older version: ${codeHash}`);

      const elsewhere = await verifyToken(shop.ctx, { ...query, trustedCode: [other] });
      expect(elsewhere.status, "it is one contract's, whatever its code").to.equal("incomplete");
    });

    it("is genuine only with the module that its own constructor made", async () => {
      const { query } = await minted();
      const [module = expect.fail()] = moduleAddresses(shop.inft);
      const code = await shop.ctx.provider.getCode(shop.inft);
      const evil = shop.stranger.address;
      const answering = (changes: Record<string, string>) =>
        contextWith({
          getCode: (original) => async (address: never, block: never) => changes[address] ?? original(address, block),
        });

      const exchanged = code.replaceAll(module.slice(2).toLowerCase(), evil.slice(2).toLowerCase());
      expect(exchanged).to.not.equal(code);
      const pointing = await verifyToken(answering({ [shop.inft]: exchanged }), query);
      expect(pointing.status).to.equal("incomplete");
      expect(detailOf(pointing, "code")).to.include(`passes calls to ${evil.toLowerCase()}`);

      const replaced = await verifyToken(answering({ [module]: "0x00" }), query);
      expect(replaced.status).to.equal("incomplete");
      expect(detailOf(replaced, "code")).to.include(`other code at its module ${module}`);
    });

    it("accounts for every immutable once, however often it is copied", () => {
      const codeOf = (...words: number[]) =>
        `0x${words.map((value) => value.toString(16).padStart(64, "0")).join("")}` as const;
      const place = (word: number) => ({ start: 32 * word, length: 32 });
      const pattern = { codeHash: "0x" as const, immutables: [[place(0), place(2)], [place(1)], [place(3)]] };
      expect(unknownImmutables(codeOf(7, 7, 7, 9), pattern, [7n])).to.deep.equal([7n, 9n]);
      expect(unknownImmutables(codeOf(7, 7, 7, 9), pattern, [7n, 7n, 9n])).to.deep.equal([]);
      const torn = unknownImmutables(codeOf(7, 7, 8, 9), pattern, [7n, 7n, 9n]);
      expect(torn, "copies that differ").to.deep.equal([8n]);
    });
  });

  it("proves a token that was minted through another contract, as long as the node knows what stood where", async () => {
    const { query } = await minted();
    // The transaction of a smart account names the account.
    const throughAccount = {
      getTransaction: (original: (...args: never[]) => unknown) => async (hash: never) => {
        const transaction = (await original(hash)) as object;
        return { ...transaction, to: shop.stranger.address };
      },
    };
    expect((await verifyToken(contextWith(throughAccount), query)).status).to.equal("proven");

    const forgetful = contextWith({
      ...throughAccount,
      getCode: (original) => async (address: never, block: never) => {
        if (typeof block === "number") throw makeError("missing trie node", "UNKNOWN_ERROR");
        return original(address, block);
      },
    });
    const verification = await verifyToken(forgetful, query);
    expect(verification.status).to.equal("incomplete");
    expect(namesOf(verification, "not checked")).to.deep.equal(["code", ...CONTENT]);
  });

  it("rejects a token whose data are not those of its record", async () => {
    const { query } = await minted();
    const [record = expect.fail()] = [await readRecord(shop.ctx, query)];
    const exchanged = contextWith({
      getLogs: (original) => async (filter: never) => {
        const logs = (await original(filter)) as Log[];
        return logs.map((log) => ({
          ...(log.toJSON() as object),
          topics: log.topics,
          data: log.data.replace(record.storageRoot.slice(2), "0f".repeat(32)),
        }));
      },
    });
    const verification = await verifyToken(exchanged, query);
    expect(verification.status).to.equal("rejected");
    expect(namesOf(verification, "failed")).to.deep.equal(["record"]);
  });

  it("rejects a proven token without a record, and believes no record but its own", async () => {
    const { query } = await minted();
    const silent = contextWith({ getLogs: () => async () => [] });
    const verification = await verifyToken(silent, query);
    expect(verification.status).to.equal("rejected");
    expect(namesOf(verification, "failed")).to.deep.equal(["record"]);
  });

  it("rejects a record whose signature was exchanged", async () => {
    const { query, result } = await minted();
    const forger = Wallet.createRandom();
    const text = signedText(result.requestHash.slice(2), result.responseHash.slice(2));
    const forged = (await forger.signMessage(text)).slice(2);
    const malformed = `${"ff".repeat(64)}1b`;
    for (const signature of [forged, malformed]) {
      const lying = contextWith({
        getLogs: (original) => async (filter: never) => {
          const logs = (await original(filter)) as Log[];
          return logs.map((log) => ({
            ...(log.toJSON() as object),
            topics: log.topics,
            data: log.data.replace(result.signature.slice(2), signature),
          }));
        },
      });
      const verification = await verifyToken(lying, query);
      expect(verification.status).to.equal("rejected");
      expect(namesOf(verification, "failed")).to.deep.equal(["signature", "contract"]);
    }
  });

  it("calls a token unproven that nobody proved, and fails none of its checks", async () => {
    const { tokenId } = await mintPlain(shop.ctx, { inft: shop.inft, to: shop.minter.address, datas: [] });
    const verification = await verifyToken(shop.ctx, { inft: shop.inft, tokenId });
    expect(verification.status).to.equal("unproven");
    expect(namesOf(verification, "not checked")).to.deep.equal(CHAIN);
    expect(verification.checks).to.have.length(CHAIN.length);
  });

  it("calls a token unproven that a client of an older dialect minted, whatever it says of it", async () => {
    const mint = dialectsInterface().encodeFunctionData("mint(address,string,string,bytes,bytes32,string)", [
      ...[shop.minter.address, "Proven by nobody", "a claim", "0x7b7d", `0x${"44".repeat(32)}`, "0g://x"],
    ]) as Hex;
    const { receipt } = await sendToInft(shop.ctx, { what: "mint as the Go agent", to: shop.inft, data: mint });
    const [, , , id = expect.fail("no token")] = receipt.logs.find(({ topics }) => topics.length === 4)?.topics ?? [];
    const verification = await verifyToken(shop.ctx, { inft: shop.inft, tokenId: BigInt(id) });
    expect(verification.status).to.equal("unproven");
    expect(verification.token).to.include({ proven: false }).and.to.not.have.property("record");
  });

  it("says that there is no such token", async () => {
    expect(await rejection(verifyToken(shop.ctx, { inft: shop.inft, tokenId: 10n ** 30n })))
      .to.be.instanceOf(TokenMissingError)
      .with.property("details")
      .that.deep.equals({ tokenId: 10n ** 30n });
  });

  it("asks a node that limits its answers for less at a time", async () => {
    const { query } = await minted();
    await shop.connection.networkHelpers.mine(5_000);
    const ranges: number[] = [];
    const limited = contextWith({
      getLogs: (original) => async (filter: { fromBlock: number; toBlock: number }) => {
        const range = filter.toBlock - filter.fromBlock;
        ranges.push(range);
        if (range > 2_000) throw makeError("query returned more than 10000 results", "UNKNOWN_ERROR");
        return original(filter as never);
      },
    });
    expect((await verifyToken(limited, query)).status).to.equal("proven");
    expect(ranges.some((range) => range <= 2_000)).to.equal(true);

    const down = contextWith({
      getLogs: () => async () => {
        throw makeError("service unavailable", "SERVER_ERROR", { request: {} as never });
      },
    });
    expect(await rejection(verifyToken(down, query))).to.have.property("code", "ZG_RPC");
  });

  it("proves a real answer of a local provider, end to end", async () => {
    const user = await shop.galileo.fundedUser();
    const ctx = { ...shop.ctx, signer: user.signer };
    const provider = shop.galileo.provider(0);
    const broker = createBroker(user.signer, { network: "default" });
    await broker.ledger.depositFund(4n * NEURON_PER_0G);
    await broker.ledger.transferFund(provider.address, 2n * NEURON_PER_0G);
    const answer = await broker.inference.chat(provider.address, { messages: [{ role: "user", content: "2+2" }] });
    if (answer.chatId === undefined) expect.fail("no chat id");
    const service = await broker.inference.getService(provider.address);
    const { signature } = await fetchSignature({}, service, answer.chatId);
    const result: MintableResult = {
      provider: provider.address,
      teeSigner: service.teeSignerAddress,
      requestHash: `0x${sha256Hex(answer.requestBytes)}`,
      responseHash: `0x${sha256Hex(answer.responseBytes)}`,
      signature: signature as Hex,
      chatId: answer.chatId.id,
      mode: "local",
    };
    const content = { request: answer.requestBytes, response: answer.responseBytes };
    const key = await ownerPublicKey(user.signer);
    const sealed = sealInference({
      network: NETWORK,
      inft: shop.inft,
      result,
      content,
      ownerPublicKey: key,
      randomBytes,
    });
    const objects = new MemoryObjectStore();
    const [{ dataHash: root } = expect.fail("nothing was sealed")] = sealed.datas;
    await objects.put(root, sealed.ciphertext);
    const { address } = user as { address: Address };
    const prepared = prepareInferenceMint({
      network: NETWORK,
      inft: shop.inft,
      minter: address,
      to: address,
      result,
      sealed,
    });
    await commitMint(ctx, prepared);
    await revealMint(ctx, prepared);
    const ciphertext = await objects.get(root);
    if (ciphertext === undefined) expect.fail("the ciphertext was not kept");
    const verification = await verifyToken(ctx, {
      inft: shop.inft,
      tokenId: prepared.tokenId,
      trustedCode: shop.trustedCode,
      ciphertext: held(ciphertext),
      keys: [decryptionKey(fromHex(user.signer.privateKey as Hex), "the test")],
    });
    expect(verification.status).to.equal("proven");
    expect(namesOf(verification, "passed")).to.deep.equal([...CHAIN, ...CONTENT]);
    expect(await readListedModel(ctx, provider.address)).to.equal(service.model);
  });
});
