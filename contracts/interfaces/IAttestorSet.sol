// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Who may vouch for a re-encryption
/// @notice A set of attestors, of which a fixed number must sign. Joining takes {ROTATION_DELAY} and is visible all that
/// time; leaving is immediate. While there are too few, nothing is verified and no data moves: a set may begin empty.
interface IAttestorSet {
    /// @notice An attestor as given at the deployment.
    /// @param validUntil Unix seconds; from then on its signatures do not count.
    /// @param endpoint Where it serves, for clients; empty when it is not public.
    struct AttestorConfig {
        address attestor;
        uint48 validUntil;
        string endpoint;
    }

    /// @notice `attestor` counts from `activeFrom` until `validUntil` (Unix seconds).
    event AttestorScheduled(address indexed attestor, uint48 activeFrom, uint48 validUntil, string endpoint);

    /// @notice `attestor` no longer counts, or never will.
    event AttestorRemoved(address indexed attestor, address indexed by);

    /// @notice An attestor's signatures must be of ascending addresses, so that none counts twice.
    error AttestorOrder(address previous, address next);

    /// @notice `signer` is no attestor now: never was, was removed, is not active yet, or no longer valid.
    error AttestorNotActive(address signer, uint48 activeFrom, uint48 validUntil, uint256 timestamp);

    /// @notice There must be exactly `required` signatures of 65 bytes each, and no byte more.
    error AttestorSignatureCount(uint256 bytesGiven, uint256 required);

    /// @notice A threshold of 0 would verify everything.
    error AttestorThresholdZero();

    /// @notice The zero address, or a validity that would be over before the attestor counts.
    error AttestorInvalid(address attestor, uint48 validUntil);

    /// @notice `attestor` is in the set, scheduled or expired; remove it first.
    error AttestorKnown(address attestor);

    /// @notice An endpoint has at most `limit` bytes.
    error AttestorEndpointTooLong(uint256 length, uint256 limit);

    /// @notice Only the owner of the set, or the attestor itself, may remove it.
    error AttestorRemovalUnauthorized(address caller, address attestor);

    /// @notice `attestor` is not in the set.
    error AttestorUnknown(address attestor);

    /// @notice How many attestors must sign.
    function threshold() external view returns (uint256);

    /// @notice Seconds between {scheduleAttestor} and the first signature that counts.
    function ROTATION_DELAY() external view returns (uint256);

    /// @notice The attestors in the set, scheduled and expired ones included.
    function attestors() external view returns (address[] memory);

    /// @notice From when to when an attestor counts, and where it serves; zeros when it is not in the set.
    function attestorOf(
        address attestor
    ) external view returns (uint48 activeFrom, uint48 validUntil, string memory endpoint);

    /// @notice Whether a signature of `attestor` counts now.
    function isAttestor(address attestor) external view returns (bool);

    /// @notice Adds an attestor, counting from {ROTATION_DELAY} on. Owner only.
    function scheduleAttestor(address attestor, uint48 validUntil, string calldata endpoint) external;

    /// @notice Removes an attestor at once. By the owner, or by the attestor itself.
    function removeAttestor(address attestor) external;
}
