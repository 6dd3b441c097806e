// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {IAttestorSet} from "../interfaces/IAttestorSet.sol";
import {IERC7857} from "../interfaces/IERC7857.sol";
import {
    AccessProof,
    IERC7857DataVerifier,
    OracleType,
    OwnershipProof,
    TransferValidityProof,
    TransferValidityProofOutput
} from "../interfaces/IERC7857DataVerifier.sol";
import {ITransferVerifier, ProofContext} from "../interfaces/ITransferVerifier.sol";
import {AttestorSet} from "./AttestorSet.sol";
import {TransferDigest} from "./TransferDigest.sol";
import {TransferProof} from "./TransferProof.sol";
import {Words} from "./Words.sol";

/// @title Verifier of transfers and clones
/// @notice Holds no state but its attestors, serves any token contract, and binds every proof to the one that calls it.
contract TransferVerifier is ITransferVerifier, AttestorSet, IERC165 {
    using Words for bytes32[];

    uint256 private constant PUBLIC_KEY_LENGTH = 64;

    /// @param owner_ Who adds and removes attestors.
    /// @param threshold_ How many of them must sign.
    /// @param rotationDelay Seconds until a new one counts.
    /// @param attestors_ Those who count at once.
    constructor(
        address owner_,
        uint256 threshold_,
        uint256 rotationDelay,
        AttestorConfig[] memory attestors_
    ) AttestorSet(owner_, threshold_, rotationDelay, attestors_) {}

    /// @inheritdoc IERC7857DataVerifier
    /// @dev What the proofs are about is what their nonce says, and the caller must compare. What the first entry says for
    /// all, every output says again.
    function verifyTransferValidity(
        TransferValidityProof[] calldata proofs
    ) external view override returns (TransferValidityProofOutput[] memory outputs) {
        (TransferValidityProof calldata first, TransferDigest.Message memory message) = _messageOf(proofs);
        address signer = _verify(message, first, proofs);
        bytes memory nonce = first.accessProof.nonce;
        bytes memory sealedTo = first.ownershipProof.encryptedPubKey;
        bytes memory wanted = first.accessProof.encryptedPubKey;
        bytes32[] memory pointers = Words.allocate(proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            OwnershipProof calldata ownership = proofs[i].ownershipProof;
            TransferValidityProofOutput memory output = TransferValidityProofOutput(
                ownership.oldDataHash,
                ownership.newDataHash,
                ownership.sealedKey,
                sealedTo,
                wanted,
                signer,
                nonce,
                nonce
            );
            bytes32 pointer;
            assembly ("memory-safe") {
                pointer := output
            }
            pointers.set(i, pointer);
        }
        // An array of structs is one of pointers. Made by `new`, every struct would be allocated twice.
        assembly ("memory-safe") {
            outputs := pointers
        }
    }

    /// @inheritdoc ITransferVerifier
    function verifyFor(ProofContext calldata context, TransferValidityProof[] calldata proofs) external view override {
        (TransferValidityProof calldata first, TransferDigest.Message memory message) = _messageOf(proofs);
        // One branch for all four.
        uint256 difference =
            (message.action ^ context.action) |
                (message.tokenId ^ context.tokenId) |
                (message.sequence ^ context.sequence) |
                (message.to ^ uint160(context.to));
        if (difference != 0) {
            revert ProofNonceMismatch(
                0,
                first.accessProof.nonce,
                TransferProof.nonce(
                    context.action,
                    uint48(message.deadline),
                    uint24(context.sequence),
                    context.to,
                    context.tokenId
                )
            );
        }
        _verify(message, first, proofs);
    }

    /// @inheritdoc ITransferVerifier
    function verifySignatures(
        address receiver,
        bytes32 accessDigest,
        bytes calldata accessSignature,
        bytes32 ownershipDigest,
        bytes calldata attestorSignatures
    ) external view override {
        _requireAttestors(ownershipDigest, attestorSignatures);
        _requireAccess(receiver, accessDigest, accessSignature);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure virtual override returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC7857DataVerifier).interfaceId ||
            interfaceId == type(ITransferVerifier).interfaceId ||
            interfaceId == type(IAttestorSet).interfaceId;
    }

    /// @dev What the first nonce says.
    function _messageOf(
        TransferValidityProof[] calldata proofs
    ) private pure returns (TransferValidityProof calldata first, TransferDigest.Message memory message) {
        if (proofs.length == 0) revert ProofMissing();
        first = proofs[0];
        bytes calldata nonce = first.accessProof.nonce;
        if (nonce.length != TransferProof.NONCE_LENGTH) {
            revert ProofNonceMismatch(0, nonce, new bytes(TransferProof.NONCE_LENGTH));
        }
        address to;
        (message.action, message.deadline, message.sequence, to, message.tokenId) = TransferProof.decode(nonce);
        message.to = uint160(to);
    }

    /// @dev Checks everything but that the message is about what the caller knows.
    /// @return Who answers for the access side: the receiver or its delegate.
    function _verify(
        TransferDigest.Message memory message,
        TransferValidityProof calldata first,
        TransferValidityProof[] calldata proofs
    ) private view returns (address) {
        if (block.timestamp > message.deadline) revert ProofExpired(message.deadline, block.timestamp);

        AccessProof calldata access = first.accessProof;
        OwnershipProof calldata ownership = first.ownershipProof;
        if (Words.hash(ownership.nonce) != Words.hash(access.nonce)) {
            revert ProofNonceMismatch(0, ownership.nonce, access.nonce);
        }
        bytes32 wantedKey;
        (message.encryptedPubKey, wantedKey) = _requireKey(
            address(uint160(message.to)),
            ownership.encryptedPubKey,
            access.encryptedPubKey
        );
        bytes32 wantedDataHashes = _requireEntries(message, proofs);

        bytes32 domain = TransferDigest.domainOf(msg.sender);
        _requireAttestors(TransferDigest.ownership(domain, message), ownership.proof);
        return
            _requireAccess(
                address(uint160(message.to)),
                TransferDigest.access(domain, message, wantedDataHashes, wantedKey),
                access.proof
            );
    }

    /// @dev The key sealed to must be the one the receiver wants: the one it names, or else that of its own address.
    /// @return The hashes of both.
    function _requireKey(
        address receiver,
        bytes calldata sealedTo,
        bytes calldata wanted
    ) private pure returns (bytes32, bytes32) {
        if (sealedTo.length != PUBLIC_KEY_LENGTH) revert PublicKeyLength(sealedTo.length);
        bytes32 sealedToHash = Words.hash(sealedTo);
        bytes32 wantedHash = Words.hash(wanted);
        bool same =
            wanted.length == 0 ? address(uint160(uint256(sealedToHash))) == receiver : sealedToHash == wantedHash;
        if (!same) revert PublicKeyMismatch(receiver, sealedTo, wanted);
        return (sealedToHash, wantedHash);
    }

    /// @dev Both sides must be about the same data, and no entry but the first may hold what counts for all: no signature
    /// would cover it.
    function _requireEntries(
        TransferDigest.Message memory message,
        TransferValidityProof[] calldata proofs
    ) private pure returns (bytes32) {
        uint256 count = proofs.length;
        bytes32[] memory oldHashes = Words.allocate(count);
        bytes32[] memory wantedHashes = Words.allocate(count);
        bytes32[] memory newHashes = Words.allocate(count);
        bytes32[] memory keyHashes = Words.allocate(count);
        for (uint256 i = 0; i < count; ++i) {
            TransferValidityProof calldata proof = proofs[i];
            AccessProof calldata access = proof.accessProof;
            OwnershipProof calldata ownership = proof.ownershipProof;
            if (ownership.oracleType != OracleType.TEE) revert OracleTypeUnsupported(i, ownership.oracleType);

            bytes32 oldDataHash = ownership.oldDataHash;
            bytes32 newDataHash = ownership.newDataHash;
            bytes32 wanted = access.newDataHash;
            if (access.oldDataHash != oldDataHash) revert ProofHashMismatch(i, access.oldDataHash, oldDataHash);
            if (wanted != 0 && wanted != newDataHash) revert ProofHashMismatch(i, wanted, newDataHash);
            if (
                i != 0 &&
                (access.nonce.length |
                    access.encryptedPubKey.length |
                    access.proof.length |
                    ownership.encryptedPubKey.length |
                    ownership.nonce.length |
                    ownership.proof.length) !=
                    0
            ) revert ProofEntryNotEmpty(i);

            oldHashes.set(i, oldDataHash);
            wantedHashes.set(i, wanted);
            newHashes.set(i, newDataHash);
            keyHashes.set(i, Words.hash(ownership.sealedKey));
        }
        message.oldDataHashes = oldHashes.hash();
        message.newDataHashes = newHashes.hash();
        message.sealedKeys = keyHashes.hash();
        return wantedHashes.hash();
    }

    /// @dev By key first, also for accounts that have code (EIP-7702); contracts are asked last (ERC-1271).
    /// @return Who answers for `digest`: the receiver or its delegate.
    function _requireAccess(address receiver, bytes32 digest, bytes calldata signature) private view returns (address) {
        address signer = _signerOf(digest, signature);
        if (signer == receiver && signer != address(0)) return signer;
        address delegate = _delegateOf(receiver);
        if (signer == delegate && signer != address(0)) return signer;
        if (SignatureChecker.isValidERC1271SignatureNowCalldata(receiver, digest, signature)) return receiver;
        if (SignatureChecker.isValidERC1271SignatureNowCalldata(delegate, digest, signature)) return delegate;
        revert AccessSignerMismatch(receiver, delegate, signer);
    }

    /// @dev As the calling token knows it; zero when it knows of no delegates at all.
    function _delegateOf(address receiver) private view returns (address) {
        (bool success, bytes32 answer, ) = LowLevelCall.staticcallReturn64Bytes(
            msg.sender,
            abi.encodeCall(IERC7857.getDelegateAccess, (receiver))
        );
        if (!success || LowLevelCall.returnDataSize() < 32 || uint256(answer) >> 160 != 0) return address(0);
        return address(uint160(uint256(answer)));
    }
}
