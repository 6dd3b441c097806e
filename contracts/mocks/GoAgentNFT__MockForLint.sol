// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice All that the Go inference agent needs of a contract, and nothing else.
contract GoAgentNFT__MockForLint {
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    mapping(uint256 tokenId => address) public ownerOf;
    mapping(uint256 tokenId => bytes) public metadata;
    uint256 private _lastId;

    function mint(
        address to,
        string calldata,
        string calldata,
        bytes calldata encryptedMeta,
        bytes32,
        string calldata
    ) external returns (uint256 tokenId) {
        tokenId = ++_lastId;
        ownerOf[tokenId] = to;
        metadata[tokenId] = encryptedMeta;
        emit Transfer(address(0), to, tokenId);
    }

    function updateEncryptedMetadata(uint256 tokenId, bytes calldata encryptedMeta) external {
        metadata[tokenId] = encryptedMeta;
    }
}
