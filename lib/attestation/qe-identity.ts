/** Whether a quoting enclave is the one Intel describes. Source: Intel PCS API v4, enclave identity of version 2. */

import { z } from "zod";

import { equalBytes, hexText, parseHex } from "./bytes.ts";
import { EvidenceMalformedError } from "./errors.ts";
import { failed, passed, type Finding } from "./item.ts";
import type { QeReport } from "./quote.ts";

const hex = z.string().regex(/^(?:[0-9a-fA-F]{2})+$/);

const schema = z.object({
  id: z.string(),
  version: z.int(),
  miscselect: hex.length(8),
  miscselectMask: hex.length(8),
  attributes: hex.length(32),
  attributesMask: hex.length(32),
  mrsigner: hex.length(64),
  isvprodid: z.int(),
  tcbLevels: z.array(z.object({ tcb: z.object({ isvsvn: z.int() }), tcbStatus: z.string() })),
});

/** @param text the JSON that Intel signed. */
export function qeIdentityFinding(
  text: string,
  { miscSelect, attributes, mrSigner, isvProdId, isvSvn }: QeReport,
): Finding {
  const identity = parse(text);
  if (identity.id !== "TD_QE") return failed(`it describes ${identity.id}, not the quoting enclave of TDX`);
  const attributesMask = parseHex(identity.attributesMask, "QE identity");
  const masked = attributes.map((byte, index) => byte & (attributesMask[index] ?? 0));
  const wanted = parseHex(identity.attributes, "QE identity").map((byte, index) => byte & (attributesMask[index] ?? 0));
  const misc = little(identity.miscselectMask);
  const matches =
    hexText(mrSigner) === identity.mrsigner.toLowerCase() &&
    isvProdId === identity.isvprodid &&
    equalBytes(masked, wanted) &&
    ((miscSelect ^ little(identity.miscselect)) & misc) === 0;
  if (!matches) return failed("the quoting enclave is not the one that Intel describes");
  const level = identity.tcbLevels.find(({ tcb }) => isvSvn >= tcb.isvsvn);
  if (level === undefined) return failed(`version ${isvSvn} of the quoting enclave is older than any that Intel lists`);
  const detail = `version ${isvSvn} of the quoting enclave is ${level.tcbStatus}`;
  return level.tcbStatus === "UpToDate" ? passed(detail) : failed(detail);
}

function parse(text: string): z.output<typeof schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new EvidenceMalformedError("QE identity", "it is none of version 2", error);
  }
}

function little(text: string): number {
  return Buffer.from(text, "hex").readUInt32LE();
}
