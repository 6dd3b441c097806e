/** Whole reports of a test machine, in the three forms, consistent unless told otherwise. */

import { createHash } from "node:crypto";

import { getAddress, keccak256 } from "ethers";

import { dstackDigest } from "../../../../lib/attestation/measured-log.ts";
import type { TrustAnchor } from "../../../../lib/attestation/trust-anchor.ts";
import type { VerifyReportParams } from "../../../../lib/attestation/verify.ts";
import type { Address } from "../../../../lib/hex.ts";
import { anchorOf, makeQuote, type QuoteOptions, type TestMachine } from "./machine.ts";
import { certify, NOW, pem, rawSignature, type Holder } from "./pki.ts";

export const SIGNER = getAddress(`0x${"c0ffee".repeat(6)}c0de`) as Address;
export const NONCE = new Uint8Array(32).fill(7);
const DIGEST = `@sha256:${"1".repeat(64)}`;
export const IMAGE = `ghcr.io/0g/broker${DIGEST}`;
export const COMPOSE_FILE = `services:\n  broker:\n    image: ${IMAGE}\n  db:\n    image: "mysql${DIGEST}"\n`;
export const APP_COMPOSE = JSON.stringify({ manifest_version: 2, docker_compose_file: COMPOSE_FILE });

export interface LogEntry {
  readonly imr: number;
  readonly event_type: number;
  readonly digest: string;
  readonly event: string;
  readonly event_payload: string;
}

const sha = (algorithm: "sha256" | "sha384", ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest();

export function runtimeEntry(event: string, payload: Uint8Array = new Uint8Array(0)): LogEntry {
  const digest = Buffer.from(dstackDigest(event, payload)).toString("hex");
  return { imr: 3, event_type: 0x08000001, digest, event, event_payload: Buffer.from(payload).toString("hex") };
}

function bootEntry(imr: number, fill: number): LogEntry {
  return {
    imr,
    event_type: 0x80000001,
    digest: Buffer.alloc(48, fill).toString("hex"),
    event: "",
    event_payload: "00",
  };
}

export function dstackLog(appCompose: string, more: readonly LogEntry[] = []): LogEntry[] {
  return [
    bootEntry(0, 1),
    bootEntry(0, 2),
    bootEntry(1, 3),
    bootEntry(2, 4),
    runtimeEntry("system-preparing"),
    runtimeEntry("compose-hash", sha("sha256", Buffer.from(appCompose))),
    runtimeEntry("system-ready"),
    ...more,
  ];
}

/** Replays on its own, so that a mistake in the library is none here. */
export function registersOf(log: readonly Pick<LogEntry, "imr" | "digest">[]): Buffer[] {
  return [0, 1, 2, 3].map((register) =>
    log
      .filter(({ imr }) => imr === register)
      .reduce<Buffer>((before, { digest }) => sha("sha384", before, Buffer.from(digest, "hex")), Buffer.alloc(48)),
  );
}

export function configId(appCompose: string): Buffer {
  return Buffer.concat([Buffer.from([1]), sha("sha256", Buffer.from(appCompose)), Buffer.alloc(15)]);
}

export function textReportData(signer: string): Buffer {
  const data = Buffer.alloc(64);
  data.write(signer, "ascii");
  return data;
}

export function sealingReportData(signer: string, key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.from(signer.slice(2), "hex"), Buffer.from([0, 0, 0, 1]), Buffer.alloc(8)]);
}

export function nodeReportData(signer: string, nonce: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(signer.slice(2), "hex"), Buffer.alloc(12), nonce]);
}

export interface ReportOptions {
  readonly appCompose?: string;
  readonly log?: readonly LogEntry[];
  readonly reportData?: Uint8Array;
  readonly quote?: QuoteOptions;
  /** Replaces members of the finished report. */
  readonly members?: Readonly<Record<string, unknown>>;
}

const json = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function dstackParts(machine: TestMachine, options: ReportOptions, reportData: Uint8Array) {
  const { appCompose = APP_COMPOSE, log = dstackLog(appCompose) } = options;
  const rtmrs = registersOf(log);
  const quote = makeQuote(machine, { rtmrs, reportData, mrConfigId: configId(appCompose), ...options.quote });
  const names = ["rtmr0", "rtmr1", "rtmr2", "rtmr3"].map((name, index) => [name, hex(rtmrs[index]!)] as const);
  const tcbInfo = { mrtd: "d7".repeat(48), ...Object.fromEntries(names), app_compose: appCompose };
  return { quote: hex(quote), log, tcbInfo };
}

/** As a broker's `/v1/quote`. */
export function brokerReport(machine: TestMachine, options: ReportOptions = {}): Uint8Array {
  const reportData = options.reportData ?? textReportData(SIGNER);
  const { quote, log, tcbInfo } = dstackParts(machine, options, reportData);
  return json({
    quote,
    event_log: JSON.stringify(log),
    report_data: Buffer.from(reportData).toString("base64"),
    vm_config: "{}",
    tcb_info: JSON.stringify(tcbInfo),
    ...options.members,
  });
}

