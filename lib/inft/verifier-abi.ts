/** The verifier's surface: what the compiler emits for contracts/verifier/TransferVerifier.sol (a test compares them). */

const ATTESTOR = "(address attestor, uint48 validUntil, string endpoint)";
const ACCESS = "(bytes32 oldDataHash, bytes32 newDataHash, bytes nonce, bytes encryptedPubKey, bytes proof)";
const OWNERSHIP =
  "(uint8 oracleType, bytes32 oldDataHash, bytes32 newDataHash, bytes sealedKey, bytes encryptedPubKey, bytes nonce, bytes proof)";
const OUTPUT =
  "(bytes32 oldDataHash, bytes32 newDataHash, bytes sealedKey, bytes encryptedPubKey, bytes wantedKey, address accessAssistant, bytes accessProofNonce, bytes ownershipProofNonce)";
const CONTEXT = "(uint8 action, uint256 tokenId, uint256 sequence, address to)";
const PROOF = `(${ACCESS} accessProof, ${OWNERSHIP} ownershipProof)`;

export const TRANSFER_VERIFIER_ABI = [
  `constructor(address owner_, uint256 threshold_, uint256 rotationDelay, ${ATTESTOR}[] attestors_)`,
  "error AccessSignerMismatch(address receiver, address delegate, address signer)",
  "error AttestorEndpointTooLong(uint256 length, uint256 limit)",
  "error AttestorInvalid(address attestor, uint48 validUntil)",
  "error AttestorKnown(address attestor)",
  "error AttestorNotActive(address signer, uint48 activeFrom, uint48 validUntil, uint256 timestamp)",
  "error AttestorOrder(address previous, address next)",
  "error AttestorRemovalUnauthorized(address caller, address attestor)",
  "error AttestorSignatureCount(uint256 bytesGiven, uint256 required)",
  "error AttestorThresholdZero()",
  "error AttestorUnknown(address attestor)",
  "error OracleTypeUnsupported(uint256 index, uint8 oracleType)",
  "error OwnableInvalidOwner(address owner)",
  "error OwnableUnauthorizedAccount(address account)",
  "error ProofEntryNotEmpty(uint256 index)",
  "error ProofExpired(uint256 deadline, uint256 timestamp)",
  "error ProofHashMismatch(uint256 index, bytes32 access, bytes32 ownership)",
  "error ProofMissing()",
  "error ProofNonceMismatch(uint256 index, bytes given, bytes expected)",
  "error PublicKeyLength(uint256 length)",
  "error PublicKeyMismatch(address receiver, bytes sealedTo, bytes wanted)",
  "event AttestorRemoved(address indexed attestor, address indexed by)",
  "event AttestorScheduled(address indexed attestor, uint48 activeFrom, uint48 validUntil, string endpoint)",
  "event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner)",
  "event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)",
  "function ROTATION_DELAY() view returns (uint256)",
  "function acceptOwnership()",
  "function attestorOf(address attestor) view returns (uint48 activeFrom, uint48 validUntil, string endpoint)",
  "function attestors() view returns (address[])",
  "function isAttestor(address attestor) view returns (bool)",
  "function owner() view returns (address)",
  "function pendingOwner() view returns (address)",
  "function removeAttestor(address attestor)",
  "function renounceOwnership()",
  `function scheduleAttestor${ATTESTOR}`,
  "function supportsInterface(bytes4 interfaceId) pure returns (bool)",
  "function threshold() view returns (uint256)",
  "function transferOwnership(address newOwner)",
  `function verifyFor(${CONTEXT} context, ${PROOF}[] proofs) view`,
  "function verifySignatures(address receiver, bytes32 accessDigest, bytes accessSignature, bytes32 ownershipDigest, bytes attestorSignatures) view",
  `function verifyTransferValidity(${PROOF}[] proofs) view returns (${OUTPUT}[] outputs)`,
] as const;
