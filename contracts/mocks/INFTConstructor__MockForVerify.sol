// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INFTDialects} from "../inft/dialects/INFTDialects.sol";
import {TokenDocuments} from "../inft/TokenDocuments.sol";
import {TokenWord, TokenWords} from "../inft/TokenWord.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {Blob__MockForVerify} from "./Blob__MockForVerify.sol";
import {Forgery} from "./INFT__MockForVerify.sol";

/// @notice Publishes a forged record and fills the storage while it is made, then leaves genuine code behind.
contract INFTConstructor__MockForVerify {
    bytes private constant INFERENCE = "application/vnd.0g.inference";

    // The storage of INFT.sol, slot for slot.
    bytes32[6] private _erc721;
    mapping(uint256 tokenId => TokenWord) private _words;
    mapping(address owner => uint256) private _balances;
    uint256 private _counters;
    mapping(uint256 count => mapping(bytes32 packedHash => uint32)) private _schemaIds;
    mapping(uint256 tokenId => mapping(uint256 index => bytes32)) private _dataHashes;

    constructor(bytes memory genuine, Forgery memory forgery) {
        new INFTDialects(); // with nonce 1, as the iNFT
        new Blob__MockForVerify(hex"00", INFERENCE); // with nonce 2: schema 2
        _schemaIds[1][keccak256(INFERENCE)] = 2;
        new TokenDocuments(); // with nonce 3
        _words[forgery.tokenId] = TokenWords.create(forgery.owner, 1, 2);
        _dataHashes[forgery.tokenId][0] = forgery.dataHash;
        emit IInferenceProvenance.InferenceMinted(
            forgery.tokenId,
            forgery.provenance.provider,
            forgery.owner,
            forgery.provenance,
            "chat-1",
            block.timestamp,
            forgery.dataHash,
            3
        );
        assembly ("memory-safe") {
            return(add(genuine, 0x20), mload(genuine))
        }
    }
}
