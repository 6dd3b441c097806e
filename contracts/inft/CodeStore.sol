// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CodeBlob} from "../verifier/CodeBlob.sol";
import {PackedERC721} from "./PackedERC721.sol";

/// @title Bytes kept as the code of contracts
/// @notice Cheaper than storage from the third word on. What is stored has a number, from which its address follows: the
/// nonce with which this contract created it.
abstract contract CodeStore is PackedERC721 {
    /// @dev Contracts created so far, which is the nonce last used: EIP-161 begins at 1.
    uint32 private _created;

    /// @dev The id last given to a token that is no inference. Beside `_created`: a mint that writes both writes one slot.
    uint64 private _lastId;

    /// @dev Everything this contract creates it creates here; else the numbers would be wrong.
    function _create(bytes memory creationCode) internal returns (address created) {
        ++_created;
        created = CodeBlob.create(creationCode);
        if (created == address(0)) revert ERC7857CreationFailed(creationCode.length);
    }

    function _store(bytes memory blob) internal returns (uint32 id) {
        if (blob.length > CodeBlob.LIMIT) revert ERC7857BlobTooLarge(blob.length, CodeBlob.LIMIT);
        _create(CodeBlob.creationCode(blob));
        return _created;
    }

    function _nextId() internal returns (uint256) {
        return ++_lastId;
    }

    /// @dev `id` must be one that {_store} returned.
    function _load(uint32 id) internal view returns (bytes memory blob) {
        return CodeBlob.load(_createdWith(id));
    }

    /// @dev The address of what this contract creates with `nonce`: the hash of RLP's list of both, which is
    /// 0xd6 + size | 0x94 | address | 0x80 + size | nonce, or only 0xd6 | 0x94 | address | nonce below 0x80.
    function _createdWith(uint256 nonce) private view returns (address created) {
        uint256 size = 0;
        if (nonce >= 0x80) {
            for (uint256 rest = nonce; rest != 0; rest >>= 8) ++size;
        }
        uint256 counted = size == 0 ? nonce : ((0x80 + size) << (8 * size)) | nonce;
        uint256 list = (((0xd694 + (size << 8)) << 160) | uint160(address(this))) << (8 + 8 * size);
        // Of the word, only the 23 + size bytes of the list are hashed.
        assembly ("memory-safe") {
            mstore(0, or(list, counted))
            created := keccak256(sub(9, size), add(23, size))
        }
    }
}
