import { expect } from "chai";
import { Contract, Interface, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import { fromHex, type Address, type Hex } from "../../../lib/hex.ts";
import { decodeAgentPart } from "../../../lib/inft/agent.ts";
import { openDatum } from "../../../lib/inft/content.ts";
import { inftContract } from "../../../lib/inft/contracts.ts";
import { NothingStagedError, StageExpiredError, TransferNeedsProofError } from "../../../lib/inft/errors.ts";
import { plainTransferDraft } from "../../../lib/inft/transfer.ts";
import { rekey, rekeyDraft } from "../../../lib/inft/rekey.ts";
import { readStaged, stageDraft, unstageDraft } from "../../../lib/inft/stage.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { NETWORK, openTrade, type Party, type Trade } from "./support/trade.ts";
import { randomBytes } from "node:crypto";
import { rejection } from "./support/workshop.ts";

describe("a staged transfer", () => {
  let trade: Trade;
  let market: Address;
  let marketAbi: Interface;
  before(async () => {
    trade = await openTrade();
    market = await trade.deploy("Market__MockForINFT", []);
    marketAbi = new Interface((await hre.artifacts.readArtifact("Market__MockForINFT")).abi);
  });
  after(() => trade.close());

  const PRICE = 5n * 10n ** 17n;

  /** A token whose transfer to the buyer is staged, in the hands of a market. */
  async function staged() {
    const { ctx, inft, seller, buyer } = trade;
    const tokenId = await trade.mint();
    const token = await trade.read(tokenId);
    const access = await trade.accept(tokenId);
    const { proofs, newDataHashes } = await trade.reencrypt(access);
    await sendToInft(ctx, stageDraft(token, buyer.address, proofs));
    await confirmed(inftContract(inft, seller.signer).approve(market, tokenId));
    await confirmed(at(market, seller).getFunction("list")(inft, tokenId, PRICE));
    return { tokenId, token, access, newDataHashes };
  }
  const at = (address: Address, { signer }: Party) => new Contract(address, marketAbi, signer);
  const confirmed = async (sending: Promise<unknown>) => ((await sending) as ContractTransactionResponse).wait();
  const buy = async (who: Party, tokenId: bigint) =>
    confirmed(at(market, who).getFunction("buy")(trade.inft, tokenId, { value: PRICE }));

  it("is completed by a market that knows only ERC-721: money one way, token and data the other", async () => {
    const { ctx, inft, seller, buyer } = trade;
    const { tokenId, access, newDataHashes, token } = await staged();
    expect(await readStaged(ctx, token)).to.deep.equal({ to: buyer.address, deadline: access.deadline });
    expect(await trade.read(tokenId), "nothing moved yet").to.deep.equal(token);

    const before = await ctx.provider.getBalance(seller.address);
    await buy(buyer, tokenId);
    expect((await ctx.provider.getBalance(seller.address)) - before).to.equal(PRICE);

    const after = await trade.read(tokenId);
    expect(after).to.deep.include({ owner: buyer.address, sealedTo: buyer.address, sequence: token.sequence + 1n });
    expect(after.datas.map(({ dataHash }) => dataHash)).to.deep.equal(newDataHashes);
    expect(await readStaged(ctx, token)).to.equal(undefined);
    const [ciphertext] = await trade.ciphertextsOf(after);
    const sealedKey = after.sealedKeys?.[0];
    if (ciphertext === undefined || sealedKey === undefined) throw new Error("no ciphertext or no key");
    const opened = openDatum({
      chainId: NETWORK.chainId,
      contract: inft,
      tokenId,
      index: 0,
      ciphertext,
      sealedKey,
      dataHash: newDataHashes[0] ?? "0x",
      privateKey: fromHex(buyer.signer.privateKey as Hex),
    });
    expect(decodeAgentPart(opened)).to.deep.equal(trade.files[0]);
  });

  it("is for that buyer only: a market delivers to nobody else, and keeps nobody's money", async () => {
    const { ctx, inft, stranger } = trade;
    const { tokenId, token } = await staged();
    const refused = await rejection(buy(stranger, tokenId));
    const revert = inftContract(inft, ctx.provider).interface;
    expect(refused)
      .to.have.property("data")
      .that.satisfies((data: Hex) => revert.parseError(data)?.name === "ERC7857TransferNeedsProof");
    const error = await rejection(sendToInft(ctx, plainTransferDraft(token, stranger.address)));
    expect(error).to.be.instanceOf(TransferNeedsProofError);
    expect(error).to.have.property("details").that.deep.equals({ tokenId, from: token.owner, to: stranger.address });
    expect(await trade.read(tokenId)).to.deep.equal(token);
  });

  it("ends with its deadline", async () => {
    const { ctx, buyer } = trade;
    const { token, access } = await staged();
    await trade.connection.networkHelpers.time.increaseTo(access.deadline + 1n);
    const error = await rejection(sendToInft(ctx, plainTransferDraft(token, buyer.address)));
    expect(error).to.be.instanceOf(StageExpiredError).with.nested.property("details.deadline", access.deadline);
    expect(await trade.read(token.tokenId)).to.deep.equal(token);
  });

  it("is taken back by the owner, once", async () => {
    const { ctx, buyer } = trade;
    const { token } = await staged();
    await sendToInft(ctx, unstageDraft(token));
    expect(await readStaged(ctx, token)).to.equal(undefined);
    expect(await rejection(sendToInft(ctx, plainTransferDraft(token, buyer.address)))).to.be.instanceOf(
      TransferNeedsProofError,
    );
    expect(await rejection(sendToInft(ctx, unstageDraft(token)))).to.be.instanceOf(NothingStagedError);
  });

  it("is void once the token's data change", async () => {
    const { ctx, seller, buyer } = trade;
    const { token } = await staged();
    const datas = rekey({
      token,
      chainId: NETWORK.chainId,
      ciphertexts: await trade.ciphertextsOf(token),
      keys: trade.keysOf(seller),
      publicKey: fromHex(seller.signer.signingKey.publicKey as Hex),
      randomBytes,
    });
    await sendToInft(ctx, rekeyDraft(token, datas));
    expect(await readStaged(ctx, token)).to.equal(undefined);
    expect(await rejection(sendToInft(ctx, plainTransferDraft(token, buyer.address)))).to.be.instanceOf(
      TransferNeedsProofError,
    );
  });
});
