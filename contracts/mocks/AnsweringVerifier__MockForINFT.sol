// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TransferValidityProof, TransferValidityProofOutput} from "../interfaces/IERC7857DataVerifier.sol";

/// @notice A verifier that knows the final standard only, checks nothing, and answers whatever it was told to; before
/// that, it may call the token back.
contract AnsweringVerifier__MockForINFT {
    bytes private _answer;
    bytes private _call;

    /// @notice What is answered from now on, encoded.
    function answerWith(bytes calldata answer) external {
        _answer = answer;
    }

    /// @notice The call to make to whoever asks, before answering.
    function callBack(bytes calldata call) external {
        _call = call;
    }

    function verifyTransferValidity(
        TransferValidityProof[] calldata
    ) external returns (TransferValidityProofOutput[] memory) {
        if (_call.length != 0) {
            (bool success, bytes memory reason) = msg.sender.call(_call);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
        }
        bytes memory answer = _answer;
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }
}
