// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Bytes kept as code, as the iNFT keeps descriptions.
contract Blob__MockForVerify {
    constructor(bytes memory stop, bytes memory blob) {
        bytes memory code = bytes.concat(stop, blob);
        assembly ("memory-safe") {
            return(add(code, 0x20), mload(code))
        }
    }
}
