import { expect } from "chai";

import { fromHex, type Hex } from "../../../lib/hex.ts";
import { decodeAgentPart } from "../../../lib/inft/agent.ts";
import { cloneDraft, clonedTokenId, findClone } from "../../../lib/inft/clone.ts";
import { openDatum } from "../../../lib/inft/content.ts";
import { ProofMismatchError } from "../../../lib/inft/errors.ts";
import { tokenTransferDraft } from "../../../lib/inft/transfer.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { NETWORK, openTrade, type Trade } from "./support/trade.ts";
import { rejection } from "./support/workshop.ts";

describe("cloning a token", () => {
  let trade: Trade;
  before(async () => {
    trade = await openTrade();
  });
  after(() => trade.close());

  it("gives the receiver a token of its own with the same content, and leaves the source's data as they were", async () => {
    const { ctx, inft, buyer } = trade;
    const tokenId = await trade.mint();
    const before = await trade.read(tokenId);
    const { proofs, newDataHashes } = await trade.reencrypt(await trade.accept(tokenId, "clone"));
    const newTokenId = clonedTokenId(await sendToInft(ctx, cloneDraft(before, buyer.address, proofs)), inft);

    expect(await trade.read(tokenId)).to.deep.equal({ ...before, sequence: before.sequence + 1n });
    const clone = await trade.read(newTokenId);
    expect(clone).to.deep.include({ owner: buyer.address, sealedTo: buyer.address, proven: false });
    expect(clone.datas).to.deep.equal(
      before.datas.map(({ dataDescription }, index) => ({ dataDescription, dataHash: newDataHashes[index] })),
    );
    const ciphertexts = await trade.ciphertextsOf(clone);
    const opened = clone.datas.map(({ dataHash }, index) => {
      const [ciphertext, sealedKey] = [ciphertexts[index], clone.sealedKeys?.[index]];
      if (ciphertext === undefined || sealedKey === undefined) throw new Error("no ciphertext or no key");
      const privateKey = fromHex(buyer.signer.privateKey as Hex);
      const place = { chainId: NETWORK.chainId, contract: inft, tokenId: newTokenId, index };
      return decodeAgentPart(openDatum({ ...place, ciphertext, dataHash, sealedKey, privateKey }));
    });
    expect(opened).to.deep.equal(trade.files);
  });

  it("lets the receiver hand its clone on", async () => {
    const { ctx, inft, buyer, stranger } = trade;
    const tokenId = await trade.mint();
    const { proofs } = await trade.reencrypt(await trade.accept(tokenId, "clone"));
    const sent = await sendToInft(ctx, cloneDraft(await trade.read(tokenId), buyer.address, proofs));
    const newTokenId = clonedTokenId(sent, inft);
    const access = await trade.accept(newTokenId, "transfer", stranger);
    const again = await trade.reencrypt(access, buyer);
    const draft = tokenTransferDraft(await trade.read(newTokenId), stranger.address, again.proofs);
    await sendToInft(trade.contextOf(buyer), draft);
    expect(await trade.read(newTokenId)).to.include({ owner: stranger.address, sealedTo: stranger.address });
  });

  it("finds the clone that a proof was spent on, and no other", async () => {
    const { ctx, inft, buyer } = trade;
    const tokenId = await trade.mint();
    const made: { proof: Awaited<ReturnType<Trade["accept"]>>; newTokenId: bigint }[] = [];
    for (let count = 0; count < 2; count++) {
      const proof = await trade.accept(tokenId, "clone");
      expect(await findClone(ctx, { inft, tokenId }, proof)).to.equal(undefined);
      const { proofs } = await trade.reencrypt(proof);
      const sent = await sendToInft(ctx, cloneDraft(await trade.read(tokenId), buyer.address, proofs));
      made.push({ proof, newTokenId: clonedTokenId(sent, inft) });
    }
    for (const { proof, newTokenId } of made) {
      expect(await findClone(ctx, { inft, tokenId }, proof)).to.equal(newTokenId);
    }
  });

  it("does not take proofs of a transfer, nor the same proofs twice", async () => {
    const { ctx, buyer } = trade;
    const tokenId = await trade.mint();
    const token = await trade.read(tokenId);
    const transfer = await trade.reencrypt(await trade.accept(tokenId));
    expect(await rejection(sendToInft(ctx, cloneDraft(token, buyer.address, transfer.proofs)))).to.be.instanceOf(
      ProofMismatchError,
    );
    const { proofs } = await trade.reencrypt(await trade.accept(tokenId, "clone"));
    await sendToInft(ctx, cloneDraft(token, buyer.address, proofs));
    expect(await rejection(sendToInft(ctx, cloneDraft(token, buyer.address, proofs)))).to.be.instanceOf(
      ProofMismatchError,
    );
  });
});
