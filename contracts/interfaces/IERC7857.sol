// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC7857DataVerifier, TransferValidityProof} from "./IERC7857DataVerifier.sol";

/// @notice One piece of a token's private data: what it is, and the hash under which its ciphertext is found.
/// @param dataDescription What the data is, in plain words or as a media type. Public.
/// @param dataHash The 0G storage root of the ciphertext.
struct IntelligentData {
    string dataDescription;
    bytes32 dataHash;
}

/// @title ERC-7857 metadata
/// @notice As in the final standard. ERC-165 id 0xaa18b754.
interface IERC7857Metadata {
    /// @notice The name of the collection.
    function name() external view returns (string memory);

    /// @notice The symbol of the collection.
    function symbol() external view returns (string memory);

    /// @notice The private data of a token, as descriptions and ciphertext hashes.
    function intelligentDataOf(uint256 tokenId) external view returns (IntelligentData[] memory);
}

/// @title ERC-7857: a token whose private data travels with its ownership
/// @notice As in the final standard, which repeats some of ERC-721. ERC-165 id 0xee5a526e.
/// @dev It repeats ERC-721's events Approval and ApprovalForAll, too. They are not here: Solidity lets a contract that is
/// both declare an event once only.
interface IERC7857 {
    /// @notice `from`, the owner, lets `to` use the token's data without ever seeing it.
    event Authorization(address indexed from, address indexed to, uint256 indexed tokenId);

    /// @notice `from`, the owner, took back what {Authorization} gave to `to`.
    event AuthorizationRevoked(address indexed from, address indexed to, uint256 indexed tokenId);

    /// @notice A token and its data changed hands.
    event Transferred(uint256 tokenId, address indexed from, address indexed to);

    /// @notice The data of `tokenId` was also given to `to`, as `newTokenId`.
    event Cloned(uint256 indexed tokenId, uint256 indexed newTokenId, address from, address to);

    /// @notice The data keys of a token, each sealed to the public key of `to`, in the order of its data.
    event PublishedSealedKey(address indexed to, uint256 indexed tokenId, bytes[] sealedKeys);

    /// @notice `user` lets `assistant` sign access proofs in its place. Zero ends it.
    event DelegateAccess(address indexed user, address indexed assistant);

    /// @notice The contract that checks the proofs of transfers and clones.
    function verifier() external view returns (IERC7857DataVerifier);

    /// @notice Transfers a token together with its data, re-encrypted for `to`.
    function iTransfer(address to, uint256 tokenId, TransferValidityProof[] calldata proofs) external;

    /// @notice Gives `to` a token of its own with the same data, re-encrypted for `to`.
    function iClone(
        address to,
        uint256 tokenId,
        TransferValidityProof[] calldata proofs
    ) external returns (uint256 newTokenId);

    /// @notice Lets `user` use the token's data.
    function authorizeUsage(uint256 tokenId, address user) external;

    /// @notice Takes back what {authorizeUsage} gave.
    function revokeAuthorization(uint256 tokenId, address user) external;

    /// @notice As in ERC-721.
    function approve(address to, uint256 tokenId) external;

    /// @notice As in ERC-721.
    function setApprovalForAll(address operator, bool approved) external;

    /// @notice Lets `assistant` sign access proofs in the caller's place; zero ends it.
    function delegateAccess(address assistant) external;

    /// @notice As in ERC-721.
    function ownerOf(uint256 tokenId) external view returns (address);

    /// @notice Who may use the token's data now.
    function authorizedUsersOf(uint256 tokenId) external view returns (address[] memory);

    /// @notice As in ERC-721.
    function getApproved(uint256 tokenId) external view returns (address);

    /// @notice As in ERC-721.
    function isApprovedForAll(address owner, address operator) external view returns (bool);

    /// @notice Who may sign access proofs in the place of `user`; zero when nobody.
    function getDelegateAccess(address user) external view returns (address);
}
