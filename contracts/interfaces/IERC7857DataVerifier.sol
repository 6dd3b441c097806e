// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice What vouches for a re-encryption.
enum OracleType {
    TEE,
    ZKP
}

/// @notice The receiver's side: it wants the data, and under which key.
/// @param oldDataHash The ciphertext of the present owner.
/// @param newDataHash The ciphertext made for the receiver; zero when the receiver signed before it was made, and leaves
/// it to the attestors.
/// @param nonce See {TransferProof-nonce}.
/// @param encryptedPubKey The 64 bytes X and Y of the key to seal to; empty for the key of the receiver's own address.
/// @param proof The receiver's signature, or its delegate's.
struct AccessProof {
    bytes32 oldDataHash;
    bytes32 newDataHash;
    bytes nonce;
    bytes encryptedPubKey;
    bytes proof;
}

/// @notice The attestors' side: the data was re-encrypted under a fresh key, and the key sealed to the receiver.
/// @param sealedKey The fresh data key, sealed to `encryptedPubKey`.
/// @param encryptedPubKey The 64 bytes X and Y of the key sealed to. Never empty.
/// @param proof The attestors' signatures, 65 bytes each, in ascending order of their addresses.
struct OwnershipProof {
    OracleType oracleType;
    bytes32 oldDataHash;
    bytes32 newDataHash;
    bytes sealedKey;
    bytes encryptedPubKey;
    bytes nonce;
    bytes proof;
}

/// @notice Both sides for one datum. One signature covers a whole array, and stands in its first entry.
struct TransferValidityProof {
    AccessProof accessProof;
    OwnershipProof ownershipProof;
}

/// @notice What a verifier found in one proof.
/// @param wantedKey `encryptedPubKey` of the access proof.
/// @param accessAssistant Who signed the access proof: the receiver, or a delegate of it.
struct TransferValidityProofOutput {
    bytes32 oldDataHash;
    bytes32 newDataHash;
    bytes sealedKey;
    bytes encryptedPubKey;
    bytes wantedKey;
    address accessAssistant;
    bytes accessProofNonce;
    bytes ownershipProofNonce;
}

/// @title ERC-7857 data verifier
/// @notice As in the final standard. ERC-165 id 0xdf630116.
interface IERC7857DataVerifier {
    /// @notice Checks the proofs of one transfer or clone, one for each datum; reverts when one is not valid.
    /// @dev The token is the caller.
    function verifyTransferValidity(
        TransferValidityProof[] calldata proofs
    ) external returns (TransferValidityProofOutput[] memory);
}
