// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC7857} from "../interfaces/IERC7857.sol";
import {
    IERC7857DataVerifier,
    OwnershipProof,
    TransferValidityProof,
    TransferValidityProofOutput
} from "../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {ITransferVerifier, ProofContext} from "../interfaces/ITransferVerifier.sol";
import {TransferProof} from "../verifier/TransferProof.sol";

/// @title Proofs checked by a verifier that knows the final standard only
/// @notice Such a verifier is told nothing but the proofs, and returns what they are about; to compare is left to the token.
/// @dev Runs by delegatecall in the place of the token, which is the verifier's caller. A contract of its own, because a
/// token whose verifier has {ITransferVerifier} needs none of it.
contract ReturnedProofs {
    uint256 private constant PUBLIC_KEY_LENGTH = 64;

    IERC7857DataVerifier private immutable _verifier;

    constructor(IERC7857DataVerifier verifier) {
        _verifier = verifier;
    }

    /// @notice {ITransferVerifier-verifyFor}, of a verifier that does not have it.
    function verifyFor(ProofContext calldata context, TransferValidityProof[] calldata proofs) external {
        TransferValidityProofOutput[] memory outputs = _verifier.verifyTransferValidity(proofs);
        if (outputs.length != proofs.length) {
            revert IINFT.ERC7857DataCount(context.tokenId, outputs.length, proofs.length);
        }
        bytes memory nonce = _requireNonce(context, proofs[0].accessProof.nonce);
        for (uint256 i = 0; i < outputs.length; ++i) {
            _requireSame(i, outputs[i], proofs[i].ownershipProof);
            _requireNonces(i, outputs[i], nonce);
            _requireReceiver(outputs[i], context.to);
        }
    }

    /// @dev The nonce of these circumstances; only its deadline is for the proofs to choose.
    function _requireNonce(ProofContext calldata context, bytes calldata given) private view returns (bytes memory) {
        uint48 deadline;
        if (given.length == TransferProof.NONCE_LENGTH) (, deadline, , , ) = TransferProof.decode(given);
        bytes memory nonce = TransferProof.nonce(
            context.action,
            deadline,
            uint24(context.sequence),
            context.to,
            context.tokenId
        );
        if (keccak256(given) != keccak256(nonce)) revert IINFT.ERC7857NonceMismatch(0, given, given, nonce);
        if (block.timestamp > deadline) revert ITransferVerifier.ProofExpired(deadline, block.timestamp);
        return nonce;
    }

    /// @dev The token takes hashes and keys from the proofs, so they must be what was verified.
    function _requireSame(
        uint256 index,
        TransferValidityProofOutput memory output,
        OwnershipProof calldata proof
    ) private pure {
        if (
            output.oldDataHash != proof.oldDataHash ||
            output.newDataHash != proof.newDataHash ||
            keccak256(output.sealedKey) != keccak256(proof.sealedKey)
        ) revert IINFT.ERC7857OutputMismatch(index);
    }

    function _requireNonces(uint256 index, TransferValidityProofOutput memory output, bytes memory nonce) private pure {
        bytes32 expected = keccak256(nonce);
        if (keccak256(output.accessProofNonce) != expected || keccak256(output.ownershipProofNonce) != expected) {
            revert IINFT.ERC7857NonceMismatch(index, output.accessProofNonce, output.ownershipProofNonce, nonce);
        }
    }

    /// @dev Who asked for the data, and whose key it was sealed to.
    function _requireReceiver(TransferValidityProofOutput memory output, address to) private view {
        address assistant = output.accessAssistant;
        if (assistant != to && (assistant == address(0) || assistant != _delegateOf(to))) {
            revert IINFT.ERC7857AccessAssistantMismatch(to, assistant);
        }
        bytes memory key = output.encryptedPubKey;
        bytes memory wanted = output.wantedKey;
        if (key.length != PUBLIC_KEY_LENGTH) revert ITransferVerifier.PublicKeyLength(key.length);
        bytes32 hash = keccak256(key);
        bool fits = wanted.length == 0 ? address(uint160(uint256(hash))) == to : keccak256(wanted) == hash;
        if (!fits) revert ITransferVerifier.PublicKeyMismatch(to, key, wanted);
    }

    /// @dev In the place of the token: its own view.
    function _delegateOf(address user) private view returns (address) {
        return IERC7857(address(this)).getDelegateAccess(user);
    }
}
