/**
 * What was measured into the run-time registers of a trust domain, in order: dstack's JSON of it, and the binary log of
 * the TCG that Linux keeps.
 */

import { createHash } from "node:crypto";

import { z } from "zod";

import { ByteReader, equalBytes, hexText, parseHex } from "./bytes.ts";
import { EvidenceMalformedError } from "./errors.ts";

const REGISTERS = 4;
const DIGEST_BYTES = 48;
const MAX_EVENTS = 10_000;

/** What software said it measured, as far as its digest proves it. */
export interface RuntimeEvent {
  readonly name: string;
  readonly payload: Uint8Array;
}

export interface MeasuredEvent {
  /** 0 to 3. */
  readonly register: number;
  readonly digest: Uint8Array;
  /** Present when the entry claims to be one; whether the digest is that of its words is {@link unprovenEvent}'s to say. */
  readonly runtime?: RuntimeEvent & { readonly proves: Uint8Array };
}

/** Replays a log: each register begins as zeros and takes SHA-384 of itself and the next digest. */
export function replay(events: readonly MeasuredEvent[]): Uint8Array[] {
  const registers: Uint8Array[] = Array.from({ length: REGISTERS }, () => new Uint8Array(DIGEST_BYTES));
  for (const { register, digest } of events) {
    const before = registers[register] ?? new Uint8Array(0);
    registers[register] = sha384(before, digest);
  }
  return registers;
}

/** The name of the first entry whose digest is not that of what it says. */
export function unprovenEvent(events: readonly MeasuredEvent[]): string | undefined {
  return events.find(({ runtime, digest }) => runtime !== undefined && !equalBytes(runtime.proves, digest))?.runtime
    ?.name;
}

/** What software measured, in order. Only worth something when {@link unprovenEvent} finds nothing. */
export function runtimeEvents(events: readonly MeasuredEvent[]): RuntimeEvent[] {
  return events.flatMap(({ runtime }) => (runtime === undefined ? [] : [runtime]));
}

function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha384");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Source: dstack, cc-eventlog: what a guest measures at run time. */
const DSTACK_RUNTIME_EVENT = 0x08000001;
const RUNTIME_REGISTER = 3;

const entries = z
  .array(
    z.object({
      imr: z
        .int()
        .min(0)
        .max(REGISTERS - 1),
      event_type: z.int().min(0).max(0xffffffff),
      digest: z.string(),
      event: z.string(),
      event_payload: z.string(),
    }),
  )
  .max(MAX_EVENTS);

/**
 * Reads dstack's event log: a JSON array, or the text of one.
 * @throws {EvidenceMalformedError}
 */
export function parseDstackLog(log: unknown): MeasuredEvent[] {
  const parsed = entries.safeParse(typeof log === "string" ? jsonOf(log) : log);
  if (!parsed.success) throw new EvidenceMalformedError("event log", z.prettifyError(parsed.error).slice(0, 200));
  return parsed.data.map(({ imr, event_type, digest, event, event_payload }) => {
    const measured = { register: imr, digest: parseHex(digest, "event log", DIGEST_BYTES) };
    if (imr !== RUNTIME_REGISTER || event_type !== DSTACK_RUNTIME_EVENT) return measured;
    const payload = parseHex(event_payload, "event log");
    return { ...measured, runtime: { name: event, payload, proves: dstackDigest(event, payload) } };
  });
}

/** The digest of a run-time event: of its type (little-endian), name and payload, with colons between. Source: dstack, cc-eventlog. */
export function dstackDigest(event: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.alloc(4);
  type.writeUInt32LE(DSTACK_RUNTIME_EVENT);
  return sha384(type, Buffer.from(":"), Buffer.from(event, "utf8"), Buffer.from(":"), payload);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EvidenceMalformedError("event log", "it is not JSON", error);
  }
}

