import { expect } from "chai";

import { verifyReport, type ReportVerification, type VerifyReportParams } from "../../../../lib/attestation/verify.ts";
import type { ItemName } from "../../../../lib/attestation/item.ts";

export interface Found extends ReportVerification {
  /** Names of the items that failed, in their order. */
  readonly failures: readonly ItemName[];
  status(name: ItemName): string | undefined;
  detail(name: ItemName): string;
}

export async function examine(params: VerifyReportParams): Promise<Found> {
  const verification = await verifyReport(params);
  const { items } = verification;
  const failures = items.filter(({ status }) => status === "failed").map(({ name }) => name);
  expect(verification.held, "held means that no item failed").to.equal(failures.length === 0);
  expect(new Set(items.map(({ name }) => name)).size, "no item is there twice").to.equal(items.length);
  return {
    ...verification,
    failures,
    status: (name) => items.find((item) => item.name === name)?.status,
    detail: (name) => items.find((item) => item.name === name)?.detail ?? "",
  };
}
