import type { Wallet } from "ethers";
import { hexlify, keccak256, toUtf8Bytes } from "ethers";

import { checksum, type Address, type Hex } from "../../../lib/hex.ts";
import { joinAttestorSignatures } from "../../../lib/inft/proof-signatures.ts";
import {
  OPEN_HASH,
  accessDigest,
  assembleProofs,
  ownershipDigest,
  type AccessMessage,
  type OwnershipMessage,
  type ProofAction,
  type ProofPlace,
  type TransferValidityProof,
} from "../../../lib/inft/proof.ts";

/** The views of a token from which a proof is made. */
export interface TokenViews {
  tokenStateOf(tokenId: bigint): Promise<{ readonly sequence: bigint }>;
  intelligentDataOf(tokenId: bigint): Promise<readonly { readonly dataHash: string }[]>;
}

/** Which proof, and how it differs from a genuine one before it is signed. */
export interface ProofRequest {
  readonly tokenId: bigint;
  readonly to: Wallet;
  readonly action?: ProofAction;
  readonly deadline?: bigint;
  readonly access?: Partial<AccessMessage>;
  readonly ownership?: Partial<OwnershipMessage>;
  /** Who signs the receiver's side; `to` unless it says otherwise. */
  readonly signer?: Wallet;
}

const FAR_FUTURE = 4_000_000_000n;

export function keyOf(wallet: Wallet): Hex {
  return `0x${wallet.signingKey.publicKey.slice(4)}`;
}

function sign(wallet: Wallet, digest: Hex): Hex {
  return wallet.signingKey.sign(digest).serialized as Hex;
}

/** A sealed key of the right length, another one each time. */
export function sealedKey(seed: string): Hex {
  const filler = keccak256(toUtf8Bytes(seed)).slice(2).repeat(5);
  return hexlify(`0x${filler.slice(0, 258)}`) as Hex;
}

/** Makes genuine proofs for a token: both sides sign what the token says of itself now. */
export function proofMaker(token: TokenViews, place: ProofPlace, attestors: readonly Wallet[]) {
  return async function proofs(request: ProofRequest): Promise<TransferValidityProof[]> {
    const { tokenId, to } = request;
    const { sequence } = await token.tokenStateOf(tokenId);
    const oldDataHashes = (await token.intelligentDataOf(tokenId)).map(({ dataHash }) => dataHash as Hex);
    const terms = {
      action: request.action ?? ("transfer" as const),
      tokenId,
      sequence,
      to: checksum(to.address) satisfies Address,
      deadline: request.deadline ?? FAR_FUTURE,
      oldDataHashes,
    };
    const access: AccessMessage = {
      ...terms,
      newDataHashes: oldDataHashes.map(() => OPEN_HASH),
      encryptedPubKey: "0x",
      ...request.access,
    };
    const ownership: OwnershipMessage = {
      ...terms,
      newDataHashes: oldDataHashes.map((old) => keccak256(old) as Hex),
      sealedKeys: oldDataHashes.map((old) => sealedKey(old)),
      encryptedPubKey: keyOf(to),
      ...request.ownership,
    };
    const digest = ownershipDigest(place, ownership);
    return assembleProofs(
      { ...access, signature: sign(request.signer ?? to, accessDigest(place, access)) },
      {
        ...ownership,
        signatures: joinAttestorSignatures(
          digest,
          attestors.map((attestor) => sign(attestor, digest)),
        ),
      },
    );
  };
}
