/** Checks of a quote by itself: that hardware of Intel's signed it, and in which state the trust domain was. */

import { createHash } from "node:crypto";

import { equalBytes, hexText, isZero } from "./bytes.ts";
import { chainProblem, fingerprint, isAnchor, SGX_EXTENSIONS, type Certificate } from "./certificates.ts";
import { failed, notChecked, passed, type Examination, type Finding, type Part } from "./item.ts";
import { isSigned, p256Key } from "./p256.ts";
import type { QeReport, TdReport, TdxQuote } from "./quote.ts";
import type { TrustAnchor } from "./trust-anchor.ts";

export interface QuoteEvidence {
  readonly quote: Part<TdxQuote>;
  /** Of the quote, the machine's first. */
  readonly chain: Part<readonly Certificate[]>;
  /** What to say of the hardware when there is no quote. */
  readonly notice?: string;
}

export interface QuoteRules {
  readonly now: Date;
  readonly anchor: TrustAnchor;
}

/** Intel's quoting enclave. Source: Intel SGX DCAP quote format, QE vendor id; QE identity of TDX served by Intel PCS. */
const INTEL_QE = {
  vendorId: "939a7233f79c4ca9940a0db3957f0607",
  mrSigner: "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5",
  prodId: 2,
} as const;

export function checkQuote(found: Examination, { quote, chain, notice }: QuoteEvidence, rules: QuoteRules): void {
  found.check("hardware", () => hardware(quote, notice));
  found.checkPart("quote-signature", quote, quoteSignature);
  found.checkPart("attestation-key", quote, attestationKey);
  found.checkPart("qe-signature", both(quote, chain), ([{ qeReport, qeReportSignature }, [leaf]]) =>
    leaf !== undefined && isSigned("sha256", qeReport.bytes, leaf.publicKey, qeReportSignature)
      ? passed(`the report of the quoting enclave is signed by ${leaf.name}`)
      : failed("the report of the quoting enclave is not signed by the machine's certificate"),
  );
  found.checkPart("qe", quote, quotingEnclave);
  checkChain(found, chain, quote, rules);
  found.checkPart("debug", quote, ({ report }) => debug(report));
  found.checkPart("td-attributes", quote, ({ report }) => attributes(report));
  found.checkPart("module", quote, ({ report }) => tdxModule(report));
  found.checkPart("service-td", quote, ({ report }) => serviceTd(report));
}

/** Two parts as one, missing what the first of them misses. */
export function both<A, B>(a: Part<A>, b: Part<B>): Part<readonly [A, B]> {
  if (a.state !== "there") return a;
  if (b.state !== "there") return b;
  return { state: "there", value: [a.value, b.value] };
}

function hardware(quote: Part<TdxQuote>, notice: string | undefined): Finding {
  if (quote.state === "there") return passed(`a TDX quote of version ${quote.value.version}`);
  if (quote.state === "broken") return failed(quote.why);
  return failed(`a development report, without a quote${notice === undefined ? "" : `: ${notice}`}`);
}

function quoteSignature({ signedBytes, attestationKey: point, signature }: TdxQuote): Finding {
  return isSigned("sha256", signedBytes, p256Key(point), signature)
    ? passed("header and TD report are signed by the attestation key")
    : failed("header and TD report are not signed by the attestation key");
}

function attestationKey({ attestationKey: point, qeAuthData, qeReport }: TdxQuote): Finding {
  const hash = createHash("sha256").update(point).update(qeAuthData).digest();
  const { reportData } = qeReport;
  return equalBytes(hash, reportData.subarray(0, 32)) && isZero(reportData.subarray(32))
    ? passed("the quoting enclave vouches for the attestation key")
    : failed("the report of the quoting enclave names another attestation key");
}

/** The enclave by its maker; its version needs collateral. */
function quotingEnclave({ qeReport, qeVendorId }: TdxQuote): Finding {
  const problem = enclaveProblem(qeReport, qeVendorId);
  return problem === undefined
    ? passed(`Intel's quoting enclave for TDX, version ${qeReport.isvSvn}, not in debug mode`)
    : failed(problem);
}

