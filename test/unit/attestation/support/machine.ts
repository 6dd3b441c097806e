/** A machine that makes TDX quotes as Intel's do, with a root of its own. */

import { createHash } from "node:crypto";

import type { TrustAnchor } from "../../../../lib/attestation/trust-anchor.ts";
import { certify, extension, keyPair, pem, point, rawSignature, type Holder, type KeyPair } from "./pki.ts";

const SGX = "1.2.840.113741.1.13.1";
export const FMSPC = "90c06f000000";
export const SERIALS = { root: 1, platform: 2, pck: 3, signer: 4 } as const;

function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** Identifiers below Intel's: 1.2.840.113741.1.13.1, which takes ten bytes. */
function oid(...last: readonly number[]): Uint8Array {
  return tlv(0x06, Buffer.from("2a864886f84d010d01", "hex"), Buffer.from(last));
}

function entry(last: readonly number[], value: Uint8Array): Uint8Array {
  return tlv(0x30, oid(...last), value);
}

/** What Intel writes into a machine's certificate: PPID, TCB (CPUSVN of ones), PCEID, FMSPC, type. */
function sgxExtension(fmspc: string) {
  const tcb = tlv(0x30, entry([2, 17], tlv(0x02, Buffer.from([11]))), entry([2, 18], tlv(0x04, Buffer.alloc(16, 1))));
  const value = tlv(
    0x30,
    entry([1], tlv(0x04, Buffer.alloc(16, 0xab))),
    entry([2], tcb),
    entry([3], tlv(0x04, Buffer.alloc(2))),
    entry([4], tlv(0x04, Buffer.from(fmspc, "hex"))),
    entry([5], tlv(0x0a, Buffer.from([0]))),
  );
  return extension(SGX, value);
}

export interface TestMachine {
  readonly root: Holder;
  readonly platform: Holder;
  readonly pck: Holder;
  readonly attestation: KeyPair;
  readonly anchor: TrustAnchor;
  /** Machine, authority, root. */
  readonly chain: readonly Uint8Array[];
}

export function anchorOf(root: Holder): TrustAnchor {
  return { name: "the test's root", sha256: createHash("sha256").update(root.der).digest("hex") };
}

/** @param make another holder in place of one of the three, given what came before. */
export function makeMachine(
  make: {
    readonly root?: () => Holder;
    readonly platform?: (root: Holder) => Holder;
    readonly pck?: (platform: Holder) => Holder;
  } = {},
): TestMachine {
  const root = make.root?.() ?? makeRoot();
  const platform = make.platform?.(root) ?? makePlatform(root);
  const pck = make.pck?.(platform) ?? makePck(platform);
  const chain = [pck.der, platform.der, root.der];
  return { root, platform, pck, attestation: keyPair(), anchor: anchorOf(root), chain };
}

type Changes = Partial<Parameters<typeof certify>[0]>;

export const makeRoot = (changes: Changes = {}): Holder =>
  certify({ name: "Intel SGX Root CA", ca: true, pathLength: 1, serial: SERIALS.root, ...changes });

export const makePlatform = (root: Holder, changes: Changes = {}): Holder =>
  certify({
    name: "Intel SGX PCK Platform CA",
    issuer: root,
    ca: true,
    pathLength: 0,
    serial: SERIALS.platform,
    ...changes,
  });

export const makePck = (platform: Holder, changes: Changes = {}, fmspc = FMSPC): Holder =>
  certify({
    name: "Intel SGX PCK Certificate",
    issuer: platform,
    serial: SERIALS.pck,
    extensions: [sgxExtension(fmspc)],
    ...changes,
  });

export interface QuoteOptions {
  /** 4, or 5 with a report of TDX 1.5. */
  readonly version?: 4 | 5;
  readonly teeTcbSvn?: Uint8Array;
  readonly mrSignerSeam?: Uint8Array;
  readonly seamAttributes?: Uint8Array;
  readonly tdAttributes?: Uint8Array;
  readonly mrTd?: Uint8Array;
  readonly mrConfigId?: Uint8Array;
  readonly rtmrs?: readonly Uint8Array[];
  readonly reportData?: Uint8Array;
  readonly mrServiceTd?: Uint8Array;
  readonly qeVendorId?: Uint8Array;
  readonly qeMrSigner?: Uint8Array;
  readonly qeAttributes?: Uint8Array;
  readonly qeProdId?: number;
  readonly qeSvn?: number;
  /** Certificates in place of the machine's. */
  readonly chain?: readonly Uint8Array[];
  readonly pem?: string;
  readonly tail?: Uint8Array;
}

export const INTEL_QE_MRSIGNER = "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5";
/** SEPT_VE_DISABLE alone. */
export const TD_ATTRIBUTES = Buffer.from("0000001000000000", "hex");

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Bytes of a quote, signed by the machine's keys, whatever it says. */
export function makeQuote(machine: TestMachine, options: QuoteOptions = {}): Uint8Array {
  const zeros = (length: number) => Buffer.alloc(length);
  const { version = 4, rtmrs = [0, 1, 2, 3].map(() => zeros(48)) } = options;
  const header = Buffer.concat([
    u16(version),
    u16(2),
    u32(0x81),
    zeros(4),
    options.qeVendorId ?? Buffer.from("939a7233f79c4ca9940a0db3957f0607", "hex"),
    zeros(20),
  ]);
  const report = Buffer.concat([
    options.teeTcbSvn ?? Buffer.alloc(16, 5),
    zeros(48),
    options.mrSignerSeam ?? zeros(48),
    options.seamAttributes ?? zeros(8),
    options.tdAttributes ?? TD_ATTRIBUTES,
    zeros(8),
    options.mrTd ?? Buffer.alloc(48, 0xd7),
    options.mrConfigId ?? zeros(48),
    zeros(96),
    ...rtmrs,
    options.reportData ?? zeros(64),
    ...(version === 5 ? [zeros(16), options.mrServiceTd ?? zeros(48)] : []),
  ]);
  const signed = Buffer.concat([header, ...(version === 5 ? [u16(3), u32(report.length)] : []), report]);
  const data = signatureData(machine, signed, options);
  return new Uint8Array(Buffer.concat([signed, u32(data.length), data, options.tail ?? zeros(0)]));
}

function signatureData(machine: TestMachine, signed: Buffer, options: QuoteOptions): Buffer {
  const zeros = (length: number) => Buffer.alloc(length);
  const auth = Buffer.alloc(32, 0xa0);
  const key = point(machine.attestation);
  const qeReport = Buffer.concat([
    Buffer.alloc(16, 1),
    zeros(4 + 28),
    options.qeAttributes ?? Buffer.from("1500000000000000e700000000000000", "hex"),
    zeros(32 + 32),
    options.qeMrSigner ?? Buffer.from(INTEL_QE_MRSIGNER, "hex"),
    zeros(96),
    u16(options.qeProdId ?? 2),
    u16(options.qeSvn ?? 6),
    zeros(60),
    createHash("sha256").update(key).update(auth).digest(),
    zeros(32),
  ]);
  const chain = Buffer.from(options.pem ?? `${pem(...(options.chain ?? machine.chain))}\0`, "latin1");
  const certification = Buffer.concat([
    qeReport,
    rawSignature(qeReport, machine.pck.keys),
    u16(auth.length),
    auth,
    u16(5),
    u32(chain.length),
    chain,
  ]);
  return Buffer.concat([
    rawSignature(signed, machine.attestation),
    key,
    u16(6),
    u32(certification.length),
    certification,
  ]);
}
