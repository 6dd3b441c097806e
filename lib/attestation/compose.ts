/** What runs in a trust domain, as far as it was measured. Sources: dstack (app-compose.json); 0gfoundation/0g-tapp, measurement.rs. */

import { createHash } from "node:crypto";

import { CORE_SCHEMA, load } from "js-yaml";

import { hexText } from "./bytes.ts";
import { EvidenceMalformedError } from "./errors.ts";
import type { RuntimeEvent } from "./measured-log.ts";

/** dstack measures the text as it is. */
export function dstackComposeHash(appCompose: string): string {
  return createHash("sha256").update(appCompose, "utf8").digest("hex");
}

/** From here on applications measure, no longer the system. */
const BOOT_END = "system-ready";
const COMPOSE_EVENT = "compose-hash";

/**
 * The compose hash that dstack measured before it let anything else measure.
 * @throws {EvidenceMalformedError} when it is not there exactly once.
 */
export function measuredComposeHash(events: readonly RuntimeEvent[]): string {
  const end = events.findIndex(({ name }) => name === BOOT_END);
  const boot = end === -1 ? events : events.slice(0, end);
  const [only, ...more] = boot.filter(({ name }) => name === COMPOSE_EVENT);
  if (only === undefined) throw new EvidenceMalformedError("event log", "it has no compose hash");
  if (more.length > 0) throw new EvidenceMalformedError("event log", "it has more than one compose hash");
  return hexText(only.payload);
}

/** The last replacement of a broker's image after the boot, as it was measured. Source: 0g-pc-e2ee. */
export function imageUpdate(events: readonly RuntimeEvent[]): { image: string; signer: string } | undefined {
  const end = events.findIndex(({ name }) => name === BOOT_END);
  const last = end === -1 ? undefined : events.slice(end).findLast(({ name }) => name === "zg-image-update");
  if (last === undefined) return undefined;
  const [image = "", signer = "", ...rest] = Buffer.from(last.payload).toString("utf8").split(" ");
  if (image === "" || signer === "" || rest.length > 1) {
    throw new EvidenceMalformedError("event log", "its image update is not `image signer key`");
  }
  return { image, signer };
}

/** Far above real compose files. A YAML text of this length with aliases in it can stand for far more. */
const MAX_COMPOSE_CHARACTERS = 1024 * 1024;

/**
 * 0G TAPP measures a compose file by its meaning: read as YAML, written as JSON with sorted keys and two spaces.
 * @throws {EvidenceMalformedError} when the text is no YAML.
 */
export function tappComposeHash(compose: string): string {
  if (compose.length > MAX_COMPOSE_CHARACTERS) throw new EvidenceMalformedError("compose file", "it is too long");
  let value: unknown;
  try {
    value = load(compose, { schema: CORE_SCHEMA });
  } catch (error) {
    throw new EvidenceMalformedError("compose file", "it is not YAML", error);
  }
  return createHash("sha384")
    .update(written(value, { left: MAX_COMPOSE_CHARACTERS }, "\n"), "utf8")
    .digest("hex");
}

const MAX_DEPTH = 64;

/** As serde_json writes prettily, keys in the order of their bytes. `JSON.stringify` would put numbers among the keys first. */
function written(value: unknown, budget: { left: number }, indent: string): string {
  budget.left -= 1;
  if (budget.left < 0 || indent.length > 2 * MAX_DEPTH) {
    throw new EvidenceMalformedError("compose file", "it stands for too much");
  }
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return block(
      "[",
      (value as unknown[]).map((entry) => written(entry, budget, inner)),
      "]",
      indent,
    );
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return block(
    "{",
    entries.map(([key, entry]) => `${JSON.stringify(key)}: ${written(entry, budget, inner)}`),
    "}",
    indent,
  );
}

function block(open: string, parts: readonly string[], close: string, indent: string): string {
  return parts.length === 0 ? open + close : `${open}${indent}  ${parts.join(`,${indent}  `)}${indent}${close}`;
}

export interface StartedApp {
  readonly app: string;
  readonly composeHash: string;
}

const START = "tapp.0g.com start_app";
const STOP = "tapp.0g.com stop_app";

/**
 * The apps that TAPP started last and did not stop since, one entry each.
 * @throws {EvidenceMalformedError} for an operation that cannot be read.
 */
export function tappApps(events: readonly RuntimeEvent[]): StartedApp[] {
  const running = new Map<string, string>();
  for (const { name, payload } of events) {
    if (name !== START && name !== STOP) continue;
    const { app_id: app, compose_hash: hash, result } = operation(payload);
    if (typeof app !== "string") throw new EvidenceMalformedError("event log", `${name} names no app`);
    if (result === "failed") continue;
    if (name === STOP) running.delete(app);
    else if (typeof hash === "string") running.set(app, hash.toLowerCase());
    else throw new EvidenceMalformedError("event log", `${name} names no compose hash`);
  }
  return [...running].map(([app, composeHash]) => ({ app, composeHash }));
}

function operation(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new EvidenceMalformedError("event log", "an operation of TAPP is not JSON", error);
  }
  throw new EvidenceMalformedError("event log", "an operation of TAPP is no JSON object");
}

export interface ComposeImages {
  readonly pinned: readonly string[];
  readonly floating: readonly string[];
}

/** The images of a compose file. One that is not named by its digest can be another tomorrow, under the same compose hash. */
export function composeImages(dockerCompose: string): ComposeImages {
  const images = [...dockerCompose.matchAll(/^[ \t-]*image:[ \t]*["']?([^\s"'#]+)/gm)].map(([, image = ""]) => image);
  const unique = [...new Set(images)];
  const isPinned = (image: string) => /@sha256:[0-9a-f]{64}$/.test(image);
  return { pinned: unique.filter(isPinned), floating: unique.filter((image) => !isPinned(image)) };
}
