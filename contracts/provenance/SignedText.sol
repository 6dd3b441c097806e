// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The text a 0G Compute provider signs for each answer
library SignedText {
    uint256 private constant EVEN_BYTES = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant LOW_NIBBLES = 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @notice The EIP-191 digest of `hex(requestHash) ":" hex(responseHash)`, lower case and without 0x: 129 bytes.
    function digest(bytes32 requestHash, bytes32 responseHash) internal pure returns (bytes32) {
        (bytes32 request1, bytes32 request2) = toHex(requestHash);
        (bytes32 response1, bytes32 response2) = toHex(responseHash);
        return
            keccak256(
                abi.encodePacked("\x19Ethereum Signed Message:\n129", request1, request2, ":", response1, response2)
            );
    }

    /// @notice The 64 hexadecimal characters of `value`, as two words.
    function toHex(bytes32 value) internal pure returns (bytes32 high, bytes32 low) {
        high = _toHex(uint256(value) >> 128);
        low = _toHex(uint256(value) & type(uint128).max);
    }

    /// @dev Moves each of 32 nibbles into a byte of its own by halving, then makes all of them characters at once.
    function _toHex(uint256 half) private pure returns (bytes32) {
        half = (half | (half << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        half = (half | (half << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        half = (half | (half << 16)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        half = (half | (half << 8)) & EVEN_BYTES;
        half = (half | (half << 4)) & LOW_NIBBLES;
        // Bytes cannot carry into each other: the largest is 0x30 + 15 + 39 = 0x66 ("f").
        unchecked {
            uint256 letters = ((half + 6 * ONES) >> 4) & ONES; // 1 in each byte above 9
            return bytes32(half + 0x30 * ONES + 39 * letters);
        }
    }
}
