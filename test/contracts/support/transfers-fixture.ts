import type { Signer } from "ethers";

import type { network } from "hardhat";

import { deployDialectsFixture, type Action } from "./dialects-fixture.ts";
import { hashOf } from "./verifier-fixture.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

/** {@link deployDialectsFixture}, with a token of two data and the ways of the final standard to hand it on. */
export async function deployTransfersFixture(connection: Connection) {
  const shop = await deployDialectsFixture(connection);
  const { inft, buyer, sellerAddress, finalProofs } = shop;
  const count = 2;
  const tokenId = await shop.mintToken(count);
  const send = async (action: Action, by: Signer = shop.seller, id = tokenId, to = buyer.address) => {
    const proofs = await finalProofs(tokenId, { action });
    return inft.connect(by)[action === "transfer" ? "iTransfer" : "iClone"](to, id, proofs);
  };
  const keysOf = (proofs: Awaited<ReturnType<typeof finalProofs>>) =>
    proofs.map(({ ownershipProof }) => ownershipProof.sealedKey);
  const hashesOf = async (id = tokenId) => (await inft.intelligentDataOf(id)).map(({ dataHash }) => dataHash);
  const descriptionsOf = async (id = tokenId) =>
    (await inft.intelligentDataOf(id)).map(({ dataDescription }) => dataDescription);
  const newHashes = Array.from({ length: count }, (_, i) => hashOf(`new ${i}`));
  const eventsOf = (logs: readonly { topics: readonly string[]; data: string }[]) =>
    logs.map((log) => inft.interface.parseLog({ ...log, topics: [...log.topics] })?.name);
  /** Approves and authorises a stranger, so that there is something to end. */
  async function entrust(id = tokenId) {
    await inft.approve(shop.strangerAddress, id);
    await inft.authorizeUsage(id, shop.strangerAddress);
  }
  const plain = (to = buyer.address, by: Signer = shop.seller) =>
    inft.connect(by).transferFrom(sellerAddress, to, tokenId);
  async function stage(deadline?: bigint) {
    const proofs = await finalProofs(tokenId, deadline === undefined ? {} : { deadline });
    return inft.stageTransfer(buyer.address, tokenId, proofs);
  }
  return {
    ...shop,
    count,
    tokenId,
    send,
    keysOf,
    hashesOf,
    descriptionsOf,
    newHashes,
    eventsOf,
    entrust,
    plain,
    stage,
  };
}
