/**
 * Verifies an attestation report by itself, without asking anybody. Each check has a name and its own verdict; there is
 * never one for all.
 */

import type { Address } from "../hex.ts";
import { readCertificate } from "./certificates.ts";
import { checkCollateral } from "./check-collateral.ts";
import { checkIdentity, type IdentityRules } from "./check-identity.ts";
import { checkQuote } from "./check-quote.ts";
import { checkSoftware, type SoftwareRules } from "./check-software.ts";
import type { Collateral } from "./collateral.ts";
import { AttestationRefusedError, EvidenceMalformedError, NotHardwareError } from "./errors.ts";
import { checkGpus, gpuNonces } from "./gpu.ts";
import { Examination, part, type Item } from "./item.ts";
import { machineOf, type Machine } from "./machine.ts";
import { parseQuote } from "./quote.ts";
import type { ReportForm } from "./report-data.ts";
import { openReport } from "./report.ts";
import { INTEL_SGX_ROOT, NVIDIA_DEVICE_ROOT, type TrustAnchor } from "./trust-anchor.ts";

export interface VerifyReportParams extends IdentityRules, Omit<SoftwareRules, "signer"> {
  /** Decides which certificates are valid, and whether collateral is current. */
  readonly now: Date;
  /** What Intel says of machines and revocations, for one kind of machine each. Without it, those checks are not made. */
  readonly collateral?: readonly Collateral[];
  /** Whom to trust. Only tests give others. */
  readonly anchors?: { readonly tdx?: TrustAnchor; readonly gpu?: TrustAnchor };
}

export interface ReportVerification {
  readonly form: ReportForm;
  /** No check failed. What was not checked stands among the items. */
  readonly held: boolean;
  /** There is a quote of hardware at all; a development report has none. */
  readonly hardware: boolean;
  /** Whom the report speaks for. */
  readonly signer?: Address;
  readonly items: readonly Item[];
}

/**
 * Verifies one report.
 * @throws {ReportMalformedError} when it is none. Whatever is wrong inside a report fails an item instead.
 */
export async function verifyReport(params: VerifyReportParams): Promise<ReportVerification> {
  const { now, anchors } = params;
  const anchor = anchors?.tdx ?? INTEL_SGX_ROOT;
  const report = openReport(params.bytes);
  const raw = part("quote", () => report.quote());
  const quote = raw.state === "there" ? part("quote", () => parseQuote(raw.value)) : raw;
  const chain =
    quote.state === "there" ? part("certificates", () => quote.value.certificates.map(readCertificate)) : quote;
  const td = quote.state === "there" ? part("TD report", () => quote.value.report) : quote;

  const found = new Examination();
  const { notice } = report;
  checkQuote(found, { quote, chain, ...(notice === undefined ? {} : { notice }) }, { now, anchor });
  const data = checkIdentity(found, report, td, params);
  const signer = data.state === "there" ? data.value.signer : undefined;
  checkSoftware(found, report, td, { ...params, ...(signer === undefined ? {} : { signer }) });
  await checkCollateral(found, { raw, quote, chain, collateral: params.collateral ?? [] }, { now, anchor });
  const nonces = data.state === "there" && td.state === "there" ? gpuNonces(data.value, td.value.reportData) : [];
  checkGpus(found, report, nonces, { now, anchor: anchors?.gpu ?? NVIDIA_DEVICE_ROOT });

  const { items } = found;
  return {
    form: report.form,
    held: items.every(({ status }) => status !== "failed"),
    hardware: quote.state !== "absent",
    ...(signer === undefined ? {} : { signer }),
    items,
  };
}

/**
 * The kind of machine that a report comes from, for its collateral. Undefined when it has no quote that can be read.
 * @throws {ReportMalformedError}
 */
export async function reportMachine(bytes: Uint8Array): Promise<Machine | undefined> {
  const report = openReport(bytes);
  try {
    const quote = report.quote();
    return quote === undefined ? undefined : await machineOf(parseQuote(quote).certificates.map(readCertificate));
  } catch (error) {
    if (error instanceof EvidenceMalformedError) return undefined;
    throw error;
  }
}

/**
 * Asserts that no check of a report failed.
 * @param subject whose report, for the error.
 * @throws {NotHardwareError} for a development report. {@link AttestationRefusedError}
 */
export function assertHeld(subject: string, { held, hardware, items }: ReportVerification): void {
  if (held) return;
  const failures = items.filter(({ status }) => status === "failed");
  const values = { subject, failed: failures.map(({ name }) => name), reason: failures[0]?.detail ?? "" };
  throw hardware ? new AttestationRefusedError(values) : new NotHardwareError(values);
}
