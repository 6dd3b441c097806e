// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";

import {IAgentNFT} from "../../interfaces/dialects/IAgentNFT.sol";
import {IDialectHost} from "../../interfaces/dialects/IDialectHost.sol";
import {IDialects} from "../../interfaces/dialects/IDialects.sol";
import {IDocsDraftNFT} from "../../interfaces/dialects/IDocsDraftNFT.sol";
import {IInferenceAgentNFT} from "../../interfaces/dialects/IInferenceAgentNFT.sol";
import {IERC7857, IERC7857Metadata, IntelligentData} from "../../interfaces/IERC7857.sol";
import {OracleType, TransferValidityProof as FinalProof} from "../../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../../interfaces/IINFT.sol";
import {ITransferVerifier, ProofContext} from "../../interfaces/ITransferVerifier.sol";
import {SignedText} from "../../provenance/SignedText.sol";
import {TransferProof} from "../../verifier/TransferProof.sol";

/// @title The older dialects of an iNFT
/// @notice The functions by which clients of 0G's AgentNFT, of the Go inference agent and of 0G's documentation know an
/// iNFT. The token hands every call it does not know to this module, by delegatecall.
/// @dev Runs in the token's storage, so it has none of its own and touches none: it reads the token through its views
/// ({_ask}) and changes it through {IDialectHost} alone ({_tell}), naming the caller. Only what a proof of AgentNFT must be
/// about is checked here; everything else is the token's to check. Kept small, because every token pays for it: answers of
/// the token are read in place and not decoded.
contract INFTDialects is IAgentNFT, IInferenceAgentNFT, IDocsDraftNFT, IDialects {
    uint256 private constant PUBLIC_KEY_LENGTH = 64;

    /// @dev Where the code stands, to tell a delegatecall from a direct one.
    address private immutable _module = address(this);

    /// @dev What the proofs of one transfer or clone have in common.
    /// @param data What the token holds, as it answers it.
    struct Delivery {
        ProofContext context;
        bytes data;
        ITransferVerifier verifier;
    }

    // Takes no value, like the token's own.
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
        _deliver(TransferProof.TRANSFER, from, to, tokenId, proofs);
    }

    /// @inheritdoc IAgentNFT
    function iCloneFrom(
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256) {
        return _deliver(TransferProof.CLONE, from, to, tokenId, proofs);
    }

    /// @inheritdoc IAgentNFT
    function intelligentDatasOf(uint256 tokenId) external view returns (IntelligentData[] memory) {
        bytes memory data = _data(tokenId);
        // It is encoded already.
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
        (, bytes32 dataHash) = _datum(_data(tokenId), tokenId, index + 1, index);
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
        _tell(abi.encodeCall(IDialectHost.hostUpdateHashes, (msg.sender, tokenId, hashes)));
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
        _deliverProven(TransferProof.TRANSFER, from, to, tokenId, sealedKey, proof);
        emit MetadataUpdated(tokenId, getMetadataHash(tokenId));
    }

    /// @inheritdoc IDocsDraftNFT
    function clone(
        address to,
        uint256 tokenId,
        bytes calldata sealedKey,
        bytes calldata proof
    ) external returns (uint256) {
        address owner = address(uint160(_word(_ask(IERC7857.ownerOf.selector, tokenId), 0)));
        return _deliverProven(TransferProof.CLONE, owner, to, tokenId, sealedKey, proof);
    }

    /// @inheritdoc IDocsDraftNFT
    function authorizeUsage(uint256 tokenId, address executor, bytes calldata permissions) external {
        (bool known, uint40 expiry, uint24 bits) = _termsIn(permissions);
        if (!known) emit UsagePermissions(tokenId, executor, permissions);
        emit UsageAuthorized(tokenId, executor);
        _tell(abi.encodeCall(IDialectHost.hostAuthorize, (msg.sender, tokenId, executor, expiry, bits)));
    }

    /// @inheritdoc IDocsDraftNFT
    function getMetadataHash(uint256 tokenId) public view returns (bytes32 dataHash) {
        (, dataHash) = _datum(_data(tokenId), tokenId, 1, 0);
    }

    /// @inheritdoc IDocsDraftNFT
    function getEncryptedURI(uint256 tokenId) external view returns (string memory description) {
        (description, ) = _datum(_data(tokenId), tokenId, 1, 0);
    }

    /// @inheritdoc IDocsDraftNFT
    function oracle() external view returns (address) {
        return _verifier();
    }

    // --- Proofs -------------------------------------------------------------------------------------------------

    /// @dev Checks proofs of AgentNFT. Until the token is told, only views are called, so what was read stays true.
    function _deliver(
        uint8 action,
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) private returns (uint256) {
        Delivery memory delivery = Delivery(_context(action, to, tokenId), _data(tokenId), _directVerifier());
        bytes32[] memory hashes = new bytes32[](proofs.length);
        bytes[] memory keys = new bytes[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            (, bytes32 oldDataHash) = _datum(delivery.data, tokenId, proofs.length, i);
            _requireProof(delivery, i, oldDataHash, proofs[i].accessProof, proofs[i].ownershipProof);
            hashes[i] = proofs[i].ownershipProof.dataHash;
            keys[i] = proofs[i].ownershipProof.sealedKey;
        }
        return _tell(abi.encodeCall(IDialectHost.hostDeliver, (action, msg.sender, from, to, tokenId, hashes, keys)));
    }

    /// @dev Both sides for one datum: two signatures.
    function _requireProof(
        Delivery memory delivery,
        uint256 index,
        bytes32 oldDataHash,
        AccessProof calldata access,
        OwnershipProof calldata ownership
    ) private view {
        if (ownership.oracleType != OracleType.TEE) {
            revert ITransferVerifier.OracleTypeUnsupported(index, ownership.oracleType);
        }
        if (access.dataHash != ownership.dataHash) {
            revert ITransferVerifier.ProofHashMismatch(index, access.dataHash, ownership.dataHash);
        }
        _requireNonce(delivery.context, index, access.nonce, oldDataHash);
        _requireNonce(delivery.context, index, ownership.nonce, oldDataHash);
        _requireKey(delivery.context.to, access.targetPubkey, ownership.targetPubkey);
        // Without one, the ownership message would have the length of an access message.
        if (ownership.sealedKey.length == 0) revert DialectSealedKeyEmpty(index);
        delivery.verifier.verifySignatures(
            delivery.context.to,
            _digest(abi.encodePacked(access.dataHash, access.targetPubkey, access.nonce)),
            access.proof,
            _digest(abi.encodePacked(ownership.dataHash, ownership.sealedKey, ownership.targetPubkey, ownership.nonce)),
            ownership.proof
        );
    }

    /// @dev Passes proofs of the final standard on, encoded as they are. The token checks them.
    function _deliverProven(
        uint8 action,
        address from,
        address to,
        uint256 tokenId,
        bytes calldata sealedKey,
        bytes calldata proof
    ) private returns (uint256) {
        bytes calldata proven = _firstKeyIn(proof);
        if (keccak256(sealedKey) != keccak256(proven)) revert DocsDraftSealedKeyMismatch(sealedKey, proven);
        return
            _tell(
                bytes.concat(
                    // An array comes after these six words, of which the last says so.
                    abi.encodeWithSelector(
                        IDialectHost.hostDeliverProven.selector,
                        action,
                        msg.sender,
                        from,
                        to,
                        tokenId,
                        6 * 32
                    ),
                    proof[32:]
                )
            );
    }

    /// @dev Reads the array in place: `32 | count | offset of each proof | proofs`. The compiler checks every offset that
    /// is followed.
    function _firstKeyIn(bytes calldata proof) private pure returns (bytes calldata) {
        if (proof.length < 64 || uint256(bytes32(proof)) != 32) revert DocsDraftProofMalformed();
        FinalProof[] calldata proofs;
        // Only assembly can name a part of calldata as an array of structs.
        assembly ("memory-safe") {
            proofs.offset := add(proof.offset, 64)
            proofs.length := calldataload(add(proof.offset, 32))
        }
        if (proofs.length == 0) revert ITransferVerifier.ProofMissing();
        return proofs[0].ownershipProof.sealedKey;
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

    // --- What the token is told ---------------------------------------------------------------------------------

    function _publish(bytes calldata encryptedMeta) private returns (bytes32 dataHash) {
        dataHash = keccak256(encryptedMeta);
        emit EncryptedMetadataPublished(dataHash, encryptedMeta);
    }

    function _mint(address to, string calldata description, bytes32 dataHash) private returns (uint256) {
        IntelligentData[] memory datas = new IntelligentData[](1);
        datas[0] = IntelligentData(description, dataHash);
        return _tell(abi.encodeCall(IDialectHost.hostMint, (msg.sender, datas, to)));
    }

    /// @dev Calls the token, in whose place this runs. Returns the first word of the answer, if there is one.
    function _tell(bytes memory message) private returns (uint256 answer) {
        _requireToken();
        // The token has code: it called us.
        assembly ("memory-safe") {
            if iszero(call(gas(), address(), 0, add(message, 32), mload(message), 0, 32)) {
                let reason := mload(64)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
            answer := mload(0)
        }
    }

    // --- What the token answers ---------------------------------------------------------------------------------

    function _context(uint8 action, address to, uint256 tokenId) private view returns (ProofContext memory) {
        // Word 1 of {IINFT-TokenState}.
        return ProofContext(action, tokenId, _word(_ask(IINFT.tokenStateOf.selector, tokenId), 1), to);
    }

    function _verifier() private view returns (address) {
        return address(uint160(_word(_ask(IERC7857.verifier.selector, 0), 0)));
    }

    function _directVerifier() private view returns (ITransferVerifier) {
        address verifier = _verifier();
        if (!ERC165Checker.supportsERC165InterfaceUnchecked(verifier, type(ITransferVerifier).interfaceId)) {
            revert DialectVerifierUnsupported(verifier);
        }
        return ITransferVerifier(verifier);
    }

    function _data(uint256 tokenId) private view returns (bytes memory) {
        return _ask(IERC7857Metadata.intelligentDataOf.selector, tokenId);
    }

    /// @dev Datum `index` of `32 | count | offset of each datum | data`, a datum being
    /// `offset of the description | hash | description`. The offsets are the token's own.
    function _datum(
        bytes memory data,
        uint256 tokenId,
        uint256 given,
        uint256 index
    ) private pure returns (string memory description, bytes32 dataHash) {
        uint256 held = _word(data, 1);
        if (index >= held) revert IINFT.ERC7857DataCount(tokenId, given, held);
        assembly ("memory-safe") {
            let offsets := add(data, 96)
            let datum := add(offsets, mload(add(offsets, shl(5, index))))
            description := add(datum, mload(datum))
            dataHash := mload(add(datum, 32))
        }
    }

    /// @dev Word `index` of an answer.
    function _word(bytes memory answer, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(answer, 32), shl(5, index)))
        }
    }

    /// @dev What one of the token's views answers, encoded. A view without arguments takes no notice of `tokenId`.
    function _ask(bytes4 question, uint256 tokenId) private view returns (bytes memory answer) {
        _requireToken();
        bytes memory message = abi.encodeWithSelector(question, tokenId);
        assembly ("memory-safe") {
            let success := staticcall(gas(), address(), add(message, 32), mload(message), 0, 0)
            answer := mload(64)
            mstore(answer, returndatasize())
            returndatacopy(add(answer, 32), 0, returndatasize())
            if iszero(success) {
                revert(add(answer, 32), returndatasize())
            }
            mstore(64, and(add(add(answer, returndatasize()), 63), not(31)))
        }
    }

    function _requireToken() private view {
        if (address(this) == _module) revert DialectDirectCall(_module);
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
