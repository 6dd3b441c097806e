// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {SignedText} from "./SignedText.sol";

/// @title Whose request it was, read from its bytes
/// @notice A request is JSON. In valid JSON the bytes `,"user":"0x…"` or `{"user":"0x…"` are a member named user: inside a
/// string the quotes would be escaped.
library RequestBinding {
    /// @notice Reverts unless `request` hashes to `requestHash` and has `"user":"<address of minter>"` at `offset`, in
    /// lower case, right after `{` or `,`.
    function requireBound(bytes32 requestHash, bytes calldata request, address minter, uint256 offset) internal pure {
        bytes32 shown = sha256(request);
        if (shown != requestHash) revert IInferenceProvenance.InferenceRequestMismatch(shown, requestHash);
        if (!_names(request, minter, offset)) revert IInferenceProvenance.InferenceRequestNotBound(minter, offset);
    }

    function _names(bytes calldata request, address minter, uint256 offset) private pure returns (bool) {
        (bytes32 first, bytes32 rest) = SignedText.toHex(bytes32(bytes20(minter)));
        bytes memory member = abi.encodePacked('"user":"0x', first, bytes8(rest), '"');
        if (offset == 0 || offset > request.length || request.length - offset < member.length) return false;
        bytes1 before = request[offset - 1];
        return
            (before == "{" || before == ",") && keccak256(request[offset:offset + member.length]) == keccak256(member);
    }
}
