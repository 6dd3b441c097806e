// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IAgentNFT} from "../../../contracts/interfaces/dialects/IAgentNFT.sol";
import {IDocsDraftNFT} from "../../../contracts/interfaces/dialects/IDocsDraftNFT.sol";
import {IAttestorSet} from "../../../contracts/interfaces/IAttestorSet.sol";
import {IERC7857, IntelligentData} from "../../../contracts/interfaces/IERC7857.sol";
import {IERC7857DataVerifier, TransferValidityProof} from "../../../contracts/interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../../../contracts/interfaces/IINFT.sol";
import {TransferProof} from "../../../contracts/verifier/TransferProof.sol";
import {Account} from "./Account.sol";
import {VM} from "./Vm.sol";
import {Inferences} from "./Inferences.sol";

/// @notice Does at random what owners, buyers, attestors, strangers and time do to the collections of the model. Nothing
/// here may revert: what must fail is tried, and must fail.
contract Handler is Inferences {
    /// @dev The ABI of a delivery.
    enum Dialect {
        FINAL,
        BATCH,
        AGENT_NFT,
        DOCS_DRAFT
    }

    // --- Minting ------------------------------------------------------------------------------------------------

    function mint(uint256 seed, uint256 to, uint256 count, uint256 keys) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        if (_room(c) < 4) return; // the rest is for clones
        Actor storage receiver = actors[to % ACTORS];
        IntelligentData[] memory datas = _newDatas(count % 4, seed);
        VM.prank(_anyone(seed));
        uint256 id =
            keys % 2 == 0
                ? _collections[c].mintWithKeys(datas, _keysOf(datas), receiver.account)
                : _collections[c].mint(datas, receiver.account);
        require(id == ++_lastId[c], "not the next id");
        _modelMint(c, id, receiver.account, datas);
        ++done["mint"];
        if (receiver.isContract) {
            bytes32 seen = Account(receiver.account).dataWhenReceived();
            require(seen == keccak256(abi.encode(datas)), "called before its data was written");
        }
    }

    function mintBatch(uint256 seed, uint256 to) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        if (_room(c) < 4) return;
        IINFT.MintItem[] memory items = new IINFT.MintItem[](2);
        for (uint256 i = 0; i < items.length; ++i) {
            items[i].datas = _newDatas(i + 1, seed);
            items[i].sealedKeys = _keysOf(items[i].datas);
            items[i].to = actors[((to % ACTORS) + i) % ACTORS].account;
        }
        uint256[] memory ids = _collections[c].mintBatch(items);
        for (uint256 i = 0; i < items.length; ++i) {
            require(ids[i] == ++_lastId[c], "not the next id");
            _modelMint(c, ids[i], items[i].to, items[i].datas);
        }
    }

    // --- Proven transfers and clones ----------------------------------------------------------------------------

    function transfer(uint256 seed, uint256 which, uint256 to, uint256 dialect) external observed(seed) {
        _deliver(seed, which, to, TransferProof.TRANSFER, Dialect(dialect % 4));
    }

    function clone(uint256 seed, uint256 which, uint256 to, uint256 dialect) external observed(seed) {
        if (_room(seed % COLLECTIONS) == 0) return;
        _deliver(seed, which, to, TransferProof.CLONE, Dialect(dialect % 4));
    }

    function stage(uint256 seed, uint256 which, uint256 to) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _dataToken(c, which);
        uint256[] memory signers = _activeAttestors();
        if (!found || signers.length < THRESHOLD) return;
        Token storage token = _tokens[c][id];
        Delivery memory delivery = _delivery(c, id, to, TransferProof.TRANSFER, seed);
        TransferValidityProof[] memory proofs = _finalProofs(delivery, _first(signers, THRESHOLD), seed % 2 == 0);
        bytes memory call = abi.encodeCall(IINFT.stageTransfer, (actors[delivery.to].account, id, proofs));
        address caller = _authorisedCaller(c, token, seed);
        _mustSucceed(caller, c, call);
        bytes memory otherAction = _finalCall(_otherAction(delivery), token.owner, proofs, Dialect.FINAL);
        _accepted.push(Accepted(c, id, token.sequence, caller, call, otherAction));
        (token.stagedFor, token.stagedUntil) = (actors[delivery.to].account, delivery.deadline);
        token.stagedHashes = delivery.newHashes;
        ++done["staging"];
    }

    function unstage(uint256 seed, uint256 which) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _dataToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        address caller = _authorisedCaller(c, token, seed);
        bytes memory call = abi.encodeCall(IINFT.unstageTransfer, (id));
        if (token.stagedFor == address(0)) {
            return _mustFail(caller, c, call, IINFT.ERC7857NothingStaged.selector);
        }
        _mustSucceed(caller, c, call);
        _endStage(token);
        ++done["staging taken back"];
    }

    /// @dev A plain transfer, as any market makes it: of a token without data, or of one staged for exactly `to`.
    function plainTransfer(uint256 seed, uint256 which, uint256 to, uint256 safe) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = seed % 3 == 0 ? _anyToken(c, which) : _stagedToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        address receiver =
            token.stagedFor != address(0) && seed % 4 != 0 ? token.stagedFor : actors[to % ACTORS].account;
        address caller = _authorisedCaller(c, token, seed);
        bytes memory call =
            safe % 2 == 0
                ? abi.encodeWithSignature("safeTransferFrom(address,address,uint256)", token.owner, receiver, id)
                : abi.encodeCall(IERC721.transferFrom, (token.owner, receiver, id));
        if (token.hashes.length != 0) {
            if (token.stagedFor != receiver) {
                return _mustFail(caller, c, call, IINFT.ERC7857TransferNeedsProof.selector);
            }
            if (block.timestamp > token.stagedUntil) {
                ++done["late completion refused"];
                return _mustFail(caller, c, call, IINFT.ERC7857StageExpired.selector);
            }
        }
        uint256 published = token.keysPublished;
        _mustSucceed(caller, c, call);
        ++done[token.hashes.length == 0 ? "plain transfer" : "staged transfer"];
        if (token.hashes.length != 0) token.hashes = token.stagedHashes;
        _modelMove(token, receiver);
        _observe(c);
        require(token.keysPublished == published + (token.hashes.length == 0 ? 0 : 1), "keys not published once");
    }

    /// @dev One signature too few, one twice, two in the wrong order, or one of somebody who is no attestor now.
    function tooFewAttestors(uint256 seed, uint256 which, uint256 to, uint256 how) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _dataToken(c, which);
        uint256[] memory active = _activeAttestors();
        if (!found || active.length < THRESHOLD) return;
        Delivery memory delivery = _delivery(c, id, to, TransferProof.TRANSFER, seed);
        uint256[] memory signers = _first(active, THRESHOLD);
        bytes4 expected = IAttestorSet.AttestorOrder.selector;
        how %= 4;
        ++done["too few attestors refused"];
        if (how == 0) {
            signers = _first(active, THRESHOLD - 1);
            expected = IAttestorSet.AttestorSignatureCount.selector;
        } else if (how == 1) {
            signers[1] = signers[0];
        } else if (how == 2) {
            (signers[0], signers[1]) = (signers[1], signers[0]);
        } else {
            uint256 outsider = _inactiveAttestor(seed);
            signers[outsider < signers[0] ? 0 : 1] = outsider;
            expected = IAttestorSet.AttestorNotActive.selector;
        }
        address owner = _tokens[c][id].owner;
        if (seed % 3 == 0) {
            _mustFail(owner, c, _agentCall(delivery, owner, _agentProofs(delivery, signers)), expected);
        } else {
            TransferValidityProof[] memory proofs = _finalProofs(delivery, signers, false);
            _mustFail(owner, c, _finalCall(delivery, owner, proofs, Dialect(seed % 3 == 1 ? 0 : 3)), expected);
        }
    }

    // --- What owners do -----------------------------------------------------------------------------------------

    function update(uint256 seed, uint256 which, uint256 count, uint256 keys) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        IntelligentData[] memory datas = _newDatas(count % 4, seed);
        address caller = _authorisedCaller(c, token, seed);
        VM.prank(caller);
        if (keys % 2 == 0) _collections[c].update(id, datas, _keysOf(datas));
        else _collections[c].update(id, datas);
        ++token.sequence;
        _endStage(token);
        _setData(token, datas);
    }

    function updateHashes(uint256 seed, uint256 which, uint256 keys) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        bytes32[] memory hashes = _newHashes(token.hashes.length);
        address caller = _authorisedCaller(c, token, seed);
        VM.prank(caller);
        _collections[c].updateHashes(id, hashes, keys % 2 == 0 ? _keysOf(hashes) : new bytes[](0));
        ++token.sequence;
        _endStage(token);
        token.hashes = hashes;
    }

    function approve(uint256 seed, uint256 which, uint256 to, uint256 none) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        token.approved = none % 3 == 0 ? address(0) : actors[to % ACTORS].account;
        VM.prank(token.owner);
        _collections[c].approve(token.approved, id);
    }

    function setOperator(uint256 seed, uint256 owner, uint256 operator, uint256 approved) external {
        uint256 c = seed % COLLECTIONS;
        address from = actors[owner % ACTORS].account;
        address to = actors[operator % ACTORS].account;
        _operators[c][from][to] = approved % 2 == 0;
        VM.prank(from);
        _collections[c].setApprovalForAll(to, approved % 2 == 0);
    }

    function delegate(uint256 actor, uint256 to, uint256 none) external {
        (actor, to) = (actor % ACTORS, to % ACTORS);
        if (actors[actor].isContract) return; // it is asked before its delegate would be
        bool ends = none % 2 == 0;
        delegateOf[actor] = ends ? 0 : to + 1;
        for (uint256 c = 0; c < COLLECTIONS; ++c) {
            VM.prank(actors[actor].account);
            _collections[c].delegateAccess(ends ? address(0) : actors[to].account);
        }
    }

    function authorise(uint256 seed, uint256 which, uint256 user, uint256 lasting) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        address account = _user(user);
        address caller = _authorisedCaller(c, token, seed);
        uint40 expiry = lasting % 3 == 0 ? 0 : uint40(block.timestamp + (lasting % 3 hours) + 1);
        bytes memory call =
            lasting % 6 == 0
                ? abi.encodeCall(IERC7857.authorizeUsage, (id, account))
                : abi.encodeCall(IINFT.authorizeUsageWith, (id, account, expiry, uint24(lasting)));
        if (account == token.owner) {
            return _mustFail(caller, c, call, IINFT.ERC7857InvalidAuthorizedUser.selector);
        }
        _mustSucceed(caller, c, call);
        _authorise(token, account, expiry == 0 ? FOREVER : expiry);
        ++done["authorisation"];
    }

    function batchAuthorise(uint256 seed, uint256 which, uint256 user) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        address[] memory users = new address[](3);
        for (uint256 i = 0; i < 3; ++i) users[i] = address(uint160(0xbeef00 + ((user % 4) + (i % 2)))); // one twice
        VM.prank(token.owner);
        _collections[c].batchAuthorizeUsage(id, users);
        for (uint256 i = 0; i < 3; ++i) _authorise(token, users[i], FOREVER);
    }

    function revoke(uint256 seed, uint256 which, uint256 user) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        address account = token.users.length == 0 ? _user(user) : token.users[user % token.users.length];
        address caller = _authorisedCaller(c, token, seed);
        bytes memory call = abi.encodeCall(IERC7857.revokeAuthorization, (id, account));
        if (!_mayUse(token, account)) return _mustFail(caller, c, call, IINFT.ERC7857NotAuthorized.selector);
        _mustSucceed(caller, c, call);
        token.until[account] = 0;
        ++done["revocation"];
    }

    function clear(uint256 seed, uint256 which) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        Token storage token = _tokens[c][id];
        address caller = _authorisedCaller(c, token, seed);
        _mustSucceed(caller, c, abi.encodeCall(IINFT.clearAuthorizedUsers, (id)));
        _newEpoch(token);
    }

    function burn(uint256 seed, uint256 which) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found || (_room(c) > 2 && seed % 3 != 0)) return; // else nothing would ever grow old
        Token storage token = _tokens[c][id];
        address caller = _authorisedCaller(c, token, seed);
        _mustSucceed(caller, c, abi.encodeCall(IINFT.burn, (id)));
        ++done["burn"];
        delete token.hashes;
        token.descriptions = 0;
        _modelMove(token, address(0));
    }

    // --- What others do -----------------------------------------------------------------------------------------

    /// @dev Who is none of owner, approved and operator may do nothing.
    function strangerActs(uint256 seed, uint256 which, uint256 how) external {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _anyToken(c, which);
        if (!found) return;
        address stranger = address(0x57a);
        address to = actors[seed % ACTORS].account;
        bytes[10] memory calls = [
            abi.encodeCall(IERC721.transferFrom, (_tokens[c][id].owner, to, id)),
            abi.encodeCall(IERC7857.approve, (to, id)),
            abi.encodeCall(IINFT.burn, (id)),
            abi.encodeCall(IINFT.clearAuthorizedUsers, (id)),
            abi.encodeCall(IERC7857.authorizeUsage, (id, stranger)),
            abi.encodeCall(IERC7857.revokeAuthorization, (id, _user(seed))),
            abi.encodeCall(IINFT.unstageTransfer, (id)),
            abi.encodeCall(IINFT.updateHashes, (id, new bytes32[](0), new bytes[](0))),
            abi.encodeCall(IERC7857.iTransfer, (to, id, new TransferValidityProof[](1))),
            abi.encodeCall(IERC7857.iClone, (to, id, new TransferValidityProof[](1)))
        ];
        VM.prank(stranger);
        (bool success, ) = address(_collections[c]).call(calls[how % calls.length]);
        require(!success, "a stranger acted");
    }

    /// @dev Time comes first here, or a joining attestor would hardly ever count.
    function pass(uint256 time) external {
        VM.warp(block.timestamp + (time % 2 hours));
        VM.roll(block.number + 1);
    }

    function rotateAttestor(uint256 which, uint256 validity) external {
        address attestor = VM.addr(attestorKeys[which % ATTESTORS]);
        if (_validUntil[attestor] != 0) {
            VERIFIER.removeAttestor(attestor);
            (_activeFrom[attestor], _validUntil[attestor]) = (0, 0);
        } else {
            uint48 activeFrom = uint48(block.timestamp + ROTATION_DELAY);
            uint48 validUntil = activeFrom + 1 + uint48(validity % 1 days);
            VERIFIER.scheduleAttestor(attestor, validUntil, "");
            (_activeFrom[attestor], _validUntil[attestor]) = (activeFrom, validUntil);
        }
    }

    // --- Deliveries ---------------------------------------------------------------------------------------------

    /// @dev 8: before the owner sends them, a stranger has the same proofs verified, and changes nothing by it.
    function _deliver(uint256 seed, uint256 which, uint256 to, uint8 action, Dialect dialect) private {
        uint256 c = seed % COLLECTIONS;
        (uint256 id, bool found) = _dataToken(c, which);
        uint256[] memory signers = _activeAttestors();
        if (!found || signers.length < THRESHOLD) return;
        Token storage token = _tokens[c][id];
        Delivery memory delivery = _delivery(c, id, to, action, seed);
        signers = _first(signers, THRESHOLD);
        bytes memory call;
        bytes memory otherAction;
        if (dialect == Dialect.AGENT_NFT) {
            IAgentNFT.TransferValidityProof[] memory proofs = _agentProofs(delivery, signers);
            call = _agentCall(delivery, token.owner, proofs);
            otherAction = _agentCall(_otherAction(delivery), token.owner, proofs);
        } else {
            TransferValidityProof[] memory proofs = _finalProofs(delivery, signers, seed % 2 == 0);
            call = _finalCall(delivery, token.owner, proofs, dialect);
            otherAction = _finalCall(_otherAction(delivery), token.owner, proofs, dialect);
            VM.prank(address(0x57a));
            (bool verified, ) = address(VERIFIER).call(
                abi.encodeCall(IERC7857DataVerifier.verifyTransferValidity, (proofs))
            );
            require(!verified, "verified for a stranger, as if it were the token");
            VM.prank(address(_collections[c]));
            IERC7857DataVerifier(address(VERIFIER)).verifyTransferValidity(proofs);
        }
        address caller = _authorisedCaller(c, token, seed);
        uint256 published = token.keysPublished;
        bytes memory answer = _mustSucceed(caller, c, call);
        _accepted.push(Accepted(c, id, token.sequence, caller, call, otherAction));
        ++delivered[action][uint256(dialect)][c];
        if (action == TransferProof.TRANSFER) {
            token.hashes = delivery.newHashes;
            _modelMove(token, actors[delivery.to].account);
        } else {
            ++token.sequence;
            _endStage(token);
            uint256 cloneId = abi.decode(answer, (uint256));
            require(cloneId == ++_lastId[c], "not the next id");
            _modelClone(c, cloneId, actors[delivery.to].account, delivery.newHashes, token.descriptions);
            (id, published) = (cloneId, 0);
        }
        _observe(c);
        require(_tokens[c][id].keysPublished == published + 1, "keys not published once");
    }

    function _delivery(
        uint256 c,
        uint256 id,
        uint256 to,
        uint8 action,
        uint256 seed
    ) private returns (Delivery memory) {
        uint48 deadline = uint48(block.timestamp + (seed % 6 hours));
        return Delivery(_collections[c], action, id, to % ACTORS, deadline, _newHashes(_tokens[c][id].hashes.length));
    }

    function _finalCall(
        Delivery memory delivery,
        address from,
        TransferValidityProof[] memory proofs,
        Dialect dialect
    ) private view returns (bytes memory) {
        (address to, uint256 id) = (actors[delivery.to].account, delivery.tokenId);
        bool clones = delivery.action == TransferProof.CLONE;
        if (dialect == Dialect.DOCS_DRAFT) {
            bytes memory key = proofs[0].ownershipProof.sealedKey;
            return
                clones
                    ? abi.encodeCall(IDocsDraftNFT.clone, (to, id, key, abi.encode(proofs)))
                    : abi.encodeCall(IDocsDraftNFT.transfer, (from, to, id, key, abi.encode(proofs)));
        }
        if (clones) return abi.encodeCall(IERC7857.iClone, (to, id, proofs));
        if (dialect == Dialect.FINAL) return abi.encodeCall(IERC7857.iTransfer, (to, id, proofs));
        IINFT.TransferItem[] memory items = new IINFT.TransferItem[](1);
        items[0] = IINFT.TransferItem(to, id, proofs);
        return abi.encodeCall(IINFT.iTransferBatch, (items));
    }

    function _agentCall(
        Delivery memory delivery,
        address from,
        IAgentNFT.TransferValidityProof[] memory proofs
    ) private view returns (bytes memory) {
        (address to, uint256 id) = (actors[delivery.to].account, delivery.tokenId);
        return
            delivery.action == TransferProof.CLONE
                ? abi.encodeCall(IAgentNFT.iCloneFrom, (from, to, id, proofs))
                : abi.encodeCall(IAgentNFT.iTransferFrom, (from, to, id, proofs));
    }

    /// @dev The same receiver and token for the other action: what its proofs must not serve for.
    function _otherAction(Delivery memory delivery) private pure returns (Delivery memory other) {
        other = Delivery(
            delivery.token,
            delivery.action == TransferProof.CLONE ? TransferProof.TRANSFER : TransferProof.CLONE,
            delivery.tokenId,
            delivery.to,
            delivery.deadline,
            delivery.newHashes
        );
    }
}
