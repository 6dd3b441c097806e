// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

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
    function _load(uint32 id) internal view returns (bytes memory) {
        return Bytes.slice(_createdWith(id).code, 1);
    }

    /// @dev The address of what this contract creates with `nonce`: a hash of both as an RLP list.
    function _createdWith(uint32 nonce) private view returns (address) {
        if (nonce <= 0x7f) return _addressIn(abi.encodePacked(hex"d694", address(this), uint8(nonce)));
        // From 0x80 on, the number comes after its length, without leading zeros.
        uint256 size =
            nonce > 0xffffff
                ? 4
                : nonce > 0xffff
                    ? 3
                    : nonce > 0xff
                        ? 2
                        : 1;
        bytes memory list = abi.encodePacked(
            uint8(0xd6 + size),
            hex"94",
            address(this),
            uint8(0x80 + size),
            bytes4(nonce << uint32(32 - 8 * size))
        );
        return _addressIn(Bytes.slice(list, 0, 23 + size));
    }

    function _addressIn(bytes memory list) private pure returns (address) {
        return address(uint160(uint256(keccak256(list))));
    }
}
