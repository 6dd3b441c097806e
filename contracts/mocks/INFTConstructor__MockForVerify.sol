// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IntelligentData} from "../interfaces/IERC7857.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {Forgery} from "./INFT__MockForVerify.sol";

/// @notice Publishes a forged record and fills the storage while it is made, then leaves genuine code behind.
contract INFTConstructor__MockForVerify {
    // The storage of INFT.sol, slot for slot.
    string private _name;
    string private _symbol;
    mapping(uint256 tokenId => address) private _owners;
    mapping(address owner => uint256) private _balances;
    mapping(uint256 tokenId => address) private _tokenApprovals;
    mapping(address owner => mapping(address operator => bool)) private _operatorApprovals;
    mapping(address minter => mapping(bytes32 commitment => uint256[1])) private _commitments;
    uint64 private _lastId;
    mapping(uint256 tokenId => IntelligentData[]) private _datas;

    constructor(bytes memory genuine, Forgery memory forgery) {
        _owners[forgery.tokenId] = forgery.owner;
        _datas[forgery.tokenId].push(IntelligentData("forged", forgery.dataHash));
        emit IInferenceProvenance.InferenceMinted(
            forgery.tokenId,
            forgery.provenance.provider,
            forgery.owner,
            forgery.provenance,
            "chat-1",
            "model",
            0,
            forgery.dataHash,
            3
        );
        assembly ("memory-safe") {
            return(add(genuine, 0x20), mload(genuine))
        }
    }
}
