/**
 * The reports that providers hand out, in their three forms: a dstack broker's (`/v1/quote`), a model node's
 * (`/v1/proxy/attestation/report`) and 0G TAPP's. Sources: 0g-serving-broker, phala.go and tapp.go; nearai/vllm-proxy.
 */

import { z } from "zod";

import { parseBase64, parseHex } from "./bytes.ts";
import { EvidenceMalformedError, ReportMalformedError } from "./errors.ts";
import { parseDstackLog, parseTcgLog, type MeasuredEvent } from "./measured-log.ts";
import type { ReportForm } from "./report-data.ts";

/** Real reports take up to 200 kB, most of it for GPUs. */
export const MAX_REPORT_BYTES = 4 * 1024 * 1024;

/** Evidence of one GPU, as it was handed out. */
export interface GpuEvidence {
  /** SPDM request and response, in base64. */
  readonly report: string;
  /** Chain of the device, PEM in base64. */
  readonly certificates: string;
}

/** A report, opened. Its parts are read only when they are asked for, so that one that is broken hides no other. */
export interface AttestationReport {
  readonly form: ReportForm;
  /** What a development report says of itself. */
  readonly notice?: string;
  /** Absent in a development report. @throws {EvidenceMalformedError} */
  quote(): Uint8Array | undefined;
  /** The copy beside the quote, where the form has one. @throws {EvidenceMalformedError} */
  reportData(): Uint8Array | undefined;
  /** @throws {EvidenceMalformedError} */
  log(): readonly MeasuredEvent[];
  /** The text whose hash was measured: dstack's app-compose, TAPP's compose file. @throws {EvidenceMalformedError} */
  compose(): string;
  /** Registers that stand beside the quote, in hexadecimal, by name. @throws {EvidenceMalformedError} */
  registers(): Readonly<Record<string, string>>;
  /** A node's: whose key it says signs, and the nonce it says it was asked with. @throws {EvidenceMalformedError} */
  claims(): { readonly signer?: string; readonly nonce?: Uint8Array };
  /** @throws {EvidenceMalformedError} */
  gpus(): readonly GpuEvidence[];
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Opens a report.
 * @throws {ReportMalformedError} when it is none of the known forms.
 */
export function openReport(bytes: Uint8Array): AttestationReport {
  if (bytes.length > MAX_REPORT_BYTES) {
    throw new ReportMalformedError(`it has ${bytes.length} bytes, more than ${MAX_REPORT_BYTES}`);
  }
  let members: unknown;
  try {
    members = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ReportMalformedError("it is not JSON", error);
  }
  if (!isMembers(members)) throw new ReportMalformedError("it is no JSON object");
  if (typeof members["evidence"] === "string") return tappReport(members);
  if (isDevelopment(members)) return dstackReport("development", members);
  if (typeof members["intel_quote"] === "string") return dstackReport("node", members);
  if (typeof members["quote"] === "string") return dstackReport("dstack", members);
  throw new ReportMalformedError("it has neither `quote`, `intel_quote` nor `evidence`");
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** 0G's broker without a TEE writes the second; the local provider of this project the first. */
function isDevelopment(members: Members): boolean {
  return members["mock"] === true || members["quote"] === "" || members["intel_quote"] === "mock_intel_quote";
}

function fail(part: string, why: string): never {
  throw new EvidenceMalformedError(part, why);
}

function text(members: Members, key: string, part: string): string {
  const value = members[key];
  return typeof value === "string" ? value : fail(part, `\`${key}\` is missing`);
}

/** An object, or the text of one. */
function nested(members: Members, key: string, part: string): Members {
  const value = members[key];
  let inner = value;
  if (typeof value === "string") {
    try {
      inner = JSON.parse(value);
    } catch (error) {
      throw new EvidenceMalformedError(part, `\`${key}\` is not JSON`, error);
    }
  }
  return isMembers(inner) ? inner : fail(part, `\`${key}\` is missing`);
}

const REGISTER_NAMES = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"];

function dstackReport(form: "dstack" | "node" | "development", members: Members): AttestationReport {
  // A broker writes `tcb_info` itself; a node, and 0G's broker without a TEE, below `info`.
  const tcbInfo = () =>
    members["info"] === undefined
      ? nested(members, "tcb_info", "measurements")
      : nested(nested(members, "info", "measurements"), "tcb_info", "measurements");
  const notice = members["notice"];
  return {
    form,
    ...(typeof notice === "string" ? { notice: notice.slice(0, 300) } : {}),
    quote: () => (form === "development" ? undefined : parseHex(quoteOf(members), "TDX quote")),
    reportData: () =>
      form === "node" ? undefined : parseBase64(text(members, "report_data", "report data"), "report data"),
    log: () => parseDstackLog(members["event_log"]),
    compose: () => text(tcbInfo(), "app_compose", "compose file"),
    registers: () => {
      const info = tcbInfo();
      return Object.fromEntries(
        REGISTER_NAMES.flatMap((name) => (info[name] === undefined ? [] : [[name, text(info, name, "measurements")]])),
      );
    },
    claims: () =>
      form === "node"
        ? {
            signer: text(members, "signing_address", "signing address"),
            nonce: parseHex(text(members, "request_nonce", "nonce"), "nonce"),
          }
        : {},
    gpus: () => nvidiaPayload(members),
  };
}

/** A node writes its quote under two names. */
function quoteOf(members: Members): string {
  const [quote, intel] = [members["quote"], members["intel_quote"]];
  if (typeof quote === "string" && typeof intel === "string" && quote !== intel) {
    return fail("TDX quote", "`quote` and `intel_quote` differ");
  }
  return text(members, quote === undefined ? "intel_quote" : "quote", "TDX quote");
}

const payload = z.object({
  evidence_list: z.array(z.object({ certificate: z.string(), evidence: z.string() })).max(64),
});

function nvidiaPayload(members: Members): GpuEvidence[] {
  const value = members["nvidia_payload"];
  if (value === undefined || value === null || value === "" || value === "mock_nvidia_payload") return [];
  const parsed = payload.safeParse(nested(members, "nvidia_payload", "GPU evidence"));
  if (!parsed.success) return fail("GPU evidence", "it is no list of NVIDIA evidence");
  return parsed.data.evidence_list.map(({ certificate, evidence }) => ({
    report: evidence,
    certificates: certificate,
  }));
}

const tappGpus = z.object({
  evidence_list: z.array(z.object({ certificate: z.string(), attestation_report: z.string() })).max(64),
});

function tappReport(members: Members): AttestationReport {
  let opened: Members | undefined;
  const evidence = (): Members => {
    opened ??= nested(
      { evidence: Buffer.from(parseBase64(text(members, "evidence", "evidence"), "evidence")).toString("utf8") },
      "evidence",
      "evidence",
    );
    return opened;
  };
  return {
    form: "tapp",
    quote: () => parseBase64(text(evidence(), "quote", "TDX quote"), "TDX quote"),
    reportData: () => undefined,
    log: () => parseTcgLog(parseBase64(text(evidence(), "cc_eventlog", "event log"), "event log")),
    compose: () => text(members, "compose_content", "compose file"),
    registers: () => ({}),
    claims: () => ({}),
    gpus: () => {
      const value = evidence()["gpu_evidence"];
      if (value === undefined || value === null) return [];
      const parsed = tappGpus.safeParse(value);
      if (!parsed.success) return fail("GPU evidence", "it is no list of NVIDIA evidence");
      return parsed.data.evidence_list.map(({ certificate, attestation_report }) => ({
        report: attestation_report,
        certificates: certificate,
      }));
    },
  };
}
