import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { fromHex, type Hex } from "../../../lib/hex.ts";
import { decodeAgent, sealAgent } from "../../../lib/inft/agent.ts";
import { openDatum } from "../../../lib/inft/content.ts";
import {
  KeysNotPublishedError,
  SealedToAnotherKeyError,
  TokenRuleError,
  TokenWithoutDataError,
} from "../../../lib/inft/errors.ts";
import { mintPlain } from "../../../lib/inft/mint.ts";
import { ownerPublicKey } from "../../../lib/inft/owner-key.ts";
import { rekey, rekeyDraft } from "../../../lib/inft/rekey.ts";
import { openDataKeys, type OwnedToken } from "../../../lib/inft/transfer.ts";
import { sendToInft } from "../../../lib/inft/translate.ts";
import { updateDraft } from "../../../lib/inft/update.ts";
import { decryptData } from "../../../lib/sealing/index.ts";
import { WrongDataKeyError } from "../../../lib/sealing/errors.ts";
import { NETWORK, openTrade, type Party, type Trade } from "./support/trade.ts";
import { rejection } from "./support/workshop.ts";

describe("updating a token", () => {
  let trade: Trade;
  before(async () => {
    trade = await openTrade();
  });
  after(() => trade.close());

  const privateKeyOf = ({ signer }: Party) => fromHex(signer.privateKey as Hex);

  function open(token: OwnedToken, ciphertexts: readonly Uint8Array[], owner: Party) {
    return decodeAgent(
      token.datas.map(({ dataHash }, index) => {
        const [ciphertext, sealedKey] = [ciphertexts[index], token.sealedKeys?.[index]];
        if (ciphertext === undefined || sealedKey === undefined) throw new Error("no ciphertext or no key");
        const place = { chainId: NETWORK.chainId, contract: trade.inft, tokenId: token.tokenId, index };
        return openDatum({ ...place, ciphertext, dataHash, sealedKey, privateKey: privateKeyOf(owner) });
      }),
    );
  }
  async function rekeyed(token: OwnedToken, owner: Party = trade.seller) {
    return rekey({
      token,
      chainId: NETWORK.chainId,
      ciphertexts: await trade.ciphertextsOf(token),
      keys: trade.keysOf(owner),
      publicKey: await ownerPublicKey(owner.signer),
      randomBytes,
    });
  }

  it("replaces descriptions, ciphertexts and keys", async () => {
    const { ctx, inft, seller } = trade;
    const tokenId = await trade.mint();
    const before = await trade.read(tokenId);
    const agent = { parts: [{ part: "file", name: "notes.txt", bytes: new TextEncoder().encode("new") }] } as const;
    const { ciphertexts, ...data } = sealAgent({
      chainId: NETWORK.chainId,
      inft,
      agent,
      ownerPublicKey: await ownerPublicKey(seller.signer),
      randomBytes,
    });
    await sendToInft(ctx, updateDraft(before, data));
    const after = await trade.read(tokenId);
    expect(after).to.deep.include({ ...data, owner: seller.address, sequence: before.sequence + 1n });
    expect(open(after, ciphertexts, seller)).to.deep.equal(agent);
  });

  it("rotates the keys of the same content: the old keys do not open the new data", async () => {
    const { ctx, seller } = trade;
    const tokenId = await trade.mint();
    const before = await trade.read(tokenId);
    const oldKeys = openDataKeys(before, trade.keysOf(seller));
    const datas = await rekeyed(before);
    await sendToInft(ctx, rekeyDraft(before, datas));

    const after = await trade.read(tokenId);
    expect(after.datas).to.deep.equal(
      before.datas.map(({ dataDescription }, index) => ({ dataDescription, dataHash: datas[index]?.dataHash })),
    );
    expect(after.sequence).to.equal(before.sequence + 1n);
    const ciphertexts = datas.map(({ ciphertext }) => ciphertext);
    expect(open(after, ciphertexts, seller)).to.deep.equal({ parts: trade.files });
    for (const [index, oldKey] of oldKeys.entries()) {
      const place = { chainId: NETWORK.chainId, contract: trade.inft, index };
      const ciphertext = ciphertexts[index] ?? expect.fail("no ciphertext");
      expect(() => decryptData(ciphertext, oldKey, place)).to.throw(WrongDataKeyError);
    }
  });

  it("rotates nothing that there is not, that was never sealed, or that was sealed to somebody else", async () => {
    const { ctx, inft, seller, buyer } = trade;
    const { tokenId: empty } = await mintPlain(ctx, { inft, to: seller.address, datas: [] });
    expect(await rejection(trade.read(empty).then(async (token) => rekeyed(token)))).to.be.instanceOf(
      TokenWithoutDataError,
    );
    const token = await trade.read(await trade.mint());
    const { sealedKeys: _keys, sealedTo: _to, ...keyless } = token;
    const error = await rejection(rekeyed(keyless));
    expect(error).to.be.instanceOf(KeysNotPublishedError);
    expect(error).to.have.property("details").that.deep.equals({ tokenId: token.tokenId, owner: seller.address });
    expect(await rejection(rekeyed(token, buyer))).to.be.instanceOf(SealedToAnotherKeyError);
  });

  it("is the owner's, or of whom it approved", async () => {
    const { stranger } = trade;
    const tokenId = await trade.mint();
    const before = await trade.state(tokenId);
    const draft = rekeyDraft(before.token, await rekeyed(before.token));
    const error = await rejection(sendToInft(trade.contextOf(stranger), draft));
    expect(error).to.be.instanceOf(TokenRuleError);
    expect(error).to.have.nested.property("details.args").that.includes({ operator: stranger.address });
    expect(await trade.state(tokenId)).to.deep.equal(before);
  });
});
