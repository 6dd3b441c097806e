/** Lists of revoked certificates: signed by who issued the certificates, current, and without those at hand. */

import { verify } from "node:crypto";

import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate as Asn1Certificate, CertificateList, type Name } from "@peculiar/asn1-x509";

import { equalBytes } from "./bytes.ts";
import { serialText, type Certificate } from "./certificates.ts";
import { EvidenceMalformedError } from "./errors.ts";

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";

/** @returns why the list says nothing or revokes a certificate; undefined when none is revoked. */
export function revocationProblem(
  der: Uint8Array,
  issuer: Certificate,
  certificates: readonly Certificate[],
  now: Date,
): string | undefined {
  const list = parseList(der);
  const { tbsCertList: body, tbsCertListRaw: raw } = list;
  const what = `the list of ${issuer.name}`;
  if (!sameName(body.issuer, issuer)) return `${what} is another issuer's`;
  const key = { key: issuer.publicKey, dsaEncoding: "der" } as const;
  const signed =
    list.signatureAlgorithm.algorithm === ECDSA_WITH_SHA256 &&
    raw !== undefined &&
    verify("sha256", new Uint8Array(raw), key, new Uint8Array(list.signature));
  if (!signed) return `${what} is not signed by it`;
  if (body.crlExtensions?.some(({ critical }) => critical) === true) return `${what} has a critical extension`;
  if (now < body.thisUpdate.getTime()) return `${what} is from the future`;
  if (body.nextUpdate === undefined || now > body.nextUpdate.getTime()) {
    return `${what} was current until ${body.nextUpdate?.getTime().toISOString() ?? "nobody knows when"}`;
  }
  const revoked = new Set(
    (body.revokedCertificates ?? []).map((entry) => serialText(new Uint8Array(entry.userCertificate))),
  );
  const found = certificates.find(({ serial }) => revoked.has(serial));
  return found === undefined ? undefined : `${found.name} (serial ${found.serial}) is revoked`;
}

function parseList(der: Uint8Array): CertificateList {
  try {
    return AsnConvert.parse(der, CertificateList);
  } catch (error) {
    throw new EvidenceMalformedError("list of revoked certificates", "it is no such list", error);
  }
}

function sameName(name: Name, issuer: Certificate): boolean {
  const { subject } = AsnConvert.parse(issuer.der, Asn1Certificate).tbsCertificate;
  return equalBytes(new Uint8Array(AsnConvert.serialize(name)), new Uint8Array(AsnConvert.serialize(subject)));
}
