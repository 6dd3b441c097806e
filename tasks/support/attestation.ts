/** Files around attestation: saved reports, collateral, lists of known images. */

import { readFile } from "node:fs/promises";

import { z } from "zod";

import type { OsImage } from "../../lib/attestation/check-software.ts";
import { collateralFmspc, collateralText, parseCollateral, type Collateral } from "../../lib/attestation/collateral.ts";
import type { ProviderReport } from "../../lib/compute/attestation.ts";
import { UsageError } from "../../lib/errors.ts";
import { isMissing } from "../../lib/storage/atomic-file.ts";
import { writeOutputFolder, type OutputFile } from "../../lib/storage/output-folder.ts";

async function read(file: string, option: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw unreadable(file, option, "it cannot be read", cause);
  }
}

function unreadable(file: string, option: string, why: string, cause?: unknown): UsageError {
  return new UsageError({
    message: `--${option} ${file}: ${why}`,
    remedy: `Leave --${option} out, or name a file that is there and holds what the help says.`,
    details: { [option]: file },
    cause,
  });
}

/** The signature of a whole report stands beside it, in a file of its own. */
const SIGNATURE_SUFFIX = ".signature";

/** Reads a report that {@link keepReports}, the official command line or anybody saved. @throws {UsageError} */
export async function readReport(file: string): Promise<Pick<ProviderReport, "source" | "bytes" | "quoteSignature">> {
  const bytes = await read(file, "report");
  try {
    const quoteSignature = (await readFile(file + SIGNATURE_SUFFIX, "utf8")).trim();
    return { source: file, bytes, quoteSignature };
  } catch (error) {
    if (isMissing(error)) return { source: file, bytes };
    throw unreadable(file + SIGNATURE_SUFFIX, "report", "it cannot be read", error);
  }
}

/** @param files with commas between them. @throws {UsageError} {@link CollateralMalformedError} */
export async function readCollateral(files: string): Promise<Collateral[]> {
  return Promise.all(files.split(",").map(async (file) => parseCollateral(await read(file.trim(), "collateral"))));
}

const register = z.string().regex(/^[0-9a-f]{96}$/, "not 48 bytes of lower-case hexadecimal");
const osImages = z.object({
  images: z.array(z.object({ name: z.string(), mrtd: register, rtmr1: register, rtmr2: register })).min(1),
});

/** Reads `{"images":[{"name","mrtd","rtmr1","rtmr2"}]}`, the form of 0G's own list. @throws {UsageError} */
export async function readOsImages(file: string): Promise<readonly OsImage[]> {
  const bytes = await read(file, "os-images");
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw unreadable(file, "os-images", "it is not JSON", cause);
  }
  const parsed = osImages.safeParse(value);
  if (!parsed.success) throw unreadable(file, "os-images", z.prettifyError(parsed.error).replace(/\s+/g, " "));
  return parsed.data.images;
}

/** The names that the official command line gives. */
function fileName({ role }: ProviderReport, reports: readonly ProviderReport[]): string {
  if (reports.length === 1) return "attestation_report.json";
  return role === "broker" ? "broker_attestation_report.json" : "llm_attestation_report.json";
}

/** Writes reports as they came, and collateral, into a folder. Returns the paths. */
export async function keepReports(
  folder: string,
  reports: readonly ProviderReport[],
  collateral: readonly Collateral[],
  options: { readonly force: boolean },
): Promise<string[]> {
  const files: OutputFile[] = reports.flatMap((report) => {
    const name = fileName(report, reports);
    const { bytes, quoteSignature } = report;
    const signature = { name: name + SIGNATURE_SUFFIX, bytes: Buffer.from(`${quoteSignature ?? ""}\n`) };
    return [{ name, bytes }, ...(quoteSignature === undefined ? [] : [signature])];
  });
  const kinds = new Map(collateral.map((each) => [collateralFmspc(each) ?? "", each]));
  const more = [...kinds]
    .filter(([kind]) => /^[0-9a-f]{12}$/.test(kind))
    .map(([kind, each]) => ({ name: `collateral-${kind}.json`, bytes: Buffer.from(collateralText(each)) }));
  return writeOutputFolder(folder, [...files, ...more], options);
}
