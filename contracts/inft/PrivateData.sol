// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC7857Metadata, IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {DataSchemas} from "./DataSchemas.sol";
import {TokenWord} from "./TokenWord.sol";

/// @title The private data of tokens: hashes in storage, descriptions in code, keys in events
abstract contract PrivateData is DataSchemas {
    /// @dev Without a length: the token's word has it.
    mapping(uint256 tokenId => mapping(uint256 index => bytes32)) private _dataHashes;

    /// @inheritdoc IINFT
    function update(uint256 tokenId, IntelligentData[] calldata newDatas) external {
        _replaceData(msg.sender, tokenId, newDatas);
    }

    /// @inheritdoc IINFT
    function update(uint256 tokenId, IntelligentData[] calldata newDatas, bytes[] calldata sealedKeys) external {
        address owner = _replaceData(msg.sender, tokenId, newDatas);
        _publishKeys(owner, tokenId, newDatas.length, sealedKeys);
    }

    /// @inheritdoc IINFT
    function updateHashes(uint256 tokenId, bytes32[] memory newDataHashes, bytes[] calldata sealedKeys) external {
        address owner = _replaceHashes(msg.sender, tokenId, newDataHashes);
        if (sealedKeys.length != 0) _publishKeys(owner, tokenId, newDataHashes.length, sealedKeys);
    }

    /// @inheritdoc IINFT
    function burn(uint256 tokenId) external {
        TokenWord word = _wordFor(msg.sender, tokenId);
        uint256 count = word.dataCount();
        for (uint256 i = 0; i < count; ++i) delete _dataHashes[tokenId][i];
        _move(tokenId, word.withData(0, 0), address(0));
    }

    /// @inheritdoc IERC7857Metadata
    function intelligentDataOf(uint256 tokenId) external view returns (IntelligentData[] memory) {
        return _dataOf(tokenId, _existingWord(tokenId));
    }

    /// @dev Mints a token that holds `datas`; the receiver is still to be notified.
    function _mintData(uint256 tokenId, IntelligentData[] calldata datas, address to) internal {
        _mintToken(tokenId, to, datas.length, _schemaFor(datas));
        _writeHashes(tokenId, datas);
    }

    function _publishKeys(address to, uint256 tokenId, uint256 dataCount, bytes[] calldata sealedKeys) internal {
        if (sealedKeys.length != dataCount) revert ERC7857SealedKeyCount(sealedKeys.length, dataCount);
        emit PublishedSealedKey(to, tokenId, sealedKeys);
    }

    /// @dev Puts new hashes in the place of all that the token has.
    function _setHashes(uint256 tokenId, bytes32[] memory newDataHashes) internal {
        mapping(uint256 index => bytes32) storage held = _dataHashes[tokenId];
        for (uint256 i = 0; i < newDataHashes.length; ++i) held[i] = newDataHashes[i];
    }

    function _replaceData(
        address operator,
        uint256 tokenId,
        IntelligentData[] calldata newDatas
    ) private returns (address owner) {
        TokenWord word = _wordFor(operator, tokenId);
        owner = word.owner();
        emit Updated(tokenId, _dataOf(tokenId, word), newDatas);
        emit MetadataUpdate(tokenId);
        _startSequence(tokenId, word.withData(newDatas.length, _schemaFor(newDatas)));
        _writeHashes(tokenId, newDatas);
        for (uint256 i = newDatas.length; i < word.dataCount(); ++i) delete _dataHashes[tokenId][i];
    }

    function _replaceHashes(
        address operator,
        uint256 tokenId,
        bytes32[] memory newDataHashes
    ) internal returns (address owner) {
        TokenWord word = _wordFor(operator, tokenId);
        uint256 count = word.dataCount();
        if (newDataHashes.length != count) revert ERC7857DataCount(tokenId, newDataHashes.length, count);
        bytes32[] memory oldDataHashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) oldDataHashes[i] = _hashOf(tokenId, i);
        emit DataHashesUpdated(tokenId, oldDataHashes, newDataHashes);
        emit MetadataUpdate(tokenId);
        _startSequence(tokenId, word);
        _setHashes(tokenId, newDataHashes);
        return word.owner();
    }

    function _hashOf(uint256 tokenId, uint256 index) internal view returns (bytes32) {
        return _dataHashes[tokenId][index];
    }

    function _writeHashes(uint256 tokenId, IntelligentData[] calldata datas) private {
        mapping(uint256 index => bytes32) storage held = _dataHashes[tokenId];
        for (uint256 i = 0; i < datas.length; ++i) held[i] = datas[i].dataHash;
    }

    function _dataOf(uint256 tokenId, TokenWord word) private view returns (IntelligentData[] memory datas) {
        uint256 count = word.dataCount();
        string[] memory descriptions = _descriptionsOf(word.schemaId(), count);
        datas = new IntelligentData[](count);
        for (uint256 i = 0; i < count; ++i) datas[i] = IntelligentData(descriptions[i], _dataHashes[tokenId][i]);
    }
}
