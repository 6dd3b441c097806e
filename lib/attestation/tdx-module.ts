/** Whether the TDX module of a machine is up to date. Source: Intel PCS API v4, TCB info of version 3, TDX module identities. */

import { z } from "zod";

import { equalBytes, hexText, parseHex } from "./bytes.ts";
import { EvidenceMalformedError } from "./errors.ts";
import { failed, notChecked, passed, type Finding } from "./item.ts";
import type { TdReport } from "./quote.ts";

const module = z.object({
  mrsigner: z.string().regex(/^[0-9a-f]{96}$/i),
  attributes: z.string().regex(/^[0-9a-f]{16}$/i),
  attributesMask: z.string().regex(/^[0-9a-f]{16}$/i),
});

const schema = z.object({
  tdxModule: module.optional(),
  tdxModuleIdentities: z
    .array(
      module.extend({
        id: z.string(),
        tcbLevels: z.array(z.object({ tcb: z.object({ isvsvn: z.int() }), tcbStatus: z.string() })),
      }),
    )
    .optional(),
});

/** @param text the TCB info that Intel signed. dcap-qvl 0.3.9 leaves this part of it out. */
export function tdxModuleFinding(text: string, report: TdReport): Finding {
  const { tdxModule, tdxModuleIdentities = [] } = parse(text);
  const [level = 0, version = 0] = report.teeTcbSvn;
  if (version === 0) {
    if (tdxModule === undefined) return notChecked("the collateral describes no TDX module");
    return isDescribed(tdxModule, report) ? passed("the module is the one that Intel describes") : failed(OTHER);
  }
  const id = `TDX_${hexText(Uint8Array.of(version))}`;
  const identity = tdxModuleIdentities.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (identity === undefined) return failed(`Intel describes no module ${id}`);
  if (!isDescribed(identity, report)) return failed(OTHER);
  const reached = identity.tcbLevels.find(({ tcb }) => level >= tcb.isvsvn);
  if (reached === undefined) return failed(`version ${level} of ${id} is older than any that Intel lists`);
  const detail = `version ${level} of ${id} is ${reached.tcbStatus}`;
  return reached.tcbStatus === "UpToDate" ? passed(detail) : failed(detail);
}

const OTHER = "the module is not the one that Intel describes";

function isDescribed(described: z.output<typeof module>, { mrSignerSeam, seamAttributes }: TdReport): boolean {
  const mask = parseHex(described.attributesMask, "TCB info");
  const masked = (bytes: Uint8Array) => bytes.map((byte, index) => byte & (mask[index] ?? 0));
  return (
    hexText(mrSignerSeam) === described.mrsigner.toLowerCase() &&
    equalBytes(masked(seamAttributes), masked(parseHex(described.attributes, "TCB info")))
  );
}

function parse(text: string): z.output<typeof schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new EvidenceMalformedError("TCB info", "its TDX modules cannot be read", error);
  }
}
