// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {CodeBlob} from "../verifier/CodeBlob.sol";
import {Descriptions} from "./Descriptions.sol";
import {DialectModule} from "./DialectModule.sol";

/// @title What data are: their descriptions, stored once for all tokens that share them
abstract contract DataSchemas is DialectModule {
    mapping(uint256 count => mapping(bytes32 packedHash => uint32 schemaId)) private _schemaIds;

    /// @dev One datum, the sealed bytes of an inference: known from the start, and found without a look into storage.
    string private constant INFERENCE = "application/vnd.0g.inference";

    uint32 private immutable _inferenceSchema;

    constructor() {
        string[] memory descriptions = new string[](1);
        descriptions[0] = INFERENCE;
        _inferenceSchema = _intern(bytes(INFERENCE), 1);
        emit SchemaRegistered(_inferenceSchema, descriptions);
    }

    /// @inheritdoc IINFT
    function registerSchema(string[] calldata descriptions) external returns (uint32 schemaId) {
        if (descriptions.length == 0) return 0;
        bytes memory packed = Descriptions.pack(descriptions, CodeBlob.LIMIT);
        uint256 count = _checkedCount(descriptions.length);
        schemaId = _schemaIds[count][keccak256(packed)];
        if (schemaId != 0) return schemaId;
        schemaId = _intern(packed, count);
        emit SchemaRegistered(schemaId, descriptions);
    }

    /// @inheritdoc IINFT
    function schemaIdOf(string[] calldata descriptions) external view returns (uint32) {
        if (descriptions.length == 0) return 0;
        return _schemaIds[descriptions.length][keccak256(Descriptions.pack(descriptions, CodeBlob.LIMIT))];
    }

    /// @dev The id of the descriptions of `datas`, which are stored when nobody registered them. They are not registered
    /// then: whoever mints one token pays for no later one.
    function _schemaFor(IntelligentData[] calldata datas) internal returns (uint32 schemaId) {
        uint256 count = _checkedCount(datas.length);
        if (count == 0) return 0;
        bytes memory packed = Descriptions.pack(datas, CodeBlob.LIMIT);
        bytes32 packedHash = keccak256(packed);
        if (count == 1 && packedHash == keccak256(bytes(INFERENCE))) return _inferenceSchema;
        schemaId = _schemaIds[count][packedHash];
        if (schemaId == 0) schemaId = _store(packed);
    }

    function _descriptionsOf(uint32 schemaId, uint256 count) internal view returns (string[] memory) {
        return count == 0 ? new string[](0) : Descriptions.unpack(_load(schemaId), count);
    }

    /// @dev `packed` is what {Descriptions-pack} makes of `count` descriptions that are not registered.
    function _intern(bytes memory packed, uint256 count) private returns (uint32 schemaId) {
        bytes32 packedHash = keccak256(packed);
        schemaId = _store(packed);
        _schemaIds[count][packedHash] = schemaId;
    }

    function _checkedCount(uint256 count) private pure returns (uint256) {
        if (count > type(uint8).max) revert ERC7857TooManyData(count);
        return count;
    }
}