function enclaveProblem(
  { attributes: flags, mrSigner, isvProdId }: QeReport,
  vendorId: Uint8Array,
): string | undefined {
  if (hexText(vendorId) !== INTEL_QE.vendorId) return `the vendor of the quoting enclave is ${hexText(vendorId)}`;
  if (hexText(mrSigner) !== INTEL_QE.mrSigner)
    return `the quoting enclave is signed by ${hexText(mrSigner)}, not by Intel`;
  if (isvProdId !== INTEL_QE.prodId) return `the quoting enclave is product ${isvProdId}, not ${INTEL_QE.prodId}`;
  return ((flags[0] ?? 0) & 0x02) === 0 ? undefined : "the quoting enclave runs in debug mode";
}

/** Machine, authority, root. */
const PCK_CHAIN_LENGTH = 3;

function checkChain(
  found: Examination,
  chain: QuoteEvidence["chain"],
  quote: Part<TdxQuote>,
  { now, anchor }: QuoteRules,
): void {
  // A quote that was read, with certificates that were not, fails here.
  if (quote.state === "there" && chain.state === "broken") found.add("certificates", failed(chain.why));
  else {
    found.checkPart("certificates", chain, (certificates) => {
      const rules = { now, curve: "P-256", length: PCK_CHAIN_LENGTH, required: [SGX_EXTENSIONS] } as const;
      const problem = chainProblem(certificates, rules);
      return problem === undefined ? passed(certificates.map(({ name }) => name).join(" < ")) : failed(problem);
    });
  }
  found.checkPart("root", chain, (certificates) => {
    const root = certificates.at(-1);
    const is = root === undefined ? "none" : fingerprint(root);
    return isAnchor(certificates, anchor)
      ? passed(`SHA-256 ${is} is pinned as ${anchor.name}`)
      : failed(`SHA-256 ${is} is not that of ${anchor.name}, ${anchor.sha256}`);
  });
}

/** Bits 0 to 7: with any of them the host reads and changes the memory of the trust domain. Source: TDX module specification. */
function debug({ tdAttributes }: TdReport): Finding {
  return tdAttributes[0] === 0
    ? passed("the trust domain is not under debug")
    : failed(`the trust domain is under debug: its attributes are ${hexText(tdAttributes)}`);
}

/** SEPT_VE_DISABLE, which must be set; PKS, KL and PERFMON, which may be. Source: TDX module specification, TD attributes. */
const SEPT_VE_DISABLE = 1n << 28n;
const ALLOWED = SEPT_VE_DISABLE | (1n << 30n) | (1n << 31n) | (1n << 63n) | 0xffn;

function attributes({ tdAttributes }: TdReport): Finding {
  const bits = Buffer.from(tdAttributes).readBigUInt64LE();
  const text = hexText(tdAttributes);
  if ((bits & SEPT_VE_DISABLE) === 0n) return failed(`${text}: the host can trap accesses (SEPT_VE_DISABLE is off)`);
  if ((bits & ~ALLOWED) !== 0n) return failed(`${text}: migratable, or bits that are reserved`);
  return passed(text);
}

function tdxModule({ mrSignerSeam, seamAttributes, mrSeam }: TdReport): Finding {
  return isZero(mrSignerSeam) && isZero(seamAttributes)
    ? passed(`Intel's TDX module, MRSEAM ${hexText(mrSeam)}`)
    : failed(`the TDX module is not Intel's: signer ${hexText(mrSignerSeam)}, attributes ${hexText(seamAttributes)}`);
}

function serviceTd({ mrServiceTd }: TdReport): Finding {
  if (mrServiceTd === undefined) return notChecked("a report of TDX 1.0 does not say whether one is bound");
  if (isZero(mrServiceTd)) return passed("no service TD is bound");
  return notChecked(`a service TD is bound, and nothing here says which: ${hexText(mrServiceTd)}`);
}
