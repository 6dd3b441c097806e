/** What an attestor and its clients ask contracts, of this project or of others. A test compares it with the sources. */

/** contracts/interfaces/IAttestorSet.sol, whole. */
export const ATTESTOR_SET_ABI = [
  "event AttestorScheduled(address indexed attestor, uint48 activeFrom, uint48 validUntil, string endpoint)",
  "event AttestorRemoved(address indexed attestor, address indexed by)",
  "error AttestorOrder(address previous, address next)",
  "error AttestorNotActive(address signer, uint48 activeFrom, uint48 validUntil, uint256 timestamp)",
  "error AttestorSignatureCount(uint256 bytesGiven, uint256 required)",
  "error AttestorThresholdZero()",
  "error AttestorInvalid(address attestor, uint48 validUntil)",
  "error AttestorKnown(address attestor)",
  "error AttestorEndpointTooLong(uint256 length)",
  "error AttestorRemovalUnauthorized(address caller, address attestor)",
  "error AttestorUnknown(address attestor)",
  "function threshold() view returns (uint256)",
  "function ROTATION_DELAY() view returns (uint256)",
  "function attestors() view returns (address[])",
  "function attestorOf(address attestor) view returns (uint48 activeFrom, uint48 validUntil, string endpoint)",
  "function isAttestor(address attestor) view returns (bool)",
  "function scheduleAttestor(address attestor, uint48 validUntil, string endpoint)",
  "function removeAttestor(address attestor)",
] as const;

/** The part of contracts/interfaces/IINFT.sol that decides whether an attestor serves a request. */
export const ATTESTED_TOKEN_ABI = [
  "function verifier() view returns (address)",
  "function tokenStateOf(uint256 tokenId) view returns (tuple(address owner, uint24 sequence, uint24 authorizationEpoch, uint8 dataCount, uint32 schemaId, bool staged))",
  "function intelligentDataOf(uint256 tokenId) view returns (tuple(string dataDescription, bytes32 dataHash)[])",
] as const;
