/** Evidence of NVIDIA GPUs: who made the device, and that it answered for this report. Source: NVIDIA/nvtrust; DMTF SPDM 1.1. */

import { keccak256 } from "ethers";

import { fromHex, type Hex } from "../hex.ts";
import { equalBytes, hexText, isZero, parseBase64, ByteReader } from "./bytes.ts";
import { chainProblem, isAnchor, readCertificate } from "./certificates.ts";
import { failed, notChecked, part, passed, type Examination, type Finding } from "./item.ts";
import { isSigned } from "./p256.ts";
import { splitPem } from "./pem.ts";
import type { ReportData } from "./report-data.ts";
import type { AttestationReport, GpuEvidence } from "./report.ts";
import type { TrustAnchor } from "./trust-anchor.ts";

export interface GpuRules {
  readonly now: Date;
  readonly anchor: TrustAnchor;
}

/** SPDM 1.1, GET_MEASUREMENTS of everything, signed. */
const REQUEST_HEAD = Buffer.from("11e001ff", "hex");
const REQUEST_BYTES = 37;
const SIGNATURE_BYTES = 96;

/** @param nonces what the devices may have been asked with, given the report data. */
export function checkGpus(
  found: Examination,
  report: AttestationReport,
  nonces: readonly Uint8Array[],
  rules: GpuRules,
): void {
  const gpus = part("GPU evidence", () => {
    const list = report.gpus();
    return list.length === 0 ? undefined : list;
  });
  if (gpus.state === "broken") found.add("gpu-signature", failed(gpus.why));
  if (gpus.state !== "there") return;
  found.check("gpu-nonce", () => askedWith(gpus.value, nonces));
  found.check("gpu-signature", () => signedByDevice(gpus.value, rules));
  found.add(
    "gpu-measurements",
    notChecked(
      "what drivers and firmware should measure is known to NVIDIA's service alone (RIM, NRAS), which is not asked",
    ),
  );
}

/** The nonces that forms of reports hand to their devices. */
export function gpuNonces(data: ReportData, reportData: Uint8Array): Uint8Array[] {
  const hash = (bytes: Uint8Array) => fromHex(keccak256(bytes) as Hex);
  switch (data.layout) {
    case "nonce":
      return [data.nonce];
    case "address":
      return [reportData.slice(0, 32)];
    case "text":
      return [hash(reportData.slice(0, 42))];
    case "sealing":
      return [hash(reportData)];
  }
}

function requestNonce(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, "GPU evidence");
  const head = reader.take(REQUEST_HEAD.length, "request");
  if (!equalBytes(head, REQUEST_HEAD)) reader.fail("it is no SPDM 1.1 measurement");
  return reader.take(32, "nonce");
}

function askedWith(gpus: readonly GpuEvidence[], nonces: readonly Uint8Array[]): Finding {
  if (nonces.length === 0) return notChecked("the report data, which the nonce follows from, cannot be read");
  for (const { report } of gpus) {
    const nonce = requestNonce(parseBase64(report, "GPU evidence"));
    if (!nonces.some((each) => equalBytes(each, nonce))) {
      return failed(`a device answered the nonce ${hexText(nonce)}, which is not this report's`);
    }
  }
  return passed(`${counted(gpus.length)} answered for this report`);
}

function counted(devices: number): string {
  return devices === 1 ? "one device" : `${devices} devices`;
}

function signedByDevice(gpus: readonly GpuEvidence[], { now, anchor }: GpuRules): Finding {
  const names: string[] = [];
  for (const { report, certificates } of gpus) {
    const pem = parseBase64(certificates, "GPU evidence");
    // TAPP sends a buffer that nobody filled.
    if (pem.length > 0 && isZero(pem)) return notChecked("the report brings no certificate of the device");
    const chain = splitPem(pem).map(readCertificate);
    const problem = chainProblem(chain, { now, curve: "P-384", leaf: "any" });
    if (problem !== undefined) return failed(problem);
    if (!isAnchor(chain, anchor)) return failed(`the chain of the device does not end in ${anchor.name}`);
    const bytes = parseBase64(report, "GPU evidence");
    const [leaf] = chain;
    const whole = bytes.length > REQUEST_BYTES + SIGNATURE_BYTES;
    if (leaf === undefined || !whole) return failed("the evidence is too short");
    const signed = bytes.subarray(0, -SIGNATURE_BYTES);
    if (!isSigned("sha384", signed, leaf.publicKey, bytes.subarray(-SIGNATURE_BYTES))) {
      return failed(`the evidence is not signed by ${leaf.name}`);
    }
    names.push(leaf.name);
  }
  return passed(`${counted(gpus.length)} of NVIDIA's signed it: ${[...new Set(names)].join(", ")}`);
}
