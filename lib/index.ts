/**
 * The library: everything the tasks do, without Hardhat.
 *
 * @example
 * import { JsonRpcProvider, Wallet } from "ethers";
 * import { createBroker, parseAmount } from "./lib/index.ts";
 *
 * const signer = new Wallet(key, new JsonRpcProvider("https://evmrpc-testnet.0g.ai"));
 * const broker = createBroker(signer, { network: "galileo" });
 * await broker.ledger.depositFund(parseAmount("1.1"));
 */

export { createBroker, type Broker, type BrokerOptions } from "./broker/broker.ts";
export type { BrokerAskParams, BrokerChatParams, InferenceBroker, ResponseToProcess } from "./broker/inference.ts";
export type { KeysBroker } from "./broker/keys.ts";
export type { LedgerBroker } from "./broker/ledger.ts";
export type { OperatorBroker } from "./broker/operator.ts";
export * from "./compute/acknowledge.ts";
export {
  ask,
  assertServes,
  providerRequest,
  requestUrl,
  serviceFee,
  serviceFeeAtMost,
  type AskDeps,
  type AskParams,
  type ProviderRequest,
  type ServiceResult,
} from "./compute/ask.ts";
export { askAsJob, type JobParams } from "./compute/async-job.ts";
export * from "./compute/funding.ts";
export { fetchImages } from "./compute/image-downloads.ts";
export * from "./compute/inference.ts";
export * from "./compute/ledger.ts";
export * from "./compute/ledger-history.ts";
export * from "./compute/liveness.ts";
export { fetchModels } from "./compute/models.ts";
export { namedImages, proveAnswer, withImages } from "./compute/prove.ts";
export * from "./compute/providers.ts";
export * from "./compute/receipt.ts";
export * from "./compute/receipt-check.ts";
export {
  editRequest,
  embeddingRequest,
  imageRequest,
  serviceRequest,
  transcriptionRequest,
  type EditRequestParams,
  type EmbeddingRequestParams,
  type ImageRequestParams,
  type RequestFacts,
  type ServiceRequest,
  type TranscriptionRequestParams,
  type Upload,
} from "./compute/service-request.ts";
export {
  answerReader,
  readAnswer,
  type AnswerProblem,
  type AnswerReader,
  type ReadAnswer,
  type ServiceAnswer,
} from "./compute/service-answer.ts";
export * from "./compute/session.ts";
export * from "./compute/top-up.ts";
export * from "./compute/verify.ts";
export * as computeErrors from "./compute/errors.ts";
export {
  downloadReports,
  fetchCollateral,
  savedReport,
  verifyProviderReport,
  type AttestedReport,
  type ProviderReport,
} from "./compute/attestation.ts";

export type { Item } from "./attestation/item.ts";
export { parseCollateral, collateralText, type Collateral } from "./attestation/collateral.ts";
export { INTEL_SGX_ROOT, NVIDIA_DEVICE_ROOT, type TrustAnchor } from "./attestation/trust-anchor.ts";
export { assertHeld, reportMachine, verifyReport, type ReportVerification } from "./attestation/verify.ts";
export * as attestationErrors from "./attestation/errors.ts";

export { ClientsFile, type ClientRecord } from "./gateway/clients.ts";
export { gatewayFiles, openGateway, type Gateway, type GatewayFiles, type GatewayOptions } from "./gateway/gateway.ts";
export { readSpending } from "./gateway/spending-log.ts";
export { serveGateway, type ServedGateway } from "./gateway/server.ts";
export * as gatewayErrors from "./gateway/errors.ts";

export * from "./keys/create.ts";
export * from "./keys/inspect.ts";
export { openKeyFolder, type KeyFolder } from "./keys/folder.ts";
export { fingerprintOf, listKeys, type KeyState, type ListedKey } from "./keys/list.ts";
export { KeyRegistry, type KeyRecord } from "./keys/registry.ts";
export { awaitGeneration, revokeAllDraft, revokeDraft } from "./keys/revoke.ts";
export * as keyErrors from "./keys/errors.ts";

export { type ComputeProof } from "./jobs/proof.ts";
export type { Job, JobState, JobStatus } from "./jobs/job.ts";
export { awaitJob, type JobResult, type Jobs, type JobStatusView, type SubmittedJob } from "./jobs/jobs.ts";
export { LocalJobs, readJobs, type LocalJobsOptions } from "./jobs/local.ts";
export { RemoteJobs, type RemoteOptions } from "./jobs/remote.ts";
export { serveJobs, type JobServerOptions, type ServedJobs } from "./jobs/server.ts";
export { serverKey, type ServerKey } from "./jobs/server-key.ts";
export { JobStore, type WorkerIdentity } from "./jobs/store.ts";
export { parseTask, TASK_TYPES, type JobTask, type TaskType } from "./jobs/task.ts";
export { JobWorker, workerIdentity, workNow, type WorkerOptions } from "./jobs/worker.ts";
export * as jobErrors from "./jobs/errors.ts";

