// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IAttestorSet} from "../interfaces/IAttestorSet.sol";
import {CodeBlob} from "./CodeBlob.sol";

/// @title Attestors, of which a fixed number must sign
/// @dev The owner may add, after a delay, and remove, at once; it cannot change the number or the delay. Without an owner
/// the set can only shrink.
abstract contract AttestorSet is IAttestorSet, Ownable2Step {
    /// @dev One word, so that a signature costs one read. `endpoint` holds the text as {CodeBlob}; `validUntil` is zero
    /// for nobody, and for nobody else.
    struct Attestor {
        address endpoint;
        uint48 activeFrom;
        uint48 validUntil;
    }

    uint256 private constant SIGNATURE_LENGTH = 65;

    /// @dev More than any address of a server, and far below what a contract may hold.
    uint256 private constant ENDPOINT_LIMIT = 2_048;

    /// @inheritdoc IAttestorSet
    uint256 public immutable override threshold;

    /// @inheritdoc IAttestorSet
    uint256 public immutable override ROTATION_DELAY;

    mapping(address attestor => Attestor) private _attestorOf;
    address[] private _attestors;

    constructor(
        address owner_,
        uint256 threshold_,
        uint256 rotationDelay,
        AttestorConfig[] memory attestors_
    ) Ownable(owner_) {
        if (threshold_ == 0) revert AttestorThresholdZero();
        threshold = threshold_;
        ROTATION_DELAY = rotationDelay;
        for (uint256 i = 0; i < attestors_.length; ++i) {
            AttestorConfig memory config = attestors_[i];
            _add(config.attestor, block.timestamp, config.validUntil, config.endpoint);
        }
    }

    /// @inheritdoc IAttestorSet
    function scheduleAttestor(
        address attestor,
        uint48 validUntil,
        string calldata endpoint
    ) external override onlyOwner {
        _add(attestor, block.timestamp + ROTATION_DELAY, validUntil, endpoint);
    }

    /// @inheritdoc IAttestorSet
    function removeAttestor(address attestor) external override {
        if (msg.sender != attestor && msg.sender != owner()) revert AttestorRemovalUnauthorized(msg.sender, attestor);
        if (_attestorOf[attestor].validUntil == 0) revert AttestorUnknown(attestor);

        delete _attestorOf[attestor];
        uint256 last = _attestors.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (_attestors[i] == attestor) _attestors[i] = _attestors[last];
        }
        _attestors.pop();
        emit AttestorRemoved(attestor, msg.sender);
    }

    /// @inheritdoc IAttestorSet
    function attestors() external view override returns (address[] memory) {
        return _attestors;
    }

    /// @inheritdoc IAttestorSet
    function attestorOf(
        address attestor
    ) external view override returns (uint48 activeFrom, uint48 validUntil, string memory endpoint) {
        Attestor storage known = _attestorOf[attestor];
        if (known.endpoint != address(0)) endpoint = string(CodeBlob.load(known.endpoint));
        return (known.activeFrom, known.validUntil, endpoint);
    }

    /// @inheritdoc IAttestorSet
    function isAttestor(address attestor) external view override returns (bool) {
        return _isActive(_attestorOf[attestor]);
    }

    /// @dev Requires exactly {threshold} signatures of `digest`, by attestors active now, in ascending order.
    function _requireAttestors(bytes32 digest, bytes calldata signatures) internal view {
        if (signatures.length != threshold * SIGNATURE_LENGTH) {
            revert AttestorSignatureCount(signatures.length, threshold);
        }
        address previous;
        while (signatures.length != 0) {
            // A signature that is nobody's comes out as the zero address, which is never an attestor.
            address signer = _signerOf(digest, signatures[:SIGNATURE_LENGTH]);
            Attestor storage known = _attestorOf[signer];
            if (!_isActive(known)) {
                revert AttestorNotActive(signer, known.activeFrom, known.validUntil, block.timestamp);
            }
            if (signer <= previous) revert AttestorOrder(previous, signer);
            previous = signer;
            signatures = signatures[SIGNATURE_LENGTH:];
        }
    }

    /// @dev Zero when the signature is nobody's: of another length, with a high s, or with a v that is not 27 or 28.
    function _signerOf(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        (uint8 v, bytes32 r, bytes32 s) = ECDSA.parseCalldata(signature);
        (signer, , ) = ECDSA.tryRecover(digest, v, r, s);
    }

    function _add(address attestor, uint256 activeFrom, uint48 validUntil, string memory endpoint) private {
        if (attestor == address(0) || validUntil <= activeFrom) revert AttestorInvalid(attestor, validUntil);
        if (_attestorOf[attestor].validUntil != 0) revert AttestorKnown(attestor);

        if (bytes(endpoint).length > ENDPOINT_LIMIT) {
            revert AttestorEndpointTooLong(bytes(endpoint).length, ENDPOINT_LIMIT);
        }
        address holder = CodeBlob.create(CodeBlob.creationCode(bytes(endpoint)));
        // `activeFrom` is below `validUntil`, so it fits.
        _attestorOf[attestor] = Attestor(holder, uint48(activeFrom), validUntil);
        _attestors.push(attestor);
        emit AttestorScheduled(attestor, uint48(activeFrom), validUntil, endpoint);
    }

    function _isActive(Attestor storage attestor) private view returns (bool) {
        return attestor.activeFrom <= block.timestamp && block.timestamp < attestor.validUntil;
    }
}
