// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";

import {IINFT} from "../interfaces/IINFT.sol";

/// @title One royalty for all tokens, fixed for good
abstract contract Royalty is ERC165, IERC2981 {
    uint256 private constant BASIS = 10_000;

    address private immutable _receiver;
    uint256 private immutable _basisPoints;

    constructor(address receiver, uint256 basisPoints) {
        if (basisPoints > BASIS) revert IINFT.RoyaltyTooHigh(basisPoints);
        if (basisPoints != 0 && receiver == address(0)) revert IINFT.RoyaltyWithoutReceiver(basisPoints);
        _receiver = receiver;
        _basisPoints = basisPoints;
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256, uint256 salePrice) external view returns (address receiver, uint256 royaltyAmount) {
        // In two parts, so that no price overflows; the rounding is the same.
        return (_receiver, (salePrice / BASIS) * _basisPoints + ((salePrice % BASIS) * _basisPoints) / BASIS);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view virtual override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IERC2981).interfaceId || super.supportsInterface(interfaceId);
    }
}
