// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IINFT} from "../interfaces/IINFT.sol";

/// @notice All that is stored of a token beside its hashes, in one slot:
///
///     owner 160 | sequence 24 | authorisation epoch 24 | data count 8 | schema id 32 | flags 8    (lowest bit first)
///
/// Zero if the token never existed. A burnt one keeps its counters and no owner, so that its id does not come back.
type TokenWord is uint256;

using TokenWords for TokenWord global;

/// @title Reading and changing a {TokenWord}
library TokenWords {
    uint256 private constant SEQUENCE_AT = 160;
    uint256 private constant EPOCH_AT = 184;
    uint256 private constant DATA_COUNT_AT = 208;
    uint256 private constant SCHEMA_AT = 216;
    uint256 private constant APPROVED = 1 << 248;
    uint256 private constant STAGED = 1 << 249;
    uint256 private constant OWNER = type(uint160).max;
    uint256 private constant DATA = ((1 << 40) - 1) << DATA_COUNT_AT;

    /// @notice The word of a new token.
    function create(address owner_, uint256 dataCount_, uint32 schemaId_) internal pure returns (TokenWord) {
        return withData(TokenWord.wrap(uint160(owner_)), dataCount_, schemaId_);
    }

    /// @notice Whether there never was such a token.
    function isUnused(TokenWord word) internal pure returns (bool) {
        return TokenWord.unwrap(word) == 0;
    }

    /// @notice Zero when there is no such token.
    function owner(TokenWord word) internal pure returns (address) {
        return address(uint160(TokenWord.unwrap(word)));
    }

    /// @notice Counts changes of owner and of data, and clones: the part of a proof that makes it single-use.
    function sequence(TokenWord word) internal pure returns (uint24) {
        return uint24(TokenWord.unwrap(word) >> SEQUENCE_AT);
    }

    /// @notice Authorisations of other epochs do not count.
    function authorizationEpoch(TokenWord word) internal pure returns (uint24) {
        return uint24(TokenWord.unwrap(word) >> EPOCH_AT);
    }

    /// @notice How many data the token has.
    function dataCount(TokenWord word) internal pure returns (uint256) {
        return uint8(TokenWord.unwrap(word) >> DATA_COUNT_AT);
    }

    /// @notice Under which id the descriptions of its data are stored; 0 when it has no data.
    function schemaId(TokenWord word) internal pure returns (uint32) {
        return uint32(TokenWord.unwrap(word) >> SCHEMA_AT);
    }

    /// @notice Whether the approval slot of the token counts. Without it, that slot is left over from an earlier owner.
    function hasApproval(TokenWord word) internal pure returns (bool) {
        return TokenWord.unwrap(word) & APPROVED != 0;
    }

    /// @notice Whether a transfer is staged. Without it, what is stored of one is left over from an earlier sequence.
    function isStaged(TokenWord word) internal pure returns (bool) {
        return TokenWord.unwrap(word) & STAGED != 0;
    }

    /// @notice The token with another owner: a new sequence and epoch, without an approval.
    function withOwner(TokenWord word, uint256 tokenId, address to) internal pure returns (TokenWord) {
        uint256 next = TokenWord.unwrap(word.withNextSequence(tokenId).withNextEpoch(tokenId));
        return TokenWord.wrap((next & ~(OWNER | APPROVED)) | uint160(to));
    }

    /// @notice The token after its data changed, or were cloned: whatever was staged is void.
    function withNextSequence(TokenWord word, uint256 tokenId) internal pure returns (TokenWord) {
        if (word.sequence() == type(uint24).max) revert IINFT.ERC7857CounterExhausted(tokenId);
        return TokenWord.wrap((TokenWord.unwrap(word) & ~STAGED) + (1 << SEQUENCE_AT));
    }

    /// @notice The token without any of its authorisations.
    function withNextEpoch(TokenWord word, uint256 tokenId) internal pure returns (TokenWord) {
        if (word.authorizationEpoch() == type(uint24).max) revert IINFT.ERC7857CounterExhausted(tokenId);
        return TokenWord.wrap(TokenWord.unwrap(word) + (1 << EPOCH_AT));
    }

    /// @dev `dataCount_` must be below 256.
    function withData(TokenWord word, uint256 dataCount_, uint32 schemaId_) internal pure returns (TokenWord) {
        return
            TokenWord.wrap(
                (TokenWord.unwrap(word) & ~DATA) | (dataCount_ << DATA_COUNT_AT) | (uint256(schemaId_) << SCHEMA_AT)
            );
    }

    function withApproval(TokenWord word, bool approved) internal pure returns (TokenWord) {
        uint256 cleared = TokenWord.unwrap(word) & ~APPROVED;
        return TokenWord.wrap(approved ? cleared | APPROVED : cleared);
    }

    function withStage(TokenWord word, bool staged) internal pure returns (TokenWord) {
        uint256 cleared = TokenWord.unwrap(word) & ~STAGED;
        return TokenWord.wrap(staged ? cleared | STAGED : cleared);
    }
}
