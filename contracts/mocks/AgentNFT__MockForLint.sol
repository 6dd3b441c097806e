// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {IAgentNFT} from "../interfaces/dialects/IAgentNFT.sol";
import {IERC7857, IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";

/// @notice The surface of 0G's AgentNFT, which checks nothing and lets a plain transfer pass. Its first id is 0.
contract AgentNFT__MockForLint is ERC721 {
    address public immutable verifier;
    uint256 private _nextId;
    mapping(uint256 tokenId => IntelligentData[]) private _datas;
    mapping(uint256 tokenId => address[]) private _users;
    mapping(address user => address) public getDelegateAccess;

    constructor(address verifier_) ERC721("Agent", "AGENT") {
        verifier = verifier_;
    }

    function mint(IntelligentData[] calldata datas, address to) external payable returns (uint256 tokenId) {
        tokenId = _nextId++;
        _mint(to, tokenId);
        update(tokenId, datas);
    }

    function iTransferFrom(
        address from,
        address to,
        uint256 tokenId,
        IAgentNFT.TransferValidityProof[] calldata
    ) external {
        _transfer(from, to, tokenId);
        emit IERC7857.PublishedSealedKey(to, tokenId, new bytes[](0));
    }

    function iCloneFrom(
        address from,
        address to,
        uint256 tokenId,
        IAgentNFT.TransferValidityProof[] calldata
    ) external returns (uint256 newTokenId) {
        newTokenId = _nextId++;
        _mint(to, newTokenId);
        emit IERC7857.Cloned(tokenId, newTokenId, from, to);
    }

    function authorizeUsage(uint256 tokenId, address user) public {
        _users[tokenId].push(user);
        emit IERC7857.Authorization(msg.sender, user, tokenId);
    }

    function batchAuthorizeUsage(uint256 tokenId, address[] calldata users) external {
        for (uint256 i = 0; i < users.length; ++i) authorizeUsage(tokenId, users[i]);
    }

    function revokeAuthorization(uint256 tokenId, address user) external {
        emit IERC7857.AuthorizationRevoked(msg.sender, user, tokenId);
    }

    function clearAuthorizedUsers(uint256 tokenId) external {
        delete _users[tokenId];
    }

    function delegateAccess(address assistant) external {
        getDelegateAccess[msg.sender] = assistant;
        emit IERC7857.DelegateAccess(msg.sender, assistant);
    }

    function authorizedUsersOf(uint256 tokenId) external view returns (address[] memory) {
        return _users[tokenId];
    }

    function intelligentDatasOf(uint256 tokenId) external view returns (IntelligentData[] memory) {
        return _datas[tokenId];
    }

    function update(uint256 tokenId, IntelligentData[] calldata datas) public {
        IntelligentData[] memory old = _datas[tokenId];
        delete _datas[tokenId];
        for (uint256 i = 0; i < datas.length; ++i) _datas[tokenId].push(datas[i]);
        emit IINFT.Updated(tokenId, old, datas);
    }
}
