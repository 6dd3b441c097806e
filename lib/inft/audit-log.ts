/**
 * What happened in a run, as one file on 0G Storage that anybody can replay. The whole format, in one file.
 *
 * Lines of JSON as lib/protocol/canonical-json.ts writes it, each ended by a line feed. The first says whose log it is, each other one what
 * happened; `previous` is the SHA-256 of the line before, without its end, so that nothing can be taken out, put in or
 * changed behind without changing all that follows. Everything in it is a hash, or public on chain.
 *
 *     {"chainId":16602,"genesisHash":"0x…","kind":"0g-audit-log","owner":"0x…","version":1}
 *     {"event":"submitted","previous":"0x…", …}     a request left for a provider
 *     {"event":"refused","previous":"0x…", …}       it was turned down, and another one followed
 *     {"event":"completed","previous":"0x…", …}     the answer came, signed
 *     {"event":"stored","previous":"0x…", …}        its encrypted bytes are on 0G Storage
 *     {"event":"minted","previous":"0x…", …}        the token is there
 *     {"event":"reported","previous":"0x…", …}      the run told its user, and ended
 *
 * The receipt holds the storage root of the log up to `completed`, and is itself in the token's data; so what follows
 * cannot be in it. It is in the log as it ends, which begins with that very log, byte for byte.
 */

import { createHash } from "node:crypto";

import { z } from "zod";

import { addressSchema, hashSchema } from "../hex-schema.ts";
import type { Hex } from "../hex.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { AuditLogBrokenError, AuditLogMalformedError } from "./errors.ts";

export const AUDIT_LOG_KIND = "0g-audit-log";
export const AUDIT_LOG_VERSION = 1;

const previous = hashSchema;
const decimal = z.string().regex(/^(?:0|[1-9]\d{0,77})$/);

const headerSchema = z.strictObject({
  kind: z.literal(AUDIT_LOG_KIND),
  version: z.literal(AUDIT_LOG_VERSION),
  chainId: z.int().positive(),
  /** Hash of block 0. */
  genesisHash: hashSchema,
  /** Whose run it was. */
  owner: addressSchema,
});

const eventSchema = z.discriminatedUnion("event", [
  z.strictObject({
    event: z.literal("submitted"),
    previous,
    /** By the clock of whoever ran it; absent where it was not written down in time. */
    time: z.iso.datetime().optional(),
    provider: addressSchema,
    /** SHA-256 of the bytes sent. */
    requestHash: hashSchema,
  }),
  z.strictObject({ event: z.literal("refused"), previous, provider: addressSchema }),
  z.strictObject({
    event: z.literal("completed"),
    previous,
    time: z.iso.datetime(),
    provider: addressSchema,
    /** SHA-256 of the bytes received. */
    responseHash: hashSchema,
    /** The signer the provider listed. */
    signer: addressSchema,
    /** SHA-256 of the 65 bytes of its signature. The signature itself would let others mint. */
    signatureHash: hashSchema,
  }),
  z.strictObject({
    event: z.literal("stored"),
    previous,
    /** The data hash: the storage root of the encrypted bytes. */
    root: hashSchema,
    size: z.int().positive(),
    /** The submission at the Flow contract. */
    txSeq: z.int().min(0),
    /** Of the submission, where this run sent it. */
    transaction: hashSchema.optional(),
  }),
  z.strictObject({
    event: z.literal("minted"),
    previous,
    inft: addressSchema,
    tokenId: decimal,
    transaction: hashSchema,
  }),
  z.strictObject({
    event: z.literal("reported"),
    previous,
    time: z.iso.datetime(),
    /** SHA-256 of the receipt, as canonical JSON. */
    receiptHash: hashSchema,
  }),
]);

export type AuditHeader = z.infer<typeof headerSchema>;
export type AuditEvent = z.infer<typeof eventSchema>;
/** An event that is not in a log yet. */
export type AuditEntry = AuditEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "previous">
    : never
  : never;

const utf8 = new TextEncoder();

/** SHA-256, as the log writes it. */
export function auditHash(bytes: Uint8Array | string): Hex {
  return `0x${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The bytes of a log. */
export function writeAuditLog(
  header: Omit<AuditHeader, "kind" | "version">,
  entries: readonly AuditEntry[],
): Uint8Array {
  const lines = [canonicalJson({ kind: AUDIT_LOG_KIND, version: AUDIT_LOG_VERSION, ...header })];
  for (const entry of entries) lines.push(canonicalJson({ ...entry, previous: auditHash(lines.at(-1) ?? "") }));
  return utf8.encode(`${lines.join("\n")}\n`);
}

export interface AuditLog {
  readonly header: AuditHeader;
  readonly events: readonly AuditEvent[];
  /** The log up to `completed`: the bytes whose storage root the receipt holds. Absent before that. */
  readonly completion?: Uint8Array;
}

/** What may follow what; the last line of a log may be any. */
const FOLLOWS: Readonly<Record<AuditEvent["event"] | "begin", readonly AuditEvent["event"][]>> = {
  begin: ["submitted"],
  submitted: ["submitted", "refused", "completed"],
  refused: ["submitted"],
  completed: ["stored", "minted", "reported"],
  stored: ["minted", "reported"],
  minted: ["reported"],
  reported: [],
};

/**
 * Reads a log, and checks that every line follows from the one before.
 * @throws {AuditLogMalformedError} when it is none. {@link AuditLogBrokenError} when a line does not follow.
 */
export function readAuditLog(bytes: Uint8Array): AuditLog {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AuditLogMalformedError("it is not UTF-8", error);
  }
  if (!text.endsWith("\n")) throw new AuditLogMalformedError("its last line has no end");
  const [first = "", ...rest] = text.slice(0, -1).split("\n");
  const header = parseLine(first, 1, headerSchema);
  const events: AuditEvent[] = [];
  let [before, length, completed] = [first, utf8.encode(`${first}\n`).length, 0];
  for (const [index, line] of rest.entries()) {
    const number = index + 2;
    const event = parseLine(line, number, eventSchema);
    if (event.previous !== auditHash(before))
      throw new AuditLogBrokenError({ line: number, problem: "its hash is of another line" });
    const last = events.at(-1)?.event ?? "begin";
    if (!FOLLOWS[last].includes(event.event)) {
      throw new AuditLogBrokenError({ line: number, problem: `${event.event} cannot follow ${last}` });
    }
    events.push(event);
    before = line;
    length += utf8.encode(`${line}\n`).length;
    if (event.event === "completed") completed = length;
  }
  return { header, events, ...(completed === 0 ? {} : { completion: bytes.slice(0, completed) }) };
}

function parseLine<T>(line: string, number: number, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new AuditLogMalformedError(`line ${number} is not JSON`, error);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw new AuditLogMalformedError(`line ${number}: ${z.prettifyError(parsed.error)}`, parsed.error);
  // Addresses are parsed into their checksummed form; a line in another spelling is another line.
  if (canonicalJson(json) !== line || canonicalJson(parsed.data) !== line) {
    throw new AuditLogMalformedError(`line ${number} is not canonical`);
  }
  return parsed.data;
}

/** The event of a kind, of which a log has one at most; the last of those that may repeat. */
export function auditEvent<Kind extends AuditEvent["event"]>(
  { events }: Pick<AuditLog, "events">,
  kind: Kind,
): Extract<AuditEvent, { event: Kind }> | undefined {
  return events.findLast((event): event is Extract<AuditEvent, { event: Kind }> => event.event === kind);
}
