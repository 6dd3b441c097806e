// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ProofContext} from "../interfaces/ITransferVerifier.sol";

/// @title What the two sides of a proof sign
/// @notice EIP-712, in the domain of the token: {ITransferVerifier} states the types.
library TransferDigest {
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
        return keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, token));
    }

    /// @notice What the receiver or its delegate signs. Every list and every byte string comes hashed.
    function access(
        bytes32 domain,
        ProofContext memory context,
        bytes32 oldDataHashes,
        bytes32 newDataHashes,
        bytes32 encryptedPubKey,
        uint256 deadline
    ) internal pure returns (bytes32) {
        return
            MessageHashUtils.toTypedDataHash(
                domain,
                keccak256(
                    abi.encode(
                        ACCESS_TYPE,
                        context.action,
                        context.tokenId,
                        context.sequence,
                        context.to,
                        oldDataHashes,
                        newDataHashes,
                        encryptedPubKey,
                        deadline
                    )
                )
            );
    }

    /// @notice What each attestor signs. Every list and every byte string comes hashed.
    function ownership(
        bytes32 domain,
        ProofContext memory context,
        bytes32 oldDataHashes,
        bytes32 newDataHashes,
        bytes32 sealedKeys,
        bytes32 encryptedPubKey,
        uint256 deadline
    ) internal pure returns (bytes32) {
        return
            MessageHashUtils.toTypedDataHash(
                domain,
                keccak256(
                    abi.encode(
                        OWNERSHIP_TYPE,
                        context.action,
                        context.tokenId,
                        context.sequence,
                        context.to,
                        oldDataHashes,
                        newDataHashes,
                        sealedKeys,
                        encryptedPubKey,
                        deadline
                    )
                )
            );
    }
}
