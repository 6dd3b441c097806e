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

/// @notice What accepted proofs bring for each datum: its new hash, and its key sealed to the receiver.
struct Delivery {
    bytes32[] newDataHashes;
    bytes[] sealedKeys;
}

/// @title Transfers and clones whose data was re-encrypted for the receiver
/// @notice The verifier says whether proofs are genuine; that they are about this token, what it holds and where it goes
/// is decided here. A receiver signed for what it gets, so it is not called, as in the standard.
abstract contract ProvenTransfers is UsageAuthorizations {
    IERC7857DataVerifier private immutable _verifier;

    /// @dev Asks the verifier and compares what it returns; zero when the verifier can be told what the proofs must be about.
    address private immutable _returnedProofs;

    mapping(address user => address assistant) private _delegates;

    constructor(IERC7857DataVerifier verifier_) {
        if (address(verifier_).code.length == 0) revert ERC7857VerifierWithoutCode(address(verifier_));
        _verifier = verifier_;
        bool isDirect = ERC165Checker.supportsInterface(address(verifier_), type(ITransferVerifier).interfaceId);
        _returnedProofs =
            isDirect ? address(0) : _create(abi.encodePacked(type(ReturnedProofs).creationCode, abi.encode(verifier_)));
    }

    /// @inheritdoc IERC7857
    function iTransfer(address to, uint256 tokenId, TransferValidityProof[] calldata proofs) external {
        _deliver(TransferProof.TRANSFER, msg.sender, to, tokenId, proofs);
    }

    /// @inheritdoc IINFT
    function iTransferBatch(TransferItem[] calldata items) external {
        for (uint256 i = 0; i < items.length; ++i) {
            TransferItem calldata item = items[i];
            _deliver(TransferProof.TRANSFER, msg.sender, item.to, item.tokenId, item.proofs);
        }
    }

    /// @inheritdoc IERC7857
    function iClone(
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256 newTokenId) {
        return _deliver(TransferProof.CLONE, msg.sender, to, tokenId, proofs);
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

    /// @dev A transfer or a clone, whole.
    function _deliver(
        uint8 action,
        address operator,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) internal returns (uint256 newTokenId) {
        TokenWord word = _wordFor(operator, tokenId);
        ProofContext memory context = ProofContext(action, tokenId, word.sequence(), to);
        return _carryOut(context, word, _accept(context, word, proofs));
    }

    /// @dev Has the proofs verified, and returns what they bring for the data the token holds.
    function _accept(
        ProofContext memory context,
        TokenWord word,
        TransferValidityProof[] calldata proofs
    ) internal returns (Delivery memory delivery) {
        uint256 count = proofs.length;
        _requireDelivery(context, word, count);
        _verify(word, context, proofs);
        delivery = Delivery(new bytes32[](count), new bytes[](count));
        for (uint256 i = 0; i < count; ++i) {
            OwnershipProof calldata proof = proofs[i].ownershipProof;
            _requireReencrypted(context.tokenId, i, proof.oldDataHash, proof.newDataHash);
            delivery.newDataHashes[i] = proof.newDataHash;
            delivery.sealedKeys[i] = proof.sealedKey;
        }
    }

    /// @dev Carries out what accepted proofs are for: moves a token and its data, or mints the receiver one of its own. The
    /// proofs are used up with the sequence.
    /// @return newTokenId The clone; 0 after a transfer.
    function _carryOut(
        ProofContext memory context,
        TokenWord word,
        Delivery memory delivery
    ) internal returns (uint256 newTokenId) {
        uint256 delivered = context.tokenId;
        if (context.action == TransferProof.CLONE) {
            _startSequence(context.tokenId, word);
            delivered = newTokenId = _nextId();
            _mintToken(newTokenId, context.to, word.dataCount(), word.schemaId());
            emit Cloned(context.tokenId, newTokenId, word.owner(), context.to);
        } else {
            _move(context.tokenId, word, context.to);
            emit Transferred(context.tokenId, word.owner(), context.to);
            emit MetadataUpdate(context.tokenId);
        }
        _setHashes(delivered, delivery.newDataHashes);
        emit PublishedSealedKey(context.to, delivered, delivery.sealedKeys);
    }

    /// @dev What holds for every delivery, whatever format its proofs have: somebody gets all of some data.
    function _requireDelivery(ProofContext memory context, TokenWord word, uint256 given) internal pure {
        if (context.to == address(0)) revert ERC721InvalidReceiver(address(0));
        if (given == 0) revert ITransferVerifier.ProofMissing();
        if (given != word.dataCount()) revert ERC7857DataCount(context.tokenId, given, word.dataCount());
    }

    /// @dev A proof must be about the datum held, which must have been encrypted anew.
    function _requireReencrypted(uint256 tokenId, uint256 index, bytes32 oldHash, bytes32 newHash) internal view {
        bytes32 held = _hashOf(tokenId, index);
        if (oldHash != held) revert ERC7857DataHashMismatch(tokenId, index, oldHash, held);
        if (newHash == 0 || newHash == held) revert ERC7857DataUnchanged(tokenId, index, newHash);
    }

    function _verify(TokenWord word, ProofContext memory context, TransferValidityProof[] calldata proofs) private {
        bytes memory call = abi.encodeCall(ITransferVerifier.verifyFor, (context, proofs));
        if (_returnedProofs == address(0)) {
            Address.functionStaticCall(address(_verifier), call);
            return;
        }
        Address.functionDelegateCall(_returnedProofs, call);
        // Such a verifier is no view and may have called anybody, who may have called back: then `word` is an old one.
        if (TokenWord.unwrap(_wordOf(context.tokenId)) != TokenWord.unwrap(word)) {
            revert ERC7857TokenChanged(context.tokenId);
        }
    }
}
