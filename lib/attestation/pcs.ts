/** Where Intel, or a cache of it (PCCS), publishes collateral, and how its answers make one. Source: Intel PCS API, version 4. */

import { CollateralMalformedError } from "./errors.ts";
import type { Collateral } from "./collateral.ts";
import type { Machine } from "./machine.ts";

export const INTEL_PCS = "https://api.trustedservices.intel.com";
/** Intel's service has no list of its root; the root names this address. */
const INTEL_ROOT_CRL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

export interface PcsUrls {
  readonly tcbInfo: string;
  readonly qeIdentity: string;
  readonly pckCrl: string;
  readonly rootCrl: string;
}

/** @param base `https://host`, with or without the path of the API. */
export function pcsUrls(base: string, { fmspc, ca }: Machine): PcsUrls {
  const root = base.replace(/\/+$/, "").replace(/\/(?:sgx|tdx)\/certification\/v\d+$/, "");
  return {
    tcbInfo: `${root}/tdx/certification/v4/tcb?fmspc=${fmspc}`,
    qeIdentity: `${root}/tdx/certification/v4/qe/identity`,
    pckCrl: `${root}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`,
    rootCrl: root === INTEL_PCS ? INTEL_ROOT_CRL : `${root}/sgx/certification/v4/rootcacrl`,
  };
}

export interface PcsAnswer {
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/**
 * Puts the four answers together. Whether they are Intel's, the verification says.
 * @throws {CollateralMalformedError}
 */
export function collateralFrom(answers: Readonly<Record<keyof PcsUrls, PcsAnswer>>): Collateral {
  const { tcbInfo, qeIdentity, pckCrl, rootCrl } = answers;
  const tcb = signedPart(tcbInfo, "tcbInfo");
  const qe = signedPart(qeIdentity, "enclaveIdentity");
  return {
    pck_crl: pckCrl.bytes,
    root_ca_crl: binary(rootCrl.bytes),
    pck_crl_issuer_chain: issuerChain(pckCrl, "SGX-PCK-CRL-Issuer-Chain"),
    tcb_info: tcb.text,
    tcb_info_signature: tcb.signature,
    tcb_info_issuer_chain: issuerChain(tcbInfo, "TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"),
    qe_identity: qe.text,
    qe_identity_signature: qe.signature,
    qe_identity_issuer_chain: issuerChain(qeIdentity, "SGX-Enclave-Identity-Issuer-Chain"),
  };
}

/** `{"<name>":{…},"signature":"…"}`: Intel signs the inner text as it stands, which is JSON without a space. */
function signedPart({ bytes }: PcsAnswer, name: string): { text: string; signature: Uint8Array } {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new CollateralMalformedError(`the answer with ${name} is not JSON`, error);
  }
  const { [name]: inner, signature } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (
    typeof inner !== "object" ||
    inner === null ||
    typeof signature !== "string" ||
    !/^[0-9a-f]{128}$/i.test(signature)
  ) {
    throw new CollateralMalformedError(`the answer has no signed ${name}`);
  }
  return { text: JSON.stringify(inner), signature: new Uint8Array(Buffer.from(signature, "hex")) };
}

function issuerChain({ headers }: PcsAnswer, ...names: readonly string[]): string {
  const value = names.map((name) => headers.get(name) ?? undefined).find((text) => text !== undefined);
  if (value === undefined) throw new CollateralMalformedError(`the header ${names[0] ?? ""} is missing`);
  try {
    return decodeURIComponent(value);
  } catch (error) {
    throw new CollateralMalformedError(`the header ${names[0] ?? ""} is not URL-encoded`, error);
  }
}

/** A cache hands the list of the root out in hexadecimal. */
function binary(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1").trim();
  return /^(?:[0-9a-fA-F]{2})+$/.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : bytes;
}
