// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The draft of ERC-7857 that 0G's documentation shows
/// @notice Same functions, but `proof` proves: it is abi.encode(TransferValidityProof[]) of the final standard, and goes
/// through the same checks. The draft itself checks neither who calls nor which token a proof is about.
///
/// The draft knows one datum: of a token with several, its getters show the first.
interface IDocsDraftNFT {
    /// @notice The data hash of a token became `newHash`. (The draft emits the hash of the sealed key here, which says
    /// nothing about the data.)
    event MetadataUpdated(uint256 indexed tokenId, bytes32 newHash);

    /// @notice `executor` may use the token's data.
    event UsageAuthorized(uint256 indexed tokenId, address indexed executor);

    /// @notice The permissions given to `executor`, where they are not the terms this contract keeps. For the service
    /// that honours them: to this contract the authorisation has no end and no bits.
    event UsagePermissions(uint256 indexed tokenId, address indexed executor, bytes permissions);

    /// @notice `proof` is not abi.encode(TransferValidityProof[]) as the compiler lays it out.
    error DocsDraftProofMalformed();

    /// @notice The sealed key given beside the proofs is not the one of the first proof.
    error DocsDraftSealedKeyMismatch(bytes given, bytes proven);

    /// @notice Mints a token with one datum: described by `encryptedURI`, its hash `metadataHash`. Anyone may; the draft
    /// lets only the contract's owner.
    function mint(address to, string calldata encryptedURI, bytes32 metadataHash) external returns (uint256 tokenId);

    /// @notice Transfers a token together with its data, re-encrypted for `to`.
    /// @param sealedKey The key of the first proof, once more.
    function transfer(
        address from,
        address to,
        uint256 tokenId,
        bytes calldata sealedKey,
        bytes calldata proof
    ) external;

    /// @notice Gives `to` a token of its own with the same data, re-encrypted for `to`.
    function clone(
        address to,
        uint256 tokenId,
        bytes calldata sealedKey,
        bytes calldata proof
    ) external returns (uint256 newTokenId);

    /// @notice Lets `executor` use the token's data. `permissions` that are abi.encode(uint40 expiry, uint24 bits) are
    /// terms of {IINFT-authorizeUsageWith}; any others but none at all are published in {UsagePermissions}.
    function authorizeUsage(uint256 tokenId, address executor, bytes calldata permissions) external;

    /// @notice The hash of the token's first datum. Reverts when it has none.
    function getMetadataHash(uint256 tokenId) external view returns (bytes32);

    /// @notice The description of the token's first datum. Reverts when it has none.
    function getEncryptedURI(uint256 tokenId) external view returns (string memory);

    /// @notice {IERC7857-verifier} by another name.
    function oracle() external view returns (address);
}
