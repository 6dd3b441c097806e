// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Text kept as the code of a contract
/// @notice Smaller to handle than a string in storage, and cheaper from the third word on.
library CodeText {
    /// @notice Creates a contract that holds `text`; zero when it does not fit into one (24,575 bytes).
    function store(string memory text) internal returns (address holder) {
        // PUSH3 length, DUP1, PUSH1 11, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: what follows becomes code. It
        // begins with STOP, so that nobody can run it.
        bytes memory creation = abi.encodePacked(
            hex"62",
            uint24(bytes(text).length + 1),
            hex"80600b3d393df3",
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
