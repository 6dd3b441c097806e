// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Provenance of an inference
/// @notice What a 0G Compute provider's TEE signed, and how anyone checks it again from chain data alone.
///
/// A provider signs the 129 characters `hex(sha256(request)) ":" hex(sha256(response))` as an EIP-191 message. It does
/// not sign the user, the price, the time, the model or the chain: model and chat id are bound only through the bytes
/// that were hashed. {Provenance} is therefore all that can be proven; everything else a mint publishes is information.
interface IInferenceProvenance {
    /// @notice The proven part of a minted inference. Its hash is the token id.
    /// @param provider The provider's address in InferenceServing.
    /// @param teeSigner The signer InferenceServing listed and endorsed for it when the token was minted.
    /// @param requestHash SHA-256 of the request bytes.
    /// @param responseHash SHA-256 of the response bytes.
    /// @param signature The TEE signer's 65-byte signature of the text above.
    struct Provenance {
        address provider;
        address teeSigner;
        bytes32 requestHash;
        bytes32 responseHash;
        bytes signature;
    }

    /// @notice What a minter brings. The signer is not among it: the contract reads it.
    /// @param chatId The id under which the provider serves the signature. Not signed.
    /// @param mode How real the inference is, as the minter declares it: 1 live, 2 fork, 3 local, 4 replay. Not signed;
    /// 0 is refused, so that a field left out never reads as live.
    struct InferenceClaim {
        address provider;
        bytes32 requestHash;
        bytes32 responseHash;
        bytes signature;
        string chatId;
        uint8 mode;
    }

    /// @notice `minter` committed to an inference it will mint.
    event InferenceCommitted(address indexed minter, bytes32 indexed commitment);

    /// @notice An inference was minted; the whole record of it.
    /// @param provenance The proven part; `tokenId` is its {inferenceId}.
    /// @param chatId As the minter declared it.
    /// @param signerReadAt When the signer was read from InferenceServing: the time of the mint, or up to
    /// {SIGNER_MAX_AGE} before it. Unix seconds.
    /// @param storageRoot Data hash 0 at the mint; a later re-encryption changes the token's hash, not this one.
    /// @param mode As the minter declared it: 1 live, 2 fork, 3 local, 4 replay.
    event InferenceMinted(
        uint256 indexed tokenId,
        address indexed provider,
        address indexed minter,
        Provenance provenance,
        string chatId,
        uint256 signerReadAt,
        bytes32 storageRoot,
        uint8 mode
    );

    /// @notice The signer InferenceServing lists and endorses for `provider` was read and is remembered.
    /// @param serviceUpdatedAt When that listing was last changed. Unix seconds.
    event SignerSynced(address indexed provider, address indexed teeSigner, uint256 serviceUpdatedAt);

    /// @notice No contract stands at the address given as InferenceServing.
    error InferenceServingWithoutCode(address inferenceServing);

    /// @notice The same commitment of the same minter is still open until `expiresAt` (Unix seconds).
    error CommitmentPending(address minter, bytes32 commitment, uint256 expiresAt);

    /// @notice `minter` never made this commitment, or has used it.
    error CommitmentMissing(address minter, bytes32 commitment);

    /// @notice A commitment cannot be used in the block that made it.
    error CommitmentTooYoung(address minter, bytes32 commitment, uint256 committedBlock);

    /// @notice The commitment was good until `expiredAt` (Unix seconds). Commit again.
    error CommitmentExpired(address minter, bytes32 commitment, uint256 expiredAt);

    /// @notice The provider's service lists no TEE signer.
    error InferenceSignerMissing(address provider);

    /// @notice The owner of InferenceServing has not endorsed the signer the provider lists now.
    error InferenceSignerNotEndorsed(address provider, address teeSigner);

    /// @notice The signature was made by `recovered`, not by the signer the provider lists now.
    error InferenceSignerMismatch(address provider, address teeSigner, address recovered);

    /// @notice This result is a token already.
    error InferenceAlreadyMinted(uint256 tokenId);

    /// @notice An inference is minted with at least one datum: the sealed request and response.
    error InferenceWithoutData();

    /// @notice `mode` is none of 1 to 4.
    error InferenceModeInvalid(uint8 mode);

    /// @notice The request shown hashes to `shown`, not to what was signed.
    error InferenceRequestMismatch(bytes32 shown, bytes32 signed);

    /// @notice The request does not name `minter` as its user at `userOffset`.
    error InferenceRequestNotBound(address minter, uint256 userOffset);

    /// @notice Commits the caller to mint an inference in a later block. See {hashCommitment}.
    function commit(bytes32 commitment) external;

    /// @notice {commit} for each.
    function commitBatch(bytes32[] calldata commitments) external;

    /// @notice Reads a provider's signer and remembers it for {SIGNER_MAX_AGE}: mints until then cost less. Anyone may.
    function syncSigner(address provider) external returns (address teeSigner);

    /// @notice The remembered signer of a provider and when it was read (Unix seconds); zeros when none was. A mint uses
    /// it only while it is fresh.
    function cachedSignerOf(address provider) external view returns (address teeSigner, uint40 syncedAt);

    /// @notice How long a remembered signer counts, in seconds. A provider's signer that 0G withdraws can be minted with
    /// that much longer.
    function SIGNER_MAX_AGE() external view returns (uint256);

    /// @notice 0G's InferenceServing, whose listing and endorsement decide which signer counts.
    function inferenceServing() external view returns (address);

    /// @notice When a commitment was made, in block number and Unix seconds; zeros when there is none.
    function commitmentOf(
        address minter,
        bytes32 commitment
    ) external view returns (uint64 committedBlock, uint64 committedAt);

    /// @notice The id of the token for a result: keccak256(abi.encode(chain id, InferenceServing, provider, teeSigner,
    /// requestHash, responseHash)).
    function inferenceId(
        address provider,
        address teeSigner,
        bytes32 requestHash,
        bytes32 responseHash
    ) external view returns (uint256);

    /// @notice Whether `tokenId` is a minted inference. False for a token whose content nobody proved.
    function isProven(uint256 tokenId) external view returns (bool);

    /// @notice Whether `tokenId` exists, is the id of `provenance`, and `provenance` carries its signer's signature.
    /// Reads nothing of InferenceServing: a key rotated or a provider gone later changes no answer.
    function verifyProvenance(uint256 tokenId, Provenance calldata provenance) external view returns (bool);

    /// @notice Whether InferenceServing lists and endorses `provenance.teeSigner` for its provider now.
    function isSignerListed(Provenance calldata provenance) external view returns (bool);
}
