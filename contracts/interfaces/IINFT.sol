// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {TransferValidityProof} from "./IERC7857DataVerifier.sol";
import {IERC7857, IERC7857Metadata, IntelligentData} from "./IERC7857.sol";
import {IInferenceProvenance} from "./IInferenceProvenance.sol";

/// @title iNFT: a token that holds private data, and may prove which TEE produced it
/// @notice ERC-7857 with all it leaves open: minting, updating, batches, staged transfers, authorisations that expire.
interface IINFT is IERC7857, IERC7857Metadata, IInferenceProvenance {
    /// @notice What one word of storage knows of a token.
    /// @param owner Zero when there is no such token.
    /// @param sequence Counts transfers, clones and updates. Part of every proof: what makes it single-use.
    /// @param authorizationEpoch Authorisations of earlier epochs do not count.
    /// @param dataCount How many data it holds.
    /// @param schemaId Which descriptions they have; 0 for a token without data.
    /// @param staged Whether a transfer was staged in this sequence.
    struct TokenState {
        address owner;
        uint24 sequence;
        uint24 authorizationEpoch;
        uint8 dataCount;
        uint32 schemaId;
        bool staged;
    }

    /// @notice One token of {mintBatch}.
    struct MintItem {
        IntelligentData[] datas;
        bytes[] sealedKeys;
        address to;
    }

    /// @notice One token of {mintInferenceBatch}.
    struct InferenceMintItem {
        InferenceClaim claim;
        IntelligentData[] datas;
        bytes[] sealedKeys;
        address to;
        bytes32 salt;
    }

    /// @notice One transfer of {iTransferBatch}.
    struct TransferItem {
        address to;
        uint256 tokenId;
        TransferValidityProof[] proofs;
    }

    /// @notice The data of a token changed, or, when `oldDatas` is empty, came to be. As 0G's AgentNFT emits it.
    event Updated(uint256 indexed tokenId, IntelligentData[] oldDatas, IntelligentData[] newDatas);

    /// @notice The ciphertexts of a token changed and their descriptions did not: see {updateHashes}.
    event DataHashesUpdated(uint256 indexed tokenId, bytes32[] oldDataHashes, bytes32[] newDataHashes);

    /// @notice The descriptions of a kind of data are stored, once, under this id.
    event SchemaRegistered(uint32 indexed schemaId, string[] descriptions);

    /// @notice All authorisations of earlier epochs ended. Emitted with every new epoch: a transfer begins one, too.
    event AuthorizationsCleared(uint256 indexed tokenId, uint24 epoch);

    /// @notice Follows an {Authorization} that has terms: `expiry` in Unix seconds (0: none) and what `permissions` allow, as
    /// the service that honours them defines it.
    event AuthorizationTerms(uint256 indexed tokenId, address indexed user, uint40 expiry, uint24 permissions);

    /// @notice Proofs for `to` were accepted; until `deadline` (Unix seconds) a plain transfer to it completes them.
    event TransferStaged(uint256 indexed tokenId, address indexed to, uint48 deadline);

    /// @notice What {TransferStaged} announced will not happen.
    event TransferUnstaged(uint256 indexed tokenId);

    /// @notice A token with private data changes hands only with its keys; a plain transfer carries none.
    error ERC7857TransferNeedsProof(address from, address to, uint256 tokenId);

    /// @notice There must be one sealed key for each datum.
    error ERC7857SealedKeyCount(uint256 sealedKeys, uint256 datas);

    /// @notice There must be one proof, or one hash, for each datum of the token.
    error ERC7857DataCount(uint256 tokenId, uint256 given, uint256 held);

    /// @notice Datum `index` of the token is not the one that was proven.
    error ERC7857DataHashMismatch(uint256 tokenId, uint256 index, bytes32 given, bytes32 held);

