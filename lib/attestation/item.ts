/** What a check found. Each has a name and its own verdict; what was not checked says why. */

import { EvidenceMalformedError } from "./errors.ts";

export type ItemName =
  | "hardware"
  | "quote-signature"
  | "attestation-key"
  | "qe-signature"
  | "qe"
  | "certificates"
  | "root"
  | "debug"
  | "td-attributes"
  | "module"
  | "service-td"
  | "event-log"
  | "events"
  | "registers"
  | "compose"
  | "config-id"
  | "images"
  | "image-update"
  | "other-apps"
  | "os-image"
  | "report-data"
  | "signer"
  | "freshness"
  | "envelope"
  | "collateral"
  | "revocation"
  | "qe-identity"
  | "tcb"
  | "tdx-module"
  | "gpu-nonce"
  | "gpu-signature"
  | "gpu-measurements"
  | "model";

export interface Finding {
  readonly status: "passed" | "failed" | "not checked";
  /** What was compared, with the values; or why it was not. */
  readonly detail: string;
}

export interface Item extends Finding {
  readonly name: ItemName;
}

export const passed = (detail: string): Finding => ({ status: "passed", detail });
export const failed = (detail: string): Finding => ({ status: "failed", detail });
export const notChecked = (detail: string): Finding => ({ status: "not checked", detail });

/** A part of a report: there, or not, and why. */
export type Part<T> =
  { readonly state: "there"; readonly value: T } | { readonly state: "absent" | "broken"; readonly why: string };

/** Reads a part. `undefined` means that this form of report has none. */
export function part<T>(name: string, read: () => T | undefined): Part<T> {
  try {
    const value = read();
    return value === undefined ? { state: "absent", why: `there is no ${name}` } : { state: "there", value };
  } catch (error) {
    if (error instanceof EvidenceMalformedError) return { state: "broken", why: error.message };
    throw error;
  }
}

/** Details quote what strangers wrote, as long as they like. */
const MAX_DETAIL = 1500;

/** Gathers what the checks find, in their order. */
export class Examination {
  readonly items: Item[] = [];

  add(name: ItemName, { status, detail }: Finding): void {
    const short = detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL)}…` : detail;
    this.items.push({ name, status, detail: short });
  }

  /** Runs a check. Evidence that turns out unreadable on the way fails it. */
  check(name: ItemName, find: () => Finding): void {
    try {
      this.add(name, find());
    } catch (error) {
      if (!(error instanceof EvidenceMalformedError)) throw error;
      this.add(name, failed(error.message));
    }
  }

  /** Runs a check of a part. Without the part it is not made; whether that is a failure, another item says. */
  checkPart<T>(name: ItemName, subject: Part<T>, find: (value: T) => Finding): void {
    if (subject.state === "there") this.check(name, () => find(subject.value));
    else this.add(name, notChecked(subject.why));
  }
}
