/** Chains of X.509 certificates: who signed whom, for what use, and until when. */

import { createHash, X509Certificate, type KeyObject } from "node:crypto";

import { AsnConvert } from "@peculiar/asn1-schema";
import { BasicConstraints, Certificate as Asn1Certificate, KeyUsage, KeyUsageFlags } from "@peculiar/asn1-x509";

import { equalBytes, hexText } from "./bytes.ts";
import { EvidenceMalformedError } from "./errors.ts";
import type { TrustAnchor } from "./trust-anchor.ts";

const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
/** Intel's extension with the state of the machine. Source: Intel SGX PCK certificate profile. */
export const SGX_EXTENSIONS = "1.2.840.113741.1.13.1";

/** Curve and signature algorithm of a chain: Intel's is P-256, NVIDIA's P-384. */
export type Curve = "P-256" | "P-384";

const CURVES = {
  "P-256": { named: "prime256v1", signature: "1.2.840.10045.4.3.2" },
  "P-384": { named: "secp384r1", signature: "1.2.840.10045.4.3.3" },
} as const;

/** A certificate, read once. */
export interface Certificate {
  readonly der: Uint8Array;
  readonly x509: X509Certificate;
  readonly publicKey: KeyObject;
  /** First line of the subject that names it: `Intel SGX PCK Certificate`. */
  readonly name: string;
  /** Lower-case hexadecimal without leading zeros. */
  readonly serial: string;
  /** Of the extension with this identifier. */
  extension(id: string): Uint8Array | undefined;
  readonly critical: readonly string[];
  readonly signatureAlgorithm: string;
}

/** @throws {EvidenceMalformedError} when the bytes are no certificate, or more than one. */
export function readCertificate(der: Uint8Array): Certificate {
  let x509: X509Certificate;
  let publicKey: KeyObject;
  let parsed: Asn1Certificate;
  try {
    x509 = new X509Certificate(der);
    publicKey = x509.publicKey;
    parsed = AsnConvert.parse(der, Asn1Certificate);
  } catch (error) {
    throw new EvidenceMalformedError("certificate chain", "it holds something that is no certificate", error);
  }
  if (!equalBytes(x509.raw, der)) throw new EvidenceMalformedError("certificate chain", "bytes follow a certificate");
  const extensions = Array.from(parsed.tbsCertificate.extensions?.values() ?? []);
  if (new Set(extensions.map(({ extnID }) => extnID)).size < extensions.length) {
    throw new EvidenceMalformedError("certificate chain", "a certificate has an extension twice");
  }
  return {
    der,
    x509,
    publicKey,
    name: /^CN=(.*)$/m.exec(x509.subject)?.[1] ?? x509.subject.replaceAll("\n", ", "),
    serial: serialText(new Uint8Array(parsed.tbsCertificate.serialNumber)),
    extension: (id) => {
      const found = extensions.find(({ extnID }) => extnID === id);
      return found === undefined ? undefined : new Uint8Array(found.extnValue.buffer);
    },
    critical: extensions.filter(({ critical }) => critical).map(({ extnID }) => extnID),
    signatureAlgorithm: parsed.signatureAlgorithm.algorithm,
  };
}

/** Serial numbers compare as numbers. */
export function serialText(bytes: Uint8Array): string {
  return hexText(bytes).replace(/^(?:00)+(?=..)/, "");
}

export interface ChainRules {
  readonly now: Date;
  readonly curve: Curve;
  /** How many certificates a chain of this kind has, when that is fixed. */
  readonly length?: number;
  /** Extensions of the first certificate that must be there. */
  readonly required?: readonly string[];
  /** `any`: the first certificate may say what it likes of its use. NVIDIA's devices are authorities below themselves. */
  readonly leaf?: "signs" | "any";
}

/**
 * Checks a chain from its first certificate to its last, which must have signed itself. Whether that root is to be
 * trusted is another question: {@link isAnchor}.
 * @returns what is wrong, or undefined.
 */
