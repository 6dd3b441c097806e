// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";

import {IDialectHost} from "../interfaces/dialects/IDialectHost.sol";
import {IERC7857, IERC7857Metadata} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {TokenWord, TokenWords} from "./TokenWord.sol";

/// @title ERC-721 on one word for each token
/// @notice OpenZeppelin's ERC721 with its state moved: what it reads and writes of a token is in a {TokenWord}, whose
/// other bits the contracts above this one use. Its checks, errors and events are OpenZeppelin's.
/// @dev Of OpenZeppelin's own state only names, operators and the approval slots are used. A slot counts while the word
/// says so; a transfer then need not touch it.
abstract contract PackedERC721 is ERC721, IERC4906, IDialectHost {
    mapping(uint256 tokenId => TokenWord) private _words;

    mapping(address owner => uint256) private _balances;

    /// @inheritdoc IINFT
    function tokenStateOf(uint256 tokenId) external view returns (TokenState memory) {
        TokenWord word = _words[tokenId];
        return
            TokenState({
                owner: word.owner(),
                sequence: word.sequence(),
                authorizationEpoch: word.authorizationEpoch(),
                dataCount: uint8(word.dataCount()),
                schemaId: word.schemaId(),
                staged: word.isStaged()
            });
    }

    /// @inheritdoc ERC721
    function approve(address to, uint256 tokenId) public override(ERC721, IERC721, IERC7857) {
        super.approve(to, tokenId);
    }

    /// @inheritdoc ERC721
    function setApprovalForAll(address operator, bool approved) public override(ERC721, IERC721, IERC7857) {
        super.setApprovalForAll(operator, approved);
    }

    /// @inheritdoc ERC721
    function balanceOf(address owner) public view override(ERC721, IERC721) returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(address(0));
        return _balances[owner];
    }

    /// @inheritdoc ERC721
    function ownerOf(uint256 tokenId) public view override(ERC721, IERC721, IERC7857) returns (address) {
        return super.ownerOf(tokenId);
    }

    /// @inheritdoc ERC721
    function getApproved(uint256 tokenId) public view override(ERC721, IERC721, IERC7857) returns (address) {
        return super.getApproved(tokenId);
    }

    /// @inheritdoc ERC721
    function isApprovedForAll(
        address owner,
        address operator
    ) public view override(ERC721, IERC721, IERC7857) returns (bool) {
        return super.isApprovedForAll(owner, operator);
    }

    /// @inheritdoc ERC721
    function name() public view override(ERC721, IERC7857Metadata) returns (string memory) {
        return super.name();
    }

    /// @inheritdoc ERC721
    function symbol() public view override(ERC721, IERC7857Metadata) returns (string memory) {
        return super.symbol();
    }

    /// @dev Here every plain transfer passes: transferFrom, and safeTransferFrom, which calls the receiver afterwards.
    /// Minting and burning have paths of their own and do not come here: without an `auth` that may move the token, this
    /// reverts.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        TokenWord word = _wordFor(auth, tokenId);
        from = word.owner();
        if (word.dataCount() == 0) _move(tokenId, word, to);
        else _moveStaged(tokenId, word, to);
    }

    /// @dev A plain transfer of a token with private data: completes the one that was staged, or reverts.
    function _moveStaged(uint256 tokenId, TokenWord word, address to) internal virtual;

    /// @dev As OpenZeppelin's, with the word instead of its owners. Only ever called with `emitEvent`.
    function _approve(address to, uint256 tokenId, address auth, bool emitEvent) internal override {
        super._approve(to, tokenId, auth, emitEvent);
        _setWord(tokenId, _words[tokenId].withApproval(to != address(0)));
    }

    /// @dev Mints. `to` must have been checked by nobody yet, and `tokenId` never have existed.
    function _mintToken(uint256 tokenId, address to, uint256 dataCount, uint32 schemaId) internal {
        if (to == address(0)) revert ERC721InvalidReceiver(address(0));
        unchecked {
            ++_balances[to]; // one for each token, of which there cannot be 2^256
        }
        _words[tokenId] = TokenWords.create(to, dataCount, schemaId);
        emit Transfer(address(0), to, tokenId);
    }

    /// @dev The only way an owner changes: sequence and epoch with it. To zero, it burns.
    function _move(uint256 tokenId, TokenWord word, address to) internal {
        address from = word.owner();
        _announceVoid(tokenId, word);
        TokenWord next = word.withOwner(tokenId, to);
        unchecked {
            --_balances[from]; // it owns this token
            if (to != address(0)) ++_balances[to];
        }
        emit Transfer(from, to, tokenId);
        _startEpoch(tokenId, next);
    }

    /// @dev Writes a word that has a new epoch.
    function _startEpoch(uint256 tokenId, TokenWord word) internal {
        _words[tokenId] = word;
        emit AuthorizationsCleared(tokenId, word.authorizationEpoch());
    }

    /// @dev Writes the word with a new sequence, which uses up all proofs of the last one.
    function _startSequence(uint256 tokenId, TokenWord word) internal {
        _announceVoid(tokenId, word);
        _words[tokenId] = word.withNextSequence(tokenId);
    }

    /// @dev To be called before a new sequence voids what was staged in the last one.
    function _announceVoid(uint256 tokenId, TokenWord word) internal {
        if (word.isStaged()) emit TransferUnstaged(tokenId);
    }

    function _setWord(uint256 tokenId, TokenWord word) internal {
        _words[tokenId] = word;
    }

    /// @dev The last step of every mint: whatever a receiver does when called, state and events are complete.
    function _notifyReceiver(address operator, address to, uint256 tokenId) internal {
        ERC721Utils.checkOnERC721Received(operator, address(0), to, tokenId, "");
    }

    function _wordOf(uint256 tokenId) internal view returns (TokenWord) {
        return _words[tokenId];
    }

    /// @dev The word of a token that `operator` may act on: its owner, an operator of the owner, or approved for it.
    function _wordFor(address operator, uint256 tokenId) internal view returns (TokenWord word) {
        word = _words[tokenId];
        _checkAuthorized(word.owner(), operator, tokenId);
    }

    /// @dev The word of a token that exists.
    function _existingWord(uint256 tokenId) internal view returns (TokenWord word) {
        word = _words[tokenId];
        if (word.owner() == address(0)) revert ERC721NonexistentToken(tokenId);
    }

    function _ownerOf(uint256 tokenId) internal view override returns (address) {
        return _words[tokenId].owner();
    }

    function _getApproved(uint256 tokenId) internal view override returns (address) {
        return _words[tokenId].hasApproval() ? super._getApproved(tokenId) : address(0);
    }
}
