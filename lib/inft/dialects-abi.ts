/**
 * What the iNFT's module of older dialects adds to it, at the token's own address: what the compiler emits for
 * contracts/inft/dialects/INFTDialects.sol (a test compares them). Apart, because its names repeat the token's.
 */

const DATA = "(string dataDescription, bytes32 dataHash)";
const AGENT_ACCESS = "(bytes32 dataHash, bytes targetPubkey, bytes nonce, bytes proof)";
const AGENT_OWNERSHIP =
  "(uint8 oracleType, bytes32 dataHash, bytes sealedKey, bytes targetPubkey, bytes nonce, bytes proof)";
const AGENT_PROOF = `(${AGENT_ACCESS} accessProof, ${AGENT_OWNERSHIP} ownershipProof)`;

export const INFT_DIALECTS_ABI = [
  "error DialectDirectCall(address module)",
  "error DialectSealedKeyEmpty(uint256 index)",
  "error DialectUnknownSelector(bytes4 selector)",
  "error DialectVerifierUnsupported(address verifier)",
  "error DocsDraftProofMalformed()",
  "error DocsDraftSealedKeyMismatch(bytes given, bytes proven)",
  "error ERC7857DataCount(uint256 tokenId, uint256 given, uint256 held)",
  "error OracleTypeUnsupported(uint256 index, uint8 oracleType)",
  "error ProofExpired(uint256 deadline, uint256 timestamp)",
  "error ProofHashMismatch(uint256 index, bytes32 access, bytes32 ownership)",
  "error ProofMissing()",
  "error ProofNonceMismatch(uint256 index, bytes given, bytes expected)",
  "error PublicKeyLength(uint256 length)",
  "error PublicKeyMismatch(address receiver, bytes sealedTo, bytes wanted)",
  "event AgentResultDeclared(bytes32 indexed dataHash, string name, string description, bytes32 resultHash, string storageRef)",
  "event EncryptedMetadataPublished(bytes32 indexed dataHash, bytes encryptedMeta)",
  "event MetadataUpdated(uint256 indexed tokenId, bytes32 newHash)",
  "event UsageAuthorized(uint256 indexed tokenId, address indexed executor)",
  "event UsagePermissions(uint256 indexed tokenId, address indexed executor, bytes permissions)",
  "fallback()",
  "function authorizeUsage(uint256 tokenId, address executor, bytes permissions)",
  "function clone(address to, uint256 tokenId, bytes sealedKey, bytes proof) returns (uint256)",
  "function getEncryptedURI(uint256 tokenId) view returns (string description)",
  "function getMetadataHash(uint256 tokenId) view returns (bytes32 dataHash)",
  `function iCloneFrom(address from, address to, uint256 tokenId, ${AGENT_PROOF}[] proofs) returns (uint256)`,
  `function iTransferFrom(address from, address to, uint256 tokenId, ${AGENT_PROOF}[] proofs)`,
  `function intelligentDatasOf(uint256 tokenId) view returns (${DATA}[])`,
  "function mint(address to, string encryptedURI, bytes32 metadataHash) returns (uint256)",
  "function mint(address to, string name, string description, bytes encryptedMeta, bytes32 resultHash, string storageRef) returns (uint256)",
  "function oracle() view returns (address)",
  "function transfer(address from, address to, uint256 tokenId, bytes sealedKey, bytes proof)",
  "function transferNonce(uint8 action, uint256 tokenId, uint256 index, address to, uint48 deadline) view returns (bytes)",
  "function updateEncryptedMetadata(uint256 tokenId, bytes encryptedMeta)",
] as const;
