// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {Descriptions} from "./Descriptions.sol";
import {DialectModule} from "./DialectModule.sol";

/// @title What data are: their descriptions, stored once for all tokens that share them
abstract contract DataSchemas is DialectModule {
    mapping(uint256 count => mapping(bytes32 packedHash => uint32 schemaId)) private _schemaIds;

    /// @inheritdoc IINFT
    function registerSchema(string[] memory descriptions) external returns (uint32 schemaId) {
        if (descriptions.length == 0) return 0;
        bytes memory packed = Descriptions.pack(descriptions, BLOB_LIMIT);
        schemaId = _schemaIds[_checkedCount(descriptions.length)][keccak256(packed)];
        return schemaId == 0 ? _register(packed, descriptions) : schemaId;
    }

    /// @inheritdoc IINFT
    function schemaIdOf(string[] memory descriptions) external view returns (uint32) {
        if (descriptions.length == 0) return 0;
        return _schemaIds[descriptions.length][keccak256(Descriptions.pack(descriptions, BLOB_LIMIT))];
    }

    /// @dev `packed` is what {Descriptions-pack} makes of `descriptions`, which are not registered.
    function _register(bytes memory packed, string[] memory descriptions) internal returns (uint32 schemaId) {
        bytes32 packedHash = keccak256(packed);
        schemaId = _store(packed);
        _schemaIds[descriptions.length][packedHash] = schemaId;
        emit SchemaRegistered(schemaId, descriptions);
    }

    /// @dev The id of the descriptions of `datas`, which are stored when nobody registered them. They are not registered
    /// then: whoever mints one token pays for no later one.
    function _schemaFor(IntelligentData[] memory datas) internal returns (uint32 schemaId) {
        uint256 count = _checkedCount(datas.length);
        if (count == 0) return 0;
        bytes memory packed = Descriptions.pack(datas, BLOB_LIMIT);
        schemaId = _schemaIds[count][keccak256(packed)];
        if (schemaId == 0) schemaId = _store(packed);
    }

    function _descriptionsOf(uint32 schemaId, uint256 count) internal view returns (string[] memory) {
        return count == 0 ? new string[](0) : Descriptions.unpack(_load(schemaId), count);
    }

    function _checkedCount(uint256 count) private pure returns (uint256) {
        if (count > type(uint8).max) revert ERC7857TooManyData(count);
        return count;
    }
}
