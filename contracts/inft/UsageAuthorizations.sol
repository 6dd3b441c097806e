// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC7857} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {PrivateData} from "./PrivateData.sol";
import {TokenWord} from "./TokenWord.sol";
import {UsageWord, UsageWords} from "./UsageWord.sol";

/// @title Who else may use a token's data
/// @notice One slot for each user, in a list that begins at the zero address. A slot counts only in the token's present
/// epoch: a new one ends all authorisations at once, however many there are, and the next ones reuse the slots.
abstract contract UsageAuthorizations is PrivateData {
    mapping(uint256 tokenId => mapping(address user => UsageWord)) private _usages;

    /// @inheritdoc IERC7857
    function authorizeUsage(uint256 tokenId, address user) external {
        _authorize(_wordFor(msg.sender, tokenId), tokenId, user, 0, 0);
    }

    /// @inheritdoc IINFT
    function authorizeUsageWith(uint256 tokenId, address user, uint40 expiry, uint24 permissions) external {
        _authorize(_wordFor(msg.sender, tokenId), tokenId, user, expiry, permissions);
    }

    /// @inheritdoc IINFT
    function batchAuthorizeUsage(uint256 tokenId, address[] calldata users) external {
        TokenWord word = _wordFor(msg.sender, tokenId);
        for (uint256 i = 0; i < users.length; ++i) _authorize(word, tokenId, users[i], 0, 0);
    }

    /// @inheritdoc IERC7857
    function revokeAuthorization(uint256 tokenId, address user) external {
        TokenWord word = _wordFor(msg.sender, tokenId);
        UsageWord usage = _usages[tokenId][user];
        if (!usage.isActive(word.authorizationEpoch())) revert ERC7857NotAuthorized(tokenId, user);
        _usages[tokenId][user] = usage.revoked();
        emit AuthorizationRevoked(word.owner(), user, tokenId);
    }

    /// @inheritdoc IINFT
    function clearAuthorizedUsers(uint256 tokenId) external {
        _startEpoch(tokenId, _wordFor(msg.sender, tokenId).withNextEpoch(tokenId));
    }

    /// @inheritdoc IERC7857
    function authorizedUsersOf(uint256 tokenId) external view returns (address[] memory users) {
        uint24 epoch = _existingWord(tokenId).authorizationEpoch();
        mapping(address user => UsageWord) storage usages = _usages[tokenId];
        if (!usages[address(0)].isListed(epoch)) return users;
        // Twice: how many there are is known only at the end.
        uint256 count = 0;
        for (address user = usages[address(0)].next(); user != address(0); user = usages[user].next()) {
            if (usages[user].isActive(epoch)) ++count;
        }
        users = new address[](count);
        for (address user = usages[address(0)].next(); user != address(0); user = usages[user].next()) {
            if (usages[user].isActive(epoch)) users[--count] = user; // the list is newest first
        }
    }

    /// @inheritdoc IINFT
    function isAuthorizedUser(uint256 tokenId, address user) external view returns (bool) {
        return _usages[tokenId][user].isActive(_existingWord(tokenId).authorizationEpoch());
    }

    /// @inheritdoc IINFT
    function authorizationOf(
        uint256 tokenId,
        address user
    ) external view returns (bool active, uint40 expiry, uint24 permissions) {
        uint24 epoch = _existingWord(tokenId).authorizationEpoch();
        UsageWord usage = _usages[tokenId][user];
        if (!usage.isGranted(epoch)) return (false, 0, 0);
        return (usage.isActive(epoch), usage.expiry(), usage.permissions());
    }

    /// @dev `word` is that of the token, of whoever may act on it.
    function _authorize(TokenWord word, uint256 tokenId, address user, uint40 expiry, uint24 permissions) internal {
        if (user == address(0) || user == word.owner()) revert ERC7857InvalidAuthorizedUser(user);
        if (expiry != 0 && expiry <= block.timestamp) revert ERC7857AuthorizationExpired(expiry, block.timestamp);

        uint24 epoch = word.authorizationEpoch();
        mapping(address user => UsageWord) storage usages = _usages[tokenId];
        UsageWord held = usages[user];
        address next = held.next();
        if (!held.isListed(epoch)) {
            UsageWord head = usages[address(0)];
            next = head.isListed(epoch) ? head.next() : address(0);
            usages[address(0)] = UsageWords.head(user, epoch);
        }
        usages[user] = UsageWords.grant(next, epoch, expiry, permissions);
        emit Authorization(word.owner(), user, tokenId);
        if (expiry != 0 || permissions != 0) emit AuthorizationTerms(tokenId, user, expiry, permissions);
    }
}
