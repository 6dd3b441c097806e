import { expect } from "chai";
import { ZeroHash, hexlify, type BaseContract } from "ethers";

import type { network } from "hardhat";

import type { Hex } from "../../../lib/hex.ts";
import { PROOF_ACTION, type TransferValidityProof } from "../../../lib/inft/proof.ts";
import { deployDialectsFixture, type Action } from "./dialects-fixture.ts";
import { hashOf, keyOf } from "./verifier-fixture.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

/** What a verifier says that it found in one proof. */
interface Output {
  readonly oldDataHash: Hex;
  readonly newDataHash: Hex;
  readonly sealedKey: Hex;
  readonly encryptedPubKey: Hex;
  readonly wantedKey: Hex;
  readonly accessAssistant: string;
  readonly accessProofNonce: Hex;
  readonly ownershipProofNonce: Hex;
}

/** How many data the token has. */
export const COUNT = 3;
export const repeated = (byte: number, length: number) => hexlify(new Uint8Array(length).fill(byte)) as Hex;

/** A token of {@link COUNT} data whose verifier answers what it is told to, and what the truth would be. */
export async function deployAnsweringFixture(connection: Connection) {
  const shop = await deployDialectsFixture(connection);
  const { ethers, networkHelpers, buyer, seller, datas, sellerAddress } = shop;
  await networkHelpers.setBalance(buyer.address, 10n ** 18n);
  const verifier = await ethers.deployContract("AnsweringVerifier__MockForINFT");
  const inft = await shop.deployInft(verifier);
  const standard = await ethers.getContractAt("IERC7857DataVerifier", await verifier.getAddress());
  const tokenId = 1n;
  await inft.mint(datas(COUNT), sellerAddress);
  await inft.authorizeUsage(tokenId, shop.strangerAddress);

  const nonceOf = async (changes: { action?: Action; tokenId?: bigint; to?: string; deadline?: bigint } = {}) =>
    (await inft.proofNonce(
      PROOF_ACTION[changes.action ?? "transfer"],
      changes.tokenId ?? tokenId,
      changes.to ?? buyer.address,
      changes.deadline ?? (await shop.deadline()),
    )) as Hex;

  /** What both sides say, unsigned: this verifier would not look. */
  function proofs(nonce: Hex): TransferValidityProof[] {
    return datas(COUNT).map(({ dataHash }, i) => ({
      accessProof: {
        oldDataHash: dataHash,
        newDataHash: ZeroHash as Hex,
        nonce: i === 0 ? nonce : "0x",
        encryptedPubKey: "0x",
        proof: "0x",
      },
      ownershipProof: {
        oracleType: 0,
        oldDataHash: dataHash,
        newDataHash: hashOf(`new ${i}`),
        sealedKey: repeated(i + 1, 129),
        encryptedPubKey: i === 0 ? keyOf(buyer) : "0x",
        nonce: i === 0 ? nonce : "0x",
        proof: "0x",
      },
    }));
  }
  /** The truthful answer to these proofs. */
  const outputsOf = (list: readonly TransferValidityProof[]): Output[] =>
    list.map(({ ownershipProof: { oldDataHash, newDataHash, sealedKey } }) => ({
      oldDataHash,
      newDataHash,
      sealedKey,
      encryptedPubKey: keyOf(buyer),
      wantedKey: "0x",
      accessAssistant: buyer.address,
      accessProofNonce: list[0]!.accessProof.nonce,
      ownershipProofNonce: list[0]!.ownershipProof.nonce,
    }));

  const answer = async (outputs: readonly Output[]) =>
    verifier.answerWith(standard.interface.encodeFunctionResult("verifyTransferValidity", [[...outputs]]));
  const send = (list: TransferValidityProof[], action: Action = "transfer", id = tokenId) =>
    inft.connect(seller)[action === "transfer" ? "iTransfer" : "iClone"](buyer.address, id, list);

  /** Has the verifier answer proofs with `change` made to datum `index` of the truth; transfers. */
  async function lie(index: number, change: Partial<Output>, nonce?: Hex) {
    const list = proofs(nonce ?? (await nonceOf()));
    await answer(outputsOf(list).map((output, i) => (i === index ? { ...output, ...change } : output)));
    return send(list);
  }
  async function stateOf() {
    const state = [
      await inft.tokenStateOf(tokenId),
      await inft.intelligentDataOf(tokenId),
      await inft.authorizedUsersOf(tokenId),
      await inft.balanceOf(buyer.address),
    ];
    return JSON.stringify(state, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  }
  /** That an attempt reverts with this error of that contract, and leaves the token as it was. */
  async function refused(attempt: () => Promise<unknown>, by: BaseContract, error: string, values: unknown[]) {
    const before = await stateOf();
    await expect(attempt())
      .to.be.revertedWithCustomError(by, error)
      .withArgs(...values);
    expect(await stateOf()).to.equal(before);
  }

  return {
    ...shop,
    inft,
    verifier,
    direct: shop.verifier,
    tokenId,
    nonceOf,
    proofs,
    outputsOf,
    answer,
    send,
    lie,
    refused,
  };
}
