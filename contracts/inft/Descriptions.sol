// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

import {IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";

/// @title Descriptions as one string of bytes
/// @notice One after another, each but the last after its length in two bytes. How many they are must be known to take
/// them apart.
library Descriptions {
    uint256 private constant LENGTH_BYTES = 2;

    /// @notice Packs the descriptions of `datas`.
    /// @param limit What they may fill, at most 65,535: a length has two bytes.
    function pack(IntelligentData[] calldata datas, uint256 limit) internal pure returns (bytes memory packed) {
        uint256 length;
        for (uint256 i = 0; i < datas.length; ++i) length += bytes(datas[i].dataDescription).length;
        packed = _allocate(datas.length, length, limit);
        uint256 cursor = 0;
        for (uint256 i = 0; i < datas.length; ++i) {
            cursor = _append(packed, cursor, datas[i].dataDescription, i + 1 == datas.length);
        }
    }

    /// @notice The same, of descriptions alone.
    function pack(string[] calldata descriptions, uint256 limit) internal pure returns (bytes memory packed) {
        uint256 length;
        for (uint256 i = 0; i < descriptions.length; ++i) length += bytes(descriptions[i]).length;
        packed = _allocate(descriptions.length, length, limit);
        uint256 cursor = 0;
        for (uint256 i = 0; i < descriptions.length; ++i) {
            cursor = _append(packed, cursor, descriptions[i], i + 1 == descriptions.length);
        }
    }

    /// @notice Takes apart what {pack} made of `count` descriptions.
    function unpack(bytes memory packed, uint256 count) internal pure returns (string[] memory descriptions) {
        descriptions = new string[](count);
        uint256 cursor = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 end = packed.length;
            // All that is added here is a length of something that was in memory once.
            unchecked {
                if (i + 1 < count) {
                    end = (uint256(uint8(packed[cursor])) << 8) | uint8(packed[cursor + 1]);
                    cursor += LENGTH_BYTES;
                    end += cursor;
                }
            }
            descriptions[i] = string(Bytes.slice(packed, cursor, end));
            cursor = end;
        }
    }

    /// @dev `count` is not zero.
    function _allocate(uint256 count, uint256 textLength, uint256 limit) private pure returns (bytes memory) {
        uint256 length = textLength + (count - 1) * LENGTH_BYTES;
        if (length > limit) revert IINFT.ERC7857BlobTooLarge(length, limit);
        return new bytes(length);
    }

    function _append(
        bytes memory packed,
        uint256 cursor,
        string calldata text,
        bool last
    ) private pure returns (uint256 end) {
        // Solidity cannot copy calldata into the middle of memory. `packed` was made as long as all of this takes.
        assembly ("memory-safe") {
            let to := add(add(packed, 0x20), cursor)
            if iszero(last) {
                mstore8(to, shr(8, text.length))
                mstore8(add(to, 1), text.length)
                to := add(to, 2)
            }
            calldatacopy(to, text.offset, text.length)
            end := sub(add(to, text.length), add(packed, 0x20))
        }
    }
}
