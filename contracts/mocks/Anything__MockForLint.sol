// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Answers every call with nothing.
contract Anything__MockForLint {
    // solhint-disable-next-line payable-fallback
    fallback() external {}
}
