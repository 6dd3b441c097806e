import { randomBytes } from "node:crypto";

import { Wallet, type HDNodeWallet } from "ethers";
import hre, { network } from "hardhat";

import type { WriteContext } from "../../../../lib/chain/context.ts";
import { checksum, fromHex, type Address, type Hex } from "../../../../lib/hex.ts";
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
import { ownerPublicKey } from "../../../../lib/inft/owner-key.ts";
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

  const content = {
    request: new TextEncoder().encode('{"messages":[{"content":"What is 2+2?"}]}'),
    response: new TextEncoder().encode('{"choices":[{"message":{"content":"4"}}]}'),
  };

  /** A result signed by `tee`, as the provider's own broker would have. */
  async function resultOf(
    provider: { address: Address; tee: HDNodeWallet },
    changes: Partial<MintableResult> = {},
  ): Promise<MintableResult> {
    const [request, response] = [sha256Hex(content.request), sha256Hex(content.response)];
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
  async function prepare(result: MintableResult, by: { signer: Wallet; address: Address } = minter) {
    const key = await ownerPublicKey(by.signer);
    const sealed = sealInference({ network: NETWORK, inft, result, content, ownerPublicKey: key, randomBytes });
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
