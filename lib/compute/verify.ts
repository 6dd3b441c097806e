/**
 * Proves an answer: who signed, and whether what was signed is what was sent and received. Each check has a name and
 * its own verdict; there is never one green tick.
 */

import type { ZgError } from "../errors.ts";
import { checksum, type Address } from "../hex.ts";
import { SignatureMalformedError } from "../protocol/errors.ts";
import { isImageService, type Topology } from "../protocol/service-info.ts";
import { parseSignedText, recoverTextSigner, sha256Hex, type SignedText } from "../protocol/signed-text.ts";
import {
  NotEndorsedError,
  NotMintableError,
  SignatureInvalidError,
  SignatureUnboundError,
  SignerMismatchError,
} from "./errors.ts";
import type { Service } from "./providers.ts";

/** Checks of an answer's signature. `routing` is for centralised providers only. */
export type CheckName = "signature" | "signer" | "response" | "request" | "routing";

export interface Check<Name extends string = string> {
  readonly name: Name;
  readonly passed: boolean;
  /** What was compared, with the values. */
  readonly detail: string;
}

interface Verdict {
  readonly checks: readonly Check<CheckName>[];
  /** By whose rule the answer was checked. */
  readonly topology: Topology;
  /** Passed, two-field, signed by an endorsed `teeSignerAddress`: the iNFT contract will accept it. */
  readonly mintable: boolean;
}

export type Verification =
  | (Verdict & { readonly status: "verified"; readonly signer: Address })
  | (Verdict & {
      readonly status: "rejected";
      /** The first check that failed. */
      readonly failed: CheckName;
      readonly reason: string;
      /** Who signed, when a signature could be read. */
      readonly signer?: Address;
    });

export interface VerifyParams {
  /** As the chain lists it now; see `readService`. */
  readonly service: Service;
  /** The bytes sent. */
  readonly requestBytes: Uint8Array;
  /** The bytes received. */
  readonly responseBytes: Uint8Array;
  /** The provider's signature document; only `text` and `signature` are used. */
  readonly signature: { readonly text: string; readonly signature: string };
}

/** The form of text that a service of each topology signs. */
const FORM = { broker: "two-field", separated: "two-field", centralized: "routing-proof" } as const;

/**
 * Verifies an answer against what the chain lists for its provider. Pure: reads nothing, and believes nothing of the
 * signature document but that these are the text and the signature.
 */
export function verifyInference(params: VerifyParams): Verification {
  const { service, signature } = params;
  const parsed = parseSignedText(signature.text);
  const { check: signed, signer } = checkSignature(signature);
  const checks: Check<CheckName>[] = [signed, checkSigner(service, signer), ...checkBytes(params, parsed)];
  if (service.topology === "centralized") checks.push(checkRouting(service, parsed));

  const failed = checks.find(({ passed }) => !passed);
  const { topology } = service;
  if (failed === undefined && signer !== undefined) {
    const mintable = service.mintability.mintable && parsed.form === "two-field";
    return { status: "verified", checks, topology, mintable, signer };
  }
  const { name, detail } = failed ?? signed;
  const rejected = { status: "rejected", checks, topology, mintable: false, failed: name, reason: detail } as const;
  return signer === undefined ? rejected : { ...rejected, signer };
}

function checkSignature({ text, signature }: VerifyParams["signature"]): { check: Check<CheckName>; signer?: Address } {
  try {
    const signer = recoverTextSigner(text, signature);
    return { signer, check: { name: "signature", passed: true, detail: `valid over the signed text, by ${signer}` } };
  } catch (error) {
    if (!(error instanceof SignatureMalformedError)) throw error;
    return { check: { name: "signature", passed: false, detail: error.message } };
  }
}

function checkSigner(service: Service, signer: Address | undefined): Check<CheckName> {
  const expected = service.expectedSigner;
  const name = "signer";
  if (expected === undefined) {
    const detail = `the chain lists no signer for ${service.provider} (${service.topology} service)`;
    return { name, passed: false, detail };
  }
  if (signer === undefined) return { name, passed: false, detail: `no signer to compare with ${expected}` };
  return signer === checksum(expected)
    ? { name, passed: true, detail: `${signer} is the signer the chain lists` }
    : { name, passed: false, detail: `signed by ${signer}; the chain lists ${expected}` };
}

