// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IntelligentData} from "../IERC7857.sol";
import {OracleType} from "../IERC7857DataVerifier.sol";

/// @title What 0G's AgentNFT calls differently from ERC-7857
/// @notice Minting, updating and authorising have the same ABI in {IINFT}. Source: 0gfoundation/0g-agent-nft.
///
/// A proof of AgentNFT signs neither chain, contract, token, receiver, action nor expiry, and every field but its nonce is
/// taken. So the nonce says it: {transferNonce} is the only one accepted. Both `dataHash` fields carry the NEW hash, which
/// must differ from the present one: where AgentNFT only wraps the old key again, the seller keeps a key that works.
///
/// Both sides sign the EIP-191 message of the 66 characters `"0x" hex(keccak256(x))`, for each datum, where x is
///
///     access:    dataHash (32 bytes) | targetPubkey             | nonce (38)
///     ownership: dataHash (32 bytes) | sealedKey | targetPubkey (64) | nonce (38)
///
/// With these lengths fixed no bytes can move from one field to the next.
interface IAgentNFT {
    /// @notice The receiver's side, for one datum.
    /// @param dataHash The ciphertext made for the receiver.
    /// @param targetPubkey The 64 bytes X and Y of the key to seal to; empty for the key of the receiver's own address.
    /// @param nonce {transferNonce}; its deadline may differ from the other side's.
    /// @param proof The receiver's signature, or its delegate's.
    struct AccessProof {
        bytes32 dataHash;
        bytes targetPubkey;
        bytes nonce;
        bytes proof;
    }

    /// @notice The attestors' side, for one datum.
    /// @param dataHash The ciphertext made for the receiver.
    /// @param sealedKey The fresh data key, sealed to `targetPubkey`.
    /// @param targetPubkey The 64 bytes X and Y of the key sealed to. Never empty.
    /// @param nonce {transferNonce}; its deadline may differ from the other side's.
    /// @param proof The attestors' signatures, 65 bytes each, in ascending order of their addresses.
    struct OwnershipProof {
        OracleType oracleType;
        bytes32 dataHash;
        bytes sealedKey;
        bytes targetPubkey;
        bytes nonce;
        bytes proof;
    }

    /// @notice Both sides for one datum.
    struct TransferValidityProof {
        AccessProof accessProof;
        OwnershipProof ownershipProof;
    }

    /// @notice Transfers a token together with its data, re-encrypted for `to`; one proof for each datum, in order.
    function iTransferFrom(address from, address to, uint256 tokenId, TransferValidityProof[] calldata proofs) external;

    /// @notice Gives `to` a token of its own with the data of `from`'s, re-encrypted for `to`.
    function iCloneFrom(
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256 newTokenId);

    /// @notice {IERC7857Metadata-intelligentDataOf} by another name.
    function intelligentDatasOf(uint256 tokenId) external view returns (IntelligentData[] memory);

    /// @notice The nonce both sides must sign for datum `index` of a token as it is now: 6 bytes of deadline, then
    /// keccak256(abi.encode(chain id, this contract, tokenId, sequence, action, to, deadline, index, present data hash)).
    /// @param action 1 for {iTransferFrom}, 2 for {iCloneFrom}.
    /// @param deadline Unix seconds; the proof holds up to and including it.
    function transferNonce(
        uint8 action,
        uint256 tokenId,
        uint256 index,
        address to,
        uint48 deadline
    ) external view returns (bytes memory);
}
