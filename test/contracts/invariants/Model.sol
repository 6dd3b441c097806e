// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IInferenceServing} from "../../../contracts/external/IInferenceServing.sol";
import {IAttestorSet} from "../../../contracts/interfaces/IAttestorSet.sol";
import {IERC7857, IntelligentData} from "../../../contracts/interfaces/IERC7857.sol";
import {IInferenceProvenance} from "../../../contracts/interfaces/IInferenceProvenance.sol";
import {ITransferVerifier} from "../../../contracts/interfaces/ITransferVerifier.sol";
import {IINFT} from "../../../contracts/interfaces/IINFT.sol";
import {InferenceServing__MockForINFT} from "../../../contracts/mocks/InferenceServing__MockForINFT.sol";
import {Parties} from "./Parties.sol";
import {Vm, VM, deploy} from "./Vm.sol";

/// @notice Two collections, and what must come of all that is done to them. One tells its verifier what proofs must be
/// about, the other knows only the final standard's entry; both share the verifier.
abstract contract Model is Parties {
    /// @dev What is known of a token without asking the contract.
    struct Token {
        bool minted;
        /// Zero once burnt.
        address owner;
        uint256 sequence;
        uint256 epoch;
        bytes32[] hashes;
        bytes32 descriptions;
        address approved;
        address stagedFor;
        uint48 stagedUntil;
        bytes32[] stagedHashes;
        address[] users;
        mapping(address user => uint256) until; // 0 when not authorised, the maximum without an end
        /// As the events say.
        address ownerByEvents;
        address keysFor;
        uint256 keysPublished;
    }

    /// @dev A call whose proofs were accepted.
    struct Accepted {
        uint256 collection;
        uint256 tokenId;
        uint256 sequence;
        address caller;
        bytes call;
        /// The same proofs for a clone if this transfers, and the other way round.
        bytes asOtherAction;
    }

    uint256 public constant COLLECTIONS = 2;
    uint256 internal constant FOREVER = type(uint256).max;
    uint256 internal constant MOST_TOKENS = 10;
    uint256 internal constant ROTATION_DELAY = 1 hours;
    uint256 internal constant RESULTS = 8;
    address internal constant PROVIDER = address(0xa11ce);

    IINFT[COLLECTIONS] internal _collections;
    IAttestorSet public immutable VERIFIER;
    InferenceServing__MockForINFT internal immutable _serving;

    mapping(uint256 collection => mapping(uint256 tokenId => Token)) internal _tokens;
    /// @dev Of the tokens that are watched: all that live, and some that were burnt.
    mapping(uint256 collection => uint256[]) internal _ids;
    mapping(uint256 collection => mapping(address owner => mapping(address operator => bool))) internal _operators;
    mapping(uint256 collection => uint256) internal _lastId;
    mapping(uint256 collection => mapping(uint256 tokenId => IInferenceProvenance.Provenance)) internal _records;
    mapping(address attestor => uint48) internal _activeFrom;
    mapping(address attestor => uint48) internal _validUntil;
    Accepted[] internal _accepted;

    /// @dev How often something was done, for the test that everything is.
    mapping(string what => uint256 times) public done;
    mapping(uint8 action => mapping(uint256 dialect => mapping(uint256 collection => uint256 times))) public delivered;

    uint256 internal _fresh;
    uint256 internal _teeKey;
    mapping(uint256 collection => uint256) internal _cachedKey;
    mapping(uint256 collection => uint256) internal _cachedAt;

    constructor() {
        VM.warp(1_800_000_000);
        _makeParties();
        IAttestorSet.AttestorConfig[] memory initial = new IAttestorSet.AttestorConfig[](THRESHOLD + 1);
        for (uint256 i = 0; i < initial.length; ++i) {
            address attestor = VM.addr(attestorKeys[i]);
            initial[i] = IAttestorSet.AttestorConfig(attestor, uint48(block.timestamp + 365 days), "");
            (_activeFrom[attestor], _validUntil[attestor]) = (uint48(block.timestamp), initial[i].validUntil);
        }
        VERIFIER = IAttestorSet(
            deploy(
                "contracts/verifier/TransferVerifier.sol:TransferVerifier",
                abi.encode(address(this), THRESHOLD, ROTATION_DELAY, initial)
            )
        );
        _serving = InferenceServing__MockForINFT(
            deploy("contracts/mocks/InferenceServing__MockForINFT.sol:InferenceServing__MockForINFT", "")
        );
        _collections[0] = _deploy();
        // The same verifier, as a token sees one that knows the final standard only.
        bytes memory question = abi.encodeWithSignature(
            "supportsInterface(bytes4)",
            type(ITransferVerifier).interfaceId
        );
        VM.mockCall(address(VERIFIER), question, abi.encode(false));
        _collections[1] = _deploy();
        VM.clearMockedCalls();
        _list(uint256(keccak256("enclave 0")));
    }

    // --- Model --------------------------------------------------------------------------------------------------

    function _modelMint(uint256 c, uint256 id, address to, IntelligentData[] memory datas) internal {
        Token storage token = _tokens[c][id];
        require(!token.minted, "minted twice");
        (token.minted, token.owner) = (true, to);
        _setData(token, datas);
        _keep(c, id);
    }

    function _modelClone(uint256 c, uint256 id, address to, bytes32[] memory hashes, bytes32 descriptions) internal {
        Token storage token = _tokens[c][id];
        require(!token.minted, "minted twice");
        (token.minted, token.owner, token.descriptions) = (true, to, descriptions);
        token.hashes = hashes;
        _keep(c, id);
    }

    /// @dev A burnt token is watched until another needs its place.
    function _keep(uint256 c, uint256 id) private {
        for (uint256 i = 0; i < _ids[c].length; ++i) {
            if (_tokens[c][_ids[c][i]].owner != address(0)) continue;
            _ids[c][i] = id;
            return;
        }
        _ids[c].push(id);
    }

    /// @dev How many more tokens may be minted: to compare them all takes time.
    function _room(uint256 c) internal view returns (uint256 room) {
        room = MOST_TOKENS;
        for (uint256 i = 0; i < _ids[c].length; ++i) if (_tokens[c][_ids[c][i]].owner != address(0)) --room;
    }

    function _modelMove(Token storage token, address to) internal {
        token.owner = to;
        token.approved = address(0);
        ++token.sequence;
        _endStage(token);
        _newEpoch(token);
    }

    function _newEpoch(Token storage token) internal {
        ++token.epoch;
        for (uint256 i = 0; i < token.users.length; ++i) token.until[token.users[i]] = 0;
    }

    function _endStage(Token storage token) internal {
        (token.stagedFor, token.stagedUntil) = (address(0), 0);
        delete token.stagedHashes;
    }

    function _setData(Token storage token, IntelligentData[] memory datas) internal {
        delete token.hashes;
        for (uint256 i = 0; i < datas.length; ++i) token.hashes.push(datas[i].dataHash);
        token.descriptions = _descriptionsOf(datas);
    }

    function _authorise(Token storage token, address user, uint256 until) internal {
        token.until[user] = until;
        for (uint256 i = 0; i < token.users.length; ++i) if (token.users[i] == user) return;
        token.users.push(user);
    }

    function _mayUse(Token storage token, address user) internal view returns (bool) {
        return token.until[user] > block.timestamp;
    }

    /// @dev Takes the logs into the model: who owns by ERC-721's events, and for whom keys were published.
    function _observe(uint256 c) internal {
        Vm.Log[] memory logs = VM.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(_collections[c])) continue;
            if (logs[i].topics[0] == IERC721.Transfer.selector) {
                Token storage moved = _tokens[c][uint256(logs[i].topics[3])];
                require(moved.ownerByEvents == _address(logs[i].topics[1]), "moved from another");
                moved.ownerByEvents = _address(logs[i].topics[2]);
                // Without data it may move plainly; earlier keys then open nothing it holds.
                if (moved.hashes.length == 0) moved.keysFor = address(0);
            } else if (logs[i].topics[0] == IERC7857.PublishedSealedKey.selector) {
                Token storage token = _tokens[c][uint256(logs[i].topics[2])];
                token.keysFor = _address(logs[i].topics[1]);
                ++token.keysPublished;
                bytes[] memory keys = abi.decode(logs[i].data, (bytes[]));
                require(keys.length == token.hashes.length, "count of keys");
                for (uint256 k = 0; k < keys.length; ++k) {
                    require(keccak256(keys[k]) == keccak256(_sealedKey(token.hashes[k])), "key of another datum");
                }
            }
        }
    }

    // --- Choices ------------------------------------------------------------------------------------------------

    function _anyToken(uint256 c, uint256 which) internal view returns (uint256 id, bool found) {
        uint256 count = _ids[c].length;
        for (uint256 i = 0; i < count; ++i) {
            id = _ids[c][((which % count) + i) % count];
            if (_tokens[c][id].owner != address(0)) return (id, true);
        }
    }

    function _dataToken(uint256 c, uint256 which) internal view returns (uint256 id, bool found) {
        uint256 count = _ids[c].length;
        for (uint256 i = 0; i < count; ++i) {
            id = _ids[c][((which % count) + i) % count];
            if (_tokens[c][id].owner != address(0) && _tokens[c][id].hashes.length != 0) return (id, true);
        }
    }

    function _stagedToken(uint256 c, uint256 which) internal view returns (uint256 id, bool found) {
        uint256 count = _ids[c].length;
        for (uint256 i = 0; i < count; ++i) {
            id = _ids[c][((which % count) + i) % count];
            if (_tokens[c][id].stagedFor != address(0)) return (id, true);
        }
        return _anyToken(c, which);
    }

    /// @dev The owner, or who else may act: then mostly that one.
    function _authorisedCaller(uint256 c, Token storage token, uint256 seed) internal view returns (address) {
        if (token.approved != address(0) && seed % 5 < 2) return token.approved;
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (_operators[c][token.owner][actors[i].account] && seed % 5 == 2) return actors[i].account;
        }
        return token.owner;
    }

    function _anyone(uint256 seed) internal view returns (address) {
        return actors[(seed >> 8) % ACTORS].account;
    }

    function _user(uint256 seed) internal view returns (address) {
        return seed % 3 == 0 ? actors[(seed >> 8) % ACTORS].account : address(uint160(0xbeef00 + (seed % 5)));
    }

    function _isActive(address attestor) internal view returns (bool) {
        return _activeFrom[attestor] <= block.timestamp && block.timestamp < _validUntil[attestor];
    }

    function _activeAttestors() internal returns (uint256[] memory keys) {
        uint256 count = 0;
        keys = new uint256[](ATTESTORS);
        for (uint256 i = 0; i < ATTESTORS; ++i)
            if (_isActive(VM.addr(attestorKeys[i]))) keys[count++] = attestorKeys[i];
        return _first(keys, count);
    }

    function _inactiveAttestor(uint256 seed) internal returns (uint256) {
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            uint256 key = attestorKeys[((seed % ATTESTORS) + i) % ATTESTORS];
            if (!_isActive(VM.addr(key))) return key;
        }
        return actors[0].key;
    }

    function _first(uint256[] memory keys, uint256 count) internal pure returns (uint256[] memory chosen) {
        chosen = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) chosen[i] = keys[i];
    }

    function _newHashes(uint256 count) internal returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) hashes[i] = keccak256(abi.encode("ciphertext", ++_fresh));
    }

    /// @dev Few descriptions, so that some are known already.
    function _newDatas(uint256 count, uint256 seed) internal returns (IntelligentData[] memory datas) {
        bytes32[] memory hashes = _newHashes(count);
        datas = new IntelligentData[](count);
        for (uint256 i = 0; i < count; ++i) {
            datas[i] = IntelligentData(
                seed % 3 == 0
                    ? "model"
                    : i == 0
                        ? "config, rather a longer description"
                        : "",
                hashes[i]
            );
        }
    }

    function _keysOf(IntelligentData[] memory datas) internal pure returns (bytes[] memory keys) {
        keys = new bytes[](datas.length);
        for (uint256 i = 0; i < datas.length; ++i) keys[i] = _sealedKey(datas[i].dataHash);
    }

    function _keysOf(bytes32[] memory hashes) internal pure returns (bytes[] memory keys) {
        keys = new bytes[](hashes.length);
        for (uint256 i = 0; i < hashes.length; ++i) keys[i] = _sealedKey(hashes[i]);
    }

    function _descriptionsOf(IntelligentData[] memory datas) internal pure returns (bytes32) {
        string[] memory descriptions = new string[](datas.length);
        for (uint256 i = 0; i < datas.length; ++i) descriptions[i] = datas[i].dataDescription;
        return datas.length == 0 ? bytes32(0) : keccak256(abi.encode(descriptions));
    }

    // --- Calls --------------------------------------------------------------------------------------------------

    function _deploy() internal returns (IINFT) {
        return
            IINFT(
                deploy(
                    "contracts/inft/INFT.sol:INFT",
                    abi.encode("Proven", "INFER", _serving, VERIFIER, address(0), uint96(0))
                )
            );
    }

    function _list(uint256 teeKey) internal {
        _teeKey = teeKey;
        IInferenceServing.Service memory service;
        service.provider = PROVIDER;
        service.teeSignerAddress = VM.addr(teeKey);
        service.teeSignerAcknowledged = true;
        _serving.setService(service);
    }

    function _mustSucceed(address caller, uint256 c, bytes memory call) internal returns (bytes memory) {
        VM.prank(caller);
        (bool success, bytes memory answer) = address(_collections[c]).call(call);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    function _mustFail(address caller, uint256 c, bytes memory call, bytes4 selector) internal {
        VM.prank(caller);
        (bool success, bytes memory answer) = address(_collections[c]).call(call);
        _mustBe(success, answer, selector);
    }

    function _mustBe(bool success, bytes memory answer, bytes4 selector) internal pure {
        require(!success, "was accepted");
        require(selector == 0 || bytes4(answer) == selector, "failed for another reason");
    }

    function _address(bytes32 topic) internal pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
