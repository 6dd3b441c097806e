/**
 * Collateral: what Intel publishes about machines (TCB info), its quoting enclave (QE identity) and revoked certificates.
 * The JSON is that of dcap-qvl. Source: Intel PCS API, version 4.
 */

import { z } from "zod";

import { CollateralMalformedError } from "./errors.ts";

/** Real collateral takes 30 kB. */
export const MAX_COLLATERAL_BYTES = 2 * 1024 * 1024;

/** Hexadecimal, as dcap-qvl of Rust writes bytes, or numbers, as that of JavaScript does. */
const bytes = z.union([
  z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2})+$/, "not hexadecimal")
    .transform((text): Uint8Array => new Uint8Array(Buffer.from(text, "hex"))),
  z.array(z.int().min(0).max(255)).transform((numbers): Uint8Array => Uint8Array.from(numbers)),
]);

const schema = z.object({
  pck_crl: bytes,
  root_ca_crl: bytes,
  pck_crl_issuer_chain: z.string(),
  tcb_info: z.string(),
  tcb_info_signature: bytes,
  tcb_info_issuer_chain: z.string(),
  qe_identity: z.string(),
  qe_identity_signature: bytes,
  qe_identity_issuer_chain: z.string(),
});

/** Names are those of dcap-qvl. The texts are the very ones that Intel signed. */
export type Collateral = Readonly<z.output<typeof schema>>;

/** @throws {CollateralMalformedError} */
export function parseCollateral(json: Uint8Array): Collateral {
  if (json.length > MAX_COLLATERAL_BYTES) {
    throw new CollateralMalformedError(`it has ${json.length} bytes, more than ${MAX_COLLATERAL_BYTES}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(json).toString("utf8"));
  } catch (error) {
    throw new CollateralMalformedError("it is not JSON", error);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new CollateralMalformedError(z.prettifyError(parsed.error).replace(/\s+/g, " ").slice(0, 300), parsed.error);
  }
  return parsed.data;
}

/** Collateral as the JSON that {@link parseCollateral} reads. */
export function collateralText(collateral: Collateral): string {
  const hex = (value: string | Uint8Array) => (typeof value === "string" ? value : Buffer.from(value).toString("hex"));
  return `${JSON.stringify(Object.fromEntries(Object.entries(collateral).map(([key, value]) => [key, hex(value)])), null, 2)}\n`;
}

/** The kind of machine that collateral is for. Undefined when its TCB info is not JSON or does not say. */
export function collateralFmspc({ tcb_info: text }: Collateral): string | undefined {
  try {
    const { fmspc } = JSON.parse(text) as { fmspc?: unknown };
    return typeof fmspc === "string" ? fmspc.toLowerCase() : undefined;
  } catch {
    return undefined; // JSON.parse throws for nothing else
  }
}
