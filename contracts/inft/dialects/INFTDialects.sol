// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {IAgentNFT} from "../../interfaces/dialects/IAgentNFT.sol";
import {IDialectHost} from "../../interfaces/dialects/IDialectHost.sol";
import {IDialects} from "../../interfaces/dialects/IDialects.sol";
import {IDocsDraftNFT} from "../../interfaces/dialects/IDocsDraftNFT.sol";
import {IInferenceAgentNFT} from "../../interfaces/dialects/IInferenceAgentNFT.sol";
import {IERC7857Metadata, IntelligentData} from "../../interfaces/IERC7857.sol";
import {
    OracleType,
    OwnershipProof as FinalOwnershipProof,
    TransferValidityProof as FinalProof
} from "../../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../../interfaces/IINFT.sol";
import {ITransferVerifier, ProofContext} from "../../interfaces/ITransferVerifier.sol";
import {SignedText} from "../../provenance/SignedText.sol";
import {TransferProof} from "../../verifier/TransferProof.sol";

/// @title The older dialects of an iNFT
/// @notice The functions by which clients of 0G's AgentNFT, of the Go inference agent and of 0G's documentation know an
/// iNFT. The token hands every call it does not know to this module, by delegatecall.
/// @dev Runs in the token's storage, so it has none of its own and touches none: it reads the token through its views, and
/// changes it through {IDialectHost} alone, naming the caller. What a proof of an older format must be about is checked
/// here; who may act, and that the data was re-encrypted, by the token. Events come before the call that may reach a
/// receiver.
contract INFTDialects is IAgentNFT, IInferenceAgentNFT, IDocsDraftNFT, IDialects {
    uint256 private constant PUBLIC_KEY_LENGTH = 64;

    /// @dev Where the code stands, to tell a delegatecall from a direct one.
    address private immutable _module = address(this);

    // solhint-disable-next-line payable-fallback
    fallback() external {
        revert DialectUnknownSelector(msg.sig);
    }

    // --- 0G's AgentNFT ------------------------------------------------------------------------------------------

    /// @inheritdoc IAgentNFT
    function iTransferFrom(
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external {
        _deliver(from, _context(TransferProof.TRANSFER, to, tokenId), proofs);
    }

    /// @inheritdoc IAgentNFT
    function iCloneFrom(
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256) {
        return _deliver(from, _context(TransferProof.CLONE, to, tokenId), proofs);
    }

    /// @inheritdoc IAgentNFT
    function intelligentDatasOf(uint256 tokenId) external view returns (IntelligentData[] memory) {
        bytes memory data = _data(tokenId);
        // The answer is encoded already.
        assembly ("memory-safe") {
            return(add(data, 32), mload(data))
        }
    }

    /// @inheritdoc IAgentNFT
    function transferNonce(
        uint8 action,
        uint256 tokenId,
        uint256 index,
        address to,
        uint48 deadline
    ) external view returns (bytes memory) {
        (, bytes32 dataHash) = _datum(_data(tokenId), tokenId, index);
        return _nonce(_context(action, to, tokenId), index, deadline, dataHash);
    }

    // --- Go inference agent -------------------------------------------------------------------------------------

    /// @inheritdoc IInferenceAgentNFT
    function mint(
        address to,
        string calldata name,
        string calldata description,
        bytes calldata encryptedMeta,
        bytes32 resultHash,
        string calldata storageRef
    ) external returns (uint256) {
        bytes32 dataHash = _publish(encryptedMeta);
        emit AgentResultDeclared(dataHash, name, description, resultHash, storageRef);
        return _mint(to, name, dataHash);
    }

    /// @inheritdoc IInferenceAgentNFT
    function updateEncryptedMetadata(uint256 tokenId, bytes calldata encryptedMeta) external {
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = _publish(encryptedMeta);
        _token().hostUpdateHashes(msg.sender, tokenId, hashes);
    }

    // --- Draft of 0G's documentation ----------------------------------------------------------------------------

    /// @inheritdoc IDocsDraftNFT
    function mint(address to, string calldata encryptedURI, bytes32 metadataHash) external returns (uint256) {
        return _mint(to, encryptedURI, metadataHash);
    }

    /// @inheritdoc IDocsDraftNFT
    function transfer(
        address from,
        address to,
        uint256 tokenId,
        bytes calldata sealedKey,
        bytes calldata proof
    ) external {
        _deliverDraft(from, _context(TransferProof.TRANSFER, to, tokenId), sealedKey, proof);
    }

    /// @inheritdoc IDocsDraftNFT
    function clone(
        address to,
        uint256 tokenId,
        bytes calldata sealedKey,
        bytes calldata proof
    ) external returns (uint256) {
        address owner = _token().ownerOf(tokenId);
        return _deliverDraft(owner, _context(TransferProof.CLONE, to, tokenId), sealedKey, proof);
    }

    /// @inheritdoc IDocsDraftNFT
    function authorizeUsage(uint256 tokenId, address executor, bytes calldata permissions) external {
        (bool known, uint40 expiry, uint24 bits) = _termsIn(permissions);
        if (!known) emit UsagePermissions(tokenId, executor, permissions);
        emit UsageAuthorized(tokenId, executor);
        _token().hostAuthorize(msg.sender, tokenId, executor, expiry, bits);
    }

    /// @inheritdoc IDocsDraftNFT
    function getMetadataHash(uint256 tokenId) external view returns (bytes32 dataHash) {
        (, dataHash) = _datum(_data(tokenId), tokenId, 0);
    }

    /// @inheritdoc IDocsDraftNFT
    function getEncryptedURI(uint256 tokenId) external view returns (string memory description) {
        (description, ) = _datum(_data(tokenId), tokenId, 0);
    }

    /// @inheritdoc IDocsDraftNFT
    function oracle() external view returns (address) {
        return address(_token().verifier());
    }

    // --- Proofs -------------------------------------------------------------------------------------------------

    /// @dev Checks proofs of AgentNFT, two signatures for each datum. Until the token is told, only views are called, so
    /// what was read stays true.
    function _deliver(
        address from,
        ProofContext memory context,
        TransferValidityProof[] calldata proofs
    ) private returns (uint256) {
        bytes memory data = _dataFor(context.tokenId, proofs.length);
        ITransferVerifier verifier = _verifier();
        bytes32[] memory hashes = new bytes32[](proofs.length);
        bytes[] memory keys = new bytes[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            AccessProof calldata access = proofs[i].accessProof;
            OwnershipProof calldata ownership = proofs[i].ownershipProof;
            if (ownership.oracleType != OracleType.TEE) {
                revert ITransferVerifier.OracleTypeUnsupported(i, ownership.oracleType);
            }
            hashes[i] = ownership.dataHash;
            if (access.dataHash != hashes[i]) {
                revert ITransferVerifier.ProofHashMismatch(i, access.dataHash, hashes[i]);
            }
            (, bytes32 oldDataHash) = _datum(data, context.tokenId, i);
            _requireNonce(context, i, access.nonce, oldDataHash);
            _requireNonce(context, i, ownership.nonce, oldDataHash);
            _requireKey(context.to, access.targetPubkey, ownership.targetPubkey);
            keys[i] = ownership.sealedKey;
            // Without one, the ownership message would have the length of an access message.
            if (keys[i].length == 0) revert DialectSealedKeyEmpty(i);
            verifier.verifySignatures(
                context.to,
                _digest(abi.encodePacked(hashes[i], access.targetPubkey, access.nonce)),
                access.proof,
                _digest(abi.encodePacked(hashes[i], keys[i], ownership.targetPubkey, ownership.nonce)),
                ownership.proof
            );
        }
        return _token().hostDeliver(context.action, msg.sender, from, context.to, context.tokenId, hashes, keys);
    }

    /// @dev Checks proofs of the final standard, packed into the draft's `proof`.
    function _deliverDraft(
        address from,
        ProofContext memory context,
        bytes calldata sealedKey,
        bytes calldata proof
    ) private returns (uint256) {
        FinalProof[] calldata proofs = _proofsIn(proof);
        bytes memory data = _dataFor(context.tokenId, proofs.length);
        _verifier().verifyFor(context, proofs);
        bytes32[] memory hashes = new bytes32[](proofs.length);
        bytes[] memory keys = new bytes[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            FinalOwnershipProof calldata ownership = proofs[i].ownershipProof;
            (, bytes32 held) = _datum(data, context.tokenId, i);
            if (ownership.oldDataHash != held) {
                revert IINFT.ERC7857DataHashMismatch(context.tokenId, i, ownership.oldDataHash, held);
            }
            hashes[i] = ownership.newDataHash;
            keys[i] = ownership.sealedKey;
        }
        if (keccak256(sealedKey) != keccak256(keys[0])) revert DocsDraftSealedKeyMismatch(sealedKey, keys[0]);
        if (context.action == TransferProof.TRANSFER) emit MetadataUpdated(context.tokenId, hashes[0]);
        return _token().hostDeliver(context.action, msg.sender, from, context.to, context.tokenId, hashes, keys);
    }

    /// @dev Reads the array in place. The compiler checks every offset inside it when the element is used.
    function _proofsIn(bytes calldata proof) private pure returns (FinalProof[] calldata proofs) {
        // abi.encode of one dynamic value: the offset 32, its length, its content.
        if (proof.length < 64 || uint256(bytes32(proof)) != 32) revert DocsDraftProofMalformed();
        uint256 count = uint256(bytes32(proof[32:]));
        // Each entry takes at least the word of its offset.
        if (count > proof.length / 32) revert DocsDraftProofMalformed();
        // Only assembly can name a part of calldata as an array of structs.
        assembly ("memory-safe") {
            proofs.offset := add(proof.offset, 64)
            proofs.length := count
        }
    }

    /// @dev A digest is of this format: the message is the digest in hexadecimal, not the digest.
    function _digest(bytes memory message) private pure returns (bytes32) {
        (bytes32 high, bytes32 low) = SignedText.toHex(keccak256(message));
        return keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n660x", high, low));
    }

    function _requireNonce(
        ProofContext memory context,
        uint256 index,
        bytes calldata given,
        bytes32 oldDataHash
    ) private view {
        uint48 deadline = uint48(bytes6(given)); // zeros where there are fewer bytes: then the lengths differ
        bytes memory expected = _nonce(context, index, deadline, oldDataHash);
        if (keccak256(given) != keccak256(expected)) {
            revert ITransferVerifier.ProofNonceMismatch(index, given, expected);
        }
        if (block.timestamp > deadline) revert ITransferVerifier.ProofExpired(deadline, block.timestamp);
    }

    function _nonce(
        ProofContext memory context,
        uint256 index,
        uint48 deadline,
        bytes32 oldDataHash
    ) private view returns (bytes memory) {
        return
            abi.encodePacked(
                deadline,
                keccak256(
                    abi.encode(
                        block.chainid,
                        address(this),
                        context.tokenId,
                        context.sequence,
                        context.action,
                        context.to,
                        deadline,
                        index,
                        oldDataHash
                    )
                )
            );
    }

    function _requireKey(address to, bytes calldata wanted, bytes calldata sealedTo) private pure {
        if (sealedTo.length != PUBLIC_KEY_LENGTH) revert ITransferVerifier.PublicKeyLength(sealedTo.length);
        bytes32 hash = keccak256(sealedTo);
        bool fits = wanted.length == 0 ? address(uint160(uint256(hash))) == to : keccak256(wanted) == hash;
        if (!fits) revert ITransferVerifier.PublicKeyMismatch(to, sealedTo, wanted);
    }

    // --- The token ----------------------------------------------------------------------------------------------

    /// @dev The token in whose place this runs.
    function _token() private view returns (IDialectHost) {
        if (address(this) == _module) revert DialectDirectCall(_module);
        return IDialectHost(address(this));
    }

    function _verifier() private view returns (ITransferVerifier) {
        address verifier = address(_token().verifier());
        if (!ERC165Checker.supportsERC165InterfaceUnchecked(verifier, type(ITransferVerifier).interfaceId)) {
            revert DialectVerifierUnsupported(verifier);
        }
        return ITransferVerifier(verifier);
    }

    function _context(uint8 action, address to, uint256 tokenId) private view returns (ProofContext memory) {
        return ProofContext(action, tokenId, _token().tokenStateOf(tokenId).sequence, to);
    }

    /// @dev What the token answers to `intelligentDataOf`, encoded: nothing but these few words of it is needed here.
    function _data(uint256 tokenId) private view returns (bytes memory) {
        return
            Address.functionStaticCall(
                address(_token()),
                abi.encodeCall(IERC7857Metadata.intelligentDataOf, (tokenId))
            );
    }

    function _dataFor(uint256 tokenId, uint256 proofs) private view returns (bytes memory data) {
        data = _data(tokenId);
        uint256 held = _count(data);
        if (proofs == 0) revert ITransferVerifier.ProofMissing();
        if (proofs != held) revert IINFT.ERC7857DataCount(tokenId, proofs, held);
    }

    /// @dev Of `offset of the array (32) | count | offset of each datum | data`.
    function _count(bytes memory data) private pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := mload(add(data, 64))
        }
    }

    /// @dev A datum is `offset of the description | hash | description`; the offsets are of the token's own compiler.
    function _datum(
        bytes memory data,
        uint256 tokenId,
        uint256 index
    ) private pure returns (string memory description, bytes32 dataHash) {
        uint256 held = _count(data);
        if (index >= held) revert IINFT.ERC7857DataCount(tokenId, index + 1, held);
        assembly ("memory-safe") {
            let offsets := add(data, 96)
            let datum := add(offsets, mload(add(offsets, shl(5, index))))
            description := add(datum, mload(datum))
            dataHash := mload(add(datum, 32))
        }
    }

    function _publish(bytes calldata encryptedMeta) private returns (bytes32 dataHash) {
        dataHash = keccak256(encryptedMeta);
        emit EncryptedMetadataPublished(dataHash, encryptedMeta);
    }

    function _mint(address to, string calldata description, bytes32 dataHash) private returns (uint256) {
        IntelligentData[] memory datas = new IntelligentData[](1);
        datas[0] = IntelligentData(description, dataHash);
        return _token().hostMint(msg.sender, datas, to);
    }

    /// @dev No permissions are terms too: no end, no bits.
    function _termsIn(bytes calldata permissions) private pure returns (bool known, uint40 expiry, uint24 bits) {
        if (permissions.length == 0) return (true, 0, 0);
        if (permissions.length != 64) return (false, 0, 0);
        uint256 first = uint256(bytes32(permissions));
        uint256 second = uint256(bytes32(permissions[32:]));
        if (first > type(uint40).max || second > type(uint24).max) return (false, 0, 0);
        return (true, uint40(first), uint24(second));
    }
}
