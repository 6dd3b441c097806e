// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC7857DataVerifier, OracleType, TransferValidityProof} from "./IERC7857DataVerifier.sol";

/// @notice What a proof must be about, as the token knows it.
/// @param action One of {TransferProof}: TRANSFER or CLONE.
/// @param sequence The token's sequence number now.
/// @param to Who receives.
struct ProofContext {
    uint8 action;
    uint256 tokenId;
    uint256 sequence;
    address to;
}

/// @title Verifier that is told what a proof must be about
/// @notice The direct entry beside the final standard's: the token passes what it knows, so nothing need be copied back.
///
/// One EIP-712 signature a side covers a whole array of proofs. The domain is {name: "ERC-7857", version: "1", chainId,
/// verifyingContract: the token}, and the messages are
///
///     AccessProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,
///                 bytes32[] newDataHashes,bytes encryptedPubKey,uint256 deadline)
///     OwnershipProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,
///                 bytes32[] newDataHashes,bytes[] sealedKeys,bytes encryptedPubKey,uint256 deadline)
///
/// with the fields of the proofs as they stand in calldata. Nothing is stored: a stranger who verifies a proof uses up
/// nothing. What makes a proof single-use is the token's sequence number.
interface ITransferVerifier is IERC7857DataVerifier {
    /// @notice There is no proof at all.
    error ProofMissing();

    /// @notice The nonce of proof `index`, which is the first, is not {TransferProof-nonce} of what the caller knows, or
    /// the two sides' differ. `expected` is 62 zero bytes when the length alone is wrong.
    error ProofNonceMismatch(uint256 index, bytes given, bytes expected);

    /// @notice The proofs were good until `deadline` (Unix seconds).
    error ProofExpired(uint256 deadline, uint256 timestamp);

    /// @notice An entry after the first carries a nonce, a key to seal to, or a signature; the first one's count for all.
    error ProofEntryNotEmpty(uint256 index);

    /// @notice The two sides of proof `index` name different hashes.
    error ProofHashMismatch(uint256 index, bytes32 access, bytes32 ownership);

    /// @notice No verifier of this kind is known here; there is none for ZKP.
    error OracleTypeUnsupported(uint256 index, OracleType oracleType);

    /// @notice A public key is 64 bytes, X and Y.
    error PublicKeyLength(uint256 length);

    /// @notice The data was sealed to another key than the receiver's own, or than the one it asked for.
    error PublicKeyMismatch(address receiver, bytes sealedTo, bytes wanted);

    /// @notice The access proof was signed neither by the receiver nor by its delegate. `signer` is who did; zero when
    /// the signature is nobody's.
    error AccessSignerMismatch(address receiver, address delegate, address signer);

    /// @notice Like {verifyTransferValidity}, with what the caller knows; reverts when a proof is not valid for it.
    /// @dev The token is the caller. Compares both sides' hashes with each other; the token compares them with its own.
    function verifyFor(ProofContext calldata context, TransferValidityProof[] calldata proofs) external view;

    /// @notice Checks one signature a side over digests of the caller's own: for proof formats older than this one.
    /// @param accessDigest What `receiver` or its delegate signed.
    /// @param ownershipDigest What the attestors signed.
    function verifySignatures(
        address receiver,
        bytes32 accessDigest,
        bytes calldata accessSignature,
        bytes32 ownershipDigest,
        bytes calldata attestorSignatures
    ) external view;
}
