// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IERC7857DataVerifier} from "../interfaces/IERC7857DataVerifier.sol";
import {TransferVerifier} from "../verifier/TransferVerifier.sol";

/// @notice The verifier, speaking of nothing but the final standard: a token then has to use that entry.
contract FinalVerifier__MockForINFT is TransferVerifier {
    constructor(
        address owner_,
        uint256 threshold_,
        uint256 rotationDelay,
        AttestorConfig[] memory attestors_
    ) TransferVerifier(owner_, threshold_, rotationDelay, attestors_) {}

    function supportsInterface(bytes4 interfaceId) external pure override returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC7857DataVerifier).interfaceId;
    }
}
