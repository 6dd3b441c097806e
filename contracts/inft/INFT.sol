// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IInferenceServing} from "../external/IInferenceServing.sol";
import {IDialectHost} from "../interfaces/dialects/IDialectHost.sol";
import {IERC7857, IERC7857Metadata, IntelligentData} from "../interfaces/IERC7857.sol";
import {IERC7857DataVerifier, TransferValidityProof} from "../interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";
import {ProofContext} from "../interfaces/ITransferVerifier.sol";
import {InferenceMints} from "./InferenceMints.sol";
import {Delivery, ProvenTransfers} from "./ProvenTransfers.sol";
import {Royalty} from "./Royalty.sol";
import {TokenDocuments} from "./TokenDocuments.sol";
import {TokenWord} from "./TokenWord.sol";

/// @title iNFT
/// @notice ERC-721 whose tokens hold private data that is re-encrypted when they change hands (ERC-7857), and which mints
/// an inference as proven only if the TEE of a 0G Compute provider signed it.
///
/// Two kinds of token, told apart by their id ({isProven}): an inference's id is the hash of its {Provenance}; every other
/// token is `unproven` and has the next id from a counter. Anyone may mint one: it claims nothing but that its owner
/// published these hashes, and a privileged minter would be a key to lose that protects nobody.
///
/// The contract has no owner, no fee, no pause and no upgrade. Calls it does not know go to a module of older dialects.
contract INFT is InferenceMints, Royalty {
    bytes4 private constant ERC4906_ID = 0x49064906;

    // What 0G's AgentNFT announces: its main interface, its metadata, authorisations and clones.
    bytes4 private constant AGENT_NFT_ID = 0x5762046c;
    bytes4 private constant AGENT_NFT_METADATA_ID = 0x40fbd72f;
    bytes4 private constant AGENT_NFT_AUTHORIZE_ID = 0x2309ab96;
    bytes4 private constant AGENT_NFT_CLONEABLE_ID = 0xc07038b7;

    TokenDocuments private immutable _documents = TokenDocuments(_create(type(TokenDocuments).creationCode));

    modifier onlySelf() {
        if (msg.sender != address(this)) revert DialectHostOnlySelf(msg.sender);
        _;
    }

    /// @param serving 0G's InferenceServing, which says whose signature makes an inference.
    /// @param verifier_ Checks the proofs of transfers and clones.
    /// @param royaltyReceiver Whom markets are asked to pay (ERC-2981); zero when nobody.
    /// @param royaltyBasisPoints How much, in hundredths of a percent of the price.
    constructor(
        string memory name_,
        string memory symbol_,
        IInferenceServing serving,
        IERC7857DataVerifier verifier_,
        address royaltyReceiver,
        uint96 royaltyBasisPoints
    )
        ERC721(name_, symbol_)
        ProvenTransfers(verifier_)
        InferenceMints(serving)
        Royalty(royaltyReceiver, royaltyBasisPoints)
    {}

    /// @inheritdoc IINFT
    function mint(IntelligentData[] calldata datas, address to) external returns (uint256 tokenId) {
        return _mintPlain(msg.sender, datas, to);
    }

    /// @inheritdoc IINFT
    function mintWithKeys(
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) external returns (uint256 tokenId) {
        tokenId = _mintKeyed(datas, sealedKeys, to);
        _notifyReceiver(msg.sender, to, tokenId);
    }

    /// @inheritdoc IINFT
    function mintBatch(MintItem[] calldata items) external returns (uint256[] memory tokenIds) {
        tokenIds = new uint256[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            MintItem calldata item = items[i];
            tokenIds[i] = _mintKeyed(item.datas, item.sealedKeys, item.to);
        }
        for (uint256 i = 0; i < items.length; ++i) _notifyReceiver(msg.sender, items[i].to, tokenIds[i]);
    }

    /// @inheritdoc IDialectHost
    function hostMint(
        address operator,
        IntelligentData[] calldata datas,
        address to
    ) external onlySelf returns (uint256) {
        return _mintPlain(operator, datas, to);
    }

    /// @inheritdoc IDialectHost
    function hostDeliver(
        uint8 action,
        address operator,
        address from,
        address to,
        uint256 tokenId,
        bytes32[] memory newDataHashes,
        bytes[] calldata sealedKeys
    ) external onlySelf returns (uint256 newTokenId) {
        TokenWord word = _wordFrom(operator, from, tokenId);
        ProofContext memory context = ProofContext(action, tokenId, word.sequence(), to);
        _requireDelivery(context, word, newDataHashes.length);
        if (sealedKeys.length != newDataHashes.length) {
            revert ERC7857SealedKeyCount(sealedKeys.length, newDataHashes.length);
        }
        for (uint256 i = 0; i < newDataHashes.length; ++i) {
            _requireReencrypted(tokenId, i, _hashOf(tokenId, i), newDataHashes[i]);
        }
        return _carryOut(context, word, Delivery(newDataHashes, sealedKeys));
    }

    /// @inheritdoc IDialectHost
    function hostDeliverProven(
        uint8 action,
        address operator,
        address from,
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external onlySelf returns (uint256 newTokenId) {
        _wordFrom(operator, from, tokenId);
        return _deliver(action, operator, to, tokenId, proofs);
    }

    /// @inheritdoc IDialectHost
    function hostUpdateHashes(address operator, uint256 tokenId, bytes32[] memory newDataHashes) external onlySelf {
        _replaceHashes(operator, tokenId, newDataHashes);
    }

    /// @inheritdoc IDialectHost
    function hostAuthorize(
        address operator,
        uint256 tokenId,
        address user,
        uint40 expiry,
        uint24 permissions
    ) external onlySelf {
        _authorize(_wordFor(operator, tokenId), tokenId, user, expiry, permissions);
    }

    /// @notice A JSON document about a token, as a data URI: its name, and whether it is a proven inference.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        return _documents.document(tokenId);
    }

    /// @notice ERC-165, ERC-721, its metadata, ERC-2981, ERC-4906, ERC-7857 (0xee5a526e, 0xaa18b754),
    /// {IInferenceProvenance}, and what 0G's AgentNFT announces.
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, Royalty, IERC165) returns (bool) {
        return
            interfaceId == type(IERC7857).interfaceId ||
            interfaceId == type(IERC7857Metadata).interfaceId ||
            interfaceId == type(IInferenceProvenance).interfaceId ||
            interfaceId == ERC4906_ID ||
            interfaceId == AGENT_NFT_ID ||
            interfaceId == AGENT_NFT_METADATA_ID ||
            interfaceId == AGENT_NFT_AUTHORIZE_ID ||
            interfaceId == AGENT_NFT_CLONEABLE_ID ||
            super.supportsInterface(interfaceId);
    }

    /// @dev The word of a token that `operator` may act on and `from` owns.
    function _wordFrom(address operator, address from, uint256 tokenId) private view returns (TokenWord word) {
        word = _wordFor(operator, tokenId);
        if (word.owner() != from) revert ERC721IncorrectOwner(from, tokenId, word.owner());
    }

    function _mintPlain(
        address operator,
        IntelligentData[] calldata datas,
        address to
    ) private returns (uint256 tokenId) {
        tokenId = _nextId();
        _mintData(tokenId, datas, to);
        _notifyReceiver(operator, to, tokenId);
    }

    function _mintKeyed(
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) private returns (uint256 tokenId) {
        tokenId = _nextId();
        _mintData(tokenId, datas, to);
        _publishKeys(to, tokenId, datas.length, sealedKeys);
    }
}
