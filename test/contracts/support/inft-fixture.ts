import {
  Wallet,
  ZeroAddress,
  concat,
  encodeBytes32String,
  hexlify,
  keccak256,
  sha256,
  toUtf8Bytes,
  type Signer,
} from "ethers";

import type { network } from "hardhat";

import type { Hex } from "../../../lib/hex.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

/** What the minter brings, as plain values. */
export interface Claim {
  readonly provider: string;
  readonly requestHash: string;
  readonly responseHash: string;
  readonly signature: string;
  readonly chatId: string;
  readonly mode: number;
}

export const MODE = { live: 1, fork: 2, local: 3, replay: 4 } as const;
export const SERVICE_UPDATED_AT = 1_700_000_000n;
export const MODEL = "phi-3";

const TEE_KEY = keccak256(toUtf8Bytes("a provider's enclave"));
const OTHER_TEE_KEY = keccak256(toUtf8Bytes("another enclave"));

export function hashOf(text: string): Hex {
  return sha256(toUtf8Bytes(text)) as Hex;
}

/** What a provider signs, written here a second time on purpose: from the protocol, not from our library. */
export function textOf(requestHash: string, responseHash: string): string {
  return `${requestHash.slice(2)}:${responseHash.slice(2)}`;
}

/** A deployed iNFT on a mock of InferenceServing with one endorsed provider, its actors, and verbs. */
export async function deployInftFixture(connection: Connection) {
  const { ethers, networkHelpers } = connection;
  const [minter, owner, stranger, provider] = (await ethers.getSigners()) as unknown as [
    Signer,
    Signer,
    Signer,
    Signer,
  ];
  const tee = new Wallet(TEE_KEY);
  const serving = await ethers.deployContract("InferenceServing__MockForINFT");
  const [, , , , verifierOwner] = await ethers.getSigners();
  const verifier = await ethers.deployContract("TransferVerifier", [verifierOwner, 1n, 0n, []]);
  const inft = await ethers.deployContract("INFT", [
    "Proven Inference",
    "INFER",
    await serving.getAddress(),
    await verifier.getAddress(),
    ZeroAddress,
    0n,
  ]);

  const minterAddress = await minter.getAddress();
  const ownerAddress = await owner.getAddress();
  const providerAddress = await provider.getAddress();

  async function listService(changes: { teeSignerAddress?: string; teeSignerAcknowledged?: boolean } = {}) {
    await serving.setService({
      provider: providerAddress,
      serviceType: "chatbot",
      url: "http://127.0.0.1",
      inputPrice: 1n,
      outputPrice: 2n,
      updatedAt: SERVICE_UPDATED_AT,
      model: MODEL,
      verifiability: "TeeML",
      additionalInfo: "{}",
      teeSignerAddress: tee.address,
      teeSignerAcknowledged: true,
      ...changes,
    });
  }
  await listService();

  const datas = [{ dataDescription: "inference", dataHash: keccak256(toUtf8Bytes("ciphertext")) }];
  const sealedKeys = [hexlify(new Uint8Array(129).fill(4))];

  /** A claim whose signature is right unless `changes` say otherwise. */
  async function claim(changes: Partial<Claim> & { signer?: Wallet } = {}): Promise<Claim> {
    const { signer = tee, ...fields } = changes;
    const requestHash = hashOf("request");
    const responseHash = hashOf("response");
    return {
      provider: providerAddress,
      requestHash,
      responseHash,
      signature: await signer.signMessage(textOf(requestHash, responseHash)),
      chatId: "chat-1",
      mode: MODE.local,
      ...fields,
    };
  }

  /** The arguments of a mint by the minter to the owner. */
  async function mintArguments(changes: { claim?: Claim; to?: string; salt?: string } = {}) {
    return {
      claim: changes.claim ?? (await claim()),
      datas,
      sealedKeys,
      to: changes.to ?? ownerAddress,
      salt: changes.salt ?? encodeBytes32String("salt"),
    };
  }
  type MintArguments = Awaited<ReturnType<typeof mintArguments>>;

  async function commitmentOf(by: Signer, args: MintArguments) {
    return inft.hashCommitment(await by.getAddress(), args.claim, args.datas, args.sealedKeys, args.to, args.salt);
  }
  async function commit(by: Signer, args: MintArguments) {
    return inft.connect(by).commit(await commitmentOf(by, args));
  }
  async function reveal(by: Signer, args: MintArguments) {
    return inft.connect(by).mintInference(args.claim, args.datas, args.sealedKeys, args.to, args.salt);
  }
  /** Commits and mints, a block apart. */
  async function mint(by: Signer, args: MintArguments) {
    await commit(by, args);
    return reveal(by, args);
  }
  async function idOf(args: MintArguments, teeSigner = tee.address) {
    const { provider: from, requestHash, responseHash } = args.claim;
    return inft.inferenceId(from, teeSigner, requestHash, responseHash);
  }
  async function deployAccount() {
    return await ethers.deployContract("Account__MockForINFT");
  }

  /** The data of a token as plain objects. */
  async function dataOf(tokenId: bigint | string) {
    return (await inft.intelligentDataOf(tokenId)).map(({ dataDescription, dataHash }) => ({
      dataDescription,
      dataHash,
    }));
  }

  return {
    ethers,
    networkHelpers,
    inft,
    serving,
    verifier,
    tee,
    otherTee: new Wallet(OTHER_TEE_KEY),
    minter,
    owner,
    stranger,
    minterAddress,
    ownerAddress,
    providerAddress,
    strangerAddress: await stranger.getAddress(),
    datas,
    sealedKeys,
    listService,
    claim,
    mintArguments,
    commitmentOf,
    commit,
    reveal,
    mint,
    idOf,
    deployAccount,
    dataOf,
  };
}

/** The same signature with the other, high `s`: as valid to a bare ecrecover, and refused by OpenZeppelin's ECDSA. */
export function malleate(signature: string): Hex {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = order - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "0x1c" : "0x1b";
  return concat([signature.slice(0, 66), `0x${s.toString(16).padStart(64, "0")}`, v]) as Hex;
}
