/**
 * A TDX quote, as Intel's "TDX DCAP Quote Generation Library and Quote Verification Library" lays it out (appendix A.3
 * for version 4, A.4 for version 5): header, TD report, ECDSA signature data with the certificate chain of the machine.
 */

import { ByteReader } from "./bytes.ts";
import { splitPem } from "./pem.ts";

/** Real quotes take 5 kB, of which most are certificates. */
export const MAX_QUOTE_BYTES = 64 * 1024;

const TEE_TYPE_TDX = 0x81;
const KEY_TYPE_ECDSA_P256 = 2;
const CERTIFICATION_QE_REPORT = 6;
const CERTIFICATION_PCK_CHAIN = 5;
const QE_REPORT_BYTES = 384;
/** By the body type of a version 5 quote: TDX 1.0 and TDX 1.5. */
const BODY_BYTES: Readonly<Record<number, number>> = { 2: 584, 3: 648 };

/** What the TDX module says about a trust domain. Source: TDX module specification, TDREPORT. */
export interface TdReport {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  /** Zero for Intel's own module. */
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly Uint8Array[];
  /** 64 bytes that the software in the trust domain chose. */
  readonly reportData: Uint8Array;
  /** TDX 1.5 only: the service TDs bound to it; zero when there are none. */
  readonly mrServiceTd?: Uint8Array;
}

/** The report of the quoting enclave. Source: Intel SDM, SGX REPORT structure. */
export interface QeReport {
  readonly bytes: Uint8Array;
  readonly miscSelect: number;
  readonly attributes: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Uint8Array;
}

export interface TdxQuote {
  readonly version: 4 | 5;
  readonly qeVendorId: Uint8Array;
  readonly report: TdReport;
  /** What the attestation key signs: header and TD report. */
  readonly signedBytes: Uint8Array;
  /** r and s, 32 bytes each. */
  readonly signature: Uint8Array;
  /** x and y, 32 bytes each. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: QeReport;
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  /** DER, the machine's own first, as they stand in the quote. */
  readonly certificates: readonly Uint8Array[];
}

/**
 * Parses a TDX quote of version 4 or 5. Every length must add up; zeros may follow, as dstack hands out its whole buffer.
 * @throws {EvidenceMalformedError} and nothing else.
 */
export function parseQuote(bytes: Uint8Array): TdxQuote {
  const reader = new ByteReader(bytes, "TDX quote");
  if (bytes.length > MAX_QUOTE_BYTES) reader.fail(`it has ${bytes.length} bytes, more than ${MAX_QUOTE_BYTES}`);
  const version = reader.u16("version");
  if (version !== 4 && version !== 5) return reader.fail(`version ${version} is neither 4 nor 5`);
  const keyType = reader.u16("attestation key type");
  if (keyType !== KEY_TYPE_ECDSA_P256) reader.fail(`attestation key type ${keyType} is not ECDSA P-256`);
  const teeType = reader.u32("TEE type");
  if (teeType !== TEE_TYPE_TDX) reader.fail(`TEE type 0x${teeType.toString(16)} is not TDX`);
  reader.take(4, "reserved");
  const qeVendorId = reader.take(16, "QE vendor id");
  reader.take(20, "user data");

  const bodyBytes = version === 4 ? (BODY_BYTES[2] ?? 0) : bodySize(reader);
  const report = parseTdReport(reader.take(bodyBytes, "TD report"));
  const signedBytes = new Uint8Array(bytes.subarray(0, reader.offset));
  const signed = new ByteReader(reader.take(reader.u32("signature data length"), "signature data"), "TDX quote");
  reader.end("zeros");
  return { version, qeVendorId, report, signedBytes, ...parseSignatureData(signed) };
}

function bodySize(reader: ByteReader): number {
  const type = reader.u16("body type");
  const size = reader.u32("body size");
  const expected = BODY_BYTES[type];
  if (expected === undefined) return reader.fail(`body type ${type} is no TD report`);
  if (size !== expected) reader.fail(`a body of type ${type} has ${expected} bytes, not ${size}`);
  return size;
}

function parseTdReport(bytes: Uint8Array): TdReport {
  const reader = new ByteReader(bytes, "TD report");
  const report = {
    teeTcbSvn: reader.take(16, "TEE_TCB_SVN"),
    mrSeam: reader.take(48, "MRSEAM"),
    mrSignerSeam: reader.take(48, "MRSIGNERSEAM"),
    seamAttributes: reader.take(8, "SEAMATTRIBUTES"),
    tdAttributes: reader.take(8, "TDATTRIBUTES"),
    xfam: reader.take(8, "XFAM"),
    mrTd: reader.take(48, "MRTD"),
    mrConfigId: reader.take(48, "MRCONFIGID"),
    mrOwner: reader.take(48, "MROWNER"),
    mrOwnerConfig: reader.take(48, "MROWNERCONFIG"),
    rtmrs: [0, 1, 2, 3].map((index) => reader.take(48, `RTMR${index}`)),
    reportData: reader.take(64, "REPORTDATA"),
  };
  if (reader.remaining === 0) return report;
  reader.take(16, "TEE_TCB_SVN2");
  const mrServiceTd = reader.take(48, "MRSERVICETD");
  reader.end("nothing");
  return { ...report, mrServiceTd };
}

type SignatureData = Pick<
  TdxQuote,
  "signature" | "attestationKey" | "qeReport" | "qeReportSignature" | "qeAuthData" | "certificates"
>;

function parseSignatureData(reader: ByteReader): SignatureData {
  const signature = reader.take(64, "signature");
  const attestationKey = reader.take(64, "attestation key");
  const outer = certification(reader, CERTIFICATION_QE_REPORT);
  reader.end("nothing");
  const qeReport = parseQeReport(outer.take(QE_REPORT_BYTES, "QE report"));
  const qeReportSignature = outer.take(64, "signature of the QE report");
  const qeAuthData = outer.take(outer.u16("length of QE authentication data"), "QE authentication data");
  const inner = certification(outer, CERTIFICATION_PCK_CHAIN);
  outer.end("nothing");
  const certificates = splitPem(inner.take(inner.remaining, "certificates"));
  return { signature, attestationKey, qeReport, qeReportSignature, qeAuthData, certificates };
}

function certification(reader: ByteReader, expected: number): ByteReader {
  const type = reader.u16("certification data type");
  if (type !== expected) reader.fail(`certification data has type ${type}, not ${expected}`);
  return new ByteReader(reader.take(reader.u32("certification data length"), "certification data"), "TDX quote");
}

function parseQeReport(bytes: Uint8Array): QeReport {
  const reader = new ByteReader(bytes, "QE report");
  reader.take(16, "CPUSVN");
  const miscSelect = reader.u32("MISCSELECT");
  reader.take(28, "reserved");
  const attributes = reader.take(16, "ATTRIBUTES");
  reader.take(32, "MRENCLAVE");
  reader.take(32, "reserved");
  const mrSigner = reader.take(32, "MRSIGNER");
  reader.take(96, "reserved");
  const isvProdId = reader.u16("ISVPRODID");
  const isvSvn = reader.u16("ISVSVN");
  reader.take(60, "reserved");
  const reportData = reader.take(64, "REPORTDATA");
  reader.end("nothing");
  return { bytes, miscSelect, attributes, mrSigner, isvProdId, isvSvn, reportData };
}
