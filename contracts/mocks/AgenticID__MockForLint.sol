// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {IntelligentData} from "../interfaces/IERC7857.sol";

/// @notice Part of the surface of 0G's AgenticID: what moves and updates data, but no seals. Refuses plain transfers.
contract AgenticID__MockForLint is ERC721 {
    struct AccessProof {
        bytes32 dataHash;
        bytes targetPubkey;
        bytes nonce;
        uint256 deadline;
        bytes proof;
    }
    struct OwnershipProof {
        uint8 oracleType;
        bytes32 dataHash;
        bytes sealedKey;
        bytes targetPubkey;
        bytes nonce;
        uint256 deadline;
        bytes proof;
    }
    struct TransferValidityProof {
        AccessProof accessProof;
        OwnershipProof ownershipProof;
    }
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    error ERC7857UseITransferFrom();

    address public immutable verifier;
    uint256 private _nextId;
    mapping(uint256 tokenId => IntelligentData[]) private _datas;
    mapping(address user => address) public getAccessDelegate;

    constructor(address verifier_) ERC721("Agentic", "AID") {
        verifier = verifier_;
    }

    function register(
        string calldata,
        MetadataEntry[] calldata,
        IntelligentData[] calldata datas,
        bytes[] calldata
    ) external returns (uint256 agentId) {
        agentId = _nextId++;
        _mint(msg.sender, agentId);
        for (uint256 i = 0; i < datas.length; ++i) _datas[agentId].push(datas[i]);
    }

    function iTransferFrom(address from, address to, uint256 tokenId, TransferValidityProof[] calldata) external {
        _transfer(from, to, tokenId);
    }

    function setAccessDelegate(address delegate) external {
        getAccessDelegate[msg.sender] = delegate;
    }

    function intelligentDatasOf(uint256 tokenId) external view returns (IntelligentData[] memory) {
        return _datas[tokenId];
    }

    function transferFrom(address from, address to, uint256 tokenId) public override {
        if (_datas[tokenId].length != 0) revert ERC7857UseITransferFrom();
        super.transferFrom(from, to, tokenId);
    }
}
