import { Contract, concat, hexlify, keccak256, toUtf8Bytes, ZeroAddress, type Signer, type Wallet } from "ethers";

import type { network } from "hardhat";

import { checksum, type Hex } from "../../../lib/hex.ts";
import {
  accessDigest,
  assembleProofs,
  OPEN_HASH,
  ownershipDigest,
  type ProofTerms,
  type TransferValidityProof,
} from "../../../lib/inft/proof.ts";
import { joinAttestorSignatures } from "../../../lib/inft/proof-signatures.ts";
import { addressOf, hashOf, keyOf, walletOf } from "./verifier-fixture.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

/** What a client of 0G's AgentNFT is built from, written from its sources by hand. */
export const AGENT_NFT_ABI = [
  "function verifier() view returns (address)",
  "function mint((string dataDescription, bytes32 dataHash)[] iDatas, address to) payable returns (uint256)",
  "function update(uint256 tokenId, (string dataDescription, bytes32 dataHash)[] newDatas)",
  "function iTransferFrom(address from, address to, uint256 tokenId, ((bytes32 dataHash, bytes targetPubkey, bytes nonce, bytes proof) accessProof, (uint8 oracleType, bytes32 dataHash, bytes sealedKey, bytes targetPubkey, bytes nonce, bytes proof) ownershipProof)[] proofs)",
  "function iCloneFrom(address from, address to, uint256 tokenId, ((bytes32 dataHash, bytes targetPubkey, bytes nonce, bytes proof) accessProof, (uint8 oracleType, bytes32 dataHash, bytes sealedKey, bytes targetPubkey, bytes nonce, bytes proof) ownershipProof)[] proofs) returns (uint256)",
  "function intelligentDatasOf(uint256 tokenId) view returns ((string dataDescription, bytes32 dataHash)[])",
  "function authorizeUsage(uint256 tokenId, address user)",
  "function batchAuthorizeUsage(uint256 tokenId, address[] users)",
  "function revokeAuthorization(uint256 tokenId, address user)",
  "function clearAuthorizedUsers(uint256 tokenId)",
  "function authorizedUsersOf(uint256 tokenId) view returns (address[])",
  "function delegateAccess(address assistant)",
  "function getDelegateAccess(address user) view returns (address)",
  "function ownerOf(uint256 tokenId) view returns (address)",
  "event PublishedSealedKey(address indexed to, uint256 indexed tokenId, bytes[] sealedKeys)",
  "event Cloned(uint256 indexed tokenId, uint256 indexed newTokenId, address from, address to)",
  "event Updated(uint256 indexed tokenId, (string dataDescription, bytes32 dataHash)[] oldDatas, (string dataDescription, bytes32 dataHash)[] newDatas)",
  "event Authorization(address indexed from, address indexed to, uint256 indexed tokenId)",
  "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
];
/** The one function such a client must learn. */
export const TRANSFER_NONCE =
  "function transferNonce(uint8 action, uint256 tokenId, uint256 index, address to, uint48 deadline) view returns (bytes)";

/** The Go inference agent's, from its minter. */
export const GO_AGENT_ABI = [
  "function mint(address to, string name, string description, bytes encryptedMeta, bytes32 resultHash, string storageRef) returns (uint256 tokenId)",
  "function updateEncryptedMetadata(uint256 tokenId, bytes encryptedMeta)",
  "function ownerOf(uint256 tokenId) view returns (address owner)",
  "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
];

/** The draft's, from 0G's documentation. */
export const DOCS_DRAFT_ABI = [
  "function mint(address to, string encryptedURI, bytes32 metadataHash) returns (uint256)",
  "function transfer(address from, address to, uint256 tokenId, bytes sealedKey, bytes proof)",
  "function clone(address to, uint256 tokenId, bytes sealedKey, bytes proof) returns (uint256)",
  "function authorizeUsage(uint256 tokenId, address executor, bytes permissions)",
  "function getMetadataHash(uint256 tokenId) view returns (bytes32)",
  "function getEncryptedURI(uint256 tokenId) view returns (string)",
  "function oracle() view returns (address)",
  "function ownerOf(uint256 tokenId) view returns (address)",
  "event MetadataUpdated(uint256 indexed tokenId, bytes32 newHash)",
  "event UsageAuthorized(uint256 indexed tokenId, address indexed executor)",
];

/** `proofs` of the final standard, as abi.encode takes it. */
export const FINAL_PROOFS_TYPE =
  "tuple(tuple(bytes32 oldDataHash,bytes32 newDataHash,bytes nonce,bytes encryptedPubKey,bytes proof) accessProof,tuple(uint8 oracleType,bytes32 oldDataHash,bytes32 newDataHash,bytes sealedKey,bytes encryptedPubKey,bytes nonce,bytes proof) ownershipProof)[]";

