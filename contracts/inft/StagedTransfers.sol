// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TransferValidityProof} from "../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {ProofContext} from "../interfaces/ITransferVerifier.sol";
import {TransferProof} from "../verifier/TransferProof.sol";
import {PackedERC721} from "./PackedERC721.sol";
import {Delivery, ProvenTransfers} from "./ProvenTransfers.sol";
import {TokenWord} from "./TokenWord.sol";

/// @title Transfers whose proofs are accepted first and which a plain ERC-721 transfer completes
/// @notice So that a market which knows only ERC-721 can deliver private data: to the buyer the proofs are for, and to
/// nobody else. Without a staged transfer, a token with data does not move plainly.
abstract contract StagedTransfers is ProvenTransfers {
    /// @param blob Where the new hashes and sealed keys are stored.
    struct Stage {
        address to;
        uint48 deadline;
        uint32 blob;
    }

    /// @dev Counts only while the token's word says that something is staged, which any new sequence ends.
    mapping(uint256 tokenId => Stage) private _stages;

    /// @inheritdoc IINFT
    function stageTransfer(address to, uint256 tokenId, TransferValidityProof[] calldata proofs) external {
        TokenWord word = _wordFor(msg.sender, tokenId);
        ProofContext memory context = ProofContext(TransferProof.TRANSFER, tokenId, word.sequence(), to);
        Delivery memory delivery = _accept(context, word, proofs);
        (, uint48 deadline, , , ) = TransferProof.decode(proofs[0].accessProof.nonce);
        _announceVoid(tokenId, word);
        _setWord(tokenId, word.withStage(true));
        _stages[tokenId] = Stage(to, deadline, _store(abi.encode(delivery)));
        emit TransferStaged(tokenId, to, deadline);
    }

    /// @inheritdoc IINFT
    function unstageTransfer(uint256 tokenId) external {
        TokenWord word = _wordFor(msg.sender, tokenId);
        if (!word.isStaged()) revert ERC7857NothingStaged(tokenId);
        _setWord(tokenId, word.withStage(false));
        emit TransferUnstaged(tokenId);
    }

    /// @inheritdoc IINFT
    function stagedTransferOf(uint256 tokenId) external view returns (address to, uint48 deadline) {
        if (!_existingWord(tokenId).isStaged()) return (address(0), 0);
        Stage storage stage = _stages[tokenId];
        return (stage.to, stage.deadline);
    }

    /// @inheritdoc PackedERC721
    function _moveStaged(uint256 tokenId, TokenWord word, address to) internal override {
        Stage memory stage = _stages[tokenId];
        if (!word.isStaged() || stage.to != to) revert ERC7857TransferNeedsProof(word.owner(), to, tokenId);
        if (block.timestamp > stage.deadline) revert ERC7857StageExpired(tokenId, stage.deadline, block.timestamp);
        ProofContext memory context = ProofContext(TransferProof.TRANSFER, tokenId, word.sequence(), to);
        _carryOut(context, word.withStage(false), abi.decode(_load(stage.blob), (Delivery)));
    }
}
