// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title The document that a token's URI holds
library TokenDocument {
    using Strings for uint256;

    /// @param jsonName The collection's name, escaped for a JSON string.
    /// @return A data URI of JSON: name, description and attributes, from what the chain knows of the token.
    function uri(
        string memory jsonName,
        uint256 tokenId,
        bool isProven,
        uint256 dataCount,
        uint256 sequence
    ) internal pure returns (string memory) {
        bytes memory json = bytes.concat(
            '{"name":"',
            bytes(jsonName),
            " #",
            bytes(tokenId.toString()),
            '","description":"',
            bytes(
                isProven
                    ? "A proven inference: the TEE of a 0G Compute provider signed it, and its id is the hash of the record."
                    : "Unproven: private data whose origin nobody has proven."
            ),
            '","attributes":[{"trait_type":"Provenance","value":"',
            bytes(isProven ? "proven inference" : "unproven"),
            '"},{"trait_type":"Data","value":',
            bytes(dataCount.toString()),
            '},{"trait_type":"Sequence","value":',
            bytes(sequence.toString()),
            "}]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }
}