    /// @notice The data was not re-encrypted, so that its old key would still open it; or the new hash is zero, and names
    /// nothing.
    error ERC7857DataUnchanged(uint256 tokenId, uint256 index, bytes32 dataHash);

    /// @notice The nonces of proof `index`, as the verifier returned them, are not of this token, action and receiver.
    error ERC7857NonceMismatch(uint256 index, bytes accessNonce, bytes ownershipNonce, bytes expected);

    /// @notice What the verifier returned for proof `index` is not what the proof says.
    error ERC7857OutputMismatch(uint256 index);

    /// @notice The access proof is of `signer`, who is neither the receiver nor its delegate.
    error ERC7857AccessAssistantMismatch(address receiver, address signer);

    /// @notice The token changed while its proofs were verified.
    error ERC7857TokenChanged(uint256 tokenId);

    /// @notice A token holds at most 255 data.
    error ERC7857TooManyData(uint256 datas);

    /// @notice A counter of the token is used up.
    error ERC7857CounterExhausted(uint256 tokenId);

    /// @notice The zero address, or the owner itself, cannot be authorised.
    error ERC7857InvalidAuthorizedUser(address user);

    /// @notice `user` may not use the token's data now.
    error ERC7857NotAuthorized(uint256 tokenId, address user);

    /// @notice An authorisation that ends at `expiry` (Unix seconds) would be over already.
    error ERC7857AuthorizationExpired(uint40 expiry, uint256 timestamp);

    /// @notice There is no staged transfer, or it is of an earlier sequence.
    error ERC7857NothingStaged(uint256 tokenId);

    /// @notice The staged transfer was good until `deadline` (Unix seconds).
    error ERC7857StageExpired(uint256 tokenId, uint256 deadline, uint256 timestamp);

    /// @notice No contract stands at the address given as verifier.
    error ERC7857VerifierWithoutCode(address verifier);

    /// @notice Descriptions, or the keys of a staged transfer, are stored as code, and code ends at `limit` bytes.
    error ERC7857BlobTooLarge(uint256 length, uint256 limit);

    /// @notice A contract could not be created from `length` bytes.
    error ERC7857CreationFailed(uint256 length);

    /// @notice A royalty above the price.
    error RoyaltyTooHigh(uint256 basisPoints);

    /// @notice A royalty that would be paid to nobody.
    error RoyaltyWithoutReceiver(uint256 basisPoints);

    /// @notice Stores descriptions once, so that every later mint with the same ones is cheaper. Anyone may.
    /// @return schemaId The id they have, also when they were known; 0 for no descriptions.
    function registerSchema(string[] calldata descriptions) external returns (uint32 schemaId);

    /// @notice The registered id of descriptions; 0 when nobody registered them.
    function schemaIdOf(string[] calldata descriptions) external view returns (uint32);

    /// @notice What the contract knows of a token. All zero when it never existed.
    function tokenStateOf(uint256 tokenId) external view returns (TokenState memory);

    /// @notice The nonce a proof for this token must carry now: see {TransferProof-nonce}.
    function proofNonce(
        uint8 action,
        uint256 tokenId,
        address to,
        uint48 deadline
    ) external view returns (bytes memory);

    /// @notice Mints a token whose content nobody proves, under the next sequential id. Anyone may.
    /// @dev The ABI of 0G's AgentNFT. Publishes no keys: the owner has them already or there is nothing secret.
    function mint(IntelligentData[] calldata datas, address to) external returns (uint256 tokenId);

    /// @notice Like {mint}, and publishes the data keys sealed to `to`.
    function mintWithKeys(
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) external returns (uint256 tokenId);

    /// @notice {mintWithKeys} for each item; all or none.
    function mintBatch(MintItem[] calldata items) external returns (uint256[] memory tokenIds);

    /// @notice Mints an inference that the TEE signer listed and endorsed for its provider signed. Anyone may, once for
    /// each result, at least one block after {commit}ting to exactly these arguments.
    /// @param datas What was sealed; by convention `datas[0]` holds the request and response bytes.
    /// @param sealedKeys One for each datum, sealed to the public key of `to`.
    /// @param salt The secret of the commitment.
    function mintInference(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) external returns (uint256 tokenId);

