// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title What the two sides of a proof sign
/// @notice EIP-712, in the domain of the token: {ITransferVerifier} states the types.
import {Words} from "./Words.sol";
library TransferDigest {
    using Words for bytes32[];

    /// @notice The attestors' message as EIP-712 encodes it, one word a field: lists and byte strings come hashed.
    struct Message {
        bytes32 messageType;
        uint256 action;
        uint256 tokenId;
        uint256 sequence;
        uint256 to;
        bytes32 oldDataHashes;
        bytes32 newDataHashes;
        bytes32 sealedKeys;
        bytes32 encryptedPubKey;
        uint256 deadline;
    }

    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME = keccak256("ERC-7857");
    bytes32 private constant VERSION = keccak256("1");

    bytes32 private constant ACCESS_TYPE = keccak256(
        "AccessProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes encryptedPubKey,uint256 deadline)"
    );
    bytes32 private constant OWNERSHIP_TYPE = keccak256(
        "OwnershipProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes[] sealedKeys,bytes encryptedPubKey,uint256 deadline)"
    );

    /// @notice The domain of a token contract on this chain.
    function domainOf(address token) internal view returns (bytes32) {
        bytes32[] memory words = Words.allocate(5);
        words.set(0, DOMAIN_TYPE);
        words.set(1, NAME);
        words.set(2, VERSION);
        words.set(3, bytes32(block.chainid));
        words.set(4, bytes32(uint256(uint160(token))));
        return words.hash();
    }

    /// @notice What each attestor signs.
    function ownership(bytes32 domain, Message memory message) internal pure returns (bytes32) {
        message.messageType = OWNERSHIP_TYPE;
        return _digest(domain, message, 10);
    }

    /// @notice What the receiver or its delegate signs: the same terms, its own hashes and key, and no sealed keys.
    /// @dev Overwrites the message: what comes after the hashes moves up by one word.
    function access(
        bytes32 domain,
        Message memory message,
        bytes32 newDataHashes,
        bytes32 encryptedPubKey
    ) internal pure returns (bytes32) {
        message.messageType = ACCESS_TYPE;
        message.newDataHashes = newDataHashes;
        message.sealedKeys = encryptedPubKey;
        message.encryptedPubKey = bytes32(message.deadline);
        return _digest(domain, message, 9);
    }

    function _digest(bytes32 domain, Message memory message, uint256 words) private pure returns (bytes32) {
        bytes32 hash;
        // The fields of a struct in memory follow each other, one word each.
        assembly ("memory-safe") {
            hash := keccak256(message, shl(5, words))
        }
        return MessageHashUtils.toTypedDataHash(domain, hash);
    }
}
