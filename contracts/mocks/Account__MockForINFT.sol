// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

/// @notice A contract account: sends several calls in one transaction, and makes one more when it receives a token.
contract Account__MockForINFT is IERC721Receiver {
    bytes private _onReceived;

    /// @notice What the call made on receipt returned.
    bytes public answer;
    /// @notice Whether that call succeeded.
    bool public succeeded;
    /// @notice How many tokens arrived.
    uint256 public received;

    function execute(address target, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool success, bytes memory result) = target.call(calls[i]);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result)) // bubbles the callee's own error
                }
            }
        }
    }

    /// @notice The call to make to the token contract when it hands over a token.
    function onReceipt(bytes calldata call) external {
        _onReceived = call;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        ++received;
        bytes memory call = _onReceived;
        if (call.length != 0) {
            delete _onReceived;
            (succeeded, answer) = msg.sender.call(call);
        }
        return IERC721Receiver.onERC721Received.selector;
    }
}
