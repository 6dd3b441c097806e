// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceServing} from "../external/IInferenceServing.sol";
import {IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {InferenceProvenance} from "../provenance/InferenceProvenance.sol";
import {RequestBinding} from "../provenance/RequestBinding.sol";
import {StagedTransfers} from "./StagedTransfers.sol";

/// @title Minting what a TEE signed, under the hash of its record
/// @notice ERC-721 lets an id exist once, so a result is minted once. The three ways differ in what keeps somebody who
/// sees the public signature from minting first.
abstract contract InferenceMints is StagedTransfers, InferenceProvenance {
    constructor(IInferenceServing serving) InferenceProvenance(serving) {}

    /// @inheritdoc IINFT
    function mintInference(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) external returns (uint256 tokenId) {
        _consumeCommitment(_commitmentInCall(to, salt));
        tokenId = _mintProven(claim, datas, sealedKeys, to);
        _notifyReceiver(msg.sender, to, tokenId);
    }

    /// @inheritdoc IINFT
    function mintInferenceBatch(InferenceMintItem[] calldata items) external returns (uint256[] memory tokenIds) {
        tokenIds = new uint256[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            InferenceMintItem calldata item = items[i];
            _consumeCommitment(hashCommitment(msg.sender, item.claim, item.datas, item.sealedKeys, item.to, item.salt));
            tokenIds[i] = _mintProven(item.claim, item.datas, item.sealedKeys, item.to);
        }
        for (uint256 i = 0; i < items.length; ++i) _notifyReceiver(msg.sender, items[i].to, tokenIds[i]);
    }

    /// @inheritdoc IINFT
    function mintInferenceBound(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes calldata request,
        uint256 userOffset
    ) external returns (uint256 tokenId) {
        RequestBinding.requireBound(claim.requestHash, request, msg.sender, userOffset);
        tokenId = _mintProven(claim, datas, sealedKeys, to);
        _notifyReceiver(msg.sender, to, tokenId);
    }

    /// @inheritdoc IINFT
    function mintInferenceOpen(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) external returns (uint256 tokenId) {
        tokenId = _mintProven(claim, datas, sealedKeys, to);
        _notifyReceiver(msg.sender, to, tokenId);
    }

    /// @inheritdoc IInferenceProvenance
    function isProven(uint256 tokenId) external view returns (bool) {
        _existingWord(tokenId);
        return _isInference(tokenId);
    }

    /// @inheritdoc IInferenceProvenance
    function verifyProvenance(uint256 tokenId, Provenance calldata provenance) external view returns (bool) {
        return _ownerOf(tokenId) != address(0) && _matches(tokenId, provenance);
    }

    /// @inheritdoc IINFT
    function hashCommitment(
        address minter,
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), minter, claim, datas, sealedKeys, to, salt));
    }

    /// @dev Sequential ids are below 2^64. A hash falls among them with probability 2^-192, and finding inputs that make
    /// it fall there takes as many tries; should it ever happen, the second of the two tokens is refused.
    function _isInference(uint256 tokenId) internal pure returns (bool) {
        return tokenId > type(uint64).max;
    }

    /// @dev {hashCommitment} of the arguments of {mintInference}, without encoding them anew: they follow, as they came,
    /// the three words that are added before them, which moves their offsets. Calldata encoded in another way than
    /// abi.encode's has another hash, to which nobody committed.
    function _commitmentInCall(address to, bytes32 salt) private view returns (bytes32) {
        (uint256 claimAt, uint256 datasAt, uint256 keysAt) = abi.decode(msg.data[4:], (uint256, uint256, uint256));
        bytes memory head;
        // An offset that overflows has long been refused, when the arguments were read.
        unchecked {
            head = abi.encode(
                block.chainid,
                address(this),
                msg.sender,
                claimAt + 96,
                datasAt + 96,
                keysAt + 96,
                to,
                salt
            );
        }
        return keccak256(bytes.concat(head, msg.data[164:]));
    }

    function _mintProven(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) private returns (uint256 tokenId) {
        if (datas.length == 0) revert InferenceWithoutData();
        (address teeSigner, uint256 signerReadAt) = _requireSigned(claim);
        tokenId = inferenceId(claim.provider, teeSigner, claim.requestHash, claim.responseHash);
        if (!_wordOf(tokenId).isUnused()) revert InferenceAlreadyMinted(tokenId);
        _mintData(tokenId, datas, to);
        _publishKeys(to, tokenId, datas.length, sealedKeys);
        emit InferenceMinted(
            tokenId,
            claim.provider,
            msg.sender,
            Provenance(claim.provider, teeSigner, claim.requestHash, claim.responseHash, claim.signature),
            claim.chatId,
            signerReadAt,
            datas[0].dataHash,
            claim.mode
        );
    }
}
