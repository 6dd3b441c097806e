/** The bodies of uploads, which are most of what a client of 0G Storage sends. */

import type { Hex } from "../hex.ts";
import type { SegmentProof } from "./merkle.ts";

export interface UploadedSegment {
  readonly root: Hex;
  /** Whole chunks. */
  readonly data: Uint8Array;
  readonly index: number;
  readonly proof: SegmentProof;
  /** Bytes. */
  readonly fileSize: number;
}

/** Strings up to this are collected soon. A multiple of 3, so that base64 has no filling inside. */
const SLICE_BYTES = 48 * 1024;

/**
 * The JSON-RPC request of `zgs_uploadSegmentsByTxSeq`. Written piece by piece into one buffer: of a body that is put together
 * from long strings V8 leaves several copies behind, for longer than it takes to make the next one.
 */
export function segmentsRequest(segments: readonly UploadedSegment[], txSeq: number): Uint8Array<ArrayBuffer> {
  const pieces = segments.map(({ data, ...rest }, at) => {
    const { index, proof, ...names } = rest;
    const head = `${at === 0 ? "" : ","}{"root":"${names.root}","index":${index},"fileSize":${names.fileSize},"data":"`;
    return { head, data, tail: `","proof":${JSON.stringify(proof)}}` };
  });
  const open = '{"jsonrpc":"2.0","id":1,"method":"zgs_uploadSegmentsByTxSeq","params":[[';
  const close = `],${txSeq}]}`;
  const length = pieces.reduce(
    (sum, { head, data, tail }) => sum + head.length + Math.ceil(data.length / 3) * 4 + tail.length,
    open.length + close.length,
  );
  const body = Buffer.allocUnsafeSlow(length);
  let at = body.write(open, "latin1");
  for (const { head, data, tail } of pieces) {
    at += body.write(head, at, "latin1");
    for (let from = 0; from < data.length; from += SLICE_BYTES)
      at += body.write(base64(data.subarray(from, from + SLICE_BYTES)), at, "latin1");
    at += body.write(tail, at, "latin1");
  }
  body.write(close, at, "latin1");
  return body;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
