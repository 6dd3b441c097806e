/**
 * Proofs as 0G's AgentNFT has them signed (github.com/0gfoundation/0g-agent-nft): EIP-191 over the hexadecimal of a packed
 * hash. That format names neither chain, contract, token nor receiver; here its nonce does, and is bound to all of them.
 */

import { AbiCoder, concat, hashMessage, keccak256, toBeHex } from "ethers";

import type { Hex } from "../hex.ts";
import { PROOF_ACTION, type ProofPlace, type ProofTerms } from "./proof.ts";

/** One datum of a transfer or clone. */
export interface AgentNftTerms extends ProofPlace, ProofTerms {
  /** Position among the token's data. */
  readonly index: number;
  readonly oldDataHash: Hex;
}

/**
 * deadline (6 bytes) | keccak256(abi.encode(chain id, token contract, token id, sequence, action, to, deadline, index,
 * old hash)): 38 bytes. Its fixed length, and the key's, make the packed fields of the digests unambiguous.
 */
export function agentNftNonce(terms: AgentNftTerms): Hex {
  const bound = AbiCoder.defaultAbiCoder().encode(
    ["uint256", "address", "uint256", "uint256", "uint8", "address", "uint256", "uint256", "bytes32"],
    [
      terms.chainId,
      terms.contract,
      terms.tokenId,
      terms.sequence,
      PROOF_ACTION[terms.action],
      terms.to,
      terms.deadline,
      terms.index,
      terms.oldDataHash,
    ],
  );
  return concat([toBeHex(terms.deadline, 6), keccak256(bound)]) as Hex;
}

/** What both of its digests name. */
export interface AgentNftMessage {
  /** The new hash: the data was re-encrypted. */
  readonly dataHash: Hex;
  /** The 64 bytes X and Y of the key sealed to; in the access digest `0x` for the receiver's own. */
  readonly targetPubkey: Hex;
  /** {@link agentNftNonce}. */
  readonly nonce: Hex;
}

/** What the receiver signs, as `signer.signMessage(text)`. */
export function agentNftAccessText({ dataHash, targetPubkey, nonce }: AgentNftMessage): Hex {
  return keccak256(concat([dataHash, targetPubkey, nonce])) as Hex;
}

/** What the attestors sign, as `signer.signMessage(text)`. */
export function agentNftOwnershipText(message: AgentNftMessage & { readonly sealedKey: Hex }): Hex {
  const { dataHash, sealedKey, targetPubkey, nonce } = message;
  return keccak256(concat([dataHash, sealedKey, targetPubkey, nonce])) as Hex;
}

/** The EIP-191 digest of {@link agentNftAccessText}: over its 66 characters, not its 32 bytes. */
export function agentNftAccessDigest(message: AgentNftMessage): Hex {
  return hashMessage(agentNftAccessText(message)) as Hex;
}

/** The EIP-191 digest of {@link agentNftOwnershipText}. */
export function agentNftOwnershipDigest(message: AgentNftMessage & { readonly sealedKey: Hex }): Hex {
  return hashMessage(agentNftOwnershipText(message)) as Hex;
}
