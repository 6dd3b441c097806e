// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IAttestorSet} from "../interfaces/IAttestorSet.sol";

/// @title Attestors, of which a fixed number must sign
/// @dev The owner may add, after a delay, and remove, at once; it cannot change the number or the delay. Without an owner
/// the set can only shrink.
abstract contract AttestorSet is IAttestorSet, Ownable2Step {
    /// @dev One word, so that a signature costs one read.
    struct Attestor {
        uint48 activeFrom;
        uint48 validUntil;
        /// Position in {_attestors}, counted from 1: 0 is nobody's.
        uint32 position;
    }

    uint256 private constant SIGNATURE_LENGTH = 65;

    /// @inheritdoc IAttestorSet
    uint256 public immutable override threshold;

    /// @inheritdoc IAttestorSet
    uint256 public immutable override ROTATION_DELAY;

    mapping(address attestor => Attestor) private _attestorOf;
    mapping(address attestor => string) private _endpointOf;
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
            _add(attestors_[i].attestor, block.timestamp, attestors_[i].validUntil, attestors_[i].endpoint);
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
        uint32 position = _attestorOf[attestor].position;
        if (position == 0) revert AttestorUnknown(attestor);

        address last = _attestors[_attestors.length - 1];
        _attestors[position - 1] = last;
        _attestorOf[last].position = position;
        _attestors.pop();
        delete _attestorOf[attestor];
        delete _endpointOf[attestor];
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
        Attestor memory known = _attestorOf[attestor];
        return (known.activeFrom, known.validUntil, _endpointOf[attestor]);
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
        for (uint256 start = 0; start < signatures.length; start += SIGNATURE_LENGTH) {
            // A signature that is nobody's comes out as the zero address, which is never an attestor.
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signatures[start:start + SIGNATURE_LENGTH]);
            Attestor memory known = _attestorOf[signer];
            if (!_isActive(known)) {
                revert AttestorNotActive(signer, known.activeFrom, known.validUntil, block.timestamp);
            }
            if (signer <= previous) revert AttestorOrder(previous, signer);
            previous = signer;
        }
    }

    function _add(address attestor, uint256 activeFrom, uint48 validUntil, string memory endpoint) private {
        if (attestor == address(0) || validUntil <= activeFrom) revert AttestorInvalid(attestor, validUntil);
        if (_attestorOf[attestor].position != 0) revert AttestorKnown(attestor);

        _attestors.push(attestor);
        // `activeFrom` is below `validUntil`, so it fits.
        _attestorOf[attestor] = Attestor(uint48(activeFrom), validUntil, uint32(_attestors.length));
        _endpointOf[attestor] = endpoint;
        emit AttestorScheduled(attestor, uint48(activeFrom), validUntil, endpoint);
    }

    function _isActive(Attestor memory attestor) private view returns (bool) {
        return attestor.activeFrom <= block.timestamp && block.timestamp < attestor.validUntil;
    }
}
