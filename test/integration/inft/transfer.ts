import { randomBytes } from "node:crypto";

import { expect } from "chai";
import { Wallet, type Signer } from "ethers";

import { ContractRevertError } from "../../../lib/chain/revert.ts";
import type { TransactionDraft } from "../../../lib/chain/send.ts";
import { checksum, fromHex, toHex, type Hex } from "../../../lib/hex.ts";
import { acceptToken } from "../../../lib/inft/accept.ts";
import { decodeAgentPart } from "../../../lib/inft/agent.ts";
import { planGrant } from "../../../lib/inft/authorize.ts";
import { openDatum } from "../../../lib/inft/content.ts";
import { delegateDraft } from "../../../lib/inft/delegate.ts";
import * as errors from "../../../lib/inft/errors.ts";
import { mintPlain } from "../../../lib/inft/mint.ts";
import {
  AccessProofExpiredError,
  AccessProofKeyError,
  AccessProofMismatchError,
  AccessProofSignerError,
} from "../../../lib/inft/proof-errors.ts";
import { openHashes, signAccessProof, type AccessProof } from "../../../lib/inft/proof-access.ts";
import type { AccessMessage } from "../../../lib/inft/proof.ts";
import { rekey, rekeyDraft } from "../../../lib/inft/rekey.ts";
import {
  checkAccess,
  openDataKeys,
  plainTransferDraft,
  prepareHandover,
  requireOwner,
  tokenTransferDraft,
} from "../../../lib/inft/transfer.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { decryptData, openKey, publicKey64, publicKeyOf } from "../../../lib/sealing/index.ts";
import { SealedKeyNotOpenedError, WrongDataKeyError } from "../../../lib/sealing/errors.ts";
import { NETWORK, openTrade, type Party, type Trade } from "./support/trade.ts";
import { rejection } from "./support/workshop.ts";

