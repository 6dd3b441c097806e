// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a proof of transfer is about, as its nonce says it
/// @notice The final standard hands a verifier nothing but proofs. So the nonce carries what they are about:
///
///     action (1 byte) | deadline (6) | sequence (3) | to (20) | token id (32)
///
/// 62 bytes, which the token compares with what it knows. The sequence number makes it single-use without any storage.
library TransferProof {
    /// @notice The token changes hands.
    uint8 internal constant TRANSFER = 1;
    /// @notice The receiver gets a token of its own with the same data.
    uint8 internal constant CLONE = 2;

    uint256 internal constant NONCE_LENGTH = 62;

    /// @param deadline Unix seconds; the proof holds up to and including it.
    function nonce(
        uint8 action,
        uint48 deadline,
        uint24 sequence,
        address to,
        uint256 tokenId
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(action, deadline, sequence, to, tokenId);
    }

    /// @dev The length must have been checked.
    function decode(
        bytes calldata given
    ) internal pure returns (uint8 action, uint48 deadline, uint24 sequence, address to, uint256 tokenId) {
        // Its first word ends two bytes into the token id.
        uint256 first = uint256(bytes32(given[0:32]));
        action = uint8(first >> 248);
        deadline = uint48(first >> 200);
        sequence = uint24(first >> 176);
        to = address(uint160(first >> 16));
        tokenId = uint256(bytes32(given[30:62]));
    }
}
