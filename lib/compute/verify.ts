/**
 * Proves an answer: who signed, and whether what was signed is what was sent and received. Each check has a name and
 * its own verdict; there is never one green tick.
 */

import type { ZgError } from "../errors.ts";
import { checksum, type Address } from "../hex.ts";
import { SignatureMalformedError } from "../protocol/errors.ts";
import { imagesOf } from "../protocol/images.ts";
import { parsedJson } from "../protocol/members.ts";
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

interface Signed {
  readonly text: string;
  readonly signature: string;
}

export interface VerifyParams {
  /** As the chain lists it now; see `readService`. */
  readonly service: Service;
  /** The bytes sent. */
  readonly requestBytes: Uint8Array;
  /** The bytes received. */
  readonly responseBytes: Uint8Array;
  /** The images an image service's answer only named, in its order, as they were fetched. */
  readonly images?: readonly Uint8Array[];
  /** The provider's signature document; only `text` and `signature` are used. */
  readonly signature: Signed;
}

/** SHA-256, lower-case hexadecimal without `0x`, of what passed by. */
export interface ExchangeHashes {
  readonly request: string;
  readonly response: string;
  /** Of each decoded image, where the service answers with images. */
  readonly images?: readonly string[];
}

/** The form of text that a service of each topology signs. */
const FORM = { broker: "two-field", separated: "two-field", centralized: "routing-proof" } as const;

/**
 * Verifies an answer against what the chain lists for its provider. Pure: reads nothing, and believes nothing of the
 * signature document but that these are the text and the signature.
 */
export function verifyInference(params: VerifyParams): Verification {
  const { service, signature } = params;
  return verifyHashes({ service, hashes: hashesOf(params), signature });
}

/**
 * Hashes an exchange as {@link verifyHashes} needs it: both bodies, and each image where the service answers with images.
 */
export function hashesOf(
  params: Pick<VerifyParams, "requestBytes" | "responseBytes" | "images"> & {
    readonly service: Pick<Service, "serviceType">;
  },
): ExchangeHashes {
  const { service, requestBytes, responseBytes } = params;
  const bodies = { request: sha256Hex(requestBytes), response: sha256Hex(responseBytes) };
  return isImageService(service)
    ? { ...bodies, images: decodedImages(responseBytes, params.images).map((image) => sha256Hex(image)) }
    : bodies;
}

/**
 * Like {@link verifyInference}, for whoever relays an answer and hashes it on the way, without keeping it. Of a service
 * that answers with images the body has to be kept: see {@link hashesOf}.
 */
export function verifyHashes(params: {
  readonly service: Service;
  readonly hashes: ExchangeHashes;
  readonly signature: Signed;
}): Verification {
  const { service, hashes, signature } = params;
  const parsed = parseSignedText(signature.text);
  const { check: signed, signer } = checkSignature(signature);
  const checks: Check<CheckName>[] = [signed, checkSigner(service, signer), ...checkBytes(service, hashes, parsed)];
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

/**
 * The bytes that the second half of a two-field text is the hash of: the one decoded image of an image service, else the
 * body. Undefined for a text over several images.
 */
export function signedResponse(
  params: Pick<VerifyParams, "responseBytes" | "images"> & { readonly text: string },
): Uint8Array | undefined {
  const { responseBytes, images } = params;
  const parsed = parseSignedText(params.text);
  if (parsed.form === "images") return undefined;
  const signed = parsed.form === "two-field" ? parsed.responseHash : undefined;
  return decodedImages(responseBytes, images).find((image) => sha256Hex(image) === signed) ?? responseBytes;
}

function checkSignature({ text, signature }: Signed): { check: Check<CheckName>; signer?: Address } {
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

function checkBytes(service: Service, hashes: ExchangeHashes, parsed: SignedText): readonly Check<CheckName>[] {
  const ofImages = service.topology === "broker" && isImageService(service);
  const wrongForm = ofImages ? wrongImageForm(parsed) : wrongTextForm(service.topology, parsed);
  if (parsed.form === "unknown" || wrongForm !== undefined) {
    const detail = wrongForm ?? "the signed text has an unknown form";
    return [
      { name: "response", passed: false, detail },
      { name: "request", passed: false, detail },
    ];
  }
  const signed = parsed.form === "images" ? parsed.imageHashes : [parsed.responseHash];
  return [
    ofImages ? checkImages(hashes, signed) : compare("response", "bytes received", hashes.response, signed[0] ?? ""),
    compare("request", "bytes sent", hashes.request, parsed.requestHash),
  ];
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
function checkImages({ response, images = [] }: ExchangeHashes, signed: readonly string[]): Check<CheckName> {
  const name = "response";
  if (signed.length === 1 && signed[0] === response) return compare(name, "bytes received", response, response);
  const passed = images.length > 0 && images.length === signed.length && images.every((hash, i) => hash === signed[i]);
  const [only] = images;
  return {
    name,
    passed,
    detail: passed
      ? images.length === 1
        ? `SHA-256 of the decoded image is the one signed: ${only}`
        : `SHA-256 of each of the ${images.length} decoded images is the one signed`
      : `the images received hash to [${images.join(", ")}]; signed is [${signed.join(", ")}]`,
  };
}

/** The images of an answer: those it holds; where it only names them, those that were fetched. */
function decodedImages(responseBytes: Uint8Array, fetched: readonly Uint8Array[] = []): readonly Uint8Array[] {
  const entries = imagesOf(parsedJson(Buffer.from(responseBytes).toString("utf8"))) ?? [];
  const held = entries.flatMap((entry) => ("bytes" in entry ? [entry.bytes] : []));
  return held.length > 0 ? held : fetched;
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