export const ACTION = { transfer: 1, clone: 2 } as const;
export type Action = keyof typeof ACTION;

export interface AgentNftProof {
  readonly accessProof: { dataHash: Hex; targetPubkey: Hex; nonce: Hex; proof: Hex };
  readonly ownershipProof: {
    oracleType: number;
    dataHash: Hex;
    sealedKey: Hex;
    targetPubkey: Hex;
    nonce: Hex;
    proof: Hex;
  };
}

/** What a genuine proof is changed in, before it is signed. */
export interface AgentNftChanges {
  readonly action?: Action;
  readonly tokenId?: bigint;
  /** Which datum's nonce is asked for. */
  readonly nonceIndex?: number;
  /** Whose contract's nonce is asked for. */
  readonly nonceOf?: Contract;
  readonly nonceTo?: string;
  readonly accessNonce?: Hex;
  readonly ownershipNonce?: Hex;
  readonly deadline?: bigint;
  readonly newHash?: Hex;
  readonly accessHash?: Hex;
  readonly wantedKey?: Hex;
  readonly sealedTo?: Hex;
  readonly sealedKey?: Hex;
  readonly oracleType?: number;
  readonly signer?: Wallet;
  readonly attestors?: readonly Wallet[];
}

/** What proofs of the final standard are changed in, before they are signed. */
export interface FinalChanges {
  readonly attestors?: readonly Wallet[];
  readonly oldDataHashes?: readonly Hex[];
  readonly newDataHashes?: readonly Hex[];
  readonly sealedKeys?: readonly Hex[];
}

export const VALID_FOR = 30n * 86_400n;
const OPEN_FOR = 3600n;

