import { Interface, Wallet, makeError } from "ethers";
import { expect } from "chai";

import type { WriteContext } from "../../../lib/chain/context.ts";
import { NotEndorsedError, ProviderUnknownError } from "../../../lib/compute/errors.ts";
import { ZERO_ADDRESS, checksum } from "../../../lib/hex.ts";
import { INFT_ABI } from "../../../lib/inft/abi.ts";
import { inftContract } from "../../../lib/inft/contracts.ts";
import {
  CommitmentExpiredError,
  CommitmentMissingError,
  CommitmentTooYoungError,
  InftMissingError,
  MintArgumentsError,
  RecipientRefusesTokenError,
  ResultAlreadyMintedError,
  ResultSignerMismatchError,
  SignerMissingError,
  SimulatedResultError,
} from "../../../lib/inft/errors.ts";
import {
  assertResultMintable,
  commitMint,
  findMinted,
  hasOpenCommitment,
  inferenceTokenId,
  mintPlain,
  prepareInferenceMint,
  revealDraft,
  revealMint,
} from "../../../lib/inft/mint.ts";
import { readToken } from "../../../lib/inft/show.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { networkNamed } from "../../../lib/networks.ts";
import { NETWORK, openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

const DATA = [{ dataDescription: "a model", dataHash: `0x${"11".repeat(32)}` as const }];

describe("minting on 0G's real InferenceServing", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  async function ready() {
    const provider = await shop.listProvider();
    const result = await shop.resultOf(provider);
    return { provider, result, ...(await shop.prepare(result)) };
  }

  it("computes commitment and token id as the contract does", async () => {
    const { prepared, result } = await ready();
    const { inft, minter, datas, sealedKeys, to, salt, commitment, tokenId } = prepared;
    const contract = inftContract(inft, shop.ctx.provider);
    const claim = { ...result, mode: 3 };
    expect(commitment).to.equal(await contract.hashCommitment(minter, claim, [...datas], [...sealedKeys], to, salt));
    const { provider, teeSigner, requestHash, responseHash } = result;
    expect(tokenId).to.equal(await contract.inferenceId(provider, teeSigner, requestHash, responseHash));
    expect(tokenId).to.equal(inferenceTokenId(NETWORK, result));
  });

  it("commits, mints a block later, and records everything", async () => {
    const { prepared, result, provider } = await ready();
    const committed = await commitMint(shop.ctx, prepared);
    expect(committed).to.include({ status: "committed" }).and.to.have.property("transaction");
    const minted = await revealMint(shop.ctx, prepared);
    expect(minted).to.include({ tokenId: prepared.tokenId, owner: shop.minter.address });
    expect(minted.transaction?.blockNumber).to.be.greaterThan(
      committed.status === "committed" ? (committed.transaction?.blockNumber ?? Infinity) : Infinity,
    );

    const token = await readToken(shop.ctx, { inft: shop.inft, tokenId: prepared.tokenId });
    expect(token).to.deep.include({
      owner: shop.minter.address,
      proven: true,
      datas: prepared.datas,
      sealedKeys: prepared.sealedKeys,
      sealedTo: shop.minter.address,
    });
    expect(token.record).to.deep.include({
      provider: provider.address,
      teeSigner: result.teeSigner,
      requestHash: result.requestHash,
      responseHash: result.responseHash,
      signature: result.signature,
      chatId: "chat-1",
      storageRoot: prepared.datas[0]?.dataHash,
      mode: "local",
      minter: shop.minter.address,
      transaction: minted.transaction?.hash,
      block: minted.transaction?.blockNumber,
    });
    const mined = await shop.ctx.provider.getBlock(minted.transaction?.blockNumber ?? 0);
    expect(token.record?.signerReadAt, "read at the mint").to.equal(BigInt(mined?.timestamp ?? 0));
  });

  it("sends nothing twice", async () => {
    const { prepared } = await ready();
    expect(await hasOpenCommitment(shop.ctx, prepared)).to.equal(false);
    await commitMint(shop.ctx, prepared);
    expect(await hasOpenCommitment(shop.ctx, prepared)).to.equal(true);
    expect(await commitMint(shop.ctx, prepared)).to.deep.equal({ status: "committed" });
    expect(await findMinted(shop.ctx, shop.inft, prepared.tokenId)).to.equal(undefined);
    await revealMint(shop.ctx, prepared);
    const token = { tokenId: prepared.tokenId, owner: shop.minter.address };
    expect(await revealMint(shop.ctx, prepared)).to.deep.equal(token);
    expect(await commitMint(shop.ctx, prepared)).to.deep.equal({ status: "minted", token });
    expect(await findMinted(shop.ctx, shop.inft, prepared.tokenId)).to.deep.equal(token);
  });

  it("finds what another process of the same minter did between looking and sending", async () => {
    const { prepared } = await ready();
    const commits = await Promise.all([commitMint(shop.ctx, prepared), commitMint(shop.ctx, prepared)]);
    expect(commits.map(({ status }) => status)).to.deep.equal(["committed", "committed"]);
    const mints = await Promise.all([revealMint(shop.ctx, prepared), revealMint(shop.ctx, prepared)]);
    const token = { tokenId: prepared.tokenId, owner: shop.minter.address };
    for (const mint of mints) expect(mint).to.include(token);
    expect(mints.filter(({ transaction }) => transaction !== undefined)).to.have.length(1);
  });

  it("survives being written down between commitment and mint", async () => {
    const { prepared } = await ready();
    await commitMint(shop.ctx, prepared);
    const { datas, sealedKeys, salt, inft, minter, to, result } = prepared;
    const sealed = JSON.parse(JSON.stringify({ datas, sealedKeys, salt })) as typeof prepared;
    const again = prepareInferenceMint({ network: NETWORK, inft, minter, to, result, sealed });
    expect(again).to.deep.equal(prepared);
    expect(await revealMint(shop.ctx, again)).to.have.property("transaction");
  });

  it("says whose the token is when somebody else minted the result first", async () => {
    const { prepared, result } = await ready();
    const theirs = await shop.prepare(result, shop.stranger);
    await commitMint(shop.ctx, prepared);
    await commitMint(shop.strangerContext, theirs.prepared);
    await revealMint(shop.strangerContext, theirs.prepared);
    expect(await revealMint(shop.ctx, prepared)).to.deep.equal({
      tokenId: prepared.tokenId,
      owner: shop.stranger.address,
    });
    const error = await rejection(sendToInft(shop.ctx, revealDraft(prepared)));
    expect(error).to.be.instanceOf(ResultAlreadyMintedError);
    expect(error).to.deep.include({ code: "ZG_ALREADY_MINTED", exit: 3, details: { tokenId: prepared.tokenId } });
  });

  it("does not mint without a commitment, nor by another account's", async () => {
    const { prepared } = await ready();
    expect(await rejection(revealMint(shop.ctx, prepared)))
      .to.be.instanceOf(CommitmentMissingError)
      .with.property("details")
      .that.deep.equals({ minter: shop.minter.address, commitment: prepared.commitment });
    await commitMint(shop.ctx, prepared);
    expect(await rejection(revealMint(shop.strangerContext, prepared))).to.be.instanceOf(CommitmentMissingError);
  });

  it("commits anew after a day", async () => {
    const { prepared } = await ready();
    await commitMint(shop.ctx, prepared);
    await shop.connection.networkHelpers.time.increase(86_401);
    expect(await rejection(revealMint(shop.ctx, prepared)))
      .to.be.instanceOf(CommitmentExpiredError)
      .with.property("code", "ZG_COMMITMENT_EXPIRED");
    expect(await commitMint(shop.ctx, prepared)).to.have.property("transaction");
    expect(await revealMint(shop.ctx, prepared)).to.have.property("transaction");
  });

  describe("on a node that estimates on the latest block", () => {
    /** Refuses the first estimates, as such a node does until the next block is there. */
    function impatient(ctx: WriteContext, refusals: number): WriteContext & { refused: () => number } {
      const data = new Interface(INFT_ABI).encodeErrorResult("CommitmentTooYoung", [
        shop.minter.address,
        `0x${"00".repeat(32)}`,
        7n,
      ]);
      let refused = 0;
      const provider = new Proxy(ctx.provider, {
        get(target, name) {
          if (name === "estimateGas" && refused < refusals) {
            return async () => {
              refused++;
              throw makeError("execution reverted", "CALL_EXCEPTION", {
                action: "estimateGas",
                data,
                reason: null,
                transaction: { to: null, data: "" },
                invocation: null,
                revert: null,
              });
            };
          }
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
      return { ...ctx, provider, refused: () => refused };
    }

    it("waits for the block after the commitment", async () => {
      const { prepared } = await ready();
      await commitMint(shop.ctx, prepared);
      const ctx = impatient(shop.ctx, 2);
      expect(await revealMint(ctx, prepared)).to.have.property("transaction");
      expect(ctx.refused()).to.equal(2);
    });

    it("gives up when none comes, having sent nothing", async () => {
      const { prepared } = await ready();
      await commitMint(shop.ctx, prepared);
      const ctx = { ...impatient(shop.ctx, Infinity), receiptTimeout: 0 };
      expect(await rejection(revealMint(ctx, prepared)))
        .to.be.instanceOf(CommitmentTooYoungError)
        .with.property("exit", 4);
      expect(await findMinted(shop.ctx, shop.inft, prepared.tokenId)).to.equal(undefined);
    });

    it("stops waiting when told to", async () => {
      const { prepared } = await ready();
      await commitMint(shop.ctx, prepared);
      const controller = new AbortController();
      const waiting = rejection(revealMint({ ...impatient(shop.ctx, Infinity), signal: controller.signal }, prepared));
      setTimeout(() => controller.abort(), 20);
      expect(await waiting).to.have.property("code", "ZG_ABORTED");
    });
  });

  describe("refuses, before anything is paid,", () => {
    async function refusal(result: Parameters<Workshop["prepare"]>[0]) {
      const { prepared } = await shop.prepare(result);
      const balance = await shop.ctx.provider.getBalance(shop.minter.address);
      const error = await rejection(commitMint(shop.ctx, prepared));
      expect(await shop.ctx.provider.getBalance(shop.minter.address)).to.equal(balance);
      // The contract says the same to one who skips the question.
      await sendToInft(shop.ctx, {
        what: "commit",
        to: shop.inft,
        data: inftContract(shop.inft, shop.ctx.provider).interface.encodeFunctionData("commit", [
          prepared.commitment,
        ]) as `0x${string}`,
      });
      const onChain = await rejection(sendToInft(shop.ctx, revealDraft(prepared)));
      return { error, onChain };
    }

    it("a provider that is not registered", async () => {
      const tee = Wallet.createRandom();
      const address = checksum(tee.address);
      const { error, onChain } = await refusal(await shop.resultOf({ address, tee }));
      for (const one of [error, onChain]) {
        expect(one)
          .to.be.instanceOf(ProviderUnknownError)
          .with.property("details")
          .that.includes({ provider: address });
      }
    });

    it("a signer that 0G has not endorsed", async () => {
      const provider = await shop.listProvider({ endorsed: false });
      const { error, onChain } = await refusal(await shop.resultOf(provider));
      for (const one of [error, onChain]) expect(one).to.be.instanceOf(NotEndorsedError).with.property("exit", 5);
    });

    it("a provider without a signer", async () => {
      const provider = await shop.listProvider({ signer: ZERO_ADDRESS });
      const { error, onChain } = await refusal(await shop.resultOf(provider));
      for (const one of [error, onChain]) {
        expect(one)
          .to.be.instanceOf(SignerMissingError)
          .with.property("details")
          .that.deep.equals({ provider: provider.address });
      }
    });

    it("a signature by another key", async () => {
      const provider = await shop.listProvider();
      const forger = Wallet.createRandom();
      const { signature } = await shop.resultOf({ ...provider, tee: forger });
      const { error, onChain } = await refusal(await shop.resultOf(provider, { signature }));
      const details = {
        provider: provider.address,
        listed: provider.tee.address,
        recovered: forger.address,
      };
      for (const one of [error, onChain]) {
        expect(one).to.be.instanceOf(ResultSignerMismatchError).with.property("details").that.deep.equals(details);
      }
    });

    it("a result that is not live on a live chain, unless that is allowed", async () => {
      const result = await shop.resultOf(await shop.listProvider());
      const live = { ...shop.ctx, network: { ...NETWORK, name: "galileo", mode: "live" } } as const;
      for (const mode of ["fork", "local", "replay"] as const) {
        expect(await rejection(assertResultMintable(live, { ...result, mode })))
          .to.be.instanceOf(SimulatedResultError)
          .with.property("details")
          .that.deep.equals({ mode, network: "galileo" });
        await assertResultMintable(live, { ...result, mode }, { allowSimulated: true });
      }
      await assertResultMintable(live, { ...result, mode: "live" });
    });
  });

  it("refuses arguments that contradict each other, without asking anybody", async () => {
    const { prepared, result } = await ready();
    const { inft, minter, to, datas, sealedKeys, salt } = prepared;
    for (const sealed of [
      { datas, sealedKeys: [], salt },
      { datas: [], sealedKeys: [], salt },
      { datas, sealedKeys: [...sealedKeys, ...sealedKeys], salt },
    ]) {
      const prepare = () => prepareInferenceMint({ network: NETWORK, inft, minter, to, result, sealed });
      expect(prepare).to.throw(MintArgumentsError).with.property("exit", 2);
    }
  });

  describe("a token nobody proves", () => {
    it("is minted to anyone, with or without keys", async () => {
      const to = shop.stranger.address;
      const plain = await mintPlain(shop.ctx, { inft: shop.inft, to, datas: DATA });
      const keyed = await mintPlain(shop.ctx, { inft: shop.inft, to, datas: DATA, sealedKeys: ["0x04"] });
      expect(keyed.tokenId).to.equal(plain.tokenId + 1n);
      const view = await readToken(shop.ctx, { inft: shop.inft, tokenId: plain.tokenId });
      const { tokenId } = plain;
      expect(view).to.deep.equal({ inft: shop.inft, tokenId, owner: to, proven: false, datas: DATA, sequence: 0n });
      const other = await readToken(shop.ctx, { inft: shop.inft, tokenId: keyed.tokenId });
      expect(other).to.deep.include({ sealedKeys: ["0x04"], sealedTo: to });
    });

    it("is not minted to what cannot hold it", async () => {
      const mint = { inft: shop.inft, to: shop.verifier, datas: DATA };
      expect(await rejection(mintPlain(shop.ctx, mint)))
        .to.be.instanceOf(RecipientRefusesTokenError)
        .with.property("details")
        .that.deep.equals({ receiver: shop.verifier });
    });

    it("is not minted with more keys than data", async () => {
      const mint = { inft: shop.inft, to: shop.minter.address, datas: DATA, sealedKeys: [] };
      expect(await rejection(mintPlain(shop.ctx, mint)))
        .to.be.instanceOf(MintArgumentsError)
        .with.property("details")
        .that.includes({ sealedKeys: 0n, datas: 1n });
    });
  });

  it("is told where there is no contract", async () => {
    const nowhere = checksum(Wallet.createRandom().address);
    expect(await rejection(readToken(shop.ctx, { inft: nowhere, tokenId: 1n })))
      .to.be.instanceOf(InftMissingError)
      .with.property("details")
      .that.deep.equals({ address: nowhere, network: networkNamed("default").name });
  });
});
