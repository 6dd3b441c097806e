// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title What the Go inference agent calls to record a result
/// @notice A token minted here is unproven: the agent shows no signature of a TEE. It holds one datum, the encrypted
/// metadata: described by `name`, its hash keccak256 of the bytes, which are published in an event. A transfer re-encrypts
/// them; the event tells nothing then but what they were. What the agent says besides stands in {AgentResultDeclared}.
/// @dev The agent reads the new id from topic 3 of `Transfer`.
interface IInferenceAgentNFT {
    /// @notice Encrypted metadata, published whole. `dataHash` is its keccak256: a token that shows this hash holds it.
    event EncryptedMetadataPublished(bytes32 indexed dataHash, bytes encryptedMeta);

    /// @notice What the agent says of the result behind the metadata. Nothing of it is checked.
    /// @param resultHash As the agent gave it; often zero.
    /// @param storageRef Where the agent says the result is stored.
    event AgentResultDeclared(
        bytes32 indexed dataHash,
        string name,
        string description,
        bytes32 resultHash,
        string storageRef
    );

    /// @notice Mints a token that holds `encryptedMeta`, under the next sequential id. Anyone may.
    function mint(
        address to,
        string calldata name,
        string calldata description,
        bytes calldata encryptedMeta,
        bytes32 resultHash,
        string calldata storageRef
    ) external returns (uint256 tokenId);

    /// @notice Replaces the encrypted metadata of a token that holds nothing else. Owner or approved.
    function updateEncryptedMetadata(uint256 tokenId, bytes calldata encryptedMeta) external;
}
