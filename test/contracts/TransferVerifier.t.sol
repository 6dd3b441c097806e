// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestorSet} from "../../contracts/interfaces/IAttestorSet.sol";
import {
    AccessProof,
    OracleType,
    OwnershipProof,
    TransferValidityProof,
    TransferValidityProofOutput
} from "../../contracts/interfaces/IERC7857DataVerifier.sol";
import {ProofContext} from "../../contracts/interfaces/ITransferVerifier.sol";
import {TransferVerifier} from "../../contracts/verifier/TransferVerifier.sol";

interface Vm {
    function addr(uint256 privateKey) external returns (address);
    function sign(uint256 privateKey, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 timestamp) external;
    function prank(address sender) external;
}

/// @notice Properties that hold for any transfer, any change of its proofs, and any choice of attestors. The test stands
/// where the token stands. Digests are built a second time here, from the types as {ITransferVerifier} states them.
contract TransferVerifierTest {
    Vm private constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    uint256 private constant START = 1_800_000_000;
    uint256 private constant ATTESTORS = 5;
    uint256 private constant THRESHOLD = 3;
    uint256 private constant DELAY = 1 days;
    uint256 private constant RECEIVER = uint256(keccak256("the receiver"));
    /// @dev X and Y of its public key, which no cheatcode here computes.
    bytes private constant RECEIVER_KEY =
        hex"a858ca53d97f27b1e7f38975ea6f94b1f3227d8f466229fad03b5b5dad667b2d"
        hex"2d311c2b114151395da4234275d80a9819dffda168ef0656edb191f588d0bd02";

    TransferVerifier private _verifier;
    /// @dev By ascending address.
    uint256[] private _attestorKeys;
    address private _receiver;

    function setUp() external {
        VM.warp(START);
        for (uint256 i = 0; i < ATTESTORS; ++i) _attestorKeys.push(uint256(keccak256(abi.encode("attestor", i))));
        _sortByAddress(_attestorKeys);
        IAttestorSet.AttestorConfig[] memory configs = new IAttestorSet.AttestorConfig[](ATTESTORS);
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            configs[i] = IAttestorSet.AttestorConfig(VM.addr(_attestorKeys[i]), uint48(START + 30 days), "");
        }
        _verifier = new TransferVerifier(address(this), THRESHOLD, DELAY, configs);
        _receiver = VM.addr(RECEIVER);
    }

    /// @dev The verifier asks its caller.
    function getDelegateAccess(address) external pure returns (address) {
        return address(0);
    }

    function testFuzz_AGenuineTransferIsAcceptedAtBothEntries(
        uint256 tokenId,
        uint24 sequence,
        bool clone,
        uint256 seed
    ) external {
        ProofContext memory context = ProofContext(clone ? 2 : 1, tokenId, sequence, _receiver);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        require(_direct(context, proofs) == 0, "refused");
        TransferValidityProofOutput[] memory outputs = _verifier.verifyTransferValidity(proofs);
        require(outputs.length == proofs.length, "another number");
        for (uint256 i = 0; i < outputs.length; ++i) {
            bytes memory expected = abi.encode(
                TransferValidityProofOutput(
                    proofs[i].ownershipProof.oldDataHash,
                    proofs[i].ownershipProof.newDataHash,
                    proofs[i].ownershipProof.sealedKey,
                    RECEIVER_KEY,
                    "",
                    _receiver,
                    proofs[0].accessProof.nonce,
                    proofs[0].ownershipProof.nonce
                )
            );
            require(keccak256(abi.encode(outputs[i])) == keccak256(expected), "another output");
        }
    }

    function testFuzz_NoFlippedBitOfAnyFieldIsAccepted(
        uint256 seed,
        uint256 entry,
        uint256 field,
        uint256 bit
    ) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        TransferValidityProof memory proof = proofs[entry % proofs.length];
        field %= 13;
        if (field == 0) proof.accessProof.oldDataHash ^= bytes32(1 << (bit % 256));
        if (field == 1) proof.accessProof.newDataHash ^= bytes32(1 << (bit % 256));
        if (field == 2) proof.ownershipProof.oldDataHash ^= bytes32(1 << (bit % 256));
        if (field == 3) proof.ownershipProof.newDataHash ^= bytes32(1 << (bit % 256));
        if (field == 4) proof.ownershipProof.oracleType = OracleType.ZKP;
        if (field == 12) {
            proofs[0].accessProof.nonce = _flipped(proofs[0].accessProof.nonce, bit);
            proofs[0].ownershipProof.nonce = proofs[0].accessProof.nonce;
        } else if (field > 4) _setBytesOf(proof, field - 5, _flipped(_bytesOf(proof, field - 5), bit));
        _requireRefused(context, proofs);
    }

    function testFuzz_NoByteIsAddedToOrTakenFromAnyField(
        uint256 seed,
        uint256 entry,
        uint256 field,
        bytes1 added
    ) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        TransferValidityProof memory proof = proofs[entry % proofs.length];
        bytes memory value = _bytesOf(proof, field % 7);
        // A receiver's signature without its last byte may be the same in the 64 bytes of ERC-2098.
        bool shorter = seed & 16 == 0 && value.length != 0 && field % 7 != 2;
        _setBytesOf(proof, field % 7, shorter ? _slice(value, 0, value.length - 1) : bytes.concat(value, added));
        _requireRefused(context, proofs);
    }

    function testFuzz_NoByteMovesFromOneFieldToTheNext(uint256 seed, uint256 entry, uint256 field, bool back) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        TransferValidityProof memory proof = proofs[entry % proofs.length];
        field %= 6;
        bytes memory left = _bytesOf(proof, field);
        bytes memory right = _bytesOf(proof, field + 1);
        bytes memory both = bytes.concat(left, right);
        uint256 cut = left.length;
        if (back && right.length != 0) ++cut;
        else if (cut != 0) --cut;
        else return; // two empty fields have nothing to move
        _setBytesOf(proof, field, _slice(both, 0, cut));
        _setBytesOf(proof, field + 1, _slice(both, cut, both.length));
        _requireRefused(context, proofs);
    }

    function testFuzz_NoTwoEntriesChangePlaces(uint256 seed, uint256 i, uint256 j) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        (i, j) = (i % proofs.length, j % proofs.length);
        if (i == j) return;
        // What counts for all stays in front.
        (proofs[i].accessProof.oldDataHash, proofs[j].accessProof.oldDataHash) = (
            proofs[j].accessProof.oldDataHash,
            proofs[i].accessProof.oldDataHash
        );
        (proofs[i].ownershipProof, proofs[j].ownershipProof) = (
            _withCommon(proofs[j].ownershipProof, proofs[i].ownershipProof),
            _withCommon(proofs[i].ownershipProof, proofs[j].ownershipProof)
        );
        (proofs[i].accessProof.newDataHash, proofs[j].accessProof.newDataHash) = (
            proofs[j].accessProof.newDataHash,
            proofs[i].accessProof.newDataHash
        );
        _requireRefused(context, proofs);
    }

    function testFuzz_NoOtherNumberOfEntriesIsAccepted(uint256 seed, uint8 count) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        if (count == proofs.length) return;
        TransferValidityProof[] memory other = new TransferValidityProof[](count);
        for (uint256 i = 0; i < count; ++i) other[i] = proofs[i < proofs.length ? i : proofs.length - 1];
        _requireRefused(context, other);
    }

    function testFuzz_ItsTermsAreTheCallers(
        uint256 seed,
        uint8 action,
        uint256 tokenId,
        uint256 sequence,
        address to
    ) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        ProofContext memory other = ProofContext(action, tokenId, sequence, to);
        if (seed % 2 == 0) {
            // One term apart, which is harder to tell.
            other = ProofContext(context.action, context.tokenId, context.sequence, context.to);
            uint256 term = (seed >> 1) % 4;
            if (term == 0) other.action = action;
            if (term == 1) other.tokenId = tokenId;
            if (term == 2) other.sequence = sequence;
            if (term == 3) other.to = to;
        }
        bool same = keccak256(abi.encode(other)) == keccak256(abi.encode(context));
        require((_direct(other, proofs) == 0) == same, "accepted for another");
    }

    function testFuzz_NoOtherCallerIsServed(uint256 seed, address other) external {
        if (other == address(this)) return;
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        VM.prank(other);
        require(_direct(context, proofs) != 0, "served another token");
    }

    function testFuzz_ADeadlineHoldsToItsSecond(uint256 seed, uint48 past) external {
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        uint256 time = START + 1 days + (past % 3);
        VM.warp(time);
        require((_direct(context, proofs) == 0) == (time <= START + 1 days), "another end");
    }

    /// @dev Any signatures of any of eight keys, five of which are attestors that may be removed, expired or to come.
    function testFuzz_OnlyExactlyEnoughDistinctActiveAttestorsSuffice(
        uint256 seed,
        uint8[5] calldata states,
        uint256 picks,
        uint8 count
    ) external {
        uint256 active = _arrange(states);
        ProofContext memory context = _context(seed);
        TransferValidityProof[] memory proofs = _genuine(context, seed);
        bytes32 digest = _ownershipDigest(context, proofs);

        // Half of the time in ascending order, which drawing alone rarely gives.
        bool ordered = picks >> 255 == 1;
        if (!ordered || seed & 32 == 0) count = uint8(count % (ATTESTORS + 1));
        else count = uint8(THRESHOLD);
        bytes memory signatures;
        bool good = count == THRESHOLD;
        uint256 next = 0; // the lowest that may follow
        for (uint256 i = 0; i < count; ++i) {
            uint256 draw = (picks >> (8 * i)) & 0xff;
            uint256 picked = ordered ? next + (draw % 2) : draw % (ATTESTORS + 1);
            good = good && picked < ATTESTORS && (active >> picked) & 1 == 1 && picked >= next;
            next = picked + 1;
            uint256 key = picked < ATTESTORS ? _attestorKeys[picked] : uint256(keccak256("a stranger"));
            signatures = bytes.concat(signatures, _sign(key, digest));
        }
        proofs[0].ownershipProof.proof = signatures;
        require((_direct(context, proofs) == 0) == good, good ? "refused" : "accepted");
    }

    /// @dev Removes, lets expire or schedules each attestor; a bit for each that counts.
    function _arrange(uint8[5] calldata states) private returns (uint256 active) {
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            uint256 state = states[i] % 8; // most stay as they are
            address attestor = VM.addr(_attestorKeys[i]);
            if (state < 3) _verifier.removeAttestor(attestor);
            if (state == 1) _verifier.scheduleAttestor(attestor, uint48(START + 30 days), ""); // not active yet
            if (state == 2) _verifier.scheduleAttestor(attestor, uint48(START + DELAY + 1), "");
            if (state >= 3) active |= 1 << i;
        }
    }

    function _context(uint256 seed) private view returns (ProofContext memory) {
        return ProofContext(uint8(1 + (seed % 2)), seed, uint24(seed >> 8), _receiver);
    }

    /// @dev A set of one to four proofs. The receiver names some new hashes and leaves others open.
    function _genuine(
        ProofContext memory context,
        uint256 seed
    ) private returns (TransferValidityProof[] memory proofs) {
        proofs = new TransferValidityProof[](1 + (seed % 4));
        for (uint256 i = 0; i < proofs.length; ++i) {
            bytes32 draw = keccak256(abi.encode(seed, i));
            AccessProof memory access = proofs[i].accessProof;
            OwnershipProof memory ownership = proofs[i].ownershipProof;
            ownership.oldDataHash = keccak256(abi.encode("old", draw));
            ownership.newDataHash = keccak256(abi.encode("new", draw));
            ownership.sealedKey = bytes.concat(draw, draw, draw, draw, bytes1(draw));
            access.oldDataHash = ownership.oldDataHash;
            if (uint256(draw) % 2 == 0) access.newDataHash = ownership.newDataHash;
        }
        uint48 deadline = uint48(START + 1 days);
        bytes memory nonce = abi.encodePacked(
            context.action,
            deadline,
            uint24(context.sequence),
            context.to,
            context.tokenId
        );
        proofs[0].accessProof.nonce = nonce;
        proofs[0].ownershipProof.nonce = nonce;
        proofs[0].ownershipProof.encryptedPubKey = RECEIVER_KEY;
        proofs[0].accessProof.proof = _sign(RECEIVER, _accessDigest(context, proofs));
        bytes32 digest = _ownershipDigest(context, proofs);
        bytes memory signatures;
        for (uint256 i = 0; i < THRESHOLD; ++i) signatures = bytes.concat(signatures, _sign(_attestorKeys[i], digest));
        proofs[0].ownershipProof.proof = signatures;
    }

    function _accessDigest(
        ProofContext memory context,
        TransferValidityProof[] memory proofs
    ) private view returns (bytes32) {
        bytes memory olds;
        bytes memory news;
        for (uint256 i = 0; i < proofs.length; ++i) {
            olds = bytes.concat(olds, proofs[i].accessProof.oldDataHash);
            news = bytes.concat(news, proofs[i].accessProof.newDataHash);
        }
        bytes memory head = abi.encode(
            keccak256(
                "AccessProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes encryptedPubKey,uint256 deadline)"
            ),
            context,
            keccak256(olds),
            keccak256(news)
        );
        bytes memory tail = abi.encode(keccak256(proofs[0].accessProof.encryptedPubKey), START + 1 days);
        return _typed(keccak256(bytes.concat(head, tail)));
    }

    function _ownershipDigest(
        ProofContext memory context,
        TransferValidityProof[] memory proofs
    ) private view returns (bytes32) {
        bytes memory olds;
        bytes memory news;
        bytes memory keys;
        for (uint256 i = 0; i < proofs.length; ++i) {
            olds = bytes.concat(olds, proofs[i].ownershipProof.oldDataHash);
            news = bytes.concat(news, proofs[i].ownershipProof.newDataHash);
            keys = bytes.concat(keys, keccak256(proofs[i].ownershipProof.sealedKey));
        }
        bytes memory head = abi.encode(
            keccak256(
                "OwnershipProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes[] sealedKeys,bytes encryptedPubKey,uint256 deadline)"
            ),
            context,
            keccak256(olds),
            keccak256(news),
            keccak256(keys)
        );
        bytes memory tail = abi.encode(keccak256(proofs[0].ownershipProof.encryptedPubKey), START + 1 days);
        return _typed(keccak256(bytes.concat(head, tail)));
    }

    function _typed(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ERC-7857"),
                keccak256("1"),
                block.chainid,
                address(this)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _requireRefused(ProofContext memory context, TransferValidityProof[] memory proofs) private view {
        require(_direct(context, proofs) != 0, "accepted directly");
        try _verifier.verifyTransferValidity(proofs) {
            revert("accepted by the final standard's entry");
        } catch (bytes memory reason) {
            require(reason.length >= 4, "without a reason");
        }
    }

    /// @dev The error of the direct entry; zero when there is none.
    function _direct(ProofContext memory context, TransferValidityProof[] memory proofs) private view returns (bytes4) {
        try _verifier.verifyFor(context, proofs) {
            return 0;
        } catch (bytes memory reason) {
            require(reason.length >= 4, "without a reason");
            return bytes4(reason);
        }
    }

    function _sign(uint256 key, bytes32 digest) private returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The dynamic fields in the order of the structs.
    function _bytesOf(TransferValidityProof memory proof, uint256 field) private pure returns (bytes memory) {
        if (field == 0) return proof.accessProof.nonce;
        if (field == 1) return proof.accessProof.encryptedPubKey;
        if (field == 2) return proof.accessProof.proof;
        if (field == 3) return proof.ownershipProof.sealedKey;
        if (field == 4) return proof.ownershipProof.encryptedPubKey;
        if (field == 5) return proof.ownershipProof.nonce;
        return proof.ownershipProof.proof;
    }

    function _setBytesOf(TransferValidityProof memory proof, uint256 field, bytes memory value) private pure {
        if (field == 0) proof.accessProof.nonce = value;
        else if (field == 1) proof.accessProof.encryptedPubKey = value;
        else if (field == 2) proof.accessProof.proof = value;
        else if (field == 3) proof.ownershipProof.sealedKey = value;
        else if (field == 4) proof.ownershipProof.encryptedPubKey = value;
        else if (field == 5) proof.ownershipProof.nonce = value;
        else proof.ownershipProof.proof = value;
    }

    /// @dev The first side's datum with the second's nonce, key and signatures.
    function _withCommon(
        OwnershipProof memory datum,
        OwnershipProof memory common
    ) private pure returns (OwnershipProof memory) {
        return
            OwnershipProof(
                datum.oracleType,
                datum.oldDataHash,
                datum.newDataHash,
                datum.sealedKey,
                common.encryptedPubKey,
                common.nonce,
                common.proof
            );
    }

    /// @dev A copy with one bit flipped; an empty field gets a byte.
    function _flipped(bytes memory value, uint256 bit) private pure returns (bytes memory other) {
        if (value.length == 0) return abi.encodePacked(uint8(bit));
        other = bytes.concat(value);
        bit %= other.length * 8;
        other[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }

    function _slice(bytes memory value, uint256 start, uint256 end) private pure returns (bytes memory part) {
        part = new bytes(end - start);
        for (uint256 i = start; i < end; ++i) part[i - start] = value[i];
    }

    function _sortByAddress(uint256[] storage keys) private {
        for (uint256 i = 1; i < keys.length; ++i) {
            for (uint256 j = i; j > 0 && VM.addr(keys[j]) < VM.addr(keys[j - 1]); --j) {
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
            }
        }
    }
}