export * from "./operator/endorse.ts";
export * from "./operator/service.ts";
export * from "./operator/settle.ts";
export * as operatorErrors from "./operator/errors.ts";

export { assertAttestorsAllowed, type AttestorEntry } from "./inft/attestor-entry.ts";
export { agentEnvironment, asDotenv, type AgentSetup, type AgentVariable } from "./inft/agent-env.ts";
export { CLAIM_MODES, type ClaimMode } from "./inft/claim.ts";
export { codePattern, type CodePattern, type RuntimeArtifact, type TrustedCode } from "./inft/code.ts";
export * from "./inft/deploy.ts";
export { readHistory, type HistoryEntry, type TokenAct } from "./inft/history.ts";
export { lintContract, type DialectFinding, type LintQuery, type LintReport } from "./inft/lint.ts";
export * from "./inft/mint.ts";
export * from "./inft/mint-batch.ts";
export { readSituation, readToken, type TokenSituation, type TokenView } from "./inft/show.ts";
export { verifyToken, type TokenVerification } from "./inft/verify.ts";
export { decodeAgent, sealAgent, type Agent, type AgentPart } from "./inft/agent.ts";
export { readAgentFiles } from "./inft/agent-files.ts";
export { contentOfReceipt, decodeContent, openDatum, type InferenceContent } from "./inft/content.ts";
export { readAuditLog, writeAuditLog, type AuditEntry, type AuditEvent, type AuditLog } from "./inft/audit-log.ts";
export { assertAudited, replayAudit, type AuditCheck } from "./inft/audit-replay.ts";
export { auditTags, findAuditLogs } from "./inft/audit-trail.ts";
export { decryptToken, type DecryptedDatum } from "./inft/decrypt.ts";
export { ownerPublicKey } from "./inft/owner-key.ts";
export { decryptionKey, type DecryptionKey } from "./inft/decryption-key.ts";
export { acceptToken } from "./inft/accept.ts";
export * from "./inft/transfer.ts";
export * from "./inft/clone.ts";
export * from "./inft/stage.ts";
export * from "./inft/authorize.ts";
export { readUsers, type TokenUser, type TokenUsers } from "./inft/users.ts";
export { delegateDraft, readDelegate } from "./inft/delegate.ts";
export { rekey, rekeyDraft } from "./inft/rekey.ts";
export { updateDraft } from "./inft/update.ts";
export * from "./inft/proof.ts";
export * from "./inft/proof-access.ts";
export * from "./inft/proof-agentnft.ts";
export * as proofErrors from "./inft/proof-errors.ts";
export { joinAttestorSignatures, recoverSigner } from "./inft/proof-signatures.ts";
export * as inftErrors from "./inft/errors.ts";

export type * from "./storage/client.ts";
export { storageClient, storageReader } from "./storage/storage-client.ts";
export { FileSource, treeOf } from "./storage/source.ts";
export { storageRoot, storageTree } from "./storage/merkle.ts";
export { decodeDirectory, encodeDirectory, type StoredDirectory, type StoredFile } from "./storage/directory.ts";
export { readStoredFile } from "./storage/stored-file.ts";
export {
  decryptStorageFile,
  encryptedFile,
  encryptStorageFile,
  type StorageFileKeys,
  type StorageFileRecipient,
} from "./sealing/storage-file.ts";
export * as storageErrors from "./storage/client-errors.ts";

export type { Log, ReadContext, SignedTransaction, WriteContext } from "./chain/context.ts";
export { assertChain, genesisHash } from "./chain/connect.ts";
export { sendTransaction, type ConfirmedTransaction } from "./chain/send.ts";
export * as transactionErrors from "./chain/outcomes.ts";
export { nonceFile, type SharedNonces } from "./chain/nonce-file.ts";
export { DiskFullError } from "./disk-full.ts";
export { EXIT, UsageError, ZgError, type ExitCode } from "./errors.ts";
export type { Address, Hex } from "./hex.ts";
export { quoteUrl, signatureUrl } from "./protocol/endpoints.ts";
export { kindOfServiceType, priceUnits, REQUEST_KINDS, type PriceUnit, type RequestKind } from "./protocol/services.ts";
export { NETWORKS, networkNamed, type Mode, type Network, type NetworkName } from "./networks.ts";
export { format0g, parseAmount, parseByteSize, withUnit } from "./units.ts";
