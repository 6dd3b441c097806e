// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IInferenceServing} from "../external/IInferenceServing.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {SignedText} from "./SignedText.sol";

/// @dev {IInferenceServing-getService}, of whose answer only the first words are read: where the struct is, and its eleven
/// fields, of which the strings are elsewhere. Those may be long, and nothing here needs them.
interface IServiceHeads {
    /// @notice The head of a provider's service.
    function getService(address provider) external view returns (uint256[12] memory head);
}

/// @title Commitments, and the check of a provider's TEE signature
/// @dev Trusts InferenceServing: its owner endorses signers, and can upgrade it. It trusts nobody else.
abstract contract InferenceProvenance is IInferenceProvenance {
    /// @notice How long a commitment can be used. Long enough to resume an interrupted mint the next day, short enough
    /// that a forgotten one does not stay armed.
    uint256 public constant COMMITMENT_LIFETIME = 1 days;

    /// @inheritdoc IInferenceProvenance
    uint256 public constant SIGNER_MAX_AGE = 1 hours;

    uint8 private constant MODE_LIVE = 1;
    uint8 private constant MODE_REPLAY = 4;

    // Places in {IInferenceServing-Service}, counted from 1: the word before it says where it is.
    uint256 private constant UPDATED_AT = 6;
    uint256 private constant TEE_SIGNER = 10;
    uint256 private constant TEE_SIGNER_ACKNOWLEDGED = 11;

    struct Commitment {
        uint64 committedBlock;
        uint64 committedAt;
    }

    struct CachedSigner {
        address teeSigner;
        uint40 syncedAt;
    }

    IInferenceServing private immutable _serving;

    /// @dev By minter first: a copied commitment lands under the copier's own address, so it neither helps the copier
    /// nor stands in the minter's way.
    mapping(address minter => mapping(bytes32 commitment => Commitment)) private _commitments;

    mapping(address provider => CachedSigner) private _cachedSigners;

    constructor(IInferenceServing serving) {
        if (address(serving).code.length == 0) revert InferenceServingWithoutCode(address(serving));
        _serving = serving;
    }

    /// @inheritdoc IInferenceProvenance
    function commit(bytes32 commitment) external {
        _commit(commitment);
    }

    /// @inheritdoc IInferenceProvenance
    function commitBatch(bytes32[] calldata commitments) external {
        for (uint256 i = 0; i < commitments.length; ++i) _commit(commitments[i]);
    }

    /// @inheritdoc IInferenceProvenance
    function syncSigner(address provider) external returns (address teeSigner) {
        uint256 updatedAt;
        (teeSigner, updatedAt) = _endorsedSignerOf(provider);
        _cachedSigners[provider] = CachedSigner(teeSigner, uint40(block.timestamp));
        emit SignerSynced(provider, teeSigner, updatedAt);
    }

    /// @inheritdoc IInferenceProvenance
    function cachedSignerOf(address provider) external view returns (address teeSigner, uint40 syncedAt) {
        CachedSigner memory cached = _cachedSigners[provider];
        return (cached.teeSigner, cached.syncedAt);
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
        (address teeSigner, bool isEndorsed, ) = _serviceOf(provenance.provider);
        return isEndorsed && teeSigner == provenance.teeSigner;
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

    /// @dev Requires that the signer which counts for the provider now signed the claim. Returns it, and when it was read.
    function _requireSigned(
        InferenceClaim calldata claim
    ) internal view returns (address teeSigner, uint256 signerReadAt) {
        if (claim.mode < MODE_LIVE || claim.mode > MODE_REPLAY) revert InferenceModeInvalid(claim.mode);
        (teeSigner, signerReadAt) = _signerOf(claim.provider);
        bytes32 digest = SignedText.digest(claim.requestHash, claim.responseHash);
        address recovered = ECDSA.recoverCalldata(digest, claim.signature);
        if (recovered != teeSigner) revert InferenceSignerMismatch(claim.provider, teeSigner, recovered);
    }

    /// @dev Whether `provenance` hashes to `tokenId`, which exists, and carries a signature by its own signer. That of a
    /// broken signature would be the zero address, in whose name nothing was ever minted.
    function _matches(uint256 tokenId, Provenance calldata provenance) internal view returns (bool) {
        (bytes32 requestHash, bytes32 responseHash) = (provenance.requestHash, provenance.responseHash);
        if (inferenceId(provenance.provider, provenance.teeSigner, requestHash, responseHash) != tokenId) return false;
        (address recovered, , ) = ECDSA.tryRecoverCalldata(
            SignedText.digest(requestHash, responseHash),
            provenance.signature
        );
        return recovered == provenance.teeSigner;
    }

    /// @dev The remembered signer while it is fresh, else the one InferenceServing lists now. A mint remembers nothing:
    /// whoever wants the next one to cost less pays for that with {syncSigner}.
    function _signerOf(address provider) private view returns (address teeSigner, uint256 readAt) {
        CachedSigner memory cached = _cachedSigners[provider];
        if (cached.syncedAt != 0 && block.timestamp - cached.syncedAt <= SIGNER_MAX_AGE) {
            return (cached.teeSigner, cached.syncedAt);
        }
        (teeSigner, ) = _endorsedSignerOf(provider);
        return (teeSigner, block.timestamp);
    }

    /// @dev The endorsed signer of the provider, and when its listing changed last. An unknown provider reverts with
    /// InferenceServing's own `ServiceNotExist`.
    function _endorsedSignerOf(address provider) private view returns (address teeSigner, uint256 updatedAt) {
        bool isEndorsed;
        (teeSigner, isEndorsed, updatedAt) = _serviceOf(provider);
        if (teeSigner == address(0)) revert InferenceSignerMissing(provider);
        if (!isEndorsed) revert InferenceSignerNotEndorsed(provider, teeSigner);
    }

    function _serviceOf(address provider) private view returns (address teeSigner, bool isEndorsed, uint256 updatedAt) {
        uint256[12] memory head = IServiceHeads(address(_serving)).getService(provider);
        return (address(uint160(head[TEE_SIGNER])), head[TEE_SIGNER_ACKNOWLEDGED] != 0, head[UPDATED_AT]);
    }

    function _commit(bytes32 commitment) private {
        Commitment storage open = _commitments[msg.sender][commitment];
        uint256 expiresAt = open.committedAt + COMMITMENT_LIFETIME;
        if (open.committedBlock != 0 && block.timestamp <= expiresAt) {
            revert CommitmentPending(msg.sender, commitment, expiresAt);
        }
        _commitments[msg.sender][commitment] = Commitment(uint64(block.number), uint64(block.timestamp));
        emit InferenceCommitted(msg.sender, commitment);
    }
}
