// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {SignedText} from "../../contracts/provenance/SignedText.sol";

/// @notice The text, against one built character by character.
contract SignedTextTest {
    function testFuzz_HexIsTheLowerCaseDigits(bytes32 value) external pure {
        (bytes32 high, bytes32 low) = SignedText.toHex(value);
        bytes memory digits = abi.encodePacked(high, low);
        bytes memory alphabet = "0123456789abcdef";
        for (uint256 i = 0; i < 64; ++i) {
            uint256 nibble = (uint256(value) >> (252 - 4 * i)) & 15;
            require(digits[i] == alphabet[nibble], "another digit");
        }
    }

    function testFuzz_DigestIsThatOfAPersonalMessage(bytes32 requestHash, bytes32 responseHash) external pure {
        bytes memory text = bytes.concat(_plainHex(requestHash), ":", _plainHex(responseHash));
        require(text.length == 129, "not 129 characters");
        require(
            SignedText.digest(requestHash, responseHash) == MessageHashUtils.toEthSignedMessageHash(text),
            "another digest"
        );
    }

    /// @dev From 0G's own format: hex(sha256) ":" hex(sha256), for the bytes of the shared vector.
    function test_DigestOfAKnownText() external pure {
        bytes memory text =
            "6d139f1403cd84518768857efed6c375c0e3fe1af3f250cd3a5c59ea87a0323c:d2116d26462bb15039ee4473113fe3f30bfc7d8bc2b159243b41e5c67e8933d2";
        bytes32 requestHash = sha256('{"messages":[{"content":"hi","role":"user"}],"model":"m"}');
        bytes32 responseHash = sha256('{"id":"chatcmpl-1","choices":[]}');
        require(
            SignedText.digest(requestHash, responseHash) == MessageHashUtils.toEthSignedMessageHash(text),
            "another digest"
        );
    }

    function _plainHex(bytes32 value) private pure returns (bytes memory) {
        bytes memory prefixed = bytes(Strings.toHexString(uint256(value), 32));
        bytes memory plain = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) plain[i] = prefixed[i + 2];
        return plain;
    }
}
