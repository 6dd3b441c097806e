/** Checks of what was measured: event log, compose file, images. */

import type { Address } from "../hex.ts";
import { equalBytes, hexText, isZero } from "./bytes.ts";
import {
  composeImages,
  dstackComposeHash,
  imageUpdate,
  measuredComposeHash,
  tappApps,
  tappComposeHash,
  type StartedApp,
} from "./compose.ts";
import { EvidenceMalformedError } from "./errors.ts";
import { failed, notChecked, part, passed, type Examination, type Finding, type Part } from "./item.ts";
import { registerProblem, replay, runtimeEvents, unprovenEvent, type MeasuredEvent } from "./measured-log.ts";
import type { TdReport } from "./quote.ts";
import type { AttestationReport } from "./report.ts";

/** Registers of a known image of an operating system, in lower-case hexadecimal. RTMR0 depends on the size of the machine. */
export interface OsImage {
  readonly name: string;
  readonly mrtd: string;
  readonly rtmr1: string;
  readonly rtmr2: string;
}

export interface SoftwareRules {
  /** What the chain says of the provider's image: `name@sha256:…`. */
  readonly image?: string;
  readonly osImages?: readonly OsImage[];
  /** Whom the report speaks for, when that could be read. */
  readonly signer?: Address;
}

export function checkSoftware(
  found: Examination,
  report: AttestationReport,
  td: Part<TdReport>,
  rules: SoftwareRules,
): void {
  const log = part("event log", () => report.log());
  if (log.state === "broken") found.add("event-log", failed(log.why));
  else found.checkPart("event-log", td, ({ rtmrs }) => replayed(log.state === "there" ? log.value : [], rtmrs));
  found.checkPart("events", log, proven);
  if (report.form !== "tapp") {
    found.checkPart("registers", td, (quoted) => copies(report.registers(), quoted));
  }
  if (report.form === "tapp") checkTapp(found, report, log);
  else checkDstack(found, report, log, td, rules.signer);
  found.check("images", () => images(report, rules.image));
  found.checkPart("os-image", td, (quoted) => osImage(quoted, rules.osImages));
}

function replayed(log: readonly MeasuredEvent[], rtmrs: readonly Uint8Array[]): Finding {
  const problem = registerProblem(replay(log), rtmrs);
  return problem === undefined ? passed(`${log.length} events give RTMR0 to RTMR3 of the quote`) : failed(problem);
}

function proven(log: readonly MeasuredEvent[]): Finding {
  const unproven = unprovenEvent(log);
  if (unproven !== undefined) return failed(`the digest of ${JSON.stringify(unproven)} is not that of its words`);
  const names = runtimeEvents(log).map(({ name }) => name);
  return names.length === 0 ? failed("nothing was measured at run time") : passed([...new Set(names)].join(", "));
}

/** Other programs read the copies beside the quote; they must say the same. */
function copies(beside: Readonly<Record<string, string>>, { mrTd, rtmrs }: TdReport): Finding {
  const quoted: Readonly<Record<string, string>> = Object.fromEntries<string>([
    ["mrtd", hexText(mrTd)],
    ...rtmrs.map((register, index) => [`rtmr${index}`, hexText(register)] as const),
  ]);
  const names = Object.keys(beside);
  if (names.length === 0) return notChecked("the report has no copies of them");
  const different = names.find((name) => beside[name]?.toLowerCase() !== quoted[name]);
  return different === undefined
    ? passed("the copies beside the quote are the quote's")
    : failed(`${different} beside the quote is ${beside[different] ?? ""}, in it ${quoted[different] ?? ""}`);
}

function checkDstack(
  found: Examination,
  report: AttestationReport,
  log: Part<readonly MeasuredEvent[]>,
  td: Part<TdReport>,
  signer: Address | undefined,
): void {
  found.checkPart("compose", log, (events) => {
    const measured = measuredComposeHash(runtimeEvents(events));
    const hash = dstackComposeHash(report.compose());
    return hash === measured
      ? passed(`SHA-256 of app-compose is the one measured: ${hash}`)
      : failed(`SHA-256 of app-compose is ${hash}; measured is ${measured}`);
  });
  found.checkPart("config-id", td, ({ mrConfigId }) => configId(mrConfigId, dstackComposeHash(report.compose())));
  const update = part("image update", () =>
    log.state === "there" ? imageUpdate(runtimeEvents(log.value)) : undefined,
  );
  if (update.state === "broken") found.add("image-update", failed(update.why));
  if (update.state === "there") found.add("image-update", updated(update.value, signer));
}

