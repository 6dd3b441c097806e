// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceProvenance} from "../../contracts/interfaces/IInferenceProvenance.sol";
import {RequestBinding} from "../../contracts/provenance/RequestBinding.sol";

/// @notice Whose request it was, for any request, minter and offset.
contract RequestBindingTest {
    /// @dev `"user":"0x`, 40 digits and a quote.
    uint256 private constant MEMBER_LENGTH = 51;

    function testFuzz_TheMinterIsFoundWhereItStands(
        address minter,
        bytes memory before,
        bytes memory rest,
        bool first
    ) external view {
        bytes memory request = bytes.concat(before, first ? bytes1("{") : bytes1(","), _member(minter), rest);
        require(_isBound(request, minter, before.length + 1), "not found");
    }

    function testFuzz_NobodyElseIsFoundThere(address minter, address other, bytes memory before) external view {
        if (other == minter) return;
        bytes memory request = bytes.concat(before, "{", _member(minter), "}");
        require(!_isBound(request, other, before.length + 1), "another was found");
    }

    function testFuzz_NothingIsFoundAtAnotherOffset(
        address minter,
        bytes memory before,
        bytes memory rest,
        uint256 offset,
        bool near
    ) external view {
        bytes memory request = bytes.concat(before, "{", _member(minter), rest);
        if (near) offset %= request.length + 2;
        if (offset == before.length + 1) return;
        require(!_isBound(request, minter, offset), "found elsewhere");
    }

    function testFuzz_NoBitMayDiffer(
        address minter,
        bytes memory before,
        bytes memory rest,
        uint256 bit
    ) external view {
        bytes memory request = bytes.concat(before, ",", _member(minter), rest);
        bit %= (MEMBER_LENGTH + 1) * 8; // the byte before it, too
        request[before.length + bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        require(!_isBound(request, minter, before.length + 1), "found in spite of it");
    }

    function testFuzz_NoByteMayBeMissing(address minter, bytes memory before, uint256 missing) external view {
        bytes memory request = bytes.concat(before, ",", _member(minter));
        missing = 1 + (missing % MEMBER_LENGTH);
        assembly ("memory-safe") {
            mstore(request, sub(mload(request), missing))
        }
        require(!_isBound(request, minter, before.length + 1), "found in spite of it");
    }

    function testFuzz_TheRequestIsTheOneThatWasSigned(address minter, bytes memory rest, bytes32 signed) external view {
        bytes memory request = bytes.concat("{", _member(minter), rest);
        if (signed == sha256(request)) return;
        try this.requireBound(signed, request, minter, 1) {
            revert("another request was shown");
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(
                IInferenceProvenance.InferenceRequestMismatch.selector,
                sha256(request),
                signed
            );
            require(keccak256(reason) == keccak256(expected), "another error");
        }
    }

    /// @dev Takes the request as calldata, as the library wants it.
    function requireBound(bytes32 hash, bytes calldata request, address minter, uint256 offset) external pure {
        RequestBinding.requireBound(hash, request, minter, offset);
    }

    /// @dev Nothing but the one error may be raised: no offset overflows or reads outside.
    function _isBound(bytes memory request, address minter, uint256 offset) private view returns (bool) {
        try this.requireBound(sha256(request), request, minter, offset) {
            return true;
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(
                IInferenceProvenance.InferenceRequestNotBound.selector,
                minter,
                offset
            );
            require(keccak256(reason) == keccak256(expected), "another error");
            return false;
        }
    }

    /// @dev Digit by digit, unlike the library.
    function _member(address minter) private pure returns (bytes memory member) {
        member = '"user":"0x';
        for (uint256 i = 0; i < 40; ++i) {
            uint256 digit = (uint160(minter) >> (156 - 4 * i)) & 15;
            member = bytes.concat(member, bytes("0123456789abcdef")[digit]);
        }
        member = bytes.concat(member, '"');
    }
}
