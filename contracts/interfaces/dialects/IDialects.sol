// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title What every older dialect may refuse
/// @notice Beside these, the dialects refuse with the errors of {ITransferVerifier} and {IINFT}: the rules are the same.
interface IDialects {
    /// @notice Neither the token nor one of the dialects it speaks has this function.
    error DialectUnknownSelector(bytes4 selector);

    /// @notice The module works in the place of a token only; called by itself it has none.
    error DialectDirectCall(address module);

    /// @notice The token's verifier checks proofs of the final standard only: it lacks {ITransferVerifier}.
    error DialectVerifierUnsupported(address verifier);

    /// @notice Proof `index` seals no key.
    error DialectSealedKeyEmpty(uint256 index);
}
