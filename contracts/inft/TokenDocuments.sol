// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IINFT} from "../interfaces/IINFT.sol";

/// @title The documents that tokens' URIs hold
/// @notice Written from what the chain knows of a token. A contract of its own, because it is long and no transaction
/// needs it.
contract TokenDocuments {
    using Strings for string;
    using Strings for uint256;

    /// @notice A data URI of JSON about a token of the caller: name, description and attributes.
    function document(uint256 tokenId) external view returns (string memory) {
        IINFT token = IINFT(msg.sender);
        bool isProven = token.isProven(tokenId); // reverts when there is no such token
        IINFT.TokenState memory state = token.tokenStateOf(tokenId);
        string memory json = string.concat(
            '{"name":"',
            token.name().escapeJSON(),
            " #",
            tokenId.toString(),
            '","description":"',
            isProven
                ? "A proven inference: the TEE of a 0G Compute provider signed it, and its id is the hash of the record."
                : "Unproven: private data whose origin nobody has proven.",
            '","attributes":[{"trait_type":"Provenance","value":"',
            isProven ? "proven inference" : "unproven",
            '"},{"trait_type":"Data","value":',
            uint256(state.dataCount).toString(),
            '},{"trait_type":"Sequence","value":',
            uint256(state.sequence).toString(),
            "}]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }
}
