/** The 64 bytes that software in a trust domain puts into its quote: who signs for it. */

import { getAddress, isAddress } from "ethers";

import { checksum, toHex, ZERO_ADDRESS, type Address } from "../hex.ts";
import { isZero } from "./bytes.ts";
import { EvidenceMalformedError } from "./errors.ts";

/** Who wrote a report, which decides how its data is laid out. */
export type ReportForm = "dstack" | "node" | "tapp" | "development";

export type ReportData =
  /** A broker, by default: the address as text. Source: 0g-serving-broker, phala.go. */
  | { readonly layout: "text"; readonly signer: Address }
  /** A broker with sealed traffic: its X25519 key, then the address. Source: 0g-pc-e2ee, protocol/SPEC.md. */
  | { readonly layout: "sealing"; readonly signer: Address; readonly encryptionKey: Uint8Array }
  /** A model's node: the address, then the nonce it was asked with. Source: nearai/vllm-proxy. */
  | { readonly layout: "nonce"; readonly signer: Address; readonly nonce: Uint8Array }
  /** 0G TAPP: the address alone. Source: 0gfoundation/0g-tapp. */
  | { readonly layout: "address"; readonly signer: Address };

const TEXT_ADDRESS_BYTES = 42;

/**
 * Reads report data as the form of the report demands. Layouts of other forms are not tried: whoever asks a model's node
 * chooses half of its data, and could make it look like a broker's.
 * @throws {EvidenceMalformedError} for any other layout.
 */
export function parseReportData(data: Uint8Array, form: ReportForm): ReportData {
  if (data.length !== 64) return malformed(`it has ${data.length} bytes, not 64`);
  const read = parseLayout(data, form);
  return read.signer === ZERO_ADDRESS ? malformed("it names nobody") : read;
}

function parseLayout(data: Uint8Array, form: ReportForm): ReportData {
  if (form === "node") return parseNode(data);
  if (form === "tapp") {
    return isZero(data.subarray(20)) ? { layout: "address", signer: addressIn(data, 0) } : malformed(UNKNOWN);
  }
  return data[0] === 0x30 && data[1] === 0x78 ? parseText(data) : parseSealing(data);
}

const UNKNOWN = "its layout is unknown";

function malformed(why: string): never {
  throw new EvidenceMalformedError("report data", why);
}

function parseText(data: Uint8Array): ReportData {
  const text = Buffer.from(data.subarray(0, TEXT_ADDRESS_BYTES)).toString("latin1");
  if (!isAddress(text) || getAddress(text) !== text) return malformed("it begins like an address that is none");
  if (!isZero(data.subarray(TEXT_ADDRESS_BYTES))) return malformed("something follows the address");
  return { layout: "text", signer: checksum(text) };
}

function parseSealing(data: Uint8Array): ReportData {
  const version = Buffer.from(data.subarray(52, 56)).readUInt32BE();
  if (version !== 1 || !isZero(data.subarray(56))) return malformed(UNKNOWN);
  // A node asked with a nonce made for it would give this layout, with zeros where a key is.
  if (isZero(data.subarray(20, 32))) return malformed("it has the form of a node's, not of a broker's");
  return { layout: "sealing", signer: addressIn(data, 32), encryptionKey: data.slice(0, 32) };
}

function parseNode(data: Uint8Array): ReportData {
  if (!isZero(data.subarray(20, 32))) return malformed(UNKNOWN);
  return { layout: "nonce", signer: addressIn(data, 0), nonce: data.slice(32) };
}

function addressIn(data: Uint8Array, offset: number): Address {
  return checksum(toHex(data.subarray(offset, offset + 20)));
}
