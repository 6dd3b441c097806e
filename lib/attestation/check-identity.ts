/** Checks of whom a report speaks for, and when it was made. */

import { hashMessage, keccak256, recoverAddress } from "ethers";

import { checksum, isHex, type Address } from "../hex.ts";
import { equalBytes, hexText } from "./bytes.ts";
import { both } from "./check-quote.ts";
import { failed, notChecked, part, passed, type Examination, type Finding, type Part } from "./item.ts";
import type { TdReport } from "./quote.ts";
import { parseReportData, type ReportData } from "./report-data.ts";
import type { AttestationReport } from "./report.ts";

export interface IdentityRules {
  /** Who the chain says signs, and where it says so: `teeSignerAddress`. */
  readonly expected?: { readonly signer: Address; readonly from: string };
  /** The nonce this report was asked for with. */
  readonly nonce?: Uint8Array;
  /** Header `ZG-Quote-Signature`: the signer's, over the whole answer. */
  readonly quoteSignature?: string;
  /** The answer, unchanged. */
  readonly bytes: Uint8Array;
}

/** @returns the report data, for what else refers to them. */
export function checkIdentity(
  found: Examination,
  report: AttestationReport,
  td: Part<TdReport>,
  rules: IdentityRules,
): Part<ReportData> {
  const data = part("report data", () => {
    const bytes = td.state === "there" ? td.value.reportData : report.reportData();
    return bytes === undefined ? undefined : parseReportData(bytes, report.form);
  });
  if (data.state === "broken") found.add("report-data", failed(data.why));
  else found.checkPart("report-data", both(td, data), ([{ reportData }, read]) => sameData(report, reportData, read));
  found.checkPart("signer", data, ({ signer }) => listedSigner(signer, report, rules.expected));
  found.checkPart("freshness", data, (read) => fresh(read, rules.nonce));
  found.checkPart("envelope", data, ({ signer }) => envelope(signer, rules));
  return data;
}

const LAYOUTS = {
  text: "the signer's address as text",
  sealing: "a key for sealed traffic and the signer's address",
  nonce: "the signer's address and a nonce",
  address: "the signer's address",
} as const;

/** What stands beside the quote is what others read; it must be what the hardware signed. */
function sameData(report: AttestationReport, quoted: Uint8Array, read: ReportData): Finding {
  const beside = report.reportData();
  if (beside !== undefined && !equalBytes(beside, quoted)) {
    return failed(`the quote has ${hexText(quoted)}; beside it stands ${hexText(beside)}`);
  }
  const { signer, nonce } = report.claims();
  if (signer !== undefined && signer.toLowerCase() !== read.signer.toLowerCase()) {
    return failed(`the quote speaks for ${read.signer}; beside it stands ${signer.slice(0, 80)}`);
  }
  if (nonce !== undefined && read.layout === "nonce" && !equalBytes(nonce, read.nonce)) {
    return failed(`the quote has the nonce ${hexText(read.nonce)}; beside it stands ${hexText(nonce)}`);
  }
  return passed(`${LAYOUTS[read.layout]}, signed by the hardware`);
}

function listedSigner(signer: Address, { form }: AttestationReport, expected: IdentityRules["expected"]): Finding {
  if (expected === undefined) return notChecked(`nobody to compare ${signer} with`);
  if (signer !== expected.signer) {
    return failed(`the report speaks for ${signer}; the chain lists ${expected.signer} (${expected.from})`);
  }
  const vouched = form === "development" ? ", by the word of the report alone" : "";
  return passed(`${signer} is the ${expected.from} of the chain${vouched}`);
}

function fresh(read: ReportData, asked: Uint8Array | undefined): Finding {
  if (read.layout !== "nonce") {
    return asked === undefined
      ? notChecked("reports of this form carry no nonce: this one may be as old as the signer's key")
      : failed("asked with a nonce, answered in a form that carries none");
  }
  if (asked === undefined) return notChecked("a saved report: it was not asked for with a nonce of ours");
  return equalBytes(asked, read.nonce)
    ? passed("made for this request: the nonce is ours")
    : failed(`asked with the nonce ${hexText(asked)}, answered with ${hexText(read.nonce)}`);
}

/** Nothing else ties what stands beside the quote to it. Source: 0g-serving-broker, the header ZG-Quote-Signature. */
function envelope(signer: Address, { quoteSignature, bytes }: IdentityRules): Finding {
  if (quoteSignature === undefined) return notChecked("the answer as a whole is not signed (no ZG-Quote-Signature)");
  const by = envelopeSigner(quoteSignature, bytes);
  if (by === undefined) return failed("ZG-Quote-Signature is no signature");
  return by === signer
    ? passed(`the answer as a whole is signed by ${signer}`)
    : failed(`the answer as a whole is signed by ${by}, not by ${signer}`);
}

function envelopeSigner(signature: string, bytes: Uint8Array): Address | undefined {
  if (!isHex(signature) || signature.length !== 2 + 2 * 65) return undefined;
  try {
    return checksum(recoverAddress(hashMessage(Buffer.from(keccak256(bytes).slice(2), "hex")), signature));
  } catch {
    return undefined; // ethers throws for nothing but an invalid signature
  }
}
