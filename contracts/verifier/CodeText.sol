// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Text kept as the code of a contract
/// @notice Smaller to handle than a string in storage, and cheaper from the third word on.
library CodeText {
    /// @notice Creates a contract that holds `text`, which must fit into one: EIP-170 leaves 24,575 bytes.
    function store(string memory text) internal returns (address holder) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: what follows becomes code. It
        // begins with STOP, so that nobody can run it.
        bytes memory creation = abi.encodePacked(
            hex"61",
            uint16(bytes(text).length + 1),
            hex"80600a3d393df3",
            hex"00",
            text
        );
        // Solidity creates contracts it knows, not bytes.
        assembly ("memory-safe") {
            holder := create(0, add(creation, 0x20), mload(creation))
        }
    }

    /// @notice What {store} put into `holder`.
    function load(address holder) internal view returns (string memory text) {
        // All but the first byte, which Solidity's `code` would copy twice.
        assembly ("memory-safe") {
            let length := sub(extcodesize(holder), 1)
            text := mload(0x40)
            mstore(text, length)
            extcodecopy(holder, add(text, 0x20), 1, length)
            mstore(0x40, and(add(add(text, length), 0x3f), not(0x1f)))
        }
    }
}
