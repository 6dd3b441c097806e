// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title 0G Compute's InferenceServing v1.0: services, sub-accounts, settlement
/// @notice Written from the published ABI; the deployed contract is 0G's own. lib/chain/abi holds the same surface for
/// run time, and a test compares both with the official package.
interface IInferenceServing {
    struct ServiceParams {
        string serviceType;
        string url;
        string model;
        string verifiability;
        uint256 inputPrice;
        uint256 outputPrice;
        string additionalInfo;
        address teeSignerAddress;
    }

    struct Account {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        Refund[] refunds;
        string additionalInfo;
        bool acknowledged;
        uint256 validRefundsLength;
        uint256 generation;
        uint256 revokedBitmap;
    }

    struct Refund {
        uint256 index;
        uint256 amount;
        uint256 createdAt;
        bool processed;
    }

    struct Service {
        address provider;
        string serviceType;
        string url;
        uint256 inputPrice;
        uint256 outputPrice;
        uint256 updatedAt;
        string model;
        string verifiability;
        string additionalInfo;
        address teeSignerAddress;
        bool teeSignerAcknowledged;
    }

    struct TEESettlementData {
        address user;
        address provider;
        uint256 totalFee;
        bytes32 requestsHash;
        uint256 nonce;
        bytes signature;
    }

    error AccountExists(address user, address provider);
    error AccountNotExists(address user, address provider);
    error AdditionalInfoTooLong();
    error AlreadyInitialized();
    error BatchSizeTooLarge(uint256 size, uint256 max);
    error CallerNotLedger(address caller);
    error CannotAddStakeWhenUpdating();
    error CannotRevokeWithNonZeroBalance(address user, address provider, uint256 balance);
    error DirectDepositsDisabled();
    error InsufficientStake(uint256 provided, uint256 required);
    error InvalidAddress(address addr);
    error InvalidTEESignature(string reason);
    error LimitTooLarge(uint256 limit, uint256 max);
    error LockTimeOutOfRange(uint256 lockTime, uint256 min, uint256 max);
    error NoSettlementsProvided();
    error ProviderCannotBeUser();
    error ServiceNotExist(address provider);
    error TooManyRefunds(address user, address provider);
    error TooManySettlements(uint256 count, uint256 max);
    error TransferFailed();

    event AccountDeleted(address indexed user, address indexed provider, uint256 refundedAmount);
    event AllTokensRevoked(address indexed user, address indexed provider, uint256 newGeneration);
    event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund);
    event BatchBalanceUpdated(address[] users, uint256[] balances, uint256[] pendingRefunds);
    event ContractInitialized(address indexed owner, uint256 lockTime, address ledgerAddress);
    event LockTimeUpdated(uint256 oldLockTime, uint256 newLockTime);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event ProviderStaked(address indexed provider, uint256 amount);
    event ProviderStakeReturned(address indexed provider, uint256 amount);
    event ProviderTEESignerAcknowledged(address indexed provider, address indexed teeSignerAddress, bool acknowledged);
    event RefundRequested(address indexed user, address indexed provider, uint256 indexed index, uint256 timestamp);
    event ServiceRemoved(address indexed service);
    event ServiceUpdated(
        address indexed service,
        string serviceType,
        string url,
        uint256 inputPrice,
        uint256 outputPrice,
        uint256 updatedAt,
        string model,
        string verifiability
    );
    event TEESettlementResult(address indexed user, uint8 status, uint256 unsettledAmount);
    event TokenRevoked(address indexed user, address indexed provider, uint8 tokenId);
    event TokensRevoked(address indexed user, address indexed provider, uint8[] tokenIds);

    function acknowledgeTEESigner(address provider, bool acknowledged) external;
    function acknowledgeTEESignerByOwner(address provider) external;
    function addAccount(address user, address provider, string calldata additionalInfo) external payable;
    function addOrUpdateService(ServiceParams calldata params) external payable;
    function deleteAccount(address user, address provider) external;
    function depositFund(address user, address provider, uint256 cancelRetrievingAmount) external payable;
    function initialize(uint256 locktime, address ledgerAddress, address owner) external;
    function processRefund(
        address user,
        address provider
    ) external returns (uint256 totalAmount, uint256 balance, uint256 pendingRefund);
    function removeService() external;
    function requestRefundAll(address user, address provider) external;
    function revokeAllTokens(address provider) external;
    function revokeTEESignerAcknowledgement(address provider) external;
    function revokeToken(address provider, uint8 tokenId) external;
    function revokeTokens(address provider, uint8[] calldata tokenIds) external;
    function settleFeesWithTEE(TEESettlementData[] calldata settlements) external returns (uint8[] memory statuses);
    function transferOwnership(address newOwner) external;
    function updateLockTime(uint256 locktime) external;

    function accountExists(address user, address provider) external view returns (bool);
    function getAccount(address user, address provider) external view returns (Account memory);
    function getAccountsByProvider(
        address provider,
        uint256 offset,
        uint256 limit
    ) external view returns (Account[] memory accounts, uint256 total);
    function getAccountsByUser(
        address user,
        uint256 offset,
        uint256 limit
    ) external view returns (Account[] memory accounts, uint256 total);
    function getAllAccounts(
        uint256 offset,
        uint256 limit
    ) external view returns (Account[] memory accounts, uint256 total);
    function getAllServices(
        uint256 offset,
        uint256 limit
    ) external view returns (Service[] memory services, uint256 total);
    function getBatchAccountsByUsers(address[] calldata users) external view returns (Account[] memory accounts);
    function getPendingRefund(address user, address provider) external view returns (uint256);
    function getService(address provider) external view returns (Service memory service);
    function initialized() external view returns (bool);
    function isTokenRevoked(address user, address provider, uint8 tokenId) external view returns (bool);
    function ledgerAddress() external view returns (address);
    function lockTime() external view returns (uint256);
    function MAX_LOCKTIME() external view returns (uint256);
    function MIN_LOCKTIME() external view returns (uint256);
    function MIN_PROVIDER_STAKE() external view returns (uint256);
    function owner() external view returns (address);
    function previewSettlementResults(
        TEESettlementData[] calldata settlements
    )
        external
        view
        returns (
            address[] memory failedUsers,
            uint8[] memory failureReasons,
            address[] memory partialUsers,
            uint256[] memory partialAmounts
        );
    function serviceExists(address provider) external view returns (bool);
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
