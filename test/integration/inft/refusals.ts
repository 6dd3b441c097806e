import { expect } from "chai";

import type { TransactionDraft } from "../../../lib/chain/send.ts";
import type { WriteContext } from "../../../lib/chain/context.ts";
import type { Hex } from "../../../lib/hex.ts";
import { inftContract, inftInterface } from "../../../lib/inft/contracts.ts";
import { CommitmentPendingError, TokenRuleError, TransferNeedsProofError } from "../../../lib/inft/errors.ts";
import { commitDraft, commitMint, mintPlain } from "../../../lib/inft/mint.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { openWorkshop, rejection, type Workshop } from "./support/workshop.ts";

describe("what the iNFT contract refuses, as the library says it", () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
  });
  after(() => shop.close());

  /** What a call is refused with. Holds that nothing was sent for it. */
  async function refused(ctx: WriteContext, draft: TransactionDraft): Promise<unknown> {
    const sent = async () => ctx.provider.getTransactionCount(await ctx.signer.getAddress());
    const before = await sent();
    const error = await rejection(sendToInft(ctx, draft));
    expect(await sent()).to.equal(before);
    return error;
  }
  function transfer(tokenId: bigint): TransactionDraft {
    const parts = [shop.minter.address, shop.stranger.address, tokenId];
    const data = inftInterface().encodeFunctionData("transferFrom", parts) as Hex;
    return { what: "transfer a token", to: shop.inft, data };
  }

  it("a commitment that is open already, with the time it is good until", async () => {
    const { prepared } = await shop.prepare(await shop.resultOf(await shop.listProvider()));
    await commitMint(shop.ctx, prepared);
    const { minter, commitment } = prepared;
    const [, committedAt] = await inftContract(shop.inft, shop.ctx.provider).commitmentOf(minter, commitment);
    const expiresAt = committedAt + 86_400n;

    const error = await refused(shop.ctx, commitDraft(prepared));
    expect(error).to.be.instanceOf(CommitmentPendingError);
    expect(error).to.deep.include({
      code: "ZG_COMMITMENT_PENDING",
      exit: 3,
      details: { minter, commitment, expiresAt },
    });
    expect(error)
      .to.have.property("message")
      .that.includes(new Date(Number(expiresAt) * 1000).toISOString());
  });

  it("a plain transfer of a token whose keys would stay behind", async () => {
    const datas = [{ dataDescription: "a model", dataHash: `0x${"11".repeat(32)}` as const }];
    const { tokenId } = await mintPlain(shop.ctx, { inft: shop.inft, to: shop.minter.address, datas });
    const error = await refused(shop.ctx, transfer(tokenId));
    expect(error).to.be.instanceOf(TransferNeedsProofError);
    expect(error).to.deep.include({
      code: "ZG_TRANSFER_PROOF",
      exit: 3,
      details: { tokenId, from: shop.minter.address, to: shop.stranger.address },
    });
  });

  it("a transfer by somebody who may not move the token", async () => {
    const { tokenId } = await mintPlain(shop.ctx, { inft: shop.inft, to: shop.minter.address, datas: [] });
    const error = await refused(shop.strangerContext, transfer(tokenId));
    expect(error).to.be.instanceOf(TokenRuleError);
    expect(error).to.deep.include({
      code: "ZG_TOKEN_RULE",
      exit: 3,
      details: { error: "ERC721InsufficientApproval", args: { operator: shop.stranger.address, tokenId } },
    });
    expect(error)
      .to.have.property("message")
      .that.includes(`${shop.stranger.address} may not move or change token ${tokenId}`);
  });
});
