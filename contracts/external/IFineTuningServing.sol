// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title 0G Compute's FineTuningServing, as far as an account needs it
/// @notice Written from the published ABI; the deployed contract is 0G's own. lib/chain/abi holds the same surface for
/// run time, and a test compares both with the official package.
interface IFineTuningServing {
    struct Quota {
        uint256 cpuCount;
        uint256 nodeMemory;
        uint256 gpuCount;
        uint256 nodeStorage;
        string gpuType;
    }

    struct AccountDetails {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        Refund[] refunds;
        string additionalInfo;
        Deliverable[] deliverables;
        uint256 validRefundsLength;
        uint256 deliverablesHead;
        uint256 deliverablesCount;
        bool acknowledged;
    }

    struct Refund {
        uint256 index;
        uint256 amount;
        uint256 createdAt;
        bool _deprecated_processed;
    }

    struct Deliverable {
        string id;
        bytes modelRootHash;
        bytes encryptedSecret;
        bool acknowledged;
        uint248 timestamp;
        bool settled;
    }

    struct AccountSummary {
        address user;
        address provider;
        uint256 nonce;
        uint256 balance;
        uint256 pendingRefund;
        string additionalInfo;
        uint256 validRefundsLength;
        uint256 deliverablesCount;
        bool acknowledged;
    }

    struct Service {
        address provider;
        string url;
        Quota quota;
        uint256 pricePerToken;
        bool occupied;
        string[] models;
        address teeSignerAddress;
        bool teeSignerAcknowledged;
    }

    struct VerifierInput {
        string id;
        bytes encryptedSecret;
        bytes modelRootHash;
        uint256 nonce;
        bytes signature;
        uint256 taskFee;
        address user;
    }

    error AccountExists(address user, address provider);
    error AccountNotExists(address user, address provider);
    error AdditionalInfoTooLong();
    error AlreadyInitialized();
    error BatchSizeTooLarge(uint256 size, uint256 maxSize);
    error CallerNotLedger();
    error CannotAbandonSettledDeliverable(string id);
    error CannotAcknowledgeSettledDeliverable(string id);
    error CannotAddStakeWhenUpdating();
    error CannotEvictUnsettledDeliverable(string id);
    error CannotRevokeWithNonZeroBalance(address user, address provider, uint256 balance);
    error DeliverableAlreadyExists(string id);
    error DeliverableAlreadySettled(string id);
    error DeliverableIdInvalidLength(uint256 length);
    error DeliverableNotExists(string id);
    error DirectDepositsDisabled();
    error ETHTransferFailed();
    error InsufficientStake(uint256 provided, uint256 required);
    error InvalidLedgerAddress();
    error InvalidVerifierInput(string reason);
    error LimitTooLarge(uint256 limit);
    error LockTimeOutOfRange(uint256 lockTime);
    error PenaltyPercentageTooHigh(uint256 percentage);
    error PreviousDeliverableNotAcknowledged(string id);
    error SecretShouldBeEmpty();
    error SecretShouldNotBeEmpty();
    error ServiceNotExist(address provider);
    error TooManyRefunds(address user, address provider);
    error TransferToLedgerFailed();

    event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund);
    event RefundRequested(address indexed user, address indexed provider, uint256 indexed index, uint256 timestamp);

    function acknowledgeDeliverable(address provider, string calldata id) external;
    function acknowledgeTEESigner(address provider, bool acknowledged) external;
    function acknowledgeTEESignerByOwner(address provider) external;
    function addDeliverable(address user, string calldata id, bytes calldata modelRootHash) external;
    function addOrUpdateService(
        string calldata url,
        Quota calldata quota,
        uint256 pricePerToken,
        bool occupied,
        string[] calldata models,
        address teeSignerAddress
    ) external payable;
    function initialize(uint256 locktime, address ledgerAddress, address owner, uint256 penaltyPercentage) external;
    function removeService() external;
    function revokeTEESignerAcknowledgement(address provider) external;
    function settleFees(VerifierInput calldata verifierInput) external;

    function accountExists(address user, address provider) external view returns (bool);
    function getAccount(address user, address provider) external view returns (AccountDetails memory);
    function getAccountsByUser(
        address user,
        uint256 offset,
        uint256 limit
    ) external view returns (AccountSummary[] memory accounts, uint256 total);
    function getAllServices() external view returns (Service[] memory services);
    function getDeliverables(address user, address provider) external view returns (Deliverable[] memory);
    function getPendingRefund(address user, address provider) external view returns (uint256);
    function getService(address provider) external view returns (Service memory service);
    function ledgerAddress() external view returns (address);
    function lockTime() external view returns (uint256);
    function MIN_PROVIDER_STAKE() external view returns (uint256);
    function owner() external view returns (address);
    function penaltyPercentage() external view returns (uint256);
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
