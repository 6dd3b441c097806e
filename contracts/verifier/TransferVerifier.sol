// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IAttestorSet} from "../interfaces/IAttestorSet.sol";
import {
    AccessProof,
    IERC7857DataVerifier,
    OracleType,
    OwnershipProof,
    TransferValidityProof,
    TransferValidityProofOutput
} from "../interfaces/IERC7857DataVerifier.sol";
import {IERC7857} from "../interfaces/IERC7857.sol";
import {ITransferVerifier, ProofContext} from "../interfaces/ITransferVerifier.sol";
import {AttestorSet} from "./AttestorSet.sol";
import {TransferDigest} from "./TransferDigest.sol";
import {TransferProof} from "./TransferProof.sol";

/// @title Verifier of transfers and clones
/// @notice Holds no state but its attestors, serves any token contract, and binds every proof to the one that calls it.
contract TransferVerifier is ITransferVerifier, AttestorSet, IERC165 {
    uint256 private constant PUBLIC_KEY_LENGTH = 64;

    /// @param owner_ Who adds and removes attestors.
    /// @param threshold_ How many of them must sign.
    /// @param rotationDelay Seconds until a new one counts.
    /// @param attestors_ Those who count at once.
    constructor(
        address owner_,
        uint256 threshold_,
        uint256 rotationDelay,
        IAttestorSet.AttestorConfig[] memory attestors_
    ) AttestorSet(owner_, threshold_, rotationDelay, attestors_) {}

    /// @inheritdoc IERC7857DataVerifier
    /// @dev What a proof is about is what its nonce says, and the caller must compare: all later outputs repeat it.
    function verifyTransferValidity(
        TransferValidityProof[] calldata proofs
    ) external view override returns (TransferValidityProofOutput[] memory outputs) {
        (ProofContext memory context, uint256 deadline) = _contextOf(proofs);
        address signer = _verify(context, deadline, proofs);

        outputs = new TransferValidityProofOutput[](proofs.length);
        bytes memory nonce = proofs[0].accessProof.nonce;
        bytes memory sealedTo = proofs[0].ownershipProof.encryptedPubKey;
        bytes memory wanted = proofs[0].accessProof.encryptedPubKey;
        for (uint256 i = 0; i < proofs.length; ++i) {
            OwnershipProof calldata ownership = proofs[i].ownershipProof;
            outputs[i] = TransferValidityProofOutput(
                ownership.oldDataHash,
                ownership.newDataHash,
                ownership.sealedKey,
                sealedTo,
                wanted,
                signer,
                nonce,
                nonce
            );
        }
    }

    /// @inheritdoc ITransferVerifier
    function verifyFor(ProofContext calldata context, TransferValidityProof[] calldata proofs) external view override {
        (ProofContext memory given, uint256 deadline) = _contextOf(proofs);
        if (
            given.tokenId != context.tokenId ||
            given.sequence != context.sequence ||
            given.to != context.to ||
            given.action != context.action
        ) {
            revert ProofNonceMismatch(
                0,
                proofs[0].accessProof.nonce,
                TransferProof.nonce(
                    context.action,
                    uint48(deadline),
                    uint24(context.sequence),
                    context.to,
                    context.tokenId
                )
            );
        }
        _verify(given, deadline, proofs);
    }

    /// @inheritdoc ITransferVerifier
    function verifySignatures(
        address receiver,
        bytes32 accessDigest,
        bytes calldata accessSignature,
        bytes32 ownershipDigest,
        bytes calldata attestorSignatures
    ) external view override {
        _requireAccess(receiver, accessDigest, accessSignature);
        _requireAttestors(ownershipDigest, attestorSignatures);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure override returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC7857DataVerifier).interfaceId ||
            interfaceId == type(ITransferVerifier).interfaceId ||
            interfaceId == type(IAttestorSet).interfaceId;
    }

    /// @dev What the first nonce says.
    function _contextOf(
        TransferValidityProof[] calldata proofs
    ) private pure returns (ProofContext memory context, uint256 deadline) {
        if (proofs.length == 0) revert ProofMissing();
        bytes calldata nonce = proofs[0].accessProof.nonce;
        if (nonce.length != TransferProof.NONCE_LENGTH) {
            revert ProofNonceMismatch(0, nonce, new bytes(TransferProof.NONCE_LENGTH));
        }
        (context.action, deadline, context.sequence, context.to, context.tokenId) = TransferProof.decode(nonce);
    }

    /// @dev Checks everything but that `context` is the caller's.
    /// @return Who answers for the access side: the receiver or its delegate.
    function _verify(
        ProofContext memory context,
        uint256 deadline,
        TransferValidityProof[] calldata proofs
    ) private view returns (address) {
        if (block.timestamp > deadline) revert ProofExpired(deadline, block.timestamp);

        AccessProof calldata access = proofs[0].accessProof;
        OwnershipProof calldata ownership = proofs[0].ownershipProof;
        if (keccak256(ownership.nonce) != keccak256(access.nonce)) {
            revert ProofNonceMismatch(0, ownership.nonce, access.nonce);
        }
        (bytes32 sealedTo, bytes32 wanted) = _requireKey(context.to, ownership.encryptedPubKey, access.encryptedPubKey);

        bytes32 accessDigest;
        bytes32 ownershipDigest;
        {
            Lists memory lists = _requireEntries(proofs);
            bytes32 domain = TransferDigest.domainOf(msg.sender);
            accessDigest = TransferDigest.access(
                domain,
                context,
                lists.oldDataHashes,
                lists.wantedDataHashes,
                wanted,
                deadline
            );
            ownershipDigest = TransferDigest.ownership(
                domain,
                context,
                lists.oldDataHashes,
                lists.newDataHashes,
                lists.sealedKeys,
                sealedTo,
                deadline
            );
        }
        _requireAttestors(ownershipDigest, ownership.proof);
        return _requireAccess(context.to, accessDigest, access.proof);
    }

    /// @dev The key sealed to must be the one the receiver wants: the one it names, or else that of its own address.
    /// @return The hashes of both.
    function _requireKey(
        address receiver,
        bytes calldata sealedTo,
        bytes calldata wanted
    ) private pure returns (bytes32, bytes32) {
        if (sealedTo.length != PUBLIC_KEY_LENGTH) revert PublicKeyLength(sealedTo.length);
        bytes32 sealedToHash = keccak256(sealedTo);
        bytes32 wantedHash = keccak256(wanted);
        bool same =
            wanted.length == 0 ? address(uint160(uint256(sealedToHash))) == receiver : sealedToHash == wantedHash;
        if (!same) revert PublicKeyMismatch(receiver, sealedTo, wanted);
        return (sealedToHash, wantedHash);
    }

    /// @dev Hashes of what all entries hold, as EIP-712 hashes arrays.
    struct Lists {
        bytes32 oldDataHashes;
        bytes32 wantedDataHashes;
        bytes32 newDataHashes;
        bytes32 sealedKeys;
    }

    /// @dev Both sides must be about the same data, and nothing but the first entry may hold what counts for all.
    function _requireEntries(TransferValidityProof[] calldata proofs) private pure returns (Lists memory lists) {
        uint256 count = proofs.length;
        bytes32[] memory oldDataHashes = new bytes32[](count);
        bytes32[] memory wantedDataHashes = new bytes32[](count);
        bytes32[] memory newDataHashes = new bytes32[](count);
        bytes32[] memory sealedKeys = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            AccessProof calldata access = proofs[i].accessProof;
            OwnershipProof calldata ownership = proofs[i].ownershipProof;
            if (ownership.oracleType != OracleType.TEE) revert OracleTypeUnsupported(i, ownership.oracleType);
            if (access.oldDataHash != ownership.oldDataHash) {
                revert ProofHashMismatch(i, access.oldDataHash, ownership.oldDataHash);
            }
            if (access.newDataHash != bytes32(0) && access.newDataHash != ownership.newDataHash) {
                revert ProofHashMismatch(i, access.newDataHash, ownership.newDataHash);
            }
            if (i != 0) _requireBare(i, access, ownership);
            oldDataHashes[i] = ownership.oldDataHash;
            wantedDataHashes[i] = access.newDataHash;
            newDataHashes[i] = ownership.newDataHash;
            sealedKeys[i] = keccak256(ownership.sealedKey);
        }
        lists.oldDataHashes = keccak256(abi.encodePacked(oldDataHashes));
        lists.wantedDataHashes = keccak256(abi.encodePacked(wantedDataHashes));
        lists.newDataHashes = keccak256(abi.encodePacked(newDataHashes));
        lists.sealedKeys = keccak256(abi.encodePacked(sealedKeys));
    }

    /// @dev Bytes that no signature covers would let anyone change a proof without breaking it.
    function _requireBare(uint256 index, AccessProof calldata access, OwnershipProof calldata ownership) private pure {
        if (access.nonce.length != 0) revert ProofNonceMismatch(index, access.nonce, "");
        if (ownership.nonce.length != 0) revert ProofNonceMismatch(index, ownership.nonce, "");
        if (
            access.encryptedPubKey.length != 0 ||
            access.proof.length != 0 ||
            ownership.encryptedPubKey.length != 0 ||
            ownership.proof.length != 0
        ) revert ProofEntryNotEmpty(index);
    }

    /// @dev By key first, also for accounts that have code (EIP-7702); contracts are asked last (ERC-1271).
    /// @return Who answers for `digest`: the receiver or its delegate.
    function _requireAccess(address receiver, bytes32 digest, bytes calldata signature) private view returns (address) {
        (uint8 v, bytes32 r, bytes32 s) = ECDSA.parseCalldata(signature);
        // Zero when the signature is nobody's: of another length, with a high s, or with a v that is not 27 or 28.
        (address signer, , ) = ECDSA.tryRecover(digest, v, r, s);
        if (signer != address(0) && signer == receiver) return receiver;

        address delegate = _delegateOf(receiver);
        if (signer != address(0) && signer == delegate) return delegate;
        if (_isSignedByContract(receiver, digest, signature)) return receiver;
        if (_isSignedByContract(delegate, digest, signature)) return delegate;
        revert AccessSignerMismatch(receiver, delegate, signer);
    }

    /// @dev An address without code answers nothing, which is no consent.
    function _isSignedByContract(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (bool) {
        return SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature);
    }

    /// @dev As the calling token knows it; zero when it knows of no delegates at all.
    function _delegateOf(address receiver) private view returns (address) {
        (bool success, bytes memory answer) = msg.sender.staticcall(
            abi.encodeCall(IERC7857.getDelegateAccess, (receiver))
        );
        if (!success || answer.length != 32) return address(0);
        uint256 word = uint256(bytes32(answer));
        return word >> 160 == 0 ? address(uint160(word)) : address(0);
    }
}
