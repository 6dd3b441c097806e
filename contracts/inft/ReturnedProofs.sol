// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IERC7857DataVerifier,
    TransferValidityProof,
    TransferValidityProofOutput
} from "../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {ITransferVerifier, ProofContext} from "../interfaces/ITransferVerifier.sol";
import {TransferProof} from "../verifier/TransferProof.sol";

/// @notice What accepted proofs bring: for each datum the hash it had, the one it gets, and its sealed key.
struct Delivery {
    bytes32[] oldDataHashes;
    bytes32[] newDataHashes;
    bytes[] sealedKeys;
}

/// @title Proofs checked by a verifier that knows the final standard only
/// @notice Such a verifier is told nothing but the proofs, and returns what they are about; to compare is left to the token.
/// @dev Runs by delegatecall in the place of the token, which is the verifier's caller. A contract of its own, because a
/// token whose verifier has {ITransferVerifier} needs none of it.
contract ReturnedProofs {
    uint256 private constant PUBLIC_KEY_LENGTH = 64;

    /// @notice Has the proofs verified and compares what comes back with `context`.
    /// @param delegate Who may sign in the place of the receiver; zero when nobody.
    function accept(
        IERC7857DataVerifier verifier,
        ProofContext calldata context,
        address delegate,
        TransferValidityProof[] calldata proofs
    ) external returns (Delivery memory delivery) {
        TransferValidityProofOutput[] memory outputs = verifier.verifyTransferValidity(proofs);
        uint256 count = outputs.length;
        if (count != proofs.length) revert IINFT.ERC7857DataCount(context.tokenId, count, proofs.length);
        (bytes memory nonce, uint48 deadline) = _expectedNonce(context, proofs[0].accessProof.nonce);
        delivery = Delivery(new bytes32[](count), new bytes32[](count), new bytes[](count));
        for (uint256 i = 0; i < count; ++i) {
            TransferValidityProofOutput memory output = outputs[i];
            _requireNonces(i, output, nonce);
            _requireReceiver(output, context.to, delegate);
            delivery.oldDataHashes[i] = output.oldDataHash;
            delivery.newDataHashes[i] = output.newDataHash;
            delivery.sealedKeys[i] = output.sealedKey;
        }
        if (block.timestamp > deadline) revert ITransferVerifier.ProofExpired(deadline, block.timestamp);
    }

    /// @dev The nonce of these circumstances; only its deadline is for the proofs to choose.
    function _expectedNonce(
        ProofContext calldata context,
        bytes calldata given
    ) private pure returns (bytes memory nonce, uint48 deadline) {
        if (given.length == TransferProof.NONCE_LENGTH) (, deadline, , , ) = TransferProof.decode(given);
        nonce = TransferProof.nonce(context.action, deadline, uint24(context.sequence), context.to, context.tokenId);
    }

    function _requireNonces(uint256 index, TransferValidityProofOutput memory output, bytes memory nonce) private pure {
        bytes32 expected = keccak256(nonce);
        if (keccak256(output.accessProofNonce) != expected || keccak256(output.ownershipProofNonce) != expected) {
            revert IINFT.ERC7857NonceMismatch(index, output.accessProofNonce, output.ownershipProofNonce, nonce);
        }
    }

    /// @dev Who asked for the data, and whose key it was sealed to.
    function _requireReceiver(TransferValidityProofOutput memory output, address to, address delegate) private pure {
        address assistant = output.accessAssistant;
        if (assistant == address(0) || (assistant != to && assistant != delegate)) {
            revert IINFT.ERC7857AccessAssistantMismatch(to, assistant);
        }
        bytes memory key = output.encryptedPubKey;
        bytes memory wanted = output.wantedKey;
        if (key.length != PUBLIC_KEY_LENGTH) revert ITransferVerifier.PublicKeyLength(key.length);
        bytes32 hash = keccak256(key);
        bool fits = wanted.length == 0 ? address(uint160(uint256(hash))) == to : keccak256(wanted) == hash;
        if (!fits) revert ITransferVerifier.PublicKeyMismatch(to, key, wanted);
    }
}
