/**
 * What proves a job's answer, in the form of ChaosChain's `ComputeProof` (compute/base.py). Every field is taken from
 * evidence that was checked, or is null, and then `metadata.absent` says why.
 */

import { hashMessage, SigningKey } from "ethers";

import { receiptBytes, recordedService } from "../compute/receipt.ts";
import type { Receipt } from "../compute/receipt-schema.ts";
import { readAnswer } from "../compute/service-answer.ts";
import { serviceRequest } from "../compute/service-request.ts";
import { kindOfServiceType } from "../protocol/services.ts";
import { parseSignedText, recoverTextSigner } from "../protocol/signed-text.ts";
import { seconds, spendingOf, type Job, type JobEvidence } from "./job.ts";
import { methodOf } from "./plan.ts";

/** The fields and names of the adapter. */
export interface ComputeProof {
  /** By which the service proves its answers, as the chain lists it. */
  readonly method: string | null;
  /** `ImageDigest` of the provider's additionalInfo: registered on chain, measured only where `attestation` says so. */
  readonly docker_digest: string | null;
  /** The public key that signed, recovered from the signature; uncompressed. */
  readonly enclave_pubkey: string | null;
  readonly attestation: Readonly<Record<string, unknown>> | null;
  /** `sha256(request):sha256(response)`, as it was signed; of several images one hash each, with commas. */
  readonly execution_hash: string | null;
  /** Over `metadata.signed_text`, EIP-191. */
  readonly signature: string | null;
  /** When the answer had come. Unix seconds. */
  readonly timestamp: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

type Field = Exclude<keyof ComputeProof, "metadata">;
/** Evidence, or why there is none. */
type Found<T> = { readonly value: T } | { readonly absent: string };

const found = <T>(value: T | undefined, absent: string): Found<T> => (value === undefined ? { absent } : { value });

/** The proof of a job, as far as there is one. */
export function computeProof(job: Job): ComputeProof {
  const { receipt, evidence } = job;
  if (receipt === null || job.state !== "completed") return unproved(job);
  const fields = {
    method: methodFound(receipt),
    docker_digest: digestFound(receipt),
    enclave_pubkey: { value: signingKey(receipt) },
    attestation: attestationFound(evidence),
    execution_hash: hashFound(receipt),
    signature: { value: receipt.signature.signature },
    timestamp: { value: seconds(Date.parse(receipt.finishedAt)) },
  };
  return { ...values(fields), metadata: { ...metadataOf(job, receipt), absent: reasons(fields) } };
}

/** Nothing that is not proved is called a proof. */
function unproved(job: Job): ComputeProof {
  const why = { absent: job.state === "failed" ? `the job failed: ${job.message}` : `the job is ${job.state}` };
  const fields = {
    ...{ method: why, docker_digest: why, enclave_pubkey: why, attestation: why },
    ...{ execution_hash: why, signature: why, timestamp: why },
  };
  const { amount, assumed } = spendingOf(job);
  const cost = { fee_neuron: amount.toString(), fee_assumed: assumed };
  return { ...values(fields), metadata: { provider: job.provider, ...cost, absent: reasons(fields) } };
}

type Fields = { readonly [Name in Field]: Found<ComputeProof[Name]> };

function values(fields: Fields): Pick<ComputeProof, Field> {
  const value = <Name extends Field>(name: Name) => {
    const field = fields[name];
    return "value" in field ? field.value : null;
  };
  return {
    method: value("method"),
    docker_digest: value("docker_digest"),
    enclave_pubkey: value("enclave_pubkey"),
    attestation: value("attestation"),
    execution_hash: value("execution_hash"),
    signature: value("signature"),
    timestamp: value("timestamp"),
  };
}

function reasons(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => ("absent" in field ? [[name, field.absent]] : [])),
  );
}

function methodFound({ service }: Receipt): Found<string> {
  return found(methodOf(service), `the chain lists the verifiability ${JSON.stringify(service.verifiability)}`);
}

function digestFound(receipt: Receipt): Found<string> {
  const { info } = recordedService(receipt);
  return found(
    info.ok ? info.info.imageDigest : undefined,
    "the provider's additionalInfo on chain names no ImageDigest",
  );
}

/** The receipt's signature was verified: the key is the listed signer's. */
function signingKey({ signature: { text, signature } }: Receipt): string {
  return SigningKey.recoverPublicKey(hashMessage(text), signature);
}

function attestationFound(evidence: JobEvidence | null): Found<Readonly<Record<string, unknown>>> {
  const [report, ...more] = evidence?.attestation?.reports ?? [];
  if (report === undefined) return { absent: evidence?.notAttested ?? "no report was fetched" };
  return { value: { tee_report: `sha256:${report.sha256}`, quote: report.quote, reports: [report, ...more] } };
}

function hashFound({ signature: { text } }: Receipt): Found<string> {
  const parsed = parseSignedText(text);
  switch (parsed.form) {
    case "two-field":
    case "routing-proof":
      return { value: `${parsed.requestHash}:${parsed.responseHash}` };
    case "images":
      return { value: `${parsed.requestHash}:${parsed.imageHashes.join(",")}` };
    case "unknown":
      return { absent: "the signed text has an unknown form" };
  }
}

function metadataOf(job: Job, receipt: Receipt): Readonly<Record<string, unknown>> {
  const { service, chatId } = receipt;
  const { amount, assumed } = spendingOf(job);
  return {
    chat_id: chatId?.id ?? null,
    provider: service.provider,
    model: service.model,
    signer: recoverTextSigner(receipt.signature.text, receipt.signature.signature),
    signed_text: receipt.signature.text,
    checks: receipt.checks.map(({ name, passed }) => `${name} ${passed ? "passed" : "failed"}`),
    network: receipt.network,
    mode: receipt.mode,
    chain_id: receipt.chainId,
    genesis_hash: receipt.genesisHash,
    block: job.evidence?.block ?? null,
    usage: "usage" in receipt ? (receipt.usage ?? null) : "measure" in receipt ? receipt.measure : null,
    fee_neuron: amount.toString(),
    fee_assumed: assumed,
  };
}

/** What the answer says, read from its bytes; null while it is not proved. */
export function outputOf({ state, receipt }: Job): Readonly<Record<string, unknown>> | null {
  if (receipt === null || state !== "completed") return null;
  const kind = kindOfServiceType(receipt.service.serviceType);
  if (kind === undefined) return null;
  const { requestBytes, responseBytes } = receiptBytes(receipt);
  const { answer } = readAnswer(serviceRequest(kind, requestBytes), responseBytes);
  if (answer.embeddings !== undefined) return { embeddings: answer.embeddings };
  if (answer.images !== undefined) {
    const images = answer.images.map((image) =>
      "bytes" in image ? { b64_json: Buffer.from(image.bytes).toString("base64") } : { url: image.url },
    );
    return { images };
  }
  const { content, finishReason } = answer;
  return { content, ...(finishReason === undefined ? {} : { finish_reason: finishReason }) };
}
