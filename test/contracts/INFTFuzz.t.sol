// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAgentNFT} from "../../contracts/interfaces/dialects/IAgentNFT.sol";
import {IERC7857} from "../../contracts/interfaces/IERC7857.sol";
import {OracleType, TransferValidityProof} from "../../contracts/interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../../contracts/interfaces/IINFT.sol";
import {TransferProof} from "../../contracts/verifier/TransferProof.sol";
import {Model} from "./invariants/Model.sol";
import {VM} from "./invariants/Vm.sol";

/// @notice Properties of one transfer, for any proof: what is changed about it makes it worthless, and the token stays as
/// it was.
contract INFTFuzzTest is Model {
    uint256 private constant OWNER = 0;
    uint256 private constant BUYER = 1;
    uint256 private constant GAS_TOLERANCE = 500;
    /// @dev Written out: the compiler takes the id of the chain for one that cannot change within a call.
    uint256 private constant CHAIN = 31337;

    function testFuzz_AProofWithAnyBitFlippedIsRefused(
        uint8 count,
        uint256 collection,
        uint256 entry,
        uint256 field,
        uint256 bit
    ) external {
        (uint256 c, uint256 id) = _minted(collection, count);
        TransferValidityProof[] memory proofs = _proofs(c, id);
        _flip(proofs[entry % proofs.length], field % 12, bit);
        _mustLeaveAsItWas(c, id, abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, proofs)));
    }

    function testFuzz_AProofOfAgentNFTWithAnyBitFlippedIsRefused(
        uint8 count,
        uint256 entry,
        uint256 field,
        uint256 bit
    ) external {
        (uint256 c, uint256 id) = _minted(0, count);
        IAgentNFT.TransferValidityProof[] memory proofs = _agentProofs(_deliveryOf(c, id), _signers());
        _flip(proofs[entry % proofs.length], field % 10, bit);
        _mustLeaveAsItWas(
            c,
            id,
            abi.encodeCall(IAgentNFT.iTransferFrom, (actors[OWNER].account, actors[BUYER].account, id, proofs))
        );
    }

    function testFuzz_ProofsInAnotherOrderOrNumberAreRefused(
        uint8 count,
        uint256 collection,
        uint256 first,
        uint256 second,
        uint256 kept
    ) external {
        (uint256 c, uint256 id) = _minted(collection, count);
        TransferValidityProof[] memory proofs = _proofs(c, id);
        (first, second) = (first % proofs.length, second % proofs.length);
        if (first != second) {
            (proofs[first], proofs[second]) = (proofs[second], proofs[first]);
            _mustLeaveAsItWas(c, id, abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, proofs)));
            (proofs[first], proofs[second]) = (proofs[second], proofs[first]);
        }
        kept %= proofs.length + 2;
        TransferValidityProof[] memory others = new TransferValidityProof[](kept);
        for (uint256 i = 0; i < kept; ++i) others[i] = proofs[i % proofs.length];
        if (kept == proofs.length) return;
        _mustLeaveAsItWas(c, id, abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, others)));
    }

    function testFuzz_AProofServesNoOtherReceiverTokenOrChain(uint256 collection, uint8 to, uint64 chain) external {
        (uint256 c, uint256 id) = _minted(collection, 1);
        TransferValidityProof[] memory proofs = _proofs(c, id);
        if (to % ACTORS != BUYER) {
            _mustLeaveAsItWas(c, id, abi.encodeCall(IERC7857.iTransfer, (actors[to % ACTORS].account, id, proofs)));
        }
        // Its twin: same owner, same hash, same sequence.
        uint256 twin = _collections[c].mint(_collections[c].intelligentDataOf(id), actors[OWNER].account);
        _mustLeaveAsItWas(c, twin, abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, twin, proofs)));

        VM.assume(chain != CHAIN && chain != 0);
        VM.chainId(chain);
        _mustLeaveAsItWas(c, id, abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, proofs)));
        VM.chainId(CHAIN);
        _mustSucceed(actors[OWNER].account, c, abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, proofs)));
    }

    function testFuzz_AProofHoldsUpToItsDeadline(uint256 collection, uint32 late) external {
        (uint256 c, uint256 id) = _minted(collection, 1);
        TransferValidityProof[] memory proofs = _proofs(c, id);
        bytes memory call = abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, proofs));
        uint256 deadline = block.timestamp + 1 hours;
        VM.warp(deadline + 1 + (late % 300 days));
        _mustLeaveAsItWas(c, id, call);
        VM.warp(deadline);
        _mustSucceed(actors[OWNER].account, c, call);
    }

    function testFuzz_ATransferCostsTheSameHoweverManyUsersThereAre(uint8 users) external {
        (uint256 c, uint256 lonely) = _minted(0, 1);
        (, uint256 crowded) = _minted(0, 1);
        for (uint256 i = 1; i <= uint256(users) + 1; ++i) {
            VM.prank(actors[OWNER].account);
            _collections[c].authorizeUsage(crowded, address(uint160(0xc0de0000 + i)));
        }
        (, uint256 first) = _minted(0, 1);
        _spent(c, first); // finds everything cold, and the buyer without a token
        uint256 without = _spent(c, lonely);
        uint256 with = _spent(c, crowded);
        uint256 difference = with > without ? with - without : without - with;
        require(difference <= GAS_TOLERANCE, "users cost");
        require(_collections[c].authorizedUsersOf(crowded).length == 0, "users survived");
    }

    // --- One token, its owner and its buyer ---------------------------------------------------------------------

    function _minted(uint256 collection, uint8 count) private returns (uint256 c, uint256 id) {
        c = collection % COLLECTIONS;
        id = _collections[c].mint(_newDatas((count % 3) + 1, 1), actors[OWNER].account);
    }

    function _deliveryOf(uint256 c, uint256 id) private returns (Delivery memory) {
        uint256 count = _collections[c].tokenStateOf(id).dataCount;
        uint48 deadline = uint48(block.timestamp + 1 hours);
        return Delivery(_collections[c], TransferProof.TRANSFER, id, BUYER, deadline, _newHashes(count));
    }

    function _proofs(uint256 c, uint256 id) private returns (TransferValidityProof[] memory) {
        return _finalProofs(_deliveryOf(c, id), _signers(), false);
    }

    function _signers() private returns (uint256[] memory) {
        return _first(_activeAttestors(), THRESHOLD);
    }

    function _mustLeaveAsItWas(uint256 c, uint256 id, bytes memory call) private {
        bytes32 before = _snapshot(c, id);
        VM.prank(actors[OWNER].account);
        (bool success, ) = address(_collections[c]).call(call);
        require(!success, "was accepted");
        require(_snapshot(c, id) == before, "changed the token");
    }

    function _snapshot(uint256 c, uint256 id) private view returns (bytes32) {
        IINFT nft = _collections[c];
        return keccak256(abi.encode(nft.tokenStateOf(id), nft.intelligentDataOf(id), nft.getApproved(id)));
    }

    function _spent(uint256 c, uint256 id) private returns (uint256) {
        bytes memory call = abi.encodeCall(IERC7857.iTransfer, (actors[BUYER].account, id, _proofs(c, id)));
        VM.prank(actors[OWNER].account);
        uint256 before = gasleft();
        (bool success, ) = address(_collections[c]).call(call);
        uint256 spent = before - gasleft();
        require(success, "refused");
        return spent;
    }

    // --- Flips --------------------------------------------------------------------------------------------------

    function _flip(TransferValidityProof memory proof, uint256 field, uint256 bit) private pure {
        if (field == 0) proof.accessProof.oldDataHash = _flipped(proof.accessProof.oldDataHash, bit);
        else if (field == 1) proof.accessProof.newDataHash = _flipped(proof.accessProof.newDataHash, bit);
        else if (field == 2) proof.accessProof.nonce = _flipped(proof.accessProof.nonce, bit);
        else if (field == 3) proof.accessProof.encryptedPubKey = _flipped(proof.accessProof.encryptedPubKey, bit);
        else if (field == 4) proof.accessProof.proof = _flipped(proof.accessProof.proof, _notShorter(bit));
        else if (field == 5) proof.ownershipProof.oracleType = OracleType.ZKP;
        else if (field == 6) proof.ownershipProof.oldDataHash = _flipped(proof.ownershipProof.oldDataHash, bit);
        else if (field == 7) proof.ownershipProof.newDataHash = _flipped(proof.ownershipProof.newDataHash, bit);
        else if (field == 8) proof.ownershipProof.sealedKey = _flipped(proof.ownershipProof.sealedKey, bit);
        else if (field == 9) proof.ownershipProof.encryptedPubKey = _flipped(proof.ownershipProof.encryptedPubKey, bit);
        else if (field == 10) proof.ownershipProof.nonce = _flipped(proof.ownershipProof.nonce, bit);
        else proof.ownershipProof.proof = _flipped(proof.ownershipProof.proof, bit);
    }

    function _flip(IAgentNFT.TransferValidityProof memory proof, uint256 field, uint256 bit) private pure {
        if (field == 0) proof.accessProof.dataHash = _flipped(proof.accessProof.dataHash, bit);
        else if (field == 1) proof.accessProof.targetPubkey = _flipped(proof.accessProof.targetPubkey, bit);
        else if (field == 2) proof.accessProof.nonce = _flipped(proof.accessProof.nonce, bit);
        else if (field == 3) proof.accessProof.proof = _flipped(proof.accessProof.proof, _notShorter(bit));
        else if (field == 4) proof.ownershipProof.oracleType = OracleType.ZKP;
        else if (field == 5) proof.ownershipProof.dataHash = _flipped(proof.ownershipProof.dataHash, bit);
        else if (field == 6) proof.ownershipProof.sealedKey = _flipped(proof.ownershipProof.sealedKey, bit);
        else if (field == 7) proof.ownershipProof.targetPubkey = _flipped(proof.ownershipProof.targetPubkey, bit);
        else if (field == 8) proof.ownershipProof.nonce = _flipped(proof.ownershipProof.nonce, bit);
        else proof.ownershipProof.proof = _flipped(proof.ownershipProof.proof, bit);
    }

    function _flipped(bytes32 value, uint256 bit) private pure returns (bytes32) {
        return value ^ bytes32(1 << (bit % 256));
    }

    /// @dev Without its last byte, a signature may be itself in the form of ERC-2098, and is as good.
    function _notShorter(uint256 bit) private pure returns (uint256) {
        return bit % 7 == 1 ? bit - 1 : bit;
    }

    /// @dev Or a byte longer, where there is nothing to flip and now and then elsewhere; now and then a byte shorter.
    function _flipped(bytes memory value, uint256 bit) private pure returns (bytes memory) {
        if (value.length == 0 || bit % 7 == 0) return bytes.concat(value, bytes1(uint8(bit)));
        if (bit % 7 == 1) {
            assembly ("memory-safe") {
                mstore(value, sub(mload(value), 1))
            }
            return value;
        }
        bit = (bit / 7) % (value.length * 8);
        value[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        return value;
    }
}
