// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IntelligentData} from "../../../contracts/interfaces/IERC7857.sol";
import {IINFT} from "../../../contracts/interfaces/IINFT.sol";
import {IInferenceProvenance} from "../../../contracts/interfaces/IInferenceProvenance.sol";
import {VM} from "./Vm.sol";
import {Model} from "./Model.sol";

/// @notice What must hold whatever was done: the contracts against the model. The numbers are those of the invariants in
/// docs/testing.md.
abstract contract Checks is Model {
    /// @dev 1 and 5: owners, balances, counters and approvals are the model's, and the events tell the same.
    function checkOwners() external view {
        for (uint256 c = 0; c < COLLECTIONS; ++c) {
            IINFT nft = _collections[c];
            uint256[ACTORS] memory held;
            for (uint256 i = 0; i < _ids[c].length; ++i) {
                uint256 id = _ids[c][i];
                Token storage token = _tokens[c][id];
                IINFT.TokenState memory state = nft.tokenStateOf(id);
                require(state.owner == token.owner, "owner");
                require(state.owner == token.ownerByEvents, "owner by the events");
                require(state.sequence == token.sequence, "sequence");
                require(state.authorizationEpoch == token.epoch, "epoch");
                require(state.dataCount == token.hashes.length, "data count");
                require(state.staged == (token.stagedFor != address(0)), "staged");
                if (token.owner == address(0)) continue;
                require(nft.ownerOf(id) == token.owner, "ownerOf");
                require(nft.getApproved(id) == token.approved, "approved");
                (address to, uint48 until) = nft.stagedTransferOf(id);
                require(to == token.stagedFor && until == token.stagedUntil, "staged for another");
                for (uint256 a = 0; a < ACTORS; ++a) if (actors[a].account == token.owner) ++held[a];
            }
            for (uint256 a = 0; a < ACTORS; ++a) {
                require(IERC721(address(nft)).balanceOf(actors[a].account) == held[a], "balance");
            }
            IINFT.TokenState memory next = nft.tokenStateOf(_lastId[c] + 1);
            require(keccak256(abi.encode(next)) == keccak256(new bytes(192)), "a token nobody minted");
        }
    }

    /// @dev 2, 3 and 10: every token holds the data it was last given, under the descriptions it was minted with or
    /// updated to, and its last keys were published for its owner.
    function checkData() external view {
        for (uint256 c = 0; c < COLLECTIONS; ++c) {
            for (uint256 i = 0; i < _ids[c].length; ++i) {
                uint256 id = _ids[c][i];
                Token storage token = _tokens[c][id];
                if (token.owner == address(0)) continue;
                IntelligentData[] memory datas = _collections[c].intelligentDataOf(id);
                require(datas.length == token.hashes.length, "count of data");
                for (uint256 d = 0; d < datas.length; ++d) require(datas[d].dataHash == token.hashes[d], "hash");
                require(_descriptionsOf(datas) == token.descriptions, "descriptions");
                if (datas.length != 0 && token.keysFor != address(0)) {
                    require(token.keysFor == token.owner, "keys of another");
                }
            }
        }
    }

    /// @dev 6: the users are exactly those authorised in this epoch and not expired, each once.
    function checkUsers() external view {
        for (uint256 c = 0; c < COLLECTIONS; ++c) {
            for (uint256 i = 0; i < _ids[c].length; ++i) {
                uint256 id = _ids[c][i];
                Token storage token = _tokens[c][id];
                if (token.owner == address(0)) continue;
                address[] memory users = _collections[c].authorizedUsersOf(id);
                uint256 expected = 0;
                for (uint256 u = 0; u < token.users.length; ++u) {
                    bool may = _mayUse(token, token.users[u]);
                    if (may) ++expected;
                    require(_collections[c].isAuthorizedUser(id, token.users[u]) == may, "user");
                }
                require(users.length == expected, "count of users");
                for (uint256 u = 0; u < users.length; ++u) {
                    require(_mayUse(token, users[u]), "listed, but no user");
                    for (uint256 v = 0; v < u; ++v) require(users[u] != users[v], "listed twice");
                }
            }
        }
    }

    /// @dev 4: what was accepted once is refused by the same token, by its namesake in the other collection, and as the
    /// other action, whoever sends it.
    function checkReplays() external {
        uint256 checked = 0;
        for (uint256 i = _accepted.length; i > 0 && checked < 3; --i) {
            Accepted storage accepted = _accepted[i - 1];
            Token storage token = _tokens[accepted.collection][accepted.tokenId];
            uint256 other = 1 - accepted.collection;
            bytes memory call = accepted.call;
            if (_tokens[other][accepted.tokenId].owner != address(0)) {
                _mustFail(_tokens[other][accepted.tokenId].owner, other, call, 0);
            }
            if (token.owner != address(0)) _mustFail(token.owner, accepted.collection, accepted.asOtherAction, 0);
            // Staged, it may still be waiting: for the same buyer, and the one transfer.
            if (token.sequence == accepted.sequence) continue;
            _mustFail(token.owner == address(0) ? accepted.caller : token.owner, accepted.collection, call, 0);
            ++checked;
        }
    }

    /// @dev 9: a token with data leaves plainly for nobody but whom it is staged for, not even by its owner's hand.
    function checkPlainTransfers(uint256 seed) external {
        for (uint256 c = 0; c < COLLECTIONS; ++c) {
            for (uint256 i = 0; i < _ids[c].length; ++i) {
                uint256 id = _ids[c][i];
                Token storage token = _tokens[c][id];
                address to = actors[((seed % ACTORS) + i) % ACTORS].account;
                if (token.owner == address(0) || token.hashes.length == 0 || token.stagedFor == to) continue;
                bytes memory call = abi.encodeCall(IERC721.transferFrom, (token.owner, to, id));
                _mustFail(token.owner, c, call, IINFT.ERC7857TransferNeedsProof.selector);
            }
        }
    }

    /// @dev 11: a proven token's record stays true, is its own, and is nobody else's.
    function checkProvenance() external view {
        for (uint256 c = 0; c < COLLECTIONS; ++c) {
            for (uint256 i = 0; i < _ids[c].length; ++i) {
                uint256 id = _ids[c][i];
                IInferenceProvenance.Provenance storage record = _records[c][id];
                bool proven = record.provider != address(0);
                bool exists = _tokens[c][id].owner != address(0);
                if (exists) require(_collections[c].isProven(id) == proven, "proven");
                require(_collections[c].verifyProvenance(id, record) == (proven && exists), "record");
                for (uint256 j = 0; proven && j < i; ++j) {
                    IInferenceProvenance.Provenance storage earlier = _records[c][_ids[c][j]];
                    require(
                        earlier.requestHash != record.requestHash || earlier.responseHash != record.responseHash,
                        "one result, two tokens"
                    );
                }
            }
        }
    }

    /// @dev 12: the attestors are the model's. That fewer never suffice, {tooFewAttestors} tries.
    function checkAttestors() external {
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            address attestor = VM.addr(attestorKeys[i]);
            require(VERIFIER.isAttestor(attestor) == _isActive(attestor), "attestor");
        }
    }
}
