// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice One piece of a token's private data: what it is, and the hash under which its ciphertext is found.
/// @param dataDescription What the data is, in plain words or as a media type. Public.
/// @param dataHash The 0G storage root of the ciphertext.
struct IntelligentData {
    string dataDescription;
    bytes32 dataHash;
}

/// @title ERC-7857 metadata
/// @notice As in the final standard. ERC-165 id 0xaa18b754.
interface IERC7857Metadata {
    /// @notice The name of the collection.
    function name() external view returns (string memory);

    /// @notice The symbol of the collection.
    function symbol() external view returns (string memory);

    /// @notice The private data of a token, as descriptions and ciphertext hashes.
    function intelligentDataOf(uint256 tokenId) external view returns (IntelligentData[] memory);
}
