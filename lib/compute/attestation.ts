/** Attestation of a provider: which reports it owes, where they come from, and whom the chain expects in them. */

import { parseCollateral, collateralText, type Collateral } from "../attestation/collateral.ts";
import { notChecked, type Item } from "../attestation/item.ts";
import type { Machine } from "../attestation/machine.ts";
import { collateralFrom, pcsUrls, INTEL_PCS, type PcsAnswer } from "../attestation/pcs.ts";
import { MAX_REPORT_BYTES, openReport } from "../attestation/report.ts";
import { verifyReport, type ReportVerification, type VerifyReportParams } from "../attestation/verify.ts";
import { AbortedError, ZgError } from "../errors.ts";
import { toHex } from "../hex.ts";
import { nodeReportUrl, quoteUrl } from "../protocol/endpoints.ts";
import { CollateralUnavailableError, NothingAttestedError, ProviderDownError, ReportMissingError } from "./errors.ts";
import { exchange, textOf, type HttpDeps } from "./provider-http.ts";
import type { Service } from "./providers.ts";

/** Whose report: the broker's that serves the provider's URL, or the node's that runs the model behind it. */
export type ReportRole = "broker" | "node";

/** A report as it came. */
export interface ProviderReport {
  readonly role: ReportRole;
  /** URL or file. */
  readonly source: string;
  readonly bytes: Uint8Array;
  /** Header `ZG-Quote-Signature`. */
  readonly quoteSignature?: string;
  /** What it was asked for with. */
  readonly nonce?: Uint8Array;
}

export type AttestedReport = Pick<ProviderReport, "role" | "source"> & ReportVerification;

const SIGNATURE_HEADER = "ZG-Quote-Signature";
const NONCE_BYTES = 32;
/** A TEE makes a report in a second or two; a model's node asks its GPUs as well. */
const REPORT_TIMEOUT_MS = 30_000;

/**
 * Downloads what a provider owes by its topology: its broker's report, and the node's where another TEE runs the model.
 * @param nonce 32 random bytes, which a node must put into its report.
 * @throws {NothingAttestedError} {@link ReportMissingError} {@link ProviderDownError} and the other errors of `exchange`.
 */