const EV_NO_ACTION = 3;
const EV_EVENT_TAG = 6;
const ALGORITHM_SHA384 = 12;
/** How the attestation agent of Confidential Containers tags what it measures: "AAEL", little-endian. */
const AGENT_TAG = 0x4141454c;
const LOG_END = 0xffffffff;

/**
 * Reads the log of the TCG as Linux hands it out for TDX: SHA-384 only, registers 1 to 4 being RTMR0 to RTMR3. Source: TCG
 * PC Client Platform Firmware Profile, 10.2; UEFI 2.10, 38.4 for the numbers of the registers.
 * @throws {EvidenceMalformedError}
 */
export function parseTcgLog(bytes: Uint8Array): MeasuredEvent[] {
  const reader = new ByteReader(bytes, "event log");
  readSpecification(reader);
  const events: MeasuredEvent[] = [];
  while (reader.remaining > 0) {
    const register = reader.u32("register");
    const type = reader.u32("event type");
    if (register === LOG_END && type === LOG_END) break;
    if (events.length === MAX_EVENTS) reader.fail(`it has more than ${MAX_EVENTS} events`);
    const digest = readDigest(reader);
    const data = reader.take(reader.u32("event size"), "event");
    if (type === EV_NO_ACTION) continue;
    if (register < 1 || register > REGISTERS) reader.fail(`register ${register} is none of TDX`);
    const measured = { register: register - 1, digest };
    const runtime = register - 1 === RUNTIME_REGISTER && type === EV_EVENT_TAG ? agentEvent(data) : undefined;
    events.push(runtime === undefined ? measured : { ...measured, runtime });
  }
  reader.end("nothing");
  return events;
}

/** The first entry names the digests that follow; here exactly one of SHA-384. */
function readSpecification(reader: ByteReader): void {
  reader.take(4 + 4 + 20, "first entry");
  const body = new ByteReader(reader.take(reader.u32("size of the first entry"), "first entry"), "event log");
  if (Buffer.from(body.take(16, "signature")).toString("latin1") !== "Spec ID Event03\0")
    body.fail("it is no log of the TCG");
  body.take(8, "version");
  const algorithms = body.u32("number of digests");
  const algorithm = body.u16("digest");
  if (algorithms !== 1 || algorithm !== ALGORITHM_SHA384) body.fail("its digests are not SHA-384 alone");
}

function readDigest(reader: ByteReader): Uint8Array {
  const count = reader.u32("number of digests");
  const algorithm = reader.u16("digest");
  if (count !== 1 || algorithm !== ALGORITHM_SHA384) reader.fail("an event has another digest than SHA-384");
  return reader.take(DIGEST_BYTES, "digest");
}

/** `<domain> <operation> <content>`, of which the digest is taken with its tag. Undefined when it is somebody else's. */
function agentEvent(data: Uint8Array): MeasuredEvent["runtime"] {
  if (data.length < 8) return undefined;
  const reader = new ByteReader(data, "event log");
  if (reader.u32("tag") !== AGENT_TAG) return undefined;
  if (reader.u32("size") !== reader.remaining)
    reader.fail("an event of the attestation agent has another size than it says");
  const text = Buffer.from(reader.take(reader.remaining, "event")).toString("utf8");
  const [, domain = "", operation = "", content = ""] = /^(\S+) (\S+) ([\s\S]*)$/.exec(text) ?? [];
  return {
    name: `${domain} ${operation}`,
    payload: new Uint8Array(Buffer.from(content, "utf8")),
    proves: sha384(data),
  };
}

/** For errors: how registers differ. */
export function registerProblem(replayed: readonly Uint8Array[], quoted: readonly Uint8Array[]): string | undefined {
  const different = quoted.findIndex((register, index) => !equalBytes(register, replayed[index] ?? new Uint8Array(0)));
  if (different === -1) return undefined;
  const [is, said] = [replayed[different], quoted[different]].map((bytes) => hexText(bytes ?? new Uint8Array(0)));
  return `RTMR${different} of the quote is ${said ?? ""}; the log gives ${is ?? ""}`;
}