    /// @notice {mintInference} for each item, each with its own commitment; all or none.
    function mintInferenceBatch(InferenceMintItem[] calldata items) external returns (uint256[] memory tokenIds);

    /// @notice Mints an inference whose request names the caller as its user, proven by showing the request. Needs no
    /// commitment, and publishes the prompt for good.
    /// @param request The request bytes; they hash to `claim.requestHash`.
    /// @param userOffset Where in them `"user":"0x…"` stands, the caller's address in lower case, after `{` or `,`.
    function mintInferenceBound(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes calldata request,
        uint256 userOffset
    ) external returns (uint256 tokenId);

    /// @notice Mints an inference for whoever comes first: anyone who sees the signature, in the pool too, can take it.
    function mintInferenceOpen(
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to
    ) external returns (uint256 tokenId);

    /// @notice The commitment that lets `minter` call {mintInference} with these arguments:
    /// keccak256(abi.encode(chain id, this contract, minter, claim, datas, sealedKeys, to, salt)).
    /// @dev For contracts and tests. A client computes it itself: asking a node tells the node.
    function hashCommitment(
        address minter,
        InferenceClaim calldata claim,
        IntelligentData[] calldata datas,
        bytes[] calldata sealedKeys,
        address to,
        bytes32 salt
    ) external view returns (bytes32);

    /// @notice Replaces the data of a token, descriptions included. Owner or approved; no proof: it is its own data.
    function update(uint256 tokenId, IntelligentData[] calldata newDatas) external;

    /// @notice Like {update}, and publishes the data keys sealed to the owner.
    function update(uint256 tokenId, IntelligentData[] calldata newDatas, bytes[] calldata sealedKeys) external;

    /// @notice Replaces the ciphertexts of a token and keeps their descriptions; publishes the keys when there are any.
    function updateHashes(uint256 tokenId, bytes32[] calldata newDataHashes, bytes[] calldata sealedKeys) external;

    /// @notice {iTransfer} for each item; all or none.
    function iTransferBatch(TransferItem[] calldata items) external;

    /// @notice Accepts the proofs of a transfer to `to` now, and lets a plain ERC-721 transfer to exactly `to` complete
    /// it until their deadline: a market need not know of ERC-7857.
    function stageTransfer(address to, uint256 tokenId, TransferValidityProof[] calldata proofs) external;

    /// @notice Takes a staged transfer back. Owner or approved.
    function unstageTransfer(uint256 tokenId) external;

    /// @notice To whom and until when a transfer is staged; zeros when none is.
    function stagedTransferOf(uint256 tokenId) external view returns (address to, uint48 deadline);

    /// @notice Destroys a token. Its id is never minted again.
    function burn(uint256 tokenId) external;

    /// @notice Like {authorizeUsage}, until `expiry` (Unix seconds; 0: no end) and with `permissions`. Replaces the terms
    /// of a user who is authorised already.
    function authorizeUsageWith(uint256 tokenId, address user, uint40 expiry, uint24 permissions) external;

    /// @notice {authorizeUsage} for each user. As 0G's AgentNFT.
    function batchAuthorizeUsage(uint256 tokenId, address[] calldata users) external;

    /// @notice Ends all authorisations of a token, in one write. As 0G's AgentNFT.
    function clearAuthorizedUsers(uint256 tokenId) external;

    /// @notice Whether `user` may use the token's data now. The owner is not a user.
    function isAuthorizedUser(uint256 tokenId, address user) external view returns (bool);

    /// @notice The terms on which `user` may use the token's data; `active` says whether it may now.
    function authorizationOf(
        uint256 tokenId,
        address user
    ) external view returns (bool active, uint40 expiry, uint24 permissions);
}
