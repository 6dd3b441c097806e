import { expect } from "chai";

import { SEGMENT_BYTES, storageTree } from "../../../lib/storage/merkle.ts";
import { segmentsRequest } from "../../../lib/storage/segment-request.ts";

describe("segmentsRequest", () => {
  it("is the JSON-RPC request that 0G's SDK sends", () => {
    const bytes = Uint8Array.from({ length: 2 * SEGMENT_BYTES }, (_, i) => (i * 7 + (i >> 9)) & 255);
    const tree = storageTree(bytes);
    const segments = [0, 1].map((index) => ({
      ...{ root: tree.root, index, proof: tree.proofOf(index), fileSize: bytes.length },
      data: bytes.subarray(index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES - (index === 1 ? 256 : 0)),
    }));
    const sent = JSON.parse(Buffer.from(segmentsRequest(segments, 42)).toString("utf8")) as unknown;
    expect(sent).to.deep.equal({
      ...{ jsonrpc: "2.0", id: 1, method: "zgs_uploadSegmentsByTxSeq" },
      params: [segments.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString("base64") })), 42],
    });
  });
});
