import { EvidenceMalformedError } from "./errors.ts";
import type { Certificate } from "./certificates.ts";

/** By what Intel's collateral is found. */
export interface Machine {
  /** Family, model, stepping, platform and custom SKU: 6 bytes, lower-case hexadecimal. */
  readonly fmspc: string;
  /** Which authority of Intel's vouches for it. */
  readonly ca: "platform" | "processor";
}

/**
 * The kind of machine a chain of certificates was made for.
 * @throws {EvidenceMalformedError} when its first certificate is no PCK certificate.
 */
export async function machineOf(chain: readonly Certificate[]): Promise<Machine> {
  const [machine, authority] = chain;
  if (machine === undefined || authority === undefined) {
    throw new EvidenceMalformedError("certificate chain", "it is incomplete");
  }
  const { utils } = await import("@phala/dcap-qvl");
  try {
    const fmspc = utils.getFmspc(utils.getIntelExtension(Buffer.from(machine.der))).toString("hex");
    return { fmspc, ca: authority.name.includes("Processor") ? "processor" : "platform" };
  } catch (error) {
    throw new EvidenceMalformedError("certificate chain", `${machine.name} names no kind of machine`, error);
  }
}
