// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {IERC7857} from "../interfaces/IERC7857.sol";
import {IERC7857DataVerifier, OwnershipProof, TransferValidityProof} from "../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {ITransferVerifier, ProofContext} from "../interfaces/ITransferVerifier.sol";
import {TransferProof} from "../verifier/TransferProof.sol";
import {ReturnedProofs} from "./ReturnedProofs.sol";
import {TokenWord} from "./TokenWord.sol";
import {UsageAuthorizations} from "./UsageAuthorizations.sol";

/// @title Transfers and clones whose data was re-encrypted for the receiver
/// @notice The verifier says whether proofs are genuine; that they are about this token, what it holds and where it goes
/// is decided here. A receiver signed for what it gets, so it is not called, as in the standard.
abstract contract ProvenTransfers is UsageAuthorizations {
    IERC7857DataVerifier private immutable _verifier;

    /// @dev Compares what the verifier returns; zero when the verifier can be told what the proofs must be about.
    address private immutable _returnedProofs;

    mapping(address user => address assistant) private _delegates;

    constructor(IERC7857DataVerifier verifier_) {
        if (address(verifier_).code.length == 0) revert ERC7857VerifierWithoutCode(address(verifier_));
        _verifier = verifier_;
        bool isDirect = ERC165Checker.supportsInterface(address(verifier_), type(ITransferVerifier).interfaceId);
        _returnedProofs = isDirect ? address(0) : _create(type(ReturnedProofs).creationCode);
    }

    /// @inheritdoc IERC7857
    function iTransfer(address to, uint256 tokenId, TransferValidityProof[] calldata proofs) external {
        _deliver(TransferProof.TRANSFER, to, tokenId, proofs);
    }

    /// @inheritdoc IINFT
    function iTransferBatch(TransferItem[] calldata items) external {
        for (uint256 i = 0; i < items.length; ++i) {
            _deliver(TransferProof.TRANSFER, items[i].to, items[i].tokenId, items[i].proofs);
        }
    }

    /// @inheritdoc IERC7857
    function iClone(
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256 newTokenId) {
        return _deliver(TransferProof.CLONE, to, tokenId, proofs);
    }

    /// @inheritdoc IERC7857
    function delegateAccess(address assistant) external {
        _delegates[msg.sender] = assistant;
        emit DelegateAccess(msg.sender, assistant);
    }

    /// @inheritdoc IERC7857
    function verifier() external view returns (IERC7857DataVerifier) {
        return _verifier;
    }

    /// @inheritdoc IERC7857
    function getDelegateAccess(address user) external view returns (address) {
        return _delegates[user];
    }

    /// @inheritdoc IINFT
    function proofNonce(
        uint8 action,
        uint256 tokenId,
        address to,
        uint48 deadline
    ) external view returns (bytes memory) {
        return TransferProof.nonce(action, deadline, _existingWord(tokenId).sequence(), to, tokenId);
    }

    /// @dev Carries out what accepted proofs are for: moves a token and its data, or mints the receiver one of its own. The
    /// proofs are used up with the sequence.
    /// @return newTokenId The clone; 0 after a transfer.
    function _carryOut(
        uint8 action,
        uint256 tokenId,
        TokenWord word,
        address to,
        bytes32[] memory newDataHashes,
        bytes[] memory sealedKeys
    ) internal returns (uint256 newTokenId) {
        uint256 delivered = tokenId;
        if (action == TransferProof.CLONE) {
            _startSequence(tokenId, word);
            delivered = newTokenId = _nextId();
            _mintToken(newTokenId, to, word.dataCount(), word.schemaId());
            emit Cloned(tokenId, newTokenId, word.owner(), to);
        } else {
            _move(tokenId, word, to);
            emit Transferred(tokenId, word.owner(), to);
            emit MetadataUpdate(tokenId);
        }
        _setHashes(delivered, newDataHashes);
        emit PublishedSealedKey(to, delivered, sealedKeys);
    }

    /// @dev Has the proofs verified, and returns the new hashes and keys they bring for the data the token holds.
    function _accept(
        uint8 action,
        uint256 tokenId,
        TokenWord word,
        address to,
        TransferValidityProof[] calldata proofs
    ) internal returns (bytes32[] memory newDataHashes, bytes[] memory sealedKeys) {
        _requireDelivery(tokenId, word, to, proofs.length);
        ProofContext memory context = ProofContext(action, tokenId, word.sequence(), to);
        bytes32[] memory oldDataHashes;
        (oldDataHashes, newDataHashes, sealedKeys) = _returnedProofs == address(0)
            ? _verifyDirectly(context, proofs)
            : _verifyByReturn(context, word, proofs);
        bytes32[] memory held = _hashesOf(tokenId, proofs.length);
        for (uint256 i = 0; i < held.length; ++i) {
            if (oldDataHashes[i] != held[i]) revert ERC7857DataHashMismatch(tokenId, i, oldDataHashes[i], held[i]);
        }
        _requireReencrypted(tokenId, newDataHashes);
    }

    /// @dev What holds for every delivery, whatever format its proofs have: somebody gets all of some data.
    function _requireDelivery(uint256 tokenId, TokenWord word, address to, uint256 given) internal pure {
        if (to == address(0)) revert ERC721InvalidReceiver(address(0));
        if (given == 0) revert ITransferVerifier.ProofMissing();
        if (given != word.dataCount()) revert ERC7857DataCount(tokenId, given, word.dataCount());
    }

    function _requireReencrypted(uint256 tokenId, bytes32[] memory newDataHashes) internal view {
        bytes32[] memory held = _hashesOf(tokenId, newDataHashes.length);
        for (uint256 i = 0; i < held.length; ++i) {
            if (newDataHashes[i] == 0 || newDataHashes[i] == held[i]) {
                revert ERC7857DataUnchanged(tokenId, i, newDataHashes[i]);
            }
        }
    }

    function _deliver(
        uint8 action,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) private returns (uint256 newTokenId) {
        TokenWord word = _wordFor(msg.sender, tokenId);
        (bytes32[] memory hashes, bytes[] memory keys) = _accept(action, tokenId, word, to, proofs);
        return _carryOut(action, tokenId, word, to, hashes, keys);
    }

    function _verifyDirectly(
        ProofContext memory context,
        TransferValidityProof[] calldata proofs
    ) private view returns (bytes32[] memory oldDataHashes, bytes32[] memory newDataHashes, bytes[] memory sealedKeys) {
        ITransferVerifier(address(_verifier)).verifyFor(context, proofs);
        oldDataHashes = new bytes32[](proofs.length);
        newDataHashes = new bytes32[](proofs.length);
        sealedKeys = new bytes[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            OwnershipProof calldata proof = proofs[i].ownershipProof;
            oldDataHashes[i] = proof.oldDataHash;
            newDataHashes[i] = proof.newDataHash;
            sealedKeys[i] = proof.sealedKey;
        }
    }

    /// @dev Such a verifier is no view and may call anybody, who may call back: then `word` would be an old one.
    function _verifyByReturn(
        ProofContext memory context,
        TokenWord word,
        TransferValidityProof[] calldata proofs
    ) private returns (bytes32[] memory oldDataHashes, bytes32[] memory newDataHashes, bytes[] memory sealedKeys) {
        bytes memory returned = Address.functionDelegateCall(
            _returnedProofs,
            abi.encodeCall(ReturnedProofs.accept, (_verifier, context, _delegates[context.to], proofs))
        );
        if (TokenWord.unwrap(_wordOf(context.tokenId)) != TokenWord.unwrap(word)) {
            revert ERC7857TokenChanged(context.tokenId);
        }
        return abi.decode(returned, (bytes32[], bytes32[], bytes[]));
    }
}
