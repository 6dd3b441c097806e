// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title A market that knows ERC-721 and nothing of ERC-7857
contract Market__MockForINFT {
    struct Listing {
        address seller;
        uint256 price;
    }

    mapping(IERC721 collection => mapping(uint256 tokenId => Listing)) private _listings;

    error NotListed(address collection, uint256 tokenId);
    error PriceMismatch(uint256 paid, uint256 price);
    error SellerRefusedPayment(address seller);

    /// @notice Offers a token of the caller's; the market must be approved to move it.
    function list(IERC721 collection, uint256 tokenId, uint256 price) external {
        _listings[collection][tokenId] = Listing(msg.sender, price);
    }

    /// @notice Pays the seller and delivers the token to the caller, or neither.
    function buy(IERC721 collection, uint256 tokenId) external payable {
        Listing memory listing = _listings[collection][tokenId];
        if (listing.seller == address(0)) revert NotListed(address(collection), tokenId);
        if (msg.value != listing.price) revert PriceMismatch(msg.value, listing.price);
        delete _listings[collection][tokenId];
        collection.safeTransferFrom(listing.seller, msg.sender, tokenId);
        (bool paid, ) = listing.seller.call{value: msg.value}("");
        if (!paid) revert SellerRefusedPayment(listing.seller);
    }
}
