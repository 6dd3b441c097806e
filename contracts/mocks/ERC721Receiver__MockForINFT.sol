// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

/// @notice Tells what it is handed and answers as it was told to: with any value, or by reverting in any way.
contract ERC721Receiver__MockForINFT is IERC721Receiver {
    enum Refusal {
        None,
        Text,
        Silent,
        Custom,
        Panicking
    }

    bytes4 private immutable _answer;
    Refusal private immutable _refusal;

    /// @param owner Who owned the token by the token contract's word while this was called.
    event Received(address operator, address from, uint256 tokenId, bytes data, address owner);

    error Refused(address operator, uint256 tokenId);

    constructor(bytes4 answer, Refusal refusal) {
        _answer = answer;
        _refusal = refusal;
    }

    function onERC721Received(
        address operator,
        address from,
        uint256 tokenId,
        bytes calldata data
    ) external returns (bytes4) {
        // solhint-disable-next-line gas-custom-errors
        if (_refusal == Refusal.Text) revert("not here");
        if (_refusal == Refusal.Silent) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        if (_refusal == Refusal.Custom) revert Refused(operator, tokenId);
        if (_refusal == Refusal.Panicking) assert(false);
        emit Received(operator, from, tokenId, data, IERC721(msg.sender).ownerOf(tokenId));
        return _answer;
    }
}
