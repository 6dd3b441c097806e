// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IINFT} from "../../../contracts/interfaces/IINFT.sol";

/// @notice A contract account: signs by ERC-1271 with one key, and receives tokens. What it finds when it is called, it
/// keeps: by then, owner and data must be in place.
contract Account {
    address private immutable _signer;

    uint256 public received;
    bytes32 public dataWhenReceived;

    constructor(address signer) {
        _signer = signer;
    }

    function onERC721Received(address, address, uint256 tokenId, bytes calldata) external returns (bytes4) {
        require(IINFT(msg.sender).ownerOf(tokenId) == address(this), "called before it owned the token");
        dataWhenReceived = keccak256(abi.encode(IINFT(msg.sender).intelligentDataOf(tokenId)));
        ++received;
        return this.onERC721Received.selector;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        return signer == _signer ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}
