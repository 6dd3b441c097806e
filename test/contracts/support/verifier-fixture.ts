import { Wallet, concat, hexlify, keccak256, toUtf8Bytes, type Signer } from "ethers";

import type { network } from "hardhat";

import { checksum, type Hex } from "../../../lib/hex.ts";
import {
  OPEN_HASH,
  PROOF_ACTION,
  accessDigest,
  assembleProofs,
  ownershipDigest,
  type AccessMessage,
  type OwnershipMessage,
  type ProofPlace,
  type TransferValidityProof,
} from "../../../lib/inft/proof.ts";
import { joinAttestorSignatures } from "../../../lib/inft/proof-signatures.ts";

type Connection = Awaited<ReturnType<(typeof network)["create"]>>;

export const ROTATION_DELAY = 86_400n;
export const VALID_FOR = 30n * 86_400n;
const OPEN_FOR = 3600n;

export function hashOf(text: string): Hex {
  return keccak256(toUtf8Bytes(text)) as Hex;
}
export function walletOf(text: string): Wallet {
  return new Wallet(hashOf(text));
}
/** X and Y of a wallet's key, 64 bytes. */
export function keyOf(wallet: Wallet): Hex {
  return `0x${wallet.signingKey.publicKey.slice(4)}`;
}
export function addressOf(wallet: Wallet): Hex {
  return checksum(wallet.address);
}

/** How a genuine pair of sides is changed before it is signed. */
export interface Changes {
  readonly access?: Partial<AccessMessage>;
  readonly ownership?: Partial<OwnershipMessage>;
  readonly place?: Partial<ProofPlace>;
  /** How many data. */
  readonly count?: number;
  /** Who signs the receiver's side. */
  readonly signer?: Wallet;
  readonly attestors?: readonly Wallet[];
}

/** A verifier with two of three attestors to sign, a caller that stands for the token, its actors, and verbs. */
export async function deployVerifierFixture(connection: Connection, threshold = 2) {
  const { ethers, networkHelpers } = connection;
  const [owner, stranger] = (await ethers.getSigners()) as unknown as [Signer, Signer];
  const attestors = ["first", "second", "third"].map((name) => walletOf(`${name} attestor`));
  const now = BigInt(await networkHelpers.time.latest());
  const verifier = await ethers.deployContract("TransferVerifier", [
    await owner.getAddress(),
    threshold,
    ROTATION_DELAY,
    attestors.map(({ address }, i) => ({
      attestor: address,
      validUntil: now + VALID_FOR,
      endpoint: i === 0 ? "http://127.0.0.1:3090" : "",
    })),
  ]);
  const caller = await ethers.deployContract("ProofCaller__MockForTransferVerifier", [await verifier.getAddress()]);
  const receiver = walletOf("the receiver");
  const signing = attestors.slice(0, threshold);
  const place: ProofPlace = {
    chainId: Number((await ethers.provider.getNetwork()).chainId),
    contract: checksum(await caller.getAddress()),
  };

  /** What both sides would say of a genuine transfer. */
  async function sides(changes: Changes = {}) {
    const count = changes.count ?? 1;
    const list = (what: string) => Array.from({ length: count }, (_, i) => hashOf(`${what} ${i}`));
    const terms = {
      action: "transfer",
      tokenId: 7n,
      sequence: 3n,
      to: addressOf(receiver),
      deadline: BigInt(await networkHelpers.time.latest()) + OPEN_FOR,
      oldDataHashes: list("old"),
    } as const;
    const access: AccessMessage = {
      ...terms,
      newDataHashes: terms.oldDataHashes.map(() => OPEN_HASH),
      encryptedPubKey: "0x",
      ...changes.access,
    };
    const ownership: OwnershipMessage = {
      ...terms,
      newDataHashes: list("new"),
      sealedKeys: terms.oldDataHashes.map((_, i) => hexlify(new Uint8Array(129).fill(i + 1)) as Hex),
      encryptedPubKey: keyOf(receiver),
      ...changes.ownership,
    };
    return { access, ownership };
  }

  async function signed(changes: Changes = {}) {
    const { access, ownership } = await sides(changes);
    const where = { ...place, ...changes.place };
    const digests = { access: accessDigest(where, access), ownership: ownershipDigest(where, ownership) };
    const sign = (wallet: Wallet, digest: Hex) => wallet.signingKey.sign(digest).serialized as Hex;
    return {
      digests,
      access: { ...access, signature: sign(changes.signer ?? receiver, digests.access) },
      ownership: {
        ...ownership,
        signatures: joinAttestorSignatures(
          digests.ownership,
          (changes.attestors ?? signing).map((attestor) => sign(attestor, digests.ownership)),
        ),
      },
    };
  }

  /** A genuine set of proofs, unless `changes` say otherwise. */
  async function proofs(changes: Changes = {}): Promise<TransferValidityProof[]> {
    const { access, ownership } = await signed(changes);
    return assembleProofs(access, ownership);
  }

  /** What the token knows of the transfer that {@link proofs} are about. */
  const context = { action: PROOF_ACTION.transfer, tokenId: 7n, sequence: 3n, to: receiver.address };

  return {
    ethers,
    networkHelpers,
    verifier,
    caller,
    place,
    owner,
    stranger,
    ownerAddress: await owner.getAddress(),
    strangerAddress: await stranger.getAddress(),
    receiver,
    attestors,
    signing,
    validUntil: now + VALID_FOR,
    context,
    sides,
    signed,
    proofs,
  };
}

/** The same signature in the 64 bytes of ERC-2098. */
export function compact(signature: Hex): Hex {
  const parity = signature.endsWith("1c") ? 1n : 0n;
  const s = BigInt(`0x${signature.slice(66, 130)}`) | (parity << 255n);
  return concat([signature.slice(0, 66), `0x${s.toString(16).padStart(64, "0")}`]) as Hex;
}