describe("transferring a token with its data", () => {
  let trade: Trade;
  before(async () => {
    trade = await openTrade();
  });
  after(() => trade.close());

  /** What the owner of a token reads with a key: the files, name by name. */
  async function filesOf(tokenId: bigint, privateKey: Uint8Array) {
    const token = await trade.read(tokenId);
    const ciphertexts = await trade.ciphertextsOf(token);
    return token.datas.map(({ dataHash }, index) => {
      const [ciphertext, sealedKey] = [ciphertexts[index], token.sealedKeys?.[index]];
      if (ciphertext === undefined || sealedKey === undefined) throw new Error("no ciphertext or no key");
      const place = { chainId: NETWORK.chainId, contract: trade.inft, tokenId, index };
      return decodeAgentPart(openDatum({ ...place, ciphertext, dataHash, sealedKey, privateKey }));
    });
  }
  const keyOf = ({ signer }: Party) => fromHex(signer.privateKey as Hex);

  it("lets the buyer read the exact bytes, and nobody's old keys any", async () => {
    const { inft, seller, buyer, ctx } = trade;
    const tokenId = await trade.mint();
    const before = await trade.read(tokenId);
    const oldKeys = openDataKeys(before, trade.keysOf(seller));
    const [old = expect.fail("no ciphertext")] = await trade.ciphertextsOf(before);

    const { proofs, newDataHashes } = await trade.reencrypt(await trade.accept(tokenId));
    await sendToInft(ctx, tokenTransferDraft(before, buyer.address, proofs));

    const after = await trade.read(tokenId);
    expect(after).to.deep.include({ owner: buyer.address, sealedTo: buyer.address, sequence: before.sequence + 1n });
    expect(after.datas.map(({ dataHash }) => dataHash)).to.deep.equal(newDataHashes);
    expect(after.datas.map((datum) => datum.dataDescription)).to.deep.equal(
      before.datas.map((datum) => datum.dataDescription),
    );
    expect(await filesOf(tokenId, keyOf(buyer))).to.deep.equal(trade.files);

    const place = { chainId: NETWORK.chainId, contract: inft };
    const ciphertexts = await trade.ciphertextsOf(after);
    for (const [index, oldKey] of oldKeys.entries()) {
      const [ciphertext, sealedKey] = [ciphertexts[index], after.sealedKeys?.[index]];
      if (ciphertext === undefined || sealedKey === undefined) throw new Error("no ciphertext or no key");
      expect(() => decryptData(ciphertext, oldKey, { ...place, index })).to.throw(WrongDataKeyError);
      expect(() => openKey(fromHex(sealedKey), keyOf(seller))).to.throw(SealedKeyNotOpenedError);
    }
    const [oldKey = expect.fail("no key")] = oldKeys;
    expect(decryptData(old, oldKey, { ...place, index: 0 }), "what was read cannot be made unread").to.not.be.empty;
  });

  it("carries the data on from buyer to buyer", async () => {
    const { buyer, stranger, ctx } = trade;
    const tokenId = await trade.mint();
    const first = await trade.reencrypt(await trade.accept(tokenId));
    await sendToInft(ctx, tokenTransferDraft(await trade.read(tokenId), buyer.address, first.proofs));

    const token = await trade.read(tokenId);
    const access = await trade.accept(tokenId, "transfer", stranger);
    const { proofs, newDataHashes, ciphertexts } = await prepareHandover(
      {},
      {
        token,
        access,
        signer: buyer.signer,
        keys: trade.keysOf(buyer),
        ciphertexts: await trade.ciphertextsOf(token),
        attestors: trade.attestors.slice(1, 2),
        randomBytes,
      },
    );
    await sendToInft(trade.contextOf(buyer), tokenTransferDraft(token, stranger.address, proofs));
    const after = await trade.read(tokenId);
    expect(after).to.include({ owner: stranger.address, sequence: token.sequence + 1n });
    const [sealedKey = expect.fail("no key")] = after.sealedKeys ?? [];
    const [ciphertext = expect.fail("none")] = ciphertexts;
    const place = { chainId: NETWORK.chainId, contract: trade.inft, tokenId, index: 0 };
    const opened = openDatum({
      ...place,
      ciphertext,
      dataHash: newDataHashes[0] ?? "0x",
      sealedKey,
      privateKey: keyOf(stranger),
    });
    expect(decodeAgentPart(opened)).to.deep.equal(trade.files[0]);
  });

  it("can be asked for again: the first answer is as good as the second, and only one of them serves", async () => {
    const { buyer, ctx } = trade;
    const tokenId = await trade.mint();
    const access = await trade.accept(tokenId);
    const [first, second] = [await trade.reencrypt(access), await trade.reencrypt(access)];
    expect(first.newDataHashes).to.not.deep.equal(second.newDataHashes);
    const token = await trade.read(tokenId);
    await sendToInft(ctx, tokenTransferDraft(token, buyer.address, second.proofs));
    expect(await filesOf(tokenId, keyOf(buyer))).to.deep.equal(trade.files);
    const again = await rejection(
      sendToInft(trade.contextOf(buyer), tokenTransferDraft(token, buyer.address, first.proofs)),
    );
    expect(again).to.be.instanceOf(errors.ProofMismatchError).with.property("code", "ZG_PROOF_MISMATCH");
  });

  it("seals to another key than the account's when the buyer asks for it", async () => {
    const { buyer, ctx } = trade;
    const tokenId = await trade.mint();
    const apart = new Uint8Array(randomBytes(32));
    const { proof } = await acceptToken(ctx, {
      token: await trade.read(tokenId),
      action: "transfer",
      to: buyer.address,
      deadline: (await trade.now()) + 3600n,
      signer: buyer.signer,
      sealTo: toHex(publicKey64(publicKeyOf(apart))),
    });
    const { proofs } = await trade.reencrypt(proof);
    await sendToInft(ctx, tokenTransferDraft(await trade.read(tokenId), buyer.address, proofs));
    expect(await filesOf(tokenId, apart)).to.deep.equal(trade.files);
    const error = await rejection(filesOf(tokenId, keyOf(buyer)));
    expect(error).to.be.instanceOf(SealedKeyNotOpenedError);
  });

  it("lets a delegate sign for the buyer, once the buyer named it and a key", async () => {
    const { inft, buyer, stranger, ctx } = trade;
    const tokenId = await trade.mint();
    const token = await trade.read(tokenId);
    const accept = async (sealTo?: Hex) =>
      acceptToken(ctx, {
        token,
        action: "transfer",
        to: buyer.address,
        deadline: (await trade.now()) + 3600n,
        signer: stranger.signer,
        ...(sealTo === undefined ? {} : { sealTo }),
      });
    const key = toHex(publicKey64(fromHex(buyer.signer.signingKey.publicKey as Hex)));
    const early = await rejection(accept(key));
    expect(early).to.be.instanceOf(AccessProofSignerError);
    expect(early).to.have.property("details").that.deep.equals({ receiver: buyer.address, signer: stranger.address });

    await sendToInft(trade.contextOf(buyer), delegateDraft(inft, stranger.address));
    expect(await rejection(accept())).to.be.instanceOf(AccessProofKeyError);
    const { proof, by } = await accept(key);
    expect(by).to.deep.equal({ signer: stranger.address, by: "delegate", scheme: "ecdsa" });
    const { proofs } = await trade.reencrypt(proof);
    await sendToInft(ctx, tokenTransferDraft(token, buyer.address, proofs));
    expect(await filesOf(tokenId, keyOf(buyer))).to.deep.equal(trade.files);
    await sendToInft(trade.contextOf(buyer), delegateDraft(inft, undefined));
  });

  describe("that fails", () => {
    /** A token with users and proofs for the buyer, ready to be sent. */
    async function ready() {
      const tokenId = await trade.mint();
      const { inft } = trade;
      const users = [checksum(Wallet.createRandom().address), checksum(Wallet.createRandom().address)];
      const { drafts } = await planGrant(trade.ctx, { inft, tokenId, users, expiry: 0n, permissions: 0 });
      for (const draft of drafts) await sendToInft(trade.ctx, draft);
      const token = await trade.read(tokenId);
      return { tokenId, token, ...(await trade.reencrypt(await trade.accept(tokenId))) };
    }
    async function leavesAllAsItWas(tokenId: bigint, draft: TransactionDraft, ctx = trade.ctx): Promise<unknown> {
      const before = await trade.state(tokenId);
      expect(before.users.active).to.have.length(2);
      const error = await rejection(sendToInft(ctx, draft));
      expect(await trade.state(tokenId)).to.deep.equal(before);
      return error;
    }

    it("for its deadline leaves owner, hashes, keys and users as they were", async () => {
      const { tokenId, token, proofs } = await ready();
      await trade.connection.networkHelpers.time.increase(3601);
      const error = await leavesAllAsItWas(tokenId, tokenTransferDraft(token, trade.buyer.address, proofs));
      expect(error).to.be.instanceOf(AccessProofExpiredError).with.property("code", "ZG_ACCESS_PROOF_EXPIRED");
    });

    it("for an update in between leaves owner, hashes, keys and users as they were", async () => {
      const { tokenId, token, proofs } = await ready();
      const { seller } = trade;
      const datas = rekey({
        token,
        chainId: NETWORK.chainId,
        ciphertexts: await trade.ciphertextsOf(token),
        keys: trade.keysOf(seller),
        publicKey: fromHex(seller.signer.signingKey.publicKey as Hex),
        randomBytes,
      });
      await sendToInft(trade.ctx, rekeyDraft(token, datas));
      const error = await leavesAllAsItWas(tokenId, tokenTransferDraft(token, trade.buyer.address, proofs));
      expect(error).to.be.instanceOf(errors.ProofMismatchError);
    });

    it("for another recipient leaves owner, hashes, keys and users as they were", async () => {
      const { tokenId, token, proofs } = await ready();
      const error = await leavesAllAsItWas(tokenId, tokenTransferDraft(token, trade.stranger.address, proofs));
      expect(error).to.be.instanceOf(errors.ProofMismatchError);
    });

    it("for an attestor's signature of another digest leaves owner, hashes, keys and users as they were", async () => {
      const { tokenId, token, proofs } = await ready();
      const forged = proofs.map(({ accessProof, ownershipProof }) => ({
        accessProof,
        ownershipProof: { ...ownershipProof, sealedKey: `0x${"00".repeat(129)}` as const },
      }));
      const error = await leavesAllAsItWas(tokenId, tokenTransferDraft(token, trade.buyer.address, forged));
      expect(error).to.be.instanceOf(errors.AttestorNotActiveError);
    });

    it("because a stranger sends it leaves owner, hashes, keys and users as they were", async () => {
      const { tokenId, token, proofs } = await ready();
      const strangers = trade.contextOf(trade.stranger);
      const error = await leavesAllAsItWas(tokenId, tokenTransferDraft(token, trade.buyer.address, proofs), strangers);
      expect(error).to.be.instanceOf(errors.TokenRuleError);
      expect(error)
        .to.have.nested.property("details.args")
        .that.deep.includes({ operator: trade.stranger.address, tokenId });
    });
  });

  describe("on the buyer's signature", () => {
    let tokenId: bigint;
    before(async () => {
      tokenId = await trade.mint();
    });

    /** Signs an access proof with something else in it than the token asks for. */
    async function signed(
      change: Partial<AccessMessage> & { chainId?: number; contract?: Hex },
      signer: Pick<Signer, "signTypedData"> = trade.buyer.signer,
    ): Promise<AccessProof> {
      const token = await trade.read(tokenId);
      const place = { chainId: change.chainId ?? NETWORK.chainId, contract: change.contract ?? trade.inft };
      return signAccessProof(signer, place, {
        action: "transfer",
        tokenId,
        sequence: token.sequence,
        to: trade.buyer.address,
        oldDataHashes: token.datas.map(({ dataHash }) => dataHash),
        newDataHashes: openHashes(token.datas.length),
        encryptedPubKey: "0x",
        deadline: (await trade.now()) + 60n,
        ...change,
      });
    }
    async function refusal(proof: AccessProof) {
      const expected = { action: "transfer", to: trade.buyer.address } as const;
      return rejection(checkAccess(trade.ctx, await trade.read(tokenId), proof, expected));
    }

    const other: Hex = `0x${"ab".repeat(32)}`;
    for (const [what, field, change] of [
      ["another chain", "chainId", { chainId: 16661 }],
      ["another contract", "contract", { contract: `0x${"42".repeat(20)}` }],
      ["another action", "action", { action: "clone" }],
      ["another token", "tokenId", { tokenId: 10n ** 30n }],
      ["an earlier or later sequence", "sequence", { sequence: 7n }],
      ["another recipient", "to", { to: `0x${"43".repeat(20)}` }],
      ["fewer data", "number of data", { oldDataHashes: [other], newDataHashes: [other] }],
      ["other data", "oldDataHashes[0]", { oldDataHashes: [other, other] }],
    ] as const) {
      it(`refuses one for ${what}`, async () => {
        const error = await refusal(await signed(change));
        expect(error).to.be.instanceOf(AccessProofMismatchError).with.property("code", "ZG_ACCESS_PROOF_MISMATCH");
        expect(error).to.have.nested.property("details.field", field);
        expect(error).to.have.property("remedy").that.includes("npx hardhat inft accept <token>");
      });
    }

    it("refuses one whose time is over", async () => {
      const deadline = (await trade.now()) - 1n;
      const error = await refusal(await signed({ deadline }));
      expect(error).to.be.instanceOf(AccessProofExpiredError).with.nested.property("details.deadline", deadline);
    });

    it("refuses one of a stranger, and one that was altered", async () => {
      const { buyer, stranger } = trade;
      const error = await refusal(await signed({}, stranger.signer));
      expect(error).to.be.instanceOf(AccessProofSignerError);
      expect(error).to.have.property("details").that.deep.equals({ receiver: buyer.address, signer: stranger.address });
      const proof = await signed({});
      expect(await refusal({ ...proof, deadline: proof.deadline + 1n })).to.be.instanceOf(AccessProofSignerError);
    });
  });

  it("is for the owner alone, and needs keys that were published to it", async () => {
    const { ctx, inft, seller, stranger } = trade;
    const tokenId = await trade.mint();
    const token = await trade.read(tokenId);
    expect(() => {
      requireOwner(token, stranger.address);
    })
      .to.throw(errors.TokenNotOwnedError)
      .with.property("details")
      .that.deep.equals({ tokenId, owner: seller.address, signer: stranger.address });
    expect(() => openDataKeys(token, trade.keysOf(stranger)))
      .to.throw(errors.SealedToAnotherKeyError)
      .with.nested.property("details.sealedTo", seller.address);

    const datas = [{ dataDescription: "no key", dataHash: `0x${"11".repeat(32)}` as const }];
    const keyless = await mintPlain(ctx, { inft, to: seller.address, datas });
    const unpublished = await trade.read(keyless.tokenId);
    expect(() => openDataKeys(unpublished, trade.keysOf(seller)))
      .to.throw(errors.KeysNotPublishedError)
      .with.property("details")
      .that.deep.equals({ tokenId: keyless.tokenId, owner: seller.address });
  });

  it("is a plain one for a token that holds nothing", async () => {
    const { ctx, inft, seller, buyer } = trade;
    const { tokenId } = await mintPlain(ctx, { inft, to: seller.address, datas: [] });
    const token = await trade.read(tokenId);
    expect(() => openDataKeys(token, trade.keysOf(seller))).to.throw(errors.TokenWithoutDataError);
    await sendToInft(ctx, plainTransferDraft(token, buyer.address));
    expect(await trade.read(tokenId)).to.include({ owner: buyer.address });
  });
});

