/** The hardware evidence of a job: what the provider's reports prove, or why there is none. */

import { assertHeld } from "../attestation/verify.ts";
import { openReport } from "../attestation/report.ts";
import { downloadReports, verifyProviderReport } from "../compute/attestation.ts";
import type { HttpDeps } from "../compute/provider-http.ts";
import type { Service } from "../compute/providers.ts";
import type { RandomSource } from "../compute/service-request.ts";
import { ZgError } from "../errors.ts";
import { sha256Hex } from "../protocol/signed-text.ts";
import type { JobEvidence } from "./job.ts";

type Attested = Pick<JobEvidence, "attestation" | "notAttested">;

const NONCE_BYTES = 32;

/**
 * Fetches and verifies a provider's reports, without Intel's collateral. Costs nothing. A report that does not hold is no
 * attestation; it does not spoil the answer, which is proved by its signature.
 */
export async function attestJob(http: HttpDeps, service: Service, random: RandomSource, now: Date): Promise<Attested> {
  try {
    const reports = await downloadReports(http, service, new Uint8Array(random(NONCE_BYTES)));
    const verified = await Promise.all(
      reports.map(async (report) => {
        const found = await verifyProviderReport(service, report, { now });
        assertHeld(`the ${report.role} of provider ${service.provider}`, found);
        const { role, source, form, items } = found;
        const quote = Buffer.from(openReport(report.bytes).quote() ?? []).toString("hex");
        return {
          ...{ role, source, form, quote, sha256: sha256Hex(report.bytes) },
          items: items.map(({ name, status, detail }) => ({ name, status, detail })),
        };
      }),
    );
    return { attestation: { reports: verified }, notAttested: null };
  } catch (error) {
    if (!(error instanceof ZgError)) throw error;
    return { attestation: null, notAttested: `${error.code}: ${error.message}` };
  }
}