function checkBytes(params: VerifyParams, parsed: SignedText): readonly Check<CheckName>[] {
  const { service, requestBytes, responseBytes } = params;
  const images = service.topology === "broker" && isImageService(service);
  const wrongForm = images ? wrongImageForm(parsed) : wrongTextForm(service.topology, parsed);
  if (parsed.form === "unknown" || wrongForm !== undefined) {
    const detail = wrongForm ?? "the signed text has an unknown form";
    return [
      { name: "response", passed: false, detail },
      { name: "request", passed: false, detail },
    ];
  }
  const request = compare("request", "bytes sent", sha256Hex(requestBytes), parsed.requestHash);
  const response = images
    ? checkImages(responseBytes, parsed.form === "images" ? parsed.imageHashes : [parsed.responseHash])
    : compare(
        "response",
        "bytes received",
        sha256Hex(responseBytes),
        parsed.form === "images" ? "" : parsed.responseHash,
      );
  return [response, request];
}

function wrongTextForm(topology: Topology, parsed: SignedText): string | undefined {
  if (topology === "standard" || topology === "unknown") return `a ${topology} service has no rule to verify by`;
  return parsed.form === FORM[topology]
    ? undefined
    : `a ${topology} service signs a ${FORM[topology]} text; this one is ${parsed.form}`;
}

function wrongImageForm(parsed: SignedText): string | undefined {
  return parsed.form === "images" || parsed.form === "two-field"
    ? undefined
    : `an image service signs hashes of its images; this text is ${parsed.form}`;
}

function compare(name: "response" | "request", what: string, actual: string, signed: string): Check<CheckName> {
  return actual === signed
    ? { name, passed: true, detail: `SHA-256 of the ${what} is the one signed: ${actual}` }
    : { name, passed: false, detail: `SHA-256 of the ${what} is ${actual}; signed is ${signed}` };
}

/** Image services sign the decoded images, not the body; when an image could not be decoded, the body instead. */
function checkImages(responseBytes: Uint8Array, signed: readonly string[]): Check<CheckName> {
  const name = "response";
  const body = sha256Hex(responseBytes);
  if (signed.length === 1 && signed[0] === body) return compare(name, "bytes received", body, body);
  const actual = imagesOf(responseBytes).map((image) => sha256Hex(image));
  const passed = actual.length > 0 && actual.length === signed.length && actual.every((hash, i) => hash === signed[i]);
  return {
    name,
    passed,
    detail: passed
      ? `SHA-256 of each of the ${actual.length} images is the one signed`
      : `the images received hash to [${actual.join(", ")}]; signed is [${signed.join(", ")}]`,
  };
}

function imagesOf(responseBytes: Uint8Array): Uint8Array[] {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(responseBytes).toString("utf8"));
  } catch {
    return []; // not JSON: there are no images, and the check says so
  }
  const data = (body as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) return [];
  return (data as unknown[])
    .map((entry) => (entry as { b64_json?: unknown } | null)?.b64_json)
    .filter((text) => typeof text === "string")
    .map((text) => new Uint8Array(Buffer.from(text, "base64")));
}

/** A central provider's TEE also signs whom it forwarded to; the chain says whom it claims to forward to. */
function checkRouting(service: Service, parsed: SignedText): Check<CheckName> {
  const name = "routing";
  if (parsed.form !== "routing-proof") return { name, passed: false, detail: "the signed text names no route" };
  const claimed = service.info.ok ? service.info.info.providerIdentity : undefined;
  const { providerType, providerIdentity, certificateHash } = parsed;
  const passed = providerType === "centralized" && (claimed === undefined || claimed === providerIdentity);
  return {
    name,
    passed,
    detail: passed
      ? `forwarded to ${providerIdentity}${claimed === undefined ? " (the chain names none to compare with)" : ""}, ` +
        `TLS certificate SHA-256 ${certificateHash}`
      : `signed route is ${providerType} ${providerIdentity}; the chain names centralized ${claimed ?? "(nobody)"}`,
  };
}

/**
 * Asserts that an answer is proved.
 * @throws {SignatureInvalidError} {@link SignerMismatchError} {@link SignatureUnboundError} by the check that failed.
 */
export function assertVerified(
  provider: Address,
  verification: Verification,
): asserts verification is Extract<Verification, { status: "verified" }> {
  if (verification.status === "verified") return;
  throw rejection(provider, verification);
}

function rejection(provider: Address, { failed, reason }: Extract<Verification, { status: "rejected" }>): ZgError {
  switch (failed) {
    case "signature":
      return new SignatureInvalidError({ provider, reason });
    case "signer":
      return new SignerMismatchError({ provider, reason });
    case "response":
    case "request":
    case "routing":
      return new SignatureUnboundError({ provider, reason });
  }
}

/**
 * Asserts that results of a service can be minted, before anything is paid for one.
 * @throws {NotEndorsedError} {@link NotMintableError}
 */
export function assertMintable(service: Pick<Service, "provider" | "mintability">): void {
  const { provider, mintability } = service;
  if (mintability.mintable) return;
  if (mintability.reason === "not-endorsed") throw new NotEndorsedError({ provider });
  throw new NotMintableError({ provider, reason: mintability.explanation });
}