describe("with two attestors of three", () => {
  let trade: Trade;
  before(async () => {
    trade = await openTrade({ threshold: 2 });
  });
  after(() => trade.close());

  it("both make the same ciphertexts, and the contract takes both signatures", async () => {
    const tokenId = await trade.mint();
    const { proofs, newDataHashes } = await trade.reencrypt(await trade.accept(tokenId));
    expect(proofs[0]?.ownershipProof.proof).to.have.length(2 + 2 * 2 * 65);
    await sendToInft(trade.ctx, tokenTransferDraft(await trade.read(tokenId), trade.buyer.address, proofs));
    const { owner, datas } = await trade.read(tokenId);
    expect(owner).to.equal(trade.buyer.address);
    expect(datas.map(({ dataHash }) => dataHash)).to.deep.equal(newDataHashes);
  });

  it("the signature of one is not enough", async () => {
    const tokenId = await trade.mint();
    const { proofs } = await trade.reencrypt(await trade.accept(tokenId));
    const half = proofs.map(({ accessProof, ownershipProof }, index) => ({
      accessProof,
      ownershipProof:
        index > 0 ? ownershipProof : { ...ownershipProof, proof: ownershipProof.proof.slice(0, 132) as Hex },
    }));
    const draft = tokenTransferDraft(await trade.read(tokenId), trade.buyer.address, half);
    const error = await rejection(sendToInft(trade.ctx, draft));
    expect(error).to.be.instanceOf(errors.AttestorSignaturesError);
    expect(error).to.have.nested.property("cause").that.is.instanceOf(ContractRevertError);
  });
});
