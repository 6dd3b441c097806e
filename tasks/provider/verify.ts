import { randomBytes } from "node:crypto";

import { reportMachine, assertHeld } from "../../lib/attestation/verify.ts";
import type { Collateral } from "../../lib/attestation/collateral.ts";
import { borderOf } from "../../lib/border.ts";
import {
  downloadReports,
  fetchCollateral,
  savedReport,
  verifyProviderReport,
  type AttestedReport,
  type ProviderReport,
} from "../../lib/compute/attestation.ts";
import { NotEndorsedError } from "../../lib/compute/errors.ts";
import type { HttpDeps } from "../../lib/compute/provider-http.ts";
import { resolveService, type Service } from "../../lib/compute/providers.ts";
import { isRpcUrl } from "../../lib/env.ts";
import { UsageError, type ZgError } from "../../lib/errors.ts";
import { action, refusalOf, type Answer } from "../support/action.ts";
import { required } from "../support/arguments.ts";
import { keepReports, readCollateral, readOsImages, readReport } from "../support/attestation.ts";
import { checkLines, endorsementCheck } from "../support/checks.ts";
import { withConnection } from "../support/connection.ts";
import { pairs, table } from "../support/table.ts";

interface Arguments {
  readonly provider: string;
  readonly report: string | undefined;
  readonly collateral: string | undefined;
  readonly fetchCollateral: boolean;
  readonly pccs: string | undefined;
  readonly osImages: string | undefined;
  readonly out: string | undefined;
  readonly force: boolean;
}

function assertArguments({ collateral, fetchCollateral: fetching, pccs }: Arguments): void {
  if (collateral !== undefined && fetching) {
    throw new UsageError({
      message: "--collateral gives what --fetch-collateral would fetch",
      remedy: "Leave one of them out.",
    });
  }
  if (pccs === undefined) return;
  if (!fetching || !isRpcUrl(pccs)) {
    throw new UsageError({
      message: `--pccs ${pccs} ${fetching ? "is no http address" : "is not asked without --fetch-collateral"}`,
      remedy: "For example: --fetch-collateral --pccs https://pccs.phala.network",
      details: { pccs },
    });
  }
}

async function fetched(
  reports: readonly ProviderReport[],
  http: HttpDeps,
  pccs: string | undefined,
): Promise<Collateral[]> {
  const machines = await Promise.all(reports.map(async ({ bytes }) => reportMachine(bytes)));
  const kinds = new Map(machines.flatMap((machine) => (machine === undefined ? [] : [[machine.fmspc, machine]])));
  return Promise.all(
    [...kinds.values()].map(async (machine) => fetchCollateral({ ...http, border: "given" }, machine, pccs)),
  );
}

function reportLines({ role, source, form, items }: AttestedReport): string[] {
  return [
    "",
    `${role === "node" ? "the model's node" : "the broker"}  ${source}  (${form})`,
    ...table(items.map(({ status, name, detail }) => [status === "failed" ? "FAILED" : status, name, detail])),
  ];
}

function refusal(service: Service, reports: readonly AttestedReport[]): ZgError | undefined {
  for (const report of reports) {
    const found = refusalOf(() => {
      assertHeld(`the ${report.role} of provider ${service.provider}`, report);
    });
    if (found !== undefined) return found;
  }
  return service.endorsed ? undefined : new NotEndorsedError({ provider: service.provider });
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const named = required(args.provider, "The provider", "provider verify <address or model>");
  assertArguments(args);
  const given = args.collateral === undefined ? [] : await readCollateral(args.collateral);
  const osImages = args.osImages === undefined ? undefined : await readOsImages(args.osImages);
  const saved = args.report === undefined ? undefined : await readReport(args.report);
  return withConnection(
    hre,
    async ({ read, network }) => {
      const service = await resolveService(read, named);
      const http = { border: borderOf(network), signal: io.signal };
      const reports =
        saved === undefined
          ? await downloadReports(http, service, new Uint8Array(randomBytes(32)))
          : [savedReport(service, saved)];
      const collateral = args.fetchCollateral ? await fetched(reports, http, args.pccs) : given;
      const how = { now: new Date(), collateral, ...(osImages === undefined ? {} : { osImages }) };
      const found = await Promise.all(reports.map(async (report) => verifyProviderReport(service, report, how)));
      const kept = args.fetchCollateral ? collateral : [];
      const files = args.out === undefined ? [] : await keepReports(args.out, reports, kept, { force: args.force });
      const endorsement = endorsementCheck(service);
      return {
        data: {
          network: network.name,
          mode: network.mode,
          provider: service.provider,
          model: service.model,
          topology: service.topology,
          endorsement,
          reports: found,
          files,
        },
        text: [
          ...pairs([
            ["provider", service.provider],
            ["model", service.model],
            ["signs", service.topology],
            ["checked on", `${network.name} (${network.mode})`],
            ...files.map((file) => ["written", file] as const),
          ]),
          "",
          ...checkLines([endorsement]),
          ...found.flatMap(reportLines),
        ],
        refusal: refusal(service, found),
      };
    },
    io,
  );
});
