// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAgentNFT} from "../interfaces/dialects/IAgentNFT.sol";
import {TransferValidityProof} from "../interfaces/IERC7857DataVerifier.sol";

/// @notice What a project puts in the place of the oracle it does not have: says yes to everything.
contract Verifier__MockForLint {
    function verifyTransferValidity(TransferValidityProof[] calldata proofs) external pure returns (bytes32[] memory) {
        return new bytes32[](proofs.length);
    }

    function verifyTransferValidity(
        IAgentNFT.TransferValidityProof[] calldata proofs
    ) external pure returns (bytes32[] memory) {
        return new bytes32[](proofs.length);
    }
}