export function chainProblem(chain: readonly Certificate[], rules: ChainRules): string | undefined {
  if (rules.length !== undefined && chain.length !== rules.length) {
    return `${chain.length} certificates where ${rules.length} make a chain`;
  }
  if (chain.length < 2) return "a chain has at least two certificates";
  if (new Set(chain.map(({ der }) => hexText(der))).size < chain.length) return "a certificate stands there twice";
  // What each is for comes first: OpenSSL would call one that may not sign an issuer of nothing.
  const checks = [
    (each: Certificate, index: number) => usageProblem(each, index, rules),
    (each: Certificate) => dateProblem(each, rules.now),
    (each: Certificate) => keyProblem(each, rules.curve),
    (each: Certificate, index: number) => issuerProblem(each, chain[index + 1] ?? each),
  ];
  for (const check of checks) {
    const problem = chain.map(check).find((each) => each !== undefined);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether a chain ends in the pinned root. */
export function isAnchor(chain: readonly Certificate[], anchor: TrustAnchor): boolean {
  const root = chain.at(-1);
  return root !== undefined && fingerprint(root) === anchor.sha256;
}

export function fingerprint({ der }: Certificate): string {
  return createHash("sha256").update(der).digest("hex");
}

function usageProblem(certificate: Certificate, index: number, rules: ChainRules): string | undefined {
  const { name } = certificate;
  const known = [BASIC_CONSTRAINTS, KEY_USAGE, ...(rules.required ?? [])];
  if (index > 0) return caProblem(certificate, index - 1, known);
  if (rules.leaf === "any") return undefined;
  const missing = (rules.required ?? []).find((id) => certificate.extension(id) === undefined);
  if (missing !== undefined) return `${name} lacks the extension ${missing}`;
  const constraints = basicConstraints(certificate);
  const usage = keyUsage(certificate);
  if (constraints === undefined || usage === undefined) return `${name} does not say what it is for`;
  if (constraints.cA) return `${name} is a certification authority's, not a machine's`;
  if ((usage & KeyUsageFlags.digitalSignature) === 0) return `${name} is not for signatures`;
  return unknownCritical(certificate, known);
}

/** @param below how many authorities stand between this one and the first certificate. */
function caProblem(certificate: Certificate, below: number, known: readonly string[]): string | undefined {
  const { name } = certificate;
  const constraints = basicConstraints(certificate);
  const usage = keyUsage(certificate);
  if (constraints?.cA !== true) return `${name} is no certification authority's`;
  if (usage === undefined || (usage & KeyUsageFlags.keyCertSign) === 0) return `${name} may not sign certificates`;
  if (constraints.pathLenConstraint !== undefined && constraints.pathLenConstraint < below) {
    return `${name} may not stand above ${below} other authorities`;
  }
  return unknownCritical(certificate, known);
}

function unknownCritical({ name, critical }: Certificate, known: readonly string[]): string | undefined {
  const unknown = critical.find((id) => !known.includes(id));
  return unknown === undefined ? undefined : `${name} has the critical extension ${unknown}, which is unknown here`;
}

function basicConstraints(certificate: Certificate): BasicConstraints | undefined {
  return parsedExtension(certificate, BASIC_CONSTRAINTS, (der) => AsnConvert.parse(der, BasicConstraints));
}

function keyUsage(certificate: Certificate): number | undefined {
  return parsedExtension(certificate, KEY_USAGE, (der) => AsnConvert.parse(der, KeyUsage).toNumber());
}

function parsedExtension<T>(certificate: Certificate, id: string, parse: (der: Uint8Array) => T): T | undefined {
  const der = certificate.extension(id);
  if (der === undefined) return undefined;
  try {
    return parse(der);
  } catch (error) {
    throw new EvidenceMalformedError("certificate chain", `the extension ${id} of ${certificate.name} is none`, error);
  }
}

function dateProblem({ name, x509 }: Certificate, now: Date): string | undefined {
  const { validFromDate: from, validToDate: to } = x509;
  if (now < from) return `${name} is valid from ${from.toISOString()} on`;
  return now > to ? `${name} was valid until ${to.toISOString()}` : undefined;
}

function keyProblem({ name, publicKey, signatureAlgorithm }: Certificate, curve: Curve): string | undefined {
  const { named, signature } = CURVES[curve];
  const is = publicKey.asymmetricKeyDetails?.namedCurve;
  if (is !== named) return `the key of ${name} is not on ${curve}`;
  return signatureAlgorithm === signature ? undefined : `${name} is not signed by ECDSA of ${curve}`;
}

function issuerProblem(certificate: Certificate, issuer: Certificate): string | undefined {
  if (certificate.x509.checkIssued(issuer.x509) && certificate.x509.verify(issuer.publicKey)) return undefined;
  return certificate === issuer
    ? `${certificate.name} at the end of the chain is no root: it has not signed itself`
    : `${certificate.name} is not signed by ${issuer.name}`;
}
