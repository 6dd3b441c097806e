// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title 0G Compute's LedgerManager: the main account of each user
/// @notice Written from the published ABI; the deployed contract is 0G's own. lib/chain/abi holds the same surface for
/// run time, and a test compares both with the official package.
interface ILedgerManager {
    struct ServiceInfo {
        address serviceAddress;
        address serviceContract;
        string serviceType;
        string version;
        string fullName;
        string description;
        bool isRecommended;
        uint256 registeredAt;
    }

    struct Ledger {
        address user;
        uint256 availableBalance;
        uint256 totalBalance;
        string additionalInfo;
    }

    error AdditionalInfoTooLong(uint256 length, uint256 max);
    error AlreadyInitialized();
    error CallerNotRegisteredService(address caller);
    error CallFailed();
    error DirectDepositsDisabled();
    error InsufficientAvailableBalance(uint256 available, uint256 required);
    error InsufficientBalance(address user);
    error InvalidServiceAddress(address serviceAddress);
    error InvalidServiceType(string serviceType);
    error LedgerExists(address user);
    error LedgerLocked();
    error LedgerNotExists(address user);
    error MinimumDepositRequired(uint256 provided, uint256 required);
    error MustWithdrawAllFundsFirst(uint256 remainingBalance);
    error NoRecommendedService(string serviceType);
    error ServiceAlreadyRegistered(address serviceAddress);
    error ServiceMustImplementIServing(address serviceAddress);
    error ServiceNameExists(string serviceName);
    error ServiceNotFound(address serviceAddress);
    error ServiceNotRegistered(address serviceAddress);
    error ServiceRegistryLimitReached(uint256 limit);
    error ServiceTypeRequired();
    error TooManyProviders(uint256 requested, uint256 maximum);
    error TooManyProvidersForService(uint256 current, uint256 maximum);
    error TransferFailed();
    error VersionRequired();
    error ZeroAddressNotAllowed();
    error ZeroAmountNotAllowed();

    event FundSpent(address indexed user, address indexed service, uint256 amount);
    event LedgerInfoUpdated(address indexed user, string additionalInfo);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event RecommendedServiceUpdated(string serviceType, string version, address serviceAddress);
    event ServiceRegistered(address indexed serviceAddress, string serviceName);

    function addLedger(string calldata additionalInfo) external payable returns (uint256, uint256);
    function deleteLedger() external;
    function depositFund() external payable;
    function depositFundFor(address recipient) external payable;
    function initialize(address owner) external;
    function refund(uint256 amount) external;
    function registerService(
        string calldata serviceType,
        string calldata version,
        address serviceAddress,
        string calldata description
    ) external;
    function retrieveFund(address[] calldata providers, string calldata serviceName) external;
    function setRecommendedService(string calldata serviceType, string calldata version) external;
    function spendFund(address user, uint256 amount) external;
    function transferFund(address provider, string calldata serviceName, uint256 amount) external;
    function transferOwnership(address newOwner) external;
    function updateAdditionalInfo(string calldata additionalInfo) external;

    function getAllActiveServices() external view returns (ServiceInfo[] memory);
    function getAllLedgers(
        uint256 offset,
        uint256 limit
    ) external view returns (Ledger[] memory ledgers, uint256 total);
    function getAllVersions(
        string calldata serviceType
    ) external view returns (string[] memory versions, address[] memory addresses, bool[] memory isRecommendedFlags);
    function getLedger(address user) external view returns (Ledger memory);
    function getLedgerProviders(address user, string calldata serviceName) external view returns (address[] memory);
    function getRecommendedService(
        string calldata serviceType
    ) external view returns (string memory version, address serviceAddress);
    function getServiceAddressByName(string calldata serviceName) external view returns (address);
    function getServiceInfo(address serviceAddress) external view returns (ServiceInfo memory);
    function initialized() external view returns (bool);
    function isRecommendedVersion(string calldata serviceType, string calldata version) external view returns (bool);
    function MAX_ADDITIONAL_INFO_LENGTH() external view returns (uint256);
    function MAX_PROVIDERS_PER_BATCH() external view returns (uint256);
    function MAX_PROVIDERS_PER_USER_PER_SERVICE() external view returns (uint256);
    function MAX_SERVICES() external view returns (uint256);
    function MIN_ACCOUNT_BALANCE() external view returns (uint256);
    function MIN_TRANSFER_AMOUNT() external view returns (uint256);
    function owner() external view returns (address);
}
