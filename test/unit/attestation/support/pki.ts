/** Certificates and revocation lists made at run time, so that every rule of a chain can be kept and broken. */

import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";

import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  CertificateList,
  Extension,
  Extensions,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from "@peculiar/asn1-x509";

/** When these tests happen. */
export const NOW = new Date("2026-11-21T12:00:00Z");
export const DAY = 86_400_000;

export type Curve = "P-256" | "P-384";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function keyPair(curve: Curve = "P-256"): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: curve });
}

/** Somebody who has a name, a key and a certificate. */
export interface Holder {
  readonly name: string;
  readonly keys: KeyPair;
  readonly der: Uint8Array;
}

export interface CertificateOptions {
  readonly name: string;
  /** Who signs; the holder itself when absent. */
  readonly issuer?: Pick<Holder, "name" | "keys">;
  readonly keys?: KeyPair;
  readonly serial?: number;
  readonly from?: Date;
  readonly to?: Date;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly usage?: number;
  readonly extensions?: readonly Extension[];
  readonly curve?: Curve;
}

const ALGORITHMS = {
  "P-256": { oid: "1.2.840.10045.4.3.2", hash: "sha256" },
  "P-384": { oid: "1.2.840.10045.4.3.3", hash: "sha384" },
} as const;

function nameOf(text: string): Name {
  const value = new AttributeValue({ utf8String: text });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: "2.5.4.3", value })])]);
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

export function extension(extnID: string, value: ArrayBuffer | Uint8Array, critical = false): Extension {
  return new Extension({
    extnID,
    critical,
    extnValue: new OctetString(value instanceof Uint8Array ? buffer(value) : value),
  });
}

export function certify(options: CertificateOptions): Holder {
  const { name, ca = false, curve = "P-256", serial = 1000, pathLength } = options;
  const keys = options.keys ?? keyPair(curve);
  const issuer = options.issuer ?? { name, keys };
  const usage =
    options.usage ?? (ca ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature);
  const { oid, hash } = ALGORITHMS[curve];
  const constraints = new BasicConstraints({
    cA: ca,
    ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
  });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: buffer(Buffer.from([0x10, serial >> 8, serial & 0xff])),
    signature: new AlgorithmIdentifier({ algorithm: oid }),
    issuer: nameOf(issuer.name),
    validity: new Validity({
      notBefore: options.from ?? new Date(NOW.getTime() - 100 * DAY),
      notAfter: options.to ?? new Date(NOW.getTime() + 1000 * DAY),
    }),
    subject: nameOf(name),
    subjectPublicKeyInfo: AsnConvert.parse(
      keys.publicKey.export({ type: "spki", format: "der" }),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions([
      extension("2.5.29.15", AsnConvert.serialize(new KeyUsage(usage)), true),
      extension("2.5.29.19", AsnConvert.serialize(constraints), true),
      ...(options.extensions ?? []),
    ]),
  });
  const signed = Buffer.from(AsnConvert.serialize(tbsCertificate));
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: new AlgorithmIdentifier({ algorithm: oid }),
    signatureValue: buffer(sign(hash, signed, issuer.keys.privateKey)),
  });
  return { name, keys, der: new Uint8Array(AsnConvert.serialize(certificate)) };
}

export interface ListOptions {
  readonly issuer: Pick<Holder, "name" | "keys">;
  /** Serial numbers, as {@link certify} takes them. */
  readonly revoked?: readonly number[];
  readonly from?: Date;
  readonly until?: Date;
  readonly extensions?: readonly Extension[];
}

export function revocationList({ issuer, revoked = [], from, until, extensions }: ListOptions): Uint8Array {
  const thisUpdate = from ?? new Date(NOW.getTime() - DAY);
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature: new AlgorithmIdentifier({ algorithm: ALGORITHMS["P-256"].oid }),
    issuer: nameOf(issuer.name),
    thisUpdate: new Time(thisUpdate),
    nextUpdate: new Time(until ?? new Date(NOW.getTime() + 20 * DAY)),
    ...(extensions === undefined ? {} : { crlExtensions: [...extensions] }),
    ...(revoked.length === 0
      ? {}
      : {
          revokedCertificates: revoked.map(
            (serial) =>
              new RevokedCertificate({
                userCertificate: buffer(Buffer.from([0x10, serial >> 8, serial & 0xff])),
                revocationDate: new Time(thisUpdate),
              }),
          ),
        }),
  });
  const signed = Buffer.from(AsnConvert.serialize(tbsCertList));
  const list = new CertificateList({
    tbsCertList,
    signatureAlgorithm: new AlgorithmIdentifier({ algorithm: ALGORITHMS["P-256"].oid }),
    signature: buffer(sign("sha256", signed, issuer.keys.privateKey)),
  });
  return new Uint8Array(AsnConvert.serialize(list));
}

/** PEM as Intel writes it. */
export function pem(...ders: readonly Uint8Array[]): string {
  return ders
    .map((der) => {
      const lines =
        Buffer.from(der)
          .toString("base64")
          .match(/.{1,64}/g) ?? [];
      return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
    })
    .join("");
}

export function rawSignature(
  data: Uint8Array,
  { privateKey }: KeyPair,
  hash: "sha256" | "sha384" = "sha256",
): Uint8Array {
  return new Uint8Array(sign(hash, data, { key: privateKey, dsaEncoding: "ieee-p1363" }));
}

/** x and y. */
export function point({ publicKey }: KeyPair): Uint8Array {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return new Uint8Array(Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]));
}
