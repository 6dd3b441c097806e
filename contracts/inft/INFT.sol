// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";

import {IInferenceServing} from "../external/IInferenceServing.sol";
import {IntelligentData, IERC7857Metadata} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {InferenceProvenance} from "../provenance/InferenceProvenance.sol";

/// @title iNFT
/// @notice ERC-721 whose tokens hold private data (ERC-7857), and which mints an inference only if the TEE of a 0G
/// Compute provider signed it.
///
/// Two kinds of token, told apart by their id ({isProven}):
/// - An inference's id is the hash of its {Provenance}. ERC-721 lets an id exist once, so a result is minted once.
/// - Every other token is `unproven` and has the next id from a 64-bit counter. Anyone may mint one: it claims nothing
///   but that its owner published these hashes, and a privileged minter would be a key to lose that protects nobody.
/// A hash falls among the first 2^64 ids with probability 2^-192, and finding inputs that make it fall there takes as
/// many tries; should it ever happen, ERC-721 refuses whichever of the two tokens comes second.
///
/// The contract has no owner, no fee, no pause and no upgrade.
contract INFT is ERC721, InferenceProvenance, IINFT {
    uint64 private _lastId;

    mapping(uint256 tokenId => IntelligentData[]) private _datas;

    constructor(
        string memory name_,
        string memory symbol_,
        IInferenceServing serving
    ) ERC721(name_, symbol_) InferenceProvenance(serving) {}

    /// @inheritdoc IINFT
    function mint(IntelligentData[] calldata datas, address to) external returns (uint256 tokenId) {
        tokenId = ++_lastId;
        _mintData(to, tokenId, datas);
        _notifyReceiver(to, tokenId);
    }

    /// @inheritdoc IINFT
    function mintWithKeys(
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) external returns (uint256 tokenId) {
        tokenId = ++_lastId;
        _mintData(to, tokenId, datas);
        _publishKeys(to, tokenId, datas, sealedKeys);
        _notifyReceiver(to, tokenId);
    }

    /// @inheritdoc IINFT
    function mintInference(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) external returns (uint256 tokenId) {
        if (datas.length == 0) revert InferenceWithoutData();
        _consumeCommitment(hashCommitment(msg.sender, claim, datas, sealedKeys, to, salt));
        IInferenceServing.Service memory service = _requireSigned(claim);
        Provenance memory provenance = Provenance(
            claim.provider,
            service.teeSignerAddress,
            claim.requestHash,
            claim.responseHash,
            claim.signature
        );

        tokenId = inferenceId(
            provenance.provider,
            provenance.teeSigner,
            provenance.requestHash,
            provenance.responseHash
        );
        // ERC-721 would refuse it too, but as an invalid sender, which tells nobody what is wrong.
        if (_ownerOf(tokenId) != address(0)) revert InferenceAlreadyMinted(tokenId);
        _mintData(to, tokenId, datas);
        _publishKeys(to, tokenId, datas, sealedKeys);
        emit InferenceMinted(
            tokenId,
            provenance.provider,
            msg.sender,
            provenance,
            claim.chatId,
            service.model,
            service.updatedAt,
            datas[0].dataHash,
            claim.mode
        );
        _notifyReceiver(to, tokenId);
    }

    /// @inheritdoc IERC7857Metadata
    function intelligentDataOf(uint256 tokenId) external view returns (IntelligentData[] memory) {
        _requireOwned(tokenId);
        return _datas[tokenId];
    }

    /// @inheritdoc IInferenceProvenance
    function isProven(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return tokenId > type(uint64).max;
    }

    /// @inheritdoc IInferenceProvenance
    function verifyProvenance(uint256 tokenId, Provenance calldata provenance) external view returns (bool) {
        return _ownerOf(tokenId) != address(0) && _matches(tokenId, provenance);
    }

    /// @inheritdoc IINFT
    function hashCommitment(
        address minter,
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), minter, claim, datas, sealedKeys, to, salt));
    }

    /// @inheritdoc IERC7857Metadata
    function name() public view override(ERC721, IERC7857Metadata) returns (string memory) {
        return super.name();
    }

    /// @inheritdoc IERC7857Metadata
    function symbol() public view override(ERC721, IERC7857Metadata) returns (string memory) {
        return super.symbol();
    }

    /// @notice ERC-165, ERC-721, its metadata, ERC-7857's metadata (0xaa18b754) and {IInferenceProvenance}.
    /// @dev Not ERC-7857's main id: this contract has no proven transfer yet.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERC7857Metadata).interfaceId ||
            interfaceId == type(IInferenceProvenance).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev Every change of owner passes here. After a mint, a token with private data stays where it is.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from != address(0) && _datas[tokenId].length != 0) revert ERC7857TransferNeedsProof(from, to, tokenId);
    }

    function _mintData(address to, uint256 tokenId, IntelligentData[] calldata datas) private {
        _mint(to, tokenId);
        for (uint256 i = 0; i < datas.length; ++i) _datas[tokenId].push(datas[i]);
    }

    function _publishKeys(
        address to,
        uint256 tokenId,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys
    ) private {
        if (sealedKeys.length != datas.length) revert ERC7857SealedKeyCount(sealedKeys.length, datas.length);
        emit PublishedSealedKey(to, tokenId, sealedKeys);
    }

    /// @dev The last step of every mint: whatever a receiver does when called, state and events are complete.
    function _notifyReceiver(address to, uint256 tokenId) private {
        ERC721Utils.checkOnERC721Received(msg.sender, address(0), to, tokenId, "");
    }
}
