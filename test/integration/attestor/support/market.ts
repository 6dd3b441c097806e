/** The embedded network with a collection that trusts its attestor, a seller with private data, and a buyer. */

import { randomBytes } from "node:crypto";

import type { Wallet } from "ethers";
import { network } from "hardhat";

import type { ReadContext } from "../../../../lib/chain/context.ts";
import { checksum, fromHex, type Address, type Hex } from "../../../../lib/hex.ts";
import { describeAttestor, requestReencryption, type FoundAttestor } from "../../../../lib/inft/attestor/client.ts";
import { objectOf } from "../../../../lib/inft/attestor/paths.ts";
import { sealDatum } from "../../../../lib/inft/content.ts";
import { openHashes, signAccessProof, type AccessProof } from "../../../../lib/inft/proof-access.ts";
import { assembleProofs, type AccessMessage, type TransferValidityProof } from "../../../../lib/inft/proof.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import { decryptData, openKey } from "../../../../lib/sealing/index.ts";

export const NETWORK = networkNamed("default");
export const random = (length: number) => new Uint8Array(randomBytes(length));

export interface MarketOptions {
  /** Attestors that count from the start; default: the network's own. */
  readonly attestors?: readonly { readonly address: Address; readonly url?: string }[];
  readonly threshold?: number;
  readonly rotationDelay?: number;
}

/** A token as its owner holds it. */
export interface Holding {
  readonly tokenId: bigint;
  readonly owner: Wallet;
  readonly ciphertexts: readonly Uint8Array[];
  readonly dataKeys: readonly Uint8Array[];
}

export async function openMarket(options: MarketOptions = {}) {
  const connection = await network.create();
  const { ethers, galileo } = connection;
  const own = galileo.attestor;
  const [seller, buyer, stranger] = [
    await galileo.fundedUser(),
    await galileo.fundedUser(),
    await galileo.fundedUser(),
  ];
  const validUntil = 2n ** 40n;
  const attestors = (options.attestors ?? [own]).map(({ address, url = "" }) => ({
    attestor: address,
    validUntil,
    endpoint: url,
  }));
  const [deployer] = await ethers.getSigners();
  const verifier = await ethers.deployContract("TransferVerifier", [
    deployer,
    BigInt(options.threshold ?? 1),
    BigInt(options.rotationDelay ?? 0),
    attestors,
  ]);
  const inft = await ethers.deployContract("INFT", [
    "Agents",
    "AGENT",
    NETWORK.contracts.inferenceServing,
    await verifier.getAddress(),
    ethers.ZeroAddress,
    0n,
  ]);
  const contract = checksum(await inft.getAddress());
  const place = { chainId: NETWORK.chainId, contract };
  const read: ReadContext = { network: NETWORK, provider: ethers.provider };

  /** Mints private texts for the seller, bound to a salt as any mint whose id is not known. */
  async function mint(texts: readonly string[], to = seller): Promise<Holding> {
    const token: Hex = `0x${Buffer.from(random(32)).toString("hex")}`;
    const sealed = texts.map((text, index) => {
      const bound = { ...place, token, index };
      return sealDatum(new TextEncoder().encode(text), bound, fromHex(to.signer.signingKey.publicKey as Hex), random);
    });
    const datas = sealed.map(({ dataHash }, index) => ({ dataDescription: `text ${index}`, dataHash }));
    const keys = sealed.map(({ sealedKey }) => sealedKey);
    const minted = await inft.connect(to.signer).mintWithKeys(datas, keys, to.address);
    const block = (await minted.wait())?.blockNumber;
    const [event] = await inft.queryFilter(inft.filters.PublishedSealedKey(), block, block);
    const tokenId = event?.args.tokenId;
    if (tokenId === undefined) throw new Error("nothing was minted");
    return {
      tokenId,
      owner: to.signer,
      ciphertexts: sealed.map(({ ciphertext }) => ciphertext),
      dataKeys: keys.map((key) => openKey(fromHex(key), fromHex(to.signer.privateKey as Hex))),
    };
  }

  /** The buyer's side, as its file. */
  async function accept(
    tokenId: bigint,
    changes: Partial<AccessMessage> = {},
    signer: Wallet = buyer.signer,
  ): Promise<AccessProof> {
    const [{ sequence }, datas, block] = await Promise.all([
      inft.tokenStateOf(tokenId),
      inft.intelligentDataOf(tokenId),
      ethers.provider.getBlock("latest"),
    ]);
    const oldDataHashes = datas.map(({ dataHash }) => dataHash as Hex);
    return signAccessProof(signer, place, {
      action: "transfer",
      tokenId,
      sequence,
      to: checksum(signer.address),
      deadline: BigInt((block?.timestamp ?? 0) + 3600),
      oldDataHashes,
      newDataHashes: openHashes(oldDataHashes.length),
      encryptedPubKey: "0x",
      ...changes,
    });
  }

  async function reencrypted(
    holding: Holding,
    access: AccessProof,
    asked: readonly FoundAttestor[],
    deps: Parameters<typeof requestReencryption>[0] = {},
  ): Promise<{ proofs: TransferValidityProof[]; ciphertexts: readonly Uint8Array[] }> {
    const { ownership, ciphertexts } = await requestReencryption(deps, {
      access,
      signer: holding.owner,
      dataKeys: holding.dataKeys,
      ciphertexts: holding.ciphertexts,
      attestors: asked,
      randomBytes: random,
    });
    return { proofs: assembleProofs(access, ownership), ciphertexts };
  }

  /** The data keys of a token as last published, opened by their reader. */
  async function keysOf(tokenId: bigint, reader: Wallet): Promise<Uint8Array[]> {
    const [event] = (await inft.queryFilter(inft.filters.PublishedSealedKey(undefined, tokenId))).reverse();
    return (event?.args.sealedKeys ?? []).map((key) => openKey(fromHex(key as Hex), fromHex(reader.privateKey as Hex)));
  }

  /** What a reader finds in a token with nothing but its own key and ciphertexts from an attestor. */
  async function texts(tokenId: bigint, reader: Wallet, url: string): Promise<string[]> {
    const [datas, dataKeys] = await Promise.all([inft.intelligentDataOf(tokenId), keysOf(tokenId, reader)]);
    return Promise.all(
      datas.map(async ({ dataHash }, index) => {
        const dataKey = dataKeys[index] ?? new Uint8Array();
        const object = objectOf({ inft: contract, tokenId, dataHash: dataHash as Hex });
        const response = await fetch(`${url}${object}`);
        const ciphertext = new Uint8Array(await response.arrayBuffer());
        return new TextDecoder().decode(decryptData(ciphertext, dataKey, { ...place, index }));
      }),
    );
  }

  return {
    connection,
    own,
    read,
    inft,
    verifier,
    verifierAddress: checksum(await verifier.getAddress()),
    deployer,
    contract,
    place,
    seller,
    buyer,
    stranger,
    mint,
    accept,
    reencrypted,
    keysOf,
    texts,
    describeOwn: async () => describeAttestor({}, own.url),
  };
}

export type Market = Awaited<ReturnType<typeof openMarket>>;
