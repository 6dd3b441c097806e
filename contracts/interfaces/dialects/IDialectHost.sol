// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {TransferValidityProof} from "../IERC7857DataVerifier.sol";
import {IntelligentData} from "../IERC7857.sol";
import {IINFT} from "../IINFT.sol";

/// @title What the module of older dialects asks of the token
/// @notice The module runs by delegatecall in the token's own place, and calls these on it. They are refused to everybody
/// but the token itself. `operator` is whoever called the token; what it may do is checked here, not in the module.
/// @dev Proofs of an older format are checked by the module; the caller, the counts, that the data was re-encrypted, and
/// proofs of the final standard by the token, exactly as it does behind {IERC7857-iTransfer}.
interface IDialectHost is IINFT {
    /// @notice Only the token itself may call this.
    error DialectHostOnlySelf(address caller);

    /// @notice {mint} on behalf of `operator`.
    function hostMint(address operator, IntelligentData[] calldata datas, address to) external returns (uint256);

    /// @notice Transfers or clones a token whose proofs the module accepted. Reverts unless `from` owns it.
    /// @param action TRANSFER or CLONE of {TransferProof}.
    /// @return newTokenId The clone; 0 after a transfer.
    function hostDeliver(
        uint8 action,
        address operator,
        address from,
        address to,
        uint256 tokenId,
        bytes32[] calldata newDataHashes,
        bytes[] calldata sealedKeys
    ) external returns (uint256 newTokenId);

    /// @notice {iTransfer} or {iClone} on behalf of `operator`, with all their checks. Reverts unless `from` owns the token.
    /// @param action TRANSFER or CLONE of {TransferProof}.
    /// @return newTokenId The clone; 0 after a transfer.
    function hostDeliverProven(
        uint8 action,
        address operator,
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256 newTokenId);

    /// @notice {updateHashes} on behalf of `operator`, publishing no keys.
    function hostUpdateHashes(address operator, uint256 tokenId, bytes32[] calldata newDataHashes) external;

    /// @notice {authorizeUsageWith} on behalf of `operator`.
    function hostAuthorize(address operator, uint256 tokenId, address user, uint40 expiry, uint24 permissions) external;
}
