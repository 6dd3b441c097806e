// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedERC721} from "./PackedERC721.sol";

/// @title Bytes kept as the code of contracts
/// @notice Cheaper than storage from the third word on. What is stored has a number, from which its address follows: the
/// nonce with which this contract created it.
abstract contract CodeStore is PackedERC721 {
    /// @dev EIP-170 allows 24,576 bytes of code, of which the first is STOP, so that nobody can call it.
    uint256 internal constant BLOB_LIMIT = 24_575;

    /// @dev Contracts created so far, which is the nonce last used: EIP-161 begins at 1.
    uint32 private _created;

    /// @dev The id last given to a token that is no inference. Beside `_created`: a mint that writes both writes one slot.
    uint64 private _lastId;

    /// @dev Everything this contract creates it creates here; else the numbers would be wrong.
    function _create(bytes memory creationCode) internal returns (address created) {
        ++_created;
        // Solidity creates contracts it knows, not bytes.
        assembly ("memory-safe") {
            created := create(0, add(creationCode, 0x20), mload(creationCode))
        }
        if (created == address(0)) revert ERC7857CreationFailed(creationCode.length);
    }

    function _store(bytes memory blob) internal returns (uint32 id) {
        uint256 length = blob.length;
        if (length > BLOB_LIMIT) revert ERC7857BlobTooLarge(length, BLOB_LIMIT);
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: all that follows becomes code.
        _create(abi.encodePacked(hex"61", uint16(length + 1), hex"80600a3d393df3", hex"00", blob));
        return _created;
    }

    function _nextId() internal returns (uint256) {
        return ++_lastId;
    }

    /// @dev `id` must be one that {_store} returned.
    function _load(uint32 id) internal view returns (bytes memory blob) {
        blob = _createdWith(id).code;
        // Makes the STOP part of the length, in place of a copy without it.
        assembly ("memory-safe") {
            let length := sub(mload(blob), 1)
            blob := add(blob, 1)
            mstore(blob, length)
        }
    }

    /// @dev The address of what this contract creates with `nonce`: the hash of RLP's list of both, which is
    /// 0xd6 + size | 0x94 | address | 0x80 + size | nonce, or only 0xd6 | 0x94 | address | nonce below 0x80.
    function _createdWith(uint256 nonce) private view returns (address created) {
        uint256 size =
            nonce < 0x80
                ? 0
                : nonce < 1 << 8
                    ? 1
                    : nonce < 1 << 16
                        ? 2
                        : nonce < 1 << 24
                            ? 3
                            : 4;
        uint256 counted = size == 0 ? nonce : ((0x80 + size) << (8 * size)) | nonce;
        uint256 list = (((0xd694 + (size << 8)) << 160) | uint160(address(this))) << (8 + 8 * size);
        // Of the word, only the 23 + size bytes of the list are hashed.
        assembly ("memory-safe") {
            mstore(0, or(list, counted))
            created := keccak256(sub(9, size), add(23, size))
        }
    }
}
