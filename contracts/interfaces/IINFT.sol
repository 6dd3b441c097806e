// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IntelligentData, IERC7857Metadata} from "./IERC7857.sol";
import {IInferenceProvenance} from "./IInferenceProvenance.sol";

/// @title iNFT: a token that holds private data, and may prove which TEE produced it
interface IINFT is IERC7857Metadata, IInferenceProvenance {
    /// @notice The data keys of a token, each sealed to the public key of `to`, in the order of its data.
    /// @dev Emitted once for each change of owner, before any call to the receiver. As in ERC-7857.
    event PublishedSealedKey(address indexed to, uint256 indexed tokenId, bytes[] sealedKeys);

    /// @notice A token with private data changes hands only together with its keys; a plain transfer carries none.
    error ERC7857TransferNeedsProof(address from, address to, uint256 tokenId);

    /// @notice There must be one sealed key for each datum.
    error ERC7857SealedKeyCount(uint256 sealedKeys, uint256 datas);

    /// @notice Mints a token whose content nobody proves, under the next sequential id. Anyone may.
    /// @dev The ABI of 0G's AgentNFT. Publishes no keys: the owner has them already or there is nothing secret.
    function mint(IntelligentData[] calldata datas, address to) external returns (uint256 tokenId);

    /// @notice Like {mint}, and publishes the data keys sealed to `to`.
    function mintWithKeys(
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) external returns (uint256 tokenId);

    /// @notice Mints an inference that the TEE signer listed and endorsed for its provider signed. Anyone may, once for
    /// each result, at least one block after {commit}ting to exactly these arguments.
    /// @param datas What was sealed; by convention `datas[0]` holds the request and response bytes.
    /// @param sealedKeys One for each datum, sealed to the public key of `to`.
    /// @param salt The secret of the commitment.
    function mintInference(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) external returns (uint256 tokenId);

    /// @notice The commitment that lets `minter` call {mintInference} with these arguments:
    /// keccak256(abi.encode(chain id, this contract, minter, claim, datas, sealedKeys, to, salt)).
    /// @dev For contracts and tests. A client computes it itself: asking a node tells the node.
    function hashCommitment(
        address minter,
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) external view returns (bytes32);
}
