// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IInferenceServing} from "../external/IInferenceServing.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {SignedText} from "./SignedText.sol";

/// @title Commitments, and the check of a provider's TEE signature
/// @dev Trusts InferenceServing: its owner endorses signers, and can upgrade it. It trusts nobody else.
abstract contract InferenceProvenance is IInferenceProvenance {
    /// @notice How long a commitment can be used. Long enough to resume an interrupted mint the next day, short enough
    /// that a forgotten one does not stay armed.
    uint256 public constant COMMITMENT_LIFETIME = 1 days;

    uint8 private constant MODE_LIVE = 1;
    uint8 private constant MODE_REPLAY = 4;

    struct Commitment {
        uint64 committedBlock;
        uint64 committedAt;
    }

    IInferenceServing private immutable _serving;

    /// @dev By minter first: a copied commitment lands under the copier's own address, so it neither helps the copier
    /// nor stands in the minter's way.
    mapping(address minter => mapping(bytes32 commitment => Commitment)) private _commitments;

    constructor(IInferenceServing serving) {
        if (address(serving).code.length == 0) revert InferenceServingWithoutCode(address(serving));
        _serving = serving;
    }

    /// @inheritdoc IInferenceProvenance
    function commit(bytes32 commitment) external {
        Commitment storage open = _commitments[msg.sender][commitment];
        uint256 expiresAt = open.committedAt + COMMITMENT_LIFETIME;
        if (open.committedBlock != 0 && block.timestamp <= expiresAt) {
            revert CommitmentPending(msg.sender, commitment, expiresAt);
        }
        _commitments[msg.sender][commitment] = Commitment(uint64(block.number), uint64(block.timestamp));
        emit InferenceCommitted(msg.sender, commitment);
    }

    /// @inheritdoc IInferenceProvenance
    function inferenceServing() external view returns (address) {
        return address(_serving);
    }

    /// @inheritdoc IInferenceProvenance
    function commitmentOf(
        address minter,
        bytes32 commitment
    ) external view returns (uint64 committedBlock, uint64 committedAt) {
        Commitment storage made = _commitments[minter][commitment];
        return (made.committedBlock, made.committedAt);
    }

    /// @inheritdoc IInferenceProvenance
    function inferenceId(
        address provider,
        address teeSigner,
        bytes32 requestHash,
        bytes32 responseHash
    ) public view returns (uint256) {
        return
            uint256(
                keccak256(abi.encode(block.chainid, address(_serving), provider, teeSigner, requestHash, responseHash))
            );
    }

    /// @inheritdoc IInferenceProvenance
    function isSignerListed(Provenance calldata provenance) external view returns (bool) {
        if (!_serving.serviceExists(provenance.provider)) return false;
        IInferenceServing.Service memory service = _serving.getService(provenance.provider);
        return service.teeSignerAcknowledged && service.teeSignerAddress == provenance.teeSigner;
    }

    /// @dev Uses up the caller's commitment. Made in an earlier block, so that nobody who first sees the signature in
    /// the reveal can commit and mint before it; and not expired.
    function _consumeCommitment(bytes32 commitment) internal {
        Commitment memory made = _commitments[msg.sender][commitment];
        if (made.committedBlock == 0) revert CommitmentMissing(msg.sender, commitment);
        if (block.number <= made.committedBlock) {
            revert CommitmentTooYoung(msg.sender, commitment, made.committedBlock);
        }
        uint256 expiresAt = made.committedAt + COMMITMENT_LIFETIME;
        if (block.timestamp > expiresAt) revert CommitmentExpired(msg.sender, commitment, expiresAt);
        delete _commitments[msg.sender][commitment];
    }

    /// @dev Reads the provider's service and requires that the signer it lists now is endorsed and signed the claim.
    /// An unknown provider reverts with InferenceServing's own `ServiceNotExist`.
    function _requireSigned(InferenceClaim calldata claim) internal view returns (IInferenceServing.Service memory) {
        if (claim.mode < MODE_LIVE || claim.mode > MODE_REPLAY) revert InferenceModeInvalid(claim.mode);
        IInferenceServing.Service memory service = _serving.getService(claim.provider);
        address teeSigner = service.teeSignerAddress;
        if (teeSigner == address(0)) revert InferenceSignerMissing(claim.provider);
        if (!service.teeSignerAcknowledged) revert InferenceSignerNotEndorsed(claim.provider, teeSigner);
        bytes32 digest = SignedText.digest(claim.requestHash, claim.responseHash);
        address recovered = ECDSA.recoverCalldata(digest, claim.signature);
        if (recovered != teeSigner) revert InferenceSignerMismatch(claim.provider, teeSigner, recovered);
        return service;
    }

    /// @dev Whether `provenance` hashes to `tokenId` and carries a signature by its own signer.
    function _matches(uint256 tokenId, Provenance calldata provenance) internal view returns (bool) {
        (bytes32 requestHash, bytes32 responseHash) = (provenance.requestHash, provenance.responseHash);
        if (inferenceId(provenance.provider, provenance.teeSigner, requestHash, responseHash) != tokenId) return false;
        (address recovered, ECDSA.RecoverError problem, ) = ECDSA.tryRecoverCalldata(
            SignedText.digest(requestHash, responseHash),
            provenance.signature
        );
        return problem == ECDSA.RecoverError.NoError && recovered == provenance.teeSigner;
    }
}