/** As a model's node. */
export function nodeReport(machine: TestMachine, options: ReportOptions = {}): Uint8Array {
  const { quote, log, tcbInfo } = dstackParts(machine, options, options.reportData ?? nodeReportData(SIGNER, NONCE));
  return json({
    signing_address: SIGNER,
    signing_algo: "ecdsa",
    request_nonce: hex(NONCE),
    intel_quote: quote,
    quote,
    event_log: JSON.stringify(log),
    info: { tcb_info: tcbInfo },
    ...options.members,
  });
}

export interface TcgEvent {
  readonly register: number;
  readonly type: number;
  readonly data: Uint8Array;
  readonly digest?: Uint8Array;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** How the attestation agent of Confidential Containers writes an event: its tag, the size, the words. */
export function agentEvent(words: string): TcgEvent {
  const text = Buffer.from(words);
  return { register: 4, type: 6, data: Buffer.concat([Buffer.from("LEAA"), u32(text.length), text]) };
}

export function tcgLog(events: readonly TcgEvent[]): Uint8Array {
  const head = Buffer.concat([
    Buffer.from("Spec ID Event03\0"),
    Buffer.alloc(8),
    u32(1),
    Buffer.from([12, 0, 48, 0, 0]),
  ]);
  const entries = events.map(({ register, type, data, digest = sha("sha384", data) }) =>
    Buffer.concat([u32(register), u32(type), u32(1), Buffer.from([12, 0]), digest, u32(data.length), data]),
  );
  return new Uint8Array(
    Buffer.concat([u32(1), u32(3), Buffer.alloc(20), u32(head.length), head, ...entries, Buffer.alloc(8, 0xff)]),
  );
}

/** The text that TAPP hashes for {@link COMPOSE_FILE}, written out. */
export const TAPP_NORMAL_FORM = JSON.stringify(
  { services: { broker: { image: IMAGE }, db: { image: `mysql${DIGEST}` } } },
  null,
  2,
);

export function startApp(app: string, composeHash: string, more: object = {}): TcgEvent {
  return agentEvent(`tapp.0g.com start_app ${JSON.stringify({ app_id: app, compose_hash: composeHash, ...more })}`);
}

export function tappEvents(): TcgEvent[] {
  return [
    { register: 1, type: 0x80000001, data: Buffer.from("firmware") },
    { register: 1, type: 0x80000001, data: Buffer.from("its settings") },
    { register: 2, type: 0x80000003, data: Buffer.from("loader"), digest: Buffer.alloc(48, 9) },
    { register: 3, type: 0xd, data: Buffer.from("kernel") },
    startApp("broker", hex(sha("sha384", Buffer.from(TAPP_NORMAL_FORM)))),
  ];
}

export interface TappOptions {
  readonly events?: readonly TcgEvent[];
  readonly log?: Uint8Array;
  readonly compose?: string;
  readonly quote?: QuoteOptions;
  readonly gpus?: unknown;
}

/** As a broker on 0G TAPP; the quote is of version 5. */
export function tappReport(machine: TestMachine, options: TappOptions = {}): Uint8Array {
  const { events = tappEvents(), compose = COMPOSE_FILE } = options;
  const log = events
    .filter(({ type }) => type !== 3)
    .map(({ register, data, digest = sha("sha384", data) }) => ({ imr: register - 1, digest: hex(digest) }));
  const reportData = Buffer.concat([Buffer.from(SIGNER.slice(2), "hex"), Buffer.alloc(44)]);
  const quote = makeQuote(machine, { version: 5, rtmrs: registersOf(log), reportData, ...options.quote });
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const evidence = {
    cc_eventlog: base64(options.log ?? tcgLog(events)),
    quote: base64(quote),
    ...(options.gpus === undefined ? {} : { gpu_evidence: options.gpus }),
  };
  return json({ compose_content: compose, evidence: base64(json(evidence)) });
}

export interface TestGpu {
  readonly anchor: TrustAnchor;
  /** What goes into `nvidia_payload`. */
  evidence(nonce: Uint8Array): { certificate: string; evidence: string; arch: string };
}

export function makeGpu(
  change: (leaf: Holder, root: Holder) => readonly Holder[] = (leaf, root) => [leaf, root],
): TestGpu {
  const root = certify({ name: "NVIDIA Device Identity CA", ca: true, curve: "P-384", serial: 71 });
  const leaf = certify({ name: "GH100 test", issuer: root, curve: "P-384", serial: 72 });
  const chain = change(leaf, root);
  return {
    anchor: anchorOf(root),
    evidence: (nonce) => {
      const signed = Buffer.concat([Buffer.from("11e001ff", "hex"), nonce, Buffer.alloc(600, 0x5a)]);
      return {
        certificate: Buffer.from(pem(...chain.map(({ der }) => der))).toString("base64"),
        evidence: Buffer.concat([signed, rawSignature(signed, leaf.keys, "sha384")]).toString("base64"),
        arch: "HOPPER",
      };
    },
  };
}

export const textGpuNonce = (signer: string): Uint8Array =>
  new Uint8Array(Buffer.from(keccak256(Buffer.from(signer)).slice(2), "hex"));

/** What a verifier knows of such a report. */
export function trusting(
  machine: TestMachine,
  bytes: Uint8Array,
  more: Partial<VerifyReportParams> = {},
): VerifyReportParams {
  return {
    bytes,
    now: NOW,
    anchors: { tdx: machine.anchor },
    expected: { signer: SIGNER, from: "teeSignerAddress" },
    ...more,
  };
}
