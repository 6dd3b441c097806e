import { randomBytes } from "node:crypto";

import { Wallet, type HDNodeWallet } from "ethers";
import hre, { network } from "hardhat";

import type { WriteContext } from "../../../../lib/chain/context.ts";
import { latestBlock } from "../../../../lib/chain/connect.ts";
import type { FundedUser } from "../../../../lib/galileo/galileo.ts";
import { checksum, fromHex, toHex, type Address, type Hex } from "../../../../lib/hex.ts";
import { codePattern, type RuntimeArtifact } from "../../../../lib/inft/code.ts";
import {
  deployInft,
  deployVerifier,
  INFT_CONTRACT,
  MODULE_CONTRACTS,
  VERIFIER_CONTRACT,
  type ContractArtifact,
} from "../../../../lib/inft/deploy.ts";
import {
  prepareInferenceMint,
  sealInference,
  type MintableResult,
  type PreparedMint,
} from "../../../../lib/inft/mint.ts";
import { openDatum, sealDatum, tokenBytes, type InferenceContent } from "../../../../lib/inft/content.ts";
import { inftInterface } from "../../../../lib/inft/contracts.ts";
import { ownerPublicKey } from "../../../../lib/inft/owner-key.ts";
import { openHashes, signAccessProof } from "../../../../lib/inft/proof-access.ts";
import { assembleProofs, ownershipTypedData, type ProofAction } from "../../../../lib/inft/proof.ts";
import { readToken } from "../../../../lib/inft/show.ts";
import { sendToInft } from "../../../../lib/inft/translate.ts";
import { publicKey64 } from "../../../../lib/sealing/index.ts";
import { networkNamed } from "../../../../lib/networks.ts";
import { sha256Hex, signedText } from "../../../../lib/protocol/signed-text.ts";

export const NETWORK = networkNamed("default");