/** dstack 0.5: one byte of version, then the compose hash, then zeros. */
const CONFIG_ID_VERSION = 1;

function configId(mrConfigId: Uint8Array, composeHash: string): Finding {
  const text = hexText(mrConfigId);
  if (isZero(mrConfigId))
    return notChecked("MRCONFIGID is empty, as before dstack 0.5: only the event log has the hash");
  if (mrConfigId[0] !== CONFIG_ID_VERSION) return notChecked(`MRCONFIGID has another form than dstack 0.5's: ${text}`);
  const expected = Buffer.concat([Buffer.from([CONFIG_ID_VERSION]), Buffer.from(composeHash, "hex"), Buffer.alloc(15)]);
  return equalBytes(mrConfigId, expected)
    ? passed("the machine was started with this compose hash: MRCONFIGID")
    : failed(`MRCONFIGID is ${text}; this compose file gives ${hexText(expected)}`);
}

function updated({ image, signer }: { image: string; signer: string }, reported: Address | undefined): Finding {
  const what = `after the boot the broker's image became ${image}`;
  return signer.toLowerCase() === reported?.toLowerCase()
    ? passed(`${what}; its signer is the one of this report`)
    : failed(`${what} with signer ${signer}; this report speaks for ${reported ?? "nobody who could be read"}`);
}

function checkTapp(found: Examination, report: AttestationReport, log: Part<readonly MeasuredEvent[]>): void {
  const apps = part("operations", () => (log.state === "there" ? tappApps(runtimeEvents(log.value)) : undefined));
  found.checkPart("compose", log, () => {
    if (apps.state !== "there") throw new EvidenceMalformedError("event log", apps.why);
    const hash = tappComposeHash(report.compose());
    const own = apps.value.find(({ composeHash }) => composeHash === hash);
    return own === undefined
      ? failed(`the compose file hashes to ${hash}; the apps that run are ${listed(apps.value)}`)
      : passed(`app ${own.app} was started with this compose file: ${hash}`);
  });
  found.checkPart("other-apps", apps, (running) => {
    const hash = tappComposeHash(report.compose());
    const others = running.filter(({ composeHash }) => composeHash !== hash);
    return others.length === 0
      ? passed("no other app was started in this trust domain")
      : notChecked(`the report does not show what else runs in this trust domain: ${listed(others)}`);
  });
}

function listed(apps: readonly StartedApp[]): string {
  return apps.length === 0 ? "none" : apps.map(({ app, composeHash }) => `${app} ${composeHash}`).join(", ");
}

/** dstack wraps the compose file in JSON. */
function dockerCompose(report: AttestationReport): string {
  const text = report.compose();
  if (report.form === "tapp") return text;
  try {
    const { docker_compose_file: file } = JSON.parse(text) as { docker_compose_file?: unknown };
    if (typeof file === "string") return file;
  } catch (error) {
    throw new EvidenceMalformedError("compose file", "it is not JSON", error);
  }
  throw new EvidenceMalformedError("compose file", "it holds no docker_compose_file");
}

function images(report: AttestationReport, claimed: string | undefined): Finding {
  const { pinned, floating } = composeImages(dockerCompose(report));
  const text =
    claimed === undefined
      ? ""
      : `; the chain names ${claimed}, which ${pinned.includes(claimed) ? "is" : "is not"} among them`;
  if (floating.length > 0) {
    return notChecked(`not named by digest, so the compose hash does not fix what runs: ${floating.join(", ")}${text}`);
  }
  if (pinned.length === 0) return notChecked(`the compose file names no images${text}`);
  return claimed === undefined || pinned.includes(claimed)
    ? passed(`all ${pinned.length} are named by digest${text}`)
    : failed(`all ${pinned.length} are named by digest${text}`);
}

function osImage({ mrTd, rtmrs }: TdReport, known: readonly OsImage[] | undefined): Finding {
  const [mrtd, rtmr1, rtmr2] = [mrTd, rtmrs[1], rtmrs[2]].map((register) => hexText(register ?? new Uint8Array(0)));
  const values = `MRTD ${mrtd ?? ""}, RTMR1 ${rtmr1 ?? ""}, RTMR2 ${rtmr2 ?? ""}`;
  if (known === undefined) return notChecked(`no list of known images was given: ${values}`);
  const image = known.find((each) => each.mrtd === mrtd && each.rtmr1 === rtmr1 && each.rtmr2 === rtmr2);
  return image === undefined ? failed(`none of the ${known.length} known images: ${values}`) : passed(image.name);
}
