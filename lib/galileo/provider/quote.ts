/**
 * The attestation report of a provider that runs in no TEE. It has the shape of a dstack broker's, and signer and
 * compose hash agree with each other, so the official client's two checks pass; but there is no quote, and it says so.
 */

import { createHash } from "node:crypto";

import type { Address } from "../../hex.ts";

const NOTICE =
  "DEVELOPMENT ONLY: this provider runs on the embedded network, in no TEE. There is no hardware quote; nothing here is attested.";

/** What dstack measures at run time. Written here, on the provider's side, from dstack's cc-eventlog. */
const RUNTIME_EVENT = 0x08000001;

const APP_COMPOSE = JSON.stringify({
  manifest_version: 2,
  name: "galileo-local-provider",
  runner: "none",
  description: NOTICE,
  docker_compose_file: `# ${NOTICE}\nservices: {}\n`,
});

/** ASCII of the signer's EIP-55 address, padded to 64 bytes: the layout brokers use by default. */
function reportData(signer: Address): string {
  const data = Buffer.alloc(64);
  data.write(signer, "ascii");
  return data.toString("base64");
}

/** @param payload hexadecimal. */
function runtimeEvent(event: string, payload: string) {
  const type = Buffer.alloc(4);
  type.writeUInt32LE(RUNTIME_EVENT);
  const digest = createHash("sha384").update(type).update(`:${event}:`).update(payload, "hex").digest("hex");
  return { imr: 3, event_type: RUNTIME_EVENT, digest, event, event_payload: payload };
}

export function localQuote(signer: Address): string {
  const composeHash = createHash("sha256").update(APP_COMPOSE).digest("hex");
  const events = [
    runtimeEvent("system-preparing", ""),
    runtimeEvent("compose-hash", composeHash),
    runtimeEvent("system-ready", ""),
  ];
  return JSON.stringify({
    mock: true,
    notice: NOTICE,
    quote: "",
    event_log: JSON.stringify(events),
    report_data: reportData(signer),
    vm_config: "{}",
    tcb_info: JSON.stringify({ mock: true, compose_hash: composeHash, app_compose: APP_COMPOSE }),
  });
}