/** An iNFT whose verifier wants two of three attestors, clients of the three older dialects, and verbs. */
export async function deployDialectsFixture(connection: Connection) {
  const { ethers, networkHelpers } = connection;
  const [seller, stranger] = (await ethers.getSigners()) as unknown as [Signer, Signer];
  const attestors = ["first", "second", "third"].map((name) => walletOf(`${name} attestor`));
  const buyer = walletOf("the buyer");
  const now = BigInt(await networkHelpers.time.latest());
  const serving = await ethers.deployContract("InferenceServing__MockForINFT");
  const verifier = await ethers.deployContract("TransferVerifier", [
    await seller.getAddress(),
    2n,
    86_400n,
    attestors.map(({ address }) => ({ attestor: address, validUntil: now + VALID_FOR, endpoint: "" })),
  ]);
  const deployInft = async (itsVerifier: { getAddress(): Promise<string> } = verifier) =>
    ethers.deployContract("INFT", ["Agents", "AGENT", serving, await itsVerifier.getAddress(), ZeroAddress, 0n]);
  const inft = await deployInft();
  const address = await inft.getAddress();
  const clientOf = (abi: readonly string[], by: Signer = seller, at = address) => new Contract(at, abi, by);

  const agentNft = clientOf([...AGENT_NFT_ABI, TRANSFER_NONCE]);
  const module = await ethers.getContractAt("INFTDialects", address);
  const sellerAddress = checksum(await seller.getAddress());
  const place = { chainId: Number((await ethers.provider.getNetwork()).chainId), contract: checksum(address) };

  const datas = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ dataDescription: `datum ${i}`, dataHash: hashOf(`old ${i}`) }));
  const deadline = async () => BigInt(await networkHelpers.time.latest()) + OPEN_FOR;

  /** Mints the seller a token through AgentNFT's mint; returns its id. */
  async function mintToken(count = 1): Promise<bigint> {
    const receipt = await (await agentNft.getFunction("mint")(datas(count), sellerAddress)).wait();
    return BigInt(receipt.logs.find(({ topics }: { topics: string[] }) => topics.length === 4).topics[3] as string);
  }

  const signed = async (signer: Wallet, text: Hex) => (await signer.signMessage(text)) as Hex;

  /** A genuine proof of AgentNFT's for one datum and the buyer, unless `changes` say otherwise. */
  async function agentNftProof(tokenId: bigint, index = 0, changes: AgentNftChanges = {}): Promise<AgentNftProof> {
    const by = changes.deadline ?? (await deadline());
    const nonce = (await (changes.nonceOf ?? agentNft).getFunction("transferNonce")(
      ACTION[changes.action ?? "transfer"],
      changes.tokenId ?? tokenId,
      changes.nonceIndex ?? index,
      changes.nonceTo ?? buyer.address,
      by,
    )) as Hex;
    const ownership = {
      oracleType: changes.oracleType ?? 0,
      dataHash: changes.newHash ?? hashOf(`new ${index}`),
      sealedKey: changes.sealedKey ?? (hexlify(new Uint8Array(129).fill(index + 1)) as Hex),
      targetPubkey: changes.sealedTo ?? keyOf(buyer),
      nonce: changes.ownershipNonce ?? nonce,
    };
    const access = {
      dataHash: changes.accessHash ?? ownership.dataHash,
      targetPubkey: changes.wantedKey ?? "0x",
      nonce: changes.accessNonce ?? nonce,
    };
    // As AgentNFT's verifier recovers it: a message of the hash's 66 characters.
    const accessText = keccak256(concat([access.dataHash, access.targetPubkey, access.nonce])) as Hex;
    const ownershipText = keccak256(
      concat([ownership.dataHash, ownership.sealedKey, ownership.targetPubkey, ownership.nonce]),
    ) as Hex;
    const signing = [...(changes.attestors ?? attestors.slice(0, 2))].sort((a, b) =>
      a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1,
    );
    return {
      accessProof: { ...access, proof: await signed(changes.signer ?? buyer, accessText) },
      ownershipProof: {
        ...ownership,
        proof: concat(await Promise.all(signing.map((attestor) => signed(attestor, ownershipText)))) as Hex,
      },
    };
  }
  async function agentNftProofs(tokenId: bigint, count = 1, changes: AgentNftChanges = {}): Promise<AgentNftProof[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => agentNftProof(tokenId, index, changes)));
  }

  /** Proofs of the final standard for all data of a token, to the buyer. */
  async function finalProofs(
    tokenId: bigint,
    changes: Partial<ProofTerms> & FinalChanges = {},
  ): Promise<TransferValidityProof[]> {
    const held = (await inft.intelligentDataOf(tokenId)).map(({ dataHash }) => dataHash as Hex);
    const {
      attestors: signing = attestors.slice(0, 2),
      newDataHashes = held.map((_, i) => hashOf(`new ${i}`)),
      sealedKeys = held.map((_, i) => hexlify(new Uint8Array(129).fill(i + 1)) as Hex),
      ...others
    } = changes;
    const terms = {
      action: "transfer",
      tokenId,
      sequence: (await inft.tokenStateOf(tokenId)).sequence,
      to: addressOf(buyer),
      deadline: await deadline(),
      oldDataHashes: held,
      ...others,
    } as const;
    const access = { ...terms, newDataHashes: held.map(() => OPEN_HASH), encryptedPubKey: "0x" } as const;
    const ownership = {
      ...terms,
      newDataHashes,
      sealedKeys,
      encryptedPubKey: keyOf(buyer),
    } as const;
    const raw = (wallet: Wallet, digest: Hex) => wallet.signingKey.sign(digest).serialized as Hex;
    const digest = ownershipDigest(place, ownership);
    return assembleProofs(
      { ...access, signature: raw(buyer, accessDigest(place, access)) },
      {
        ...ownership,
        signatures: joinAttestorSignatures(
          digest,
          signing.map((wallet) => raw(wallet, digest)),
        ),
      },
    );
  }
  const encodeFinal = (proofs: readonly TransferValidityProof[]) =>
    ethers.AbiCoder.defaultAbiCoder().encode([FINAL_PROOFS_TYPE], [proofs]) as Hex;

  /** All that a refused transfer must leave as it was. */
  async function stateOf(tokenId: bigint) {
    const [owner, state, held, users] = await Promise.all([
      inft.ownerOf(tokenId),
      inft.tokenStateOf(tokenId),
      inft.intelligentDataOf(tokenId),
      inft.authorizedUsersOf(tokenId),
    ]);
    return JSON.stringify([owner, state, held, users], (_, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    );
  }

  return {
    ethers,
    networkHelpers,
    inft,
    module,
    verifier,
    serving,
    address,
    place,
    seller,
    sellerAddress,
    stranger,
    strangerAddress: await stranger.getAddress(),
    buyer,
    attestors,
    agentNft,
    goAgent: clientOf(GO_AGENT_ABI),
    docsDraft: clientOf(DOCS_DRAFT_ABI),
    clientOf,
    deployInft,
    datas,
    deadline,
    mintToken,
    agentNftProof,
    agentNftProofs,
    finalProofs,
    encodeFinal,
    stateOf,
  };
}

export function textBytes(text: string): Hex {
  return hexlify(toUtf8Bytes(text)) as Hex;
}