export async function downloadReports(deps: HttpDeps, service: Service, nonce: Uint8Array): Promise<ProviderReport[]> {
  const { provider, url, model, topology } = service;
  if (topology === "standard") throw new NothingAttestedError({ provider });
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`);
  const broker = { role: "broker", source: quoteUrl(url) } as const;
  const node = { role: "node", source: nodeReportUrl(url, model, toHex(nonce).slice(2)), nonce } as const;
  const wanted = topology === "separated" ? [broker, node] : [broker];
  return Promise.all(wanted.map(async (each) => ({ ...each, ...(await download(deps, service, each.source)) })));
}

async function download(
  deps: HttpDeps,
  { provider }: Service,
  url: string,
): Promise<Pick<ProviderReport, "bytes" | "quoteSignature">> {
  const what = "Attestation report";
  const limits = { timeoutMs: deps.timeoutMs ?? REPORT_TIMEOUT_MS, maxResponseBytes: MAX_REPORT_BYTES };
  const answer = await exchange({ ...deps, ...limits }, { what, url, method: "GET" });
  const { status, headers, bytes } = answer;
  const said = textOf(answer);
  // 501 is how a forwarder says that it has none.
  if (status >= 500 && status !== 501) throw new ProviderDownError({ what, url, status, said });
  if (status !== 200) throw new ReportMissingError({ provider, url, status, said });
  const quoteSignature = headers.get(SIGNATURE_HEADER);
  return quoteSignature === null ? { bytes } : { bytes, quoteSignature };
}

/**
 * A report that was saved, as the one it must be: only a node of a separated service is compared with the node's signer.
 * @throws {ReportMalformedError}
 */
export function savedReport(
  service: Service,
  saved: Pick<ProviderReport, "source" | "bytes" | "quoteSignature">,
): ProviderReport {
  const node = service.topology === "separated" && openReport(saved.bytes).form === "node";
  return { role: node ? "node" : "broker", ...saved };
}

/**
 * Verifies one report of a provider against what the chain lists for it.
 * @throws {ReportMalformedError}
 */
export async function verifyProviderReport(
  service: Service,
  report: ProviderReport,
  how: Pick<VerifyReportParams, "now" | "collateral" | "anchors" | "osImages">,
): Promise<AttestedReport> {
  const { role, source, ...evidence } = report;
  const info = service.info.ok ? service.info.info : undefined;
  const { imageName, imageDigest } = info ?? {};
  const named = imageName !== undefined && imageDigest !== undefined;
  const verification = await verifyReport({
    ...how,
    ...evidence,
    expected: expectedIn(role, service),
    ...(role === "broker" && named ? { image: `${imageName}@${imageDigest}` } : {}),
  });
  const model = role === "broker" ? elsewhere(service) : undefined;
  const items = model === undefined ? verification.items : [...verification.items, model];
  return { role, source, ...verification, items };
}

function expectedIn(role: ReportRole, service: Service): NonNullable<VerifyReportParams["expected"]> {
  const { teeSignerAddress, info } = service;
  const target = info.ok ? info.info.targetTeeAddress : undefined;
  return role === "node" && target !== undefined
    ? { signer: target, from: "TargetTeeAddress" }
    : { signer: teeSignerAddress, from: "teeSignerAddress" };
}

/** What a broker's report cannot speak for: a model that runs elsewhere. */
function elsewhere({ topology, info }: Service): Item | undefined {
  const name = "model";
  switch (topology) {
    case "centralized": {
      const identity = info.ok ? info.info.providerIdentity : undefined;
      return {
        name,
        ...notChecked(`the model runs at ${identity ?? "a central provider"}, in no TEE that is attested here`),
      };
    }
    case "unknown":
      return {
        name,
        ...notChecked("its additionalInfo on chain cannot be read, so nobody can say where the model runs"),
      };
    case "separated": // its node has a report of its own
    case "broker":
    case "standard":
      return undefined;
  }
}

/**
 * Fetches collateral for a kind of machine from Intel, or from a cache of Intel's service (PCCS).
 * @throws {CollateralUnavailableError}
 */
export async function fetchCollateral(deps: HttpDeps, machine: Machine, base: string = INTEL_PCS): Promise<Collateral> {
  const { tcbInfo, qeIdentity, pckCrl, rootCrl } = pcsUrls(base, machine);
  const [tcb, qe, pck, root] = await Promise.all(
    [tcbInfo, qeIdentity, pckCrl, rootCrl].map(async (url) => fetchPart(deps, url)),
  );
  if (tcb === undefined || qe === undefined || pck === undefined || root === undefined)
    throw new Error("four were asked for");
  try {
    const made = collateralFrom({ tcbInfo: tcb, qeIdentity: qe, pckCrl: pck, rootCrl: root });
    return parseCollateral(Buffer.from(collateralText(made)));
  } catch (error) {
    if (!(error instanceof ZgError)) throw error;
    throw new CollateralUnavailableError({ url: base, why: error.message }, error);
  }
}

async function fetchPart(deps: HttpDeps, url: string): Promise<PcsAnswer> {
  const limits = { timeoutMs: deps.timeoutMs ?? REPORT_TIMEOUT_MS, maxResponseBytes: MAX_REPORT_BYTES };
  try {
    const answer = await exchange({ ...deps, ...limits }, { what: "Collateral", url, method: "GET" });
    if (answer.status === 200) return answer;
    throw new CollateralUnavailableError({ url, why: `status ${answer.status}` });
  } catch (error) {
    const passes = error instanceof CollateralUnavailableError || error instanceof AbortedError;
    if (!(error instanceof ZgError) || passes) throw error;
    throw new CollateralUnavailableError({ url, why: error.message }, error);
  }
}
