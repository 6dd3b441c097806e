// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {IDocsDraftNFT} from "../interfaces/dialects/IDocsDraftNFT.sol";

/// @notice The draft of 0G's documentation, as small contracts copied it: believes its oracle, and asks for no caller.
contract DocsDraft__MockForLint is ERC721 {
    address public immutable oracle;
    uint256 private _lastId;
    mapping(uint256 tokenId => bytes32) public getMetadataHash;
    mapping(uint256 tokenId => string) public getEncryptedURI;
    mapping(uint256 tokenId => mapping(address executor => bytes)) public authorizations;

    constructor(address oracle_) ERC721("Draft", "DRAFT") {
        oracle = oracle_;
    }

    function mint(address to, string calldata encryptedURI, bytes32 metadataHash) external returns (uint256 tokenId) {
        tokenId = ++_lastId;
        _mint(to, tokenId);
        getEncryptedURI[tokenId] = encryptedURI;
        getMetadataHash[tokenId] = metadataHash;
    }

    function transfer(address from, address to, uint256 tokenId, bytes calldata sealedKey, bytes calldata) external {
        _transfer(from, to, tokenId);
        emit IDocsDraftNFT.MetadataUpdated(tokenId, keccak256(sealedKey));
    }

    function clone(address to, uint256 tokenId, bytes calldata, bytes calldata) external returns (uint256 newTokenId) {
        newTokenId = ++_lastId;
        _mint(to, newTokenId);
        getMetadataHash[newTokenId] = getMetadataHash[tokenId];
    }

    function authorizeUsage(uint256 tokenId, address executor, bytes calldata permissions) external {
        authorizations[tokenId][executor] = permissions;
        emit IDocsDraftNFT.UsageAuthorized(tokenId, executor);
    }
}
