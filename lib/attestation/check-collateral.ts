/** Checks that need collateral: what Intel says today of the machine, its enclave and its certificates. */

import { z } from "zod";

import { chainProblem, isAnchor, readCertificate, type Certificate } from "./certificates.ts";
import { collateralFmspc, type Collateral } from "./collateral.ts";
import { both, type QuoteEvidence, type QuoteRules } from "./check-quote.ts";
import { EvidenceMalformedError } from "./errors.ts";
import { machineOf } from "./machine.ts";
import { failed, notChecked, passed, type Examination, type Finding, type Part } from "./item.ts";
import { isSigned } from "./p256.ts";
import { splitPem } from "./pem.ts";
import { qeIdentityFinding } from "./qe-identity.ts";
import { revocationProblem } from "./revocation.ts";
import { tdxModuleFinding } from "./tdx-module.ts";

export interface CollateralEvidence extends Pick<QuoteEvidence, "quote" | "chain"> {
  /** The quote as it came. */
  readonly raw: Part<Uint8Array>;
  /** For one kind of machine each. */
  readonly collateral: readonly Collateral[];
}

const NAMES = ["collateral", "revocation", "qe-identity", "tdx-module", "tcb"] as const;
const NONE =
  "no collateral was given: what Intel says of this machine today needs --collateral <file> or --fetch-collateral";

export async function checkCollateral(
  found: Examination,
  { raw, quote, chain, collateral }: CollateralEvidence,
  rules: QuoteRules,
): Promise<void> {
  const evidence = both(both(raw, quote), chain);
  if (evidence.state !== "there") {
    skip(found, evidence.why);
    return;
  }
  const [[bytes, { qeReport, report }], certificates] = evidence.value;
  const chosen = await choose(collateral, certificates);
  if (typeof chosen === "string") {
    skip(found, chosen);
    return;
  }
  found.check("collateral", () => documents(chosen, rules));
  found.check("revocation", () => revocation(chosen, certificates, rules));
  found.check("qe-identity", () => qeIdentityFinding(chosen.qe_identity, qeReport));
  found.check("tdx-module", () => tdxModuleFinding(chosen.tcb_info, report));
  found.add("tcb", await tcbLevel(bytes, certificates, chosen, rules));
}

function skip(found: Examination, why: string): void {
  for (const name of NAMES) found.add(name, notChecked(why));
}

/** The collateral for this kind of machine, or why there is none. */
async function choose(given: readonly Collateral[], chain: readonly Certificate[]): Promise<Collateral | string> {
  if (given.length === 0) return NONE;
  let fmspc: string;
  try {
    ({ fmspc } = await machineOf(chain));
  } catch (error) {
    if (error instanceof EvidenceMalformedError) return error.message;
    throw error;
  }
  const found = given.find((each) => collateralFmspc(each) === fmspc);
  const kinds = given.map((each) => collateralFmspc(each) ?? "none").join(", ");
  return found ?? `the collateral given is for machines of kind ${kinds}; this one is ${fmspc}`;
}

/** Signer of Intel's documents, root. */
const SIGNING_CHAIN_LENGTH = 2;

/** Fetched collateral ends its chains in a line feed or not, as the header of the answer had it. */
function signingChain(pem: string): Certificate[] {
  return splitPem(Buffer.from(`${pem.trim()}\n`, "latin1")).map(readCertificate);
}