/** The embedded Galileo with an iNFT on it, a provider whose TEE key the test holds, and verbs. */
export async function openWorkshop() {
  const connection = await network.create();
  const { galileo } = connection;
  const artifactOf = async (name: string) =>
    (await hre.artifacts.readArtifact(name)) as unknown as ContractArtifact & RuntimeArtifact;
  const artifact = await artifactOf(INFT_CONTRACT);
  const verifierArtifact = await artifactOf(VERIFIER_CONTRACT);
  const modules = await Promise.all(MODULE_CONTRACTS.map(async (name) => codePattern(await artifactOf(name))));
  const trustedCode = [{ token: codePattern(artifact), modules, origin: "what the test compiled" }];
  const minter = await galileo.fundedUser();
  const stranger = await galileo.fundedUser();
  const contextOf = ({ signer }: { signer: Wallet }): WriteContext => {
    if (signer.provider === null) throw new Error("the user is not connected");
    return { network: NETWORK, provider: signer.provider, signer };
  };
  const ctx = contextOf(minter);
  /** Vouches for re-encryptions. */
  const attestor = Wallet.createRandom();
  const { address: verifier } = await deployVerifier(ctx, verifierArtifact, {
    owner: minter.address,
    threshold: 1n,
    rotationDelay: 0n,
    attestors: [{ address: checksum(attestor.address), validUntil: 2n ** 40n }],
  });
  const { address: inft } = await deployInft(ctx, artifact, { name: "Proven Inference", symbol: "INFER", verifier });

  /** A service of its own, listed on 0G's real contract; nobody serves it. */
  async function listProvider(options: { endorsed?: boolean; signer?: Address } = {}) {
    const tee = Wallet.createRandom();
    const address = await galileo.registerService({
      teeSignerAddress: options.signer ?? checksum(tee.address),
      endorsed: options.endorsed ?? true,
    });
    return { address, tee };
  }

  const content: InferenceContent = {
    request: new TextEncoder().encode('{"messages":[{"content":"What is 2+2?"}]}'),
    response: new TextEncoder().encode('{"choices":[{"message":{"content":"4"}}]}'),
  };

  /** A result signed by `tee`, as the provider's own broker would have. */
  async function resultOf(
    provider: { address: Address; tee: HDNodeWallet },
    changes: Partial<MintableResult> = {},
    of = content,
  ): Promise<MintableResult> {
    const [request, response] = [sha256Hex(of.request), sha256Hex(of.response)];
    return {
      provider: provider.address,
      teeSigner: checksum(provider.tee.address),
      requestHash: `0x${request}`,
      responseHash: `0x${response}`,
      signature: (await provider.tee.signMessage(signedText(request, response))) as Hex,
      chatId: "chat-1",
      mode: "local",
      ...changes,
    };
  }

  /** Seals and prepares a mint by the minter to itself. */
  async function prepare(result: MintableResult, by: { signer: Wallet; address: Address } = minter, of = content) {
    const key = await ownerPublicKey(by.signer);
    const parts = { network: NETWORK, inft, result, content: of };
    const sealed = sealInference({ ...parts, ownerPublicKey: key, randomBytes });
    const prepared: PreparedMint = prepareInferenceMint({
      network: NETWORK,
      inft,
      minter: by.address,
      to: by.address,
      result,
      sealed,
    });
    return { prepared, ciphertext: sealed.ciphertext };
  }

  /** Opens datum 0 for its owner and encrypts it again for somebody else, as an attestor does; both sides sign. */
  async function deliver(
    action: ProofAction,
    token: { readonly tokenId: bigint; readonly ciphertext: Uint8Array },
    from: FundedUser,
    to: FundedUser,
  ) {
    const { tokenId } = token;
    const place = { chainId: NETWORK.chainId, contract: inft };
    const { sequence, datas, sealedKeys = [] } = await readToken(ctx, { inft, tokenId });
    const [dataHash, sealedKey] = [datas[0]?.dataHash ?? "0x", sealedKeys[0] ?? "0x"];
    const privateKey = fromHex(from.signer.privateKey as Hex);
    const plaintext = openDatum({ ...place, ...token, dataHash, sealedKey, privateKey, index: 0 });
    const publicKey = await ownerPublicKey(to.signer);
    const fresh = sealDatum(plaintext, { ...place, token: tokenBytes(tokenId), index: 0 }, publicKey, randomBytes);
    const { timestamp } = await latestBlock(ctx);
    const terms = { action, tokenId, sequence, to: to.address, deadline: BigInt(timestamp) + 3600n };
    const access = await signAccessProof(to.signer, place, {
      ...{ ...terms, oldDataHashes: [dataHash], newDataHashes: openHashes(1), encryptedPubKey: "0x" },
    });
    const ownership = {
      ...{ ...terms, oldDataHashes: [dataHash], newDataHashes: [fresh.dataHash], sealedKeys: [fresh.sealedKey] },
      encryptedPubKey: toHex(publicKey64(publicKey)),
    };
    const { domain, types, message } = ownershipTypedData(place, ownership);
    const signatures = (await attestor.signTypedData(domain, types, message)) as Hex;
    return { proofs: assembleProofs(access, { ...ownership, signatures }), ciphertext: fresh.ciphertext };
  }

  /** Sends any call of the contract. */
  async function send(by: WriteContext, name: string, ...values: unknown[]) {
    const data = inftInterface().encodeFunctionData(name, values) as Hex;
    return sendToInft(by, { what: name, to: inft, data });
  }

  return {
    connection,
    galileo,
    artifact,
    verifierArtifact,
    trustedCode,
    attestor,
    verifier,
    inft,
    ctx,
    minter,
    stranger,
    strangerContext: contextOf(stranger),
    privateKeyOf: ({ signer }: { signer: Wallet }) => fromHex(signer.privateKey as Hex),
    content,
    listProvider,
    resultOf,
    prepare,
    deliver,
    send,
    close: () => connection.close(),
  };
}

export type Workshop = Awaited<ReturnType<typeof openWorkshop>>;

export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: unknown) => error,
  );
}
