import { EvidenceMalformedError } from "./errors.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";
const MAX_CERTIFICATES = 8;

function spell(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `${BEGIN}\n${lines.join("\n")}\n${END}\n`;
}

/**
 * Splits a chain of PEM certificates into DER, in their order. Only the one spelling that Intel writes is taken, so that
 * no byte of a quote can be altered unnoticed: lines of 64 characters, no text between, one zero at the end at most.
 * @throws {EvidenceMalformedError}
 */
export function splitPem(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes).toString("latin1").replace(/\0$/, "");
  const blocks = text.split(BEGIN).slice(1);
  if (blocks.length === 0 || blocks.length > MAX_CERTIFICATES) {
    throw new EvidenceMalformedError("certificate chain", `it has ${blocks.length} certificates`);
  }
  const certificates = blocks.map((block) => Buffer.from(block.split(END, 1)[0] ?? "", "base64"));
  const spelt = certificates.map(spell).join("");
  // Intel's service leaves the last line feed out.
  if (text !== spelt && text !== spelt.slice(0, -1)) {
    throw new EvidenceMalformedError("certificate chain", "it is not plain PEM");
  }
  return certificates.map((der) => new Uint8Array(der));
}
