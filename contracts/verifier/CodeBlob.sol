// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Bytes kept as the code of a contract
/// @notice Smaller to handle than bytes in storage, and cheaper from the third word on.
library CodeBlob {
    /// @notice EIP-170 allows 24,576 bytes of code, of which the first is STOP, so that nobody can run it.
    uint256 internal constant LIMIT = 24_575;

    /// @notice The code that creates a contract which holds `blob`, of at most {LIMIT} bytes.
    function creationCode(bytes memory blob) internal pure returns (bytes memory) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: all that follows becomes code.
        return abi.encodePacked(hex"61", uint16(blob.length + 1), hex"80600a3d393df3", hex"00", blob);
    }

    /// @notice Creates a contract from any creation code; zero when that failed.
    function create(bytes memory code) internal returns (address created) {
        // Solidity creates contracts it knows, not bytes.
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
    }

    /// @notice What the contract at `holder` holds.
    function load(address holder) internal view returns (bytes memory blob) {
        // All but the first byte, which Solidity's `code` would copy twice.
        assembly ("memory-safe") {
            let length := sub(extcodesize(holder), 1)
            blob := mload(0x40)
            mstore(blob, length)
            extcodecopy(holder, add(blob, 0x20), 1, length)
            mstore(0x40, and(add(add(blob, length), 0x3f), not(0x1f)))
        }
    }
}
