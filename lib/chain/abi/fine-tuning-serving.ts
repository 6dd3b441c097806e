/** 0G Compute's FineTuningServing, as far as an account needs it. Source: 0g-serving-contract, as in npm `@0gfoundation/0g-compute-ts-sdk` 0.9.0 (a test compares them). */
const QUOTA = "tuple(uint256 cpuCount, uint256 nodeMemory, uint256 gpuCount, uint256 nodeStorage, string gpuType)";
const REFUND = "tuple(uint256 index, uint256 amount, uint256 createdAt, bool _deprecated_processed)";
const DELIVERABLE =
  "tuple(string id, bytes modelRootHash, bytes encryptedSecret, bool acknowledged, uint248 timestamp, bool settled)";
const ACCOUNT_DETAILS = `tuple(address user, address provider, uint256 nonce, uint256 balance, uint256 pendingRefund, ${REFUND}[] refunds, string additionalInfo, ${DELIVERABLE}[] deliverables, uint256 validRefundsLength, uint256 deliverablesHead, uint256 deliverablesCount, bool acknowledged)`;
const ACCOUNT_SUMMARY =
  "tuple(address user, address provider, uint256 nonce, uint256 balance, uint256 pendingRefund, string additionalInfo, uint256 validRefundsLength, uint256 deliverablesCount, bool acknowledged)";
const SERVICE = `tuple(address provider, string url, ${QUOTA} quota, uint256 pricePerToken, bool occupied, string[] models, address teeSignerAddress, bool teeSignerAcknowledged)`;
const VERIFIER_INPUT =
  "tuple(string id, bytes encryptedSecret, bytes modelRootHash, uint256 nonce, bytes signature, uint256 taskFee, address user)";

export const FINE_TUNING_SERVING_ABI = [
  "error AccountExists(address user, address provider)",
  "error AccountNotExists(address user, address provider)",
  "error AdditionalInfoTooLong()",
  "error AlreadyInitialized()",
  "error BatchSizeTooLarge(uint256 size, uint256 maxSize)",
  "error CallerNotLedger()",
  "error CannotAbandonSettledDeliverable(string id)",
  "error CannotAcknowledgeSettledDeliverable(string id)",
  "error CannotAddStakeWhenUpdating()",
  "error CannotEvictUnsettledDeliverable(string id)",
  "error CannotRevokeWithNonZeroBalance(address user, address provider, uint256 balance)",
  "error DeliverableAlreadyExists(string id)",
  "error DeliverableAlreadySettled(string id)",
  "error DeliverableIdInvalidLength(uint256 length)",
  "error DeliverableNotExists(string id)",
  "error DirectDepositsDisabled()",
  "error ETHTransferFailed()",
  "error InsufficientStake(uint256 provided, uint256 required)",
  "error InvalidLedgerAddress()",
  "error InvalidVerifierInput(string reason)",
  "error LimitTooLarge(uint256 limit)",
  "error LockTimeOutOfRange(uint256 lockTime)",
  "error PenaltyPercentageTooHigh(uint256 percentage)",
  "error PreviousDeliverableNotAcknowledged(string id)",
  "error SecretShouldBeEmpty()",
  "error SecretShouldNotBeEmpty()",
  "error ServiceNotExist(address provider)",
  "error TooManyRefunds(address user, address provider)",
  "error TransferToLedgerFailed()",
  "event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund)",
  "event RefundRequested(address indexed user, address indexed provider, uint256 indexed index, uint256 timestamp)",
  "function accountExists(address user, address provider) view returns (bool)",
  "function acknowledgeDeliverable(address provider, string id)",
  "function acknowledgeTEESigner(address provider, bool acknowledged)",
  "function acknowledgeTEESignerByOwner(address provider)",
  "function addDeliverable(address user, string id, bytes modelRootHash)",
  `function addOrUpdateService(string url, ${QUOTA} quota, uint256 pricePerToken, bool occupied, string[] models, address teeSignerAddress) payable`,
  `function getAccount(address user, address provider) view returns (${ACCOUNT_DETAILS})`,
  `function getAccountsByUser(address user, uint256 offset, uint256 limit) view returns (${ACCOUNT_SUMMARY}[] accounts, uint256 total)`,
  `function getAllServices() view returns (${SERVICE}[] services)`,
  `function getDeliverables(address user, address provider) view returns (${DELIVERABLE}[])`,
  "function getPendingRefund(address user, address provider) view returns (uint256)",
  `function getService(address provider) view returns (${SERVICE} service)`,
  "function initialize(uint256 locktime, address ledgerAddress, address owner, uint256 penaltyPercentage)",
  "function ledgerAddress() view returns (address)",
  "function lockTime() view returns (uint256)",
  "function MIN_PROVIDER_STAKE() view returns (uint256)",
  "function owner() view returns (address)",
  "function penaltyPercentage() view returns (uint256)",
  "function removeService()",
  "function revokeTEESignerAcknowledgement(address provider)",
  `function settleFees(${VERIFIER_INPUT} verifierInput)`,
  "function supportsInterface(bytes4 interfaceId) view returns (bool)",
] as const;
