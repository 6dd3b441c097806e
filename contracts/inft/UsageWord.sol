// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A user's right to use a token's data, in one slot, and its place in the token's list of users:
///
///     next user 160 | epoch 24 | expiry 40 | permissions 24 | standing 8    (lowest bit first)
type UsageWord is uint256;

using UsageWords for UsageWord global;

/// @title Reading and changing a {UsageWord}
library UsageWords {
    uint256 private constant EPOCH_AT = 160;
    uint256 private constant EXPIRY_AT = 184;
    uint256 private constant PERMISSIONS_AT = 224;
    uint256 private constant GRANTED = 1 << 248;
    uint256 private constant LISTED = 1 << 249;

    /// @notice The beginning of a list.
    function head(address first, uint24 epoch) internal pure returns (UsageWord) {
        return UsageWord.wrap(uint160(first) | (uint256(epoch) << EPOCH_AT) | LISTED);
    }

    /// @notice A right that `next`'s comes after in the list.
    function grant(address next_, uint24 epoch, uint40 expiry_, uint24 permissions_) internal pure returns (UsageWord) {
        uint256 terms = (uint256(expiry_) << EXPIRY_AT) | (uint256(permissions_) << PERMISSIONS_AT);
        return UsageWord.wrap(UsageWord.unwrap(head(next_, epoch)) | terms | GRANTED);
    }

    /// @notice The same place in the list, without the right: those behind it stay in their places.
    function revoked(UsageWord word) internal pure returns (UsageWord) {
        return UsageWord.wrap(UsageWord.unwrap(word) & ~GRANTED);
    }

    /// @notice Who comes next in the list; zero at its end.
    function next(UsageWord word) internal pure returns (address) {
        return address(uint160(UsageWord.unwrap(word)));
    }

    /// @notice Until when the right lasts, in Unix seconds; 0 without an end.
    function expiry(UsageWord word) internal pure returns (uint40) {
        return uint40(UsageWord.unwrap(word) >> EXPIRY_AT);
    }

    /// @notice What the right allows.
    function permissions(UsageWord word) internal pure returns (uint24) {
        return uint24(UsageWord.unwrap(word) >> PERMISSIONS_AT);
    }

    /// @notice Whether the entry belongs to the list of `epoch`; else it is left over from an earlier one, or was never
    /// written.
    function isListed(UsageWord word, uint24 epoch) internal pure returns (bool) {
        return UsageWord.unwrap(word) & LISTED != 0 && uint24(UsageWord.unwrap(word) >> EPOCH_AT) == epoch;
    }

    /// @notice Whether the right was granted in `epoch` and not revoked; it may be over.
    function isGranted(UsageWord word, uint24 epoch) internal pure returns (bool) {
        return UsageWord.unwrap(word) & GRANTED != 0 && word.isListed(epoch);
    }

    /// @notice Whether the right counts now.
    function isActive(UsageWord word, uint24 epoch) internal view returns (bool) {
        uint40 end = word.expiry();
        return word.isGranted(epoch) && (end == 0 || block.timestamp < end);
    }
}
