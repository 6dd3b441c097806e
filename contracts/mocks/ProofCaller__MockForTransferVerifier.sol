// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TransferValidityProof, TransferValidityProofOutput} from "../interfaces/IERC7857DataVerifier.sol";
import {ITransferVerifier, ProofContext} from "../interfaces/ITransferVerifier.sol";

/// @notice Stands where a token stands: the verifier's caller, which knows the delegates.
contract ProofCaller__MockForTransferVerifier {
    ITransferVerifier private immutable _verifier;
    bytes private _answer = abi.encode(address(0));
    bool private _answers = true;

    constructor(ITransferVerifier verifier) {
        _verifier = verifier;
    }

    /// @notice What `getDelegateAccess` answers to any question from now on, whatever its form.
    function answerDelegate(bytes calldata answer) external {
        _answer = answer;
        _answers = true;
    }

    /// @notice Has `getDelegateAccess` revert with `answer`; with nothing, as a token that has no such function.
    function refuseDelegate(bytes calldata answer) external {
        _answer = answer;
        _answers = false;
    }

    function verifyFor(ProofContext calldata context, TransferValidityProof[] calldata proofs) external view {
        _verifier.verifyFor(context, proofs);
    }

    /// @notice Not a view: a verifier may write, in the final standard.
    function verifyTransferValidity(
        TransferValidityProof[] calldata proofs
    ) external returns (TransferValidityProofOutput[] memory) {
        return _verifier.verifyTransferValidity(proofs);
    }

    function verifySignatures(
        address receiver,
        bytes32 accessDigest,
        bytes calldata accessSignature,
        bytes32 ownershipDigest,
        bytes calldata attestorSignatures
    ) external view {
        _verifier.verifySignatures(receiver, accessDigest, accessSignature, ownershipDigest, attestorSignatures);
    }

    /// @notice The gas of one {verifyFor}, with the call but without the calldata of a transaction.
    function gasOfVerifyFor(
        ProofContext calldata context,
        TransferValidityProof[] calldata proofs
    ) external view returns (uint256) {
        uint256 before = gasleft();
        _verifier.verifyFor(context, proofs);
        return before - gasleft();
    }

    /// @notice The gas of one {verifyTransferValidity}, with its outputs read.
    function gasOfVerifyTransferValidity(TransferValidityProof[] calldata proofs) external returns (uint256) {
        uint256 before = gasleft();
        _verifier.verifyTransferValidity(proofs);
        return before - gasleft();
    }

    function getDelegateAccess(address) external view returns (address) {
        bytes memory answer = _answer;
        if (!_answers) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }
}