function documents(collateral: Collateral, rules: QuoteRules): Finding {
  const all = [
    {
      name: "TCB info",
      text: collateral.tcb_info,
      signature: collateral.tcb_info_signature,
      pem: collateral.tcb_info_issuer_chain,
    },
    {
      name: "QE identity",
      text: collateral.qe_identity,
      signature: collateral.qe_identity_signature,
      pem: collateral.qe_identity_issuer_chain,
    },
  ];
  const until: string[] = [];
  for (const { name, text, signature, pem } of all) {
    const chain = signingChain(pem);
    const problem = chainProblem(chain, { now: rules.now, curve: "P-256", length: SIGNING_CHAIN_LENGTH });
    if (problem !== undefined) return failed(`${name}: ${problem}`);
    if (!isAnchor(chain, rules.anchor)) return failed(`${name}: its chain does not end in ${rules.anchor.name}`);
    const [signer] = chain;
    const signed = signature.length === 64 && signer !== undefined;
    if (!signed || !isSigned("sha256", Buffer.from(text, "utf8"), signer.publicKey, signature)) {
      return failed(`${name}: it is not signed by ${signer?.name ?? "anybody"}`);
    }
    const { issueDate, nextUpdate } = datesOf(name, text);
    if (rules.now < issueDate) return failed(`${name}: it is from the future, ${issueDate.toISOString()}`);
    if (rules.now > nextUpdate) return failed(`${name}: it was current until ${nextUpdate.toISOString()}`);
    until.push(`${name} until ${nextUpdate.toISOString()}`);
  }
  return passed(`signed by Intel and current: ${until.join(", ")}`);
}

const dated = z.object({ issueDate: z.iso.datetime(), nextUpdate: z.iso.datetime() });

function datesOf(name: string, text: string): { issueDate: Date; nextUpdate: Date } {
  try {
    const { issueDate, nextUpdate } = dated.parse(JSON.parse(text));
    return { issueDate: new Date(issueDate), nextUpdate: new Date(nextUpdate) };
  } catch (error) {
    throw new EvidenceMalformedError(name, "it has no dates", error);
  }
}

/** dcap-qvl looks up serial numbers, and asks neither who signed a list nor when: that is done here. */
function revocation(
  collateral: Collateral,
  certificates: readonly Certificate[],
  { now, anchor }: QuoteRules,
): Finding {
  const [machine, authority, root] = certificates;
  if (machine === undefined || authority === undefined || root === undefined) return failed("the chain is incomplete");
  if (!isAnchor(certificates, anchor)) return failed(`the chain does not end in ${anchor.name}, whose lists these are`);
  const signers = [collateral.tcb_info_issuer_chain, collateral.qe_identity_issuer_chain].flatMap(signingChain);
  const problem =
    revocationProblem(collateral.root_ca_crl, root, [authority, root, ...signers], now) ??
    revocationProblem(collateral.pck_crl, authority, [machine], now);
  return problem === undefined ? passed("neither the machine nor who vouches for it is revoked") : failed(problem);
}

/** Up to date, or so as soon as software does its part. Source: Intel, TCB status of the attestation. */
const ACCEPTED: ReadonlySet<string> = new Set(["UpToDate", "SWHardeningNeeded"]);

async function tcbLevel(
  bytes: Uint8Array,
  certificates: readonly Certificate[],
  collateral: Collateral,
  { now, anchor }: QuoteRules,
): Promise<Finding> {
  const root = certificates.at(-1);
  if (root === undefined || !isAnchor(certificates, anchor)) return failed(`the chain does not end in ${anchor.name}`);
  const { QuoteVerifier } = await import("@phala/dcap-qvl");
  // Field by field, so that no chain of certificates comes along: it would be preferred to the quote's.
  const given = {
    pck_crl_issuer_chain: collateral.pck_crl_issuer_chain,
    root_ca_crl: [...collateral.root_ca_crl],
    pck_crl: [...collateral.pck_crl],
    tcb_info_issuer_chain: collateral.tcb_info_issuer_chain,
    tcb_info: collateral.tcb_info,
    tcb_info_signature: [...collateral.tcb_info_signature],
    qe_identity_issuer_chain: collateral.qe_identity_issuer_chain,
    qe_identity: collateral.qe_identity,
    qe_identity_signature: [...collateral.qe_identity_signature],
  };
  try {
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(root.der));
    const { status, advisory_ids: advisories } = verifier.verify(bytes, given, Math.floor(now.getTime() / 1000));
    const detail = `${status}${advisories.length === 0 ? "" : `, advisories ${advisories.join(", ")}`}`;
    return ACCEPTED.has(status) ? passed(detail) : failed(detail);
  } catch (error) {
    // It throws plain errors for whatever does not hold.
    return failed(`dcap-qvl refuses it: ${error instanceof Error ? error.message : String(error)}`);
  }
}
