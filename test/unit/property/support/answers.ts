/** What providers, attestors, explorers and storage answer over HTTP. */

import { ask } from "../../../../lib/compute/ask.ts";
import { fetchModels } from "../../../../lib/compute/models.ts";
import { readAnswer } from "../../../../lib/compute/service-answer.ts";
import { serviceRequest } from "../../../../lib/compute/service-request.ts";
import { fetchSignature } from "../../../../lib/compute/signature.ts";
import { fetchUnsettledFee } from "../../../../lib/compute/unsettled-fee.ts";
import { fetchImages } from "../../../../lib/compute/image-downloads.ts";
import { askAsJob } from "../../../../lib/compute/async-job.ts";
import { ZgError } from "../../../../lib/errors.ts";
import { chainscan } from "../../../../lib/explorer/chainscan.ts";
import { ATTESTOR_PROTOCOL, ATTESTOR_VERSION } from "../../../../lib/inft/attestor/protocol.ts";
import { describeAttestor } from "../../../../lib/inft/attestor/client.ts";
import { messageMeasure, messageStreamMeasure } from "../../../../lib/protocol/anthropic.ts";
import { wavSeconds } from "../../../../lib/protocol/audio.ts";
import { chatIdFrom, readChatStream } from "../../../../lib/protocol/chat.ts";
import { imagesOf, imageExtension } from "../../../../lib/protocol/images.ts";
import { parsedJson } from "../../../../lib/protocol/members.ts";
import { classifyProviderError } from "../../../../lib/protocol/provider-errors.ts";
import { expectedSigner, mintability, parseServiceInfo, topologyOf } from "../../../../lib/protocol/service-info.ts";
import { parseSignedText, recoverTextSigner, signedText } from "../../../../lib/protocol/signed-text.ts";
import { readTranscription, readTranscriptStream, subtitleSeconds } from "../../../../lib/protocol/transcription.ts";
import { trustedNodes, fileLocations } from "../../../../lib/storage/indexer.ts";
import { askFile, askIdentity, askSegment, askWhetherHeld } from "../../../../lib/storage/node.ts";
import { fakeSession, INFO, provider, service, sign } from "../../compute/support/fixtures.ts";
import { attestorOf } from "../../inft/attestor/support/attestation.ts";
import type { Parser } from "./fuzz.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const answering =
  (bytes: Uint8Array, status = 200): typeof fetch =>
  async () =>
    Promise.resolve(new Response(Buffer.from(bytes), { status, headers: { "content-type": "application/json" } }));
const http = (bytes: Uint8Array, status?: number) => ({
  fetch: answering(bytes, status),
  sleep: async () => Promise.resolve(),
});

const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  model: "maker/small-model",
  choices: [{ index: 0, message: { role: "assistant", content: "four" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
});
const STREAM = [
  '{"id":"1","model":"m","choices":[{"delta":{"content":"fo"}}]}',
  '{"id":"1","choices":[{"delta":{"content":"ur"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
  "[DONE]",
]
  .map((data) => `data: ${data}\n\n`)
  .join("");
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const IMAGES = JSON.stringify({
  created: 1,
  data: [{ b64_json: PNG }, { url: "http://127.0.0.1:1/v1/proxy/images/a" }],
});
const EMBEDDINGS = JSON.stringify({
  data: [
    { index: 1, embedding: [0.5, -1] },
    { index: 0, embedding: Buffer.from(new Float32Array([1, 2]).buffer).toString("base64") },
  ],
  usage: { prompt_tokens: 3 },
});
const TRANSCRIPTS = [
  '{"text":"hello","usage":{"type":"duration","seconds":3}}',
  '{"text":"hello","duration":"2.5","usage":{"type":"tokens","input_tokens":1,"output_tokens":2}}',
  "1\n00:00:00,000 --> 00:00:02,500\nhello\n",
  "WEBVTT\n\n00:00.000 --> 00:02.500\nhello\n",
];
const TRANSCRIPT_STREAM = [
  'data: {"type":"transcript.text.delta","delta":"he"}',
  'data: {"type":"transcript.text.done","text":"hello","usage":{"type":"duration","seconds":3}}',
  "data: [DONE]",
].join("\n\n");
const WAV = Buffer.concat([
  Buffer.from(
    "RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\x08\0\0",
    "latin1",
  ),
  Buffer.alloc(64),
]);
const SIGNED = signedText("ab".repeat(32), "cd".repeat(32));
const ROOT = `0x${"12".repeat(32)}` as const;
const rpc = (result: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, result });
const FILE_INFO = {
  tx: {
    ...{ streamIds: [], data: [], dataMerkleRoot: ROOT, merkleNodes: [[1, ROOT]] },
    ...{ startEntryIndex: 0, size: 300, seq: 3 },
  },
  ...{ finalized: true, isCached: false, uploadedSegNum: 1, pruned: false },
};
const SEGMENT = {
  ...{ root: ROOT, data: Buffer.alloc(512).toString("base64"), index: 0, fileSize: 300 },
  proof: { lemma: [ROOT], path: [] },
};
const limits = { retries: 0, requestTimeoutMs: 5_000 };
const NODE = "http://127.0.0.1:1";

const chatRequest = (stream = false) =>
  serviceRequest("chat", Buffer.from(JSON.stringify({ model: "maker/small-model", messages: [], stream })));

export const ANSWERS: readonly Parser[] = [
  {
    name: "provider: a completion",
    seeds: () => [COMPLETION],
    parse: (bytes) => readAnswer(chatRequest(), bytes),
  },
  {
    name: "provider: a streamed completion",
    seeds: () => [STREAM, STREAM.replaceAll("\n", "\r\n")],
    parse: (bytes) => {
      const stream = readChatStream();
      for (let at = 0; at < bytes.length; at += 7) stream.push(bytes.subarray(at, at + 7));
      stream.end();
      return stream.answer();
    },
  },
  {
    name: "provider: an answer, from asking to fee",
    seeds: () => [COMPLETION],
    parse: async (bytes) =>
      ask({ ...http(bytes), session: fakeSession() }, { service: service(), request: chatRequest() }),
    share: 50,
  },
  {
    name: "provider: a refusal",
    seeds: () => [
      '{"error":"insufficient balance: locked 0.1 0G, required 1.0 0G"}',
      '{"error":{"message":"token has been revoked","type":"invalid"}}',
      "upstream down",
    ],
    parse: async (bytes) => {
      const asking = { ...http(bytes, 400), session: fakeSession() };
      await ask(asking, { service: service(), request: chatRequest() }).catch((error: unknown) => {
        if (!(error instanceof ZgError)) throw error;
      });
      return [400, 401, 402, 429, 500].map((status) => classifyProviderError(status, text(bytes)));
    },
    share: 50,
  },
  {
    name: "provider: images and embeddings",
    seeds: () => [IMAGES, EMBEDDINGS],
    parse: (bytes) => [
      readAnswer(serviceRequest("image", Buffer.from('{"prompt":"a cat","n":2}')), bytes),
      readAnswer(serviceRequest("embedding", Buffer.from('{"input":["a","b"]}')), bytes),
      imageExtension(bytes),
    ],
  },
  {
    name: "provider: images by address",
    seeds: () => [IMAGES],
    parse: async (bytes) => {
      const images = imagesOf(parsedJson(text(bytes)));
      return images === undefined ? undefined : fetchImages(http(bytes), service(), images);
    },
    share: 50,
  },
  {
    name: "provider: an image job",
    seeds: () => [`{"jobId":"a1b2","status":"completed","data":${IMAGES}}`, '{"jobId":"a","status":"failed"}'],
    parse: async (bytes) =>
      askAsJob(
        { ...http(bytes), session: fakeSession(), timeoutMs: 0 },
        {
          service: service({ serviceType: "text-to-image" }),
          request: serviceRequest("image", Buffer.from('{"prompt":"a"}')),
        },
      ),
    share: 50,
  },
  {
    name: "provider: a transcription",
    seeds: () => TRANSCRIPTS,
    parse: (bytes) => [readTranscription(text(bytes)), subtitleSeconds(text(bytes))],
  },
  {
    name: "provider: a streamed transcription",
    seeds: () => [TRANSCRIPT_STREAM],
    parse: (bytes) => {
      const stream = readTranscriptStream();
      for (let at = 0; at < bytes.length; at += 5) stream.push(bytes.subarray(at, at + 5));
      stream.end();
      return stream.transcript();
    },
  },
  {
    name: "provider: a message in Anthropic's shape",
    seeds: () => [
      '{"content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":1,"output_tokens":2}}',
      'event: message_start\ndata: {"message":{"usage":{"input_tokens":1}}}\n\ndata: {"delta":{"text":"hi"}}\n\n',
    ],
    parse: (bytes) => [messageMeasure(text(bytes)), messageStreamMeasure(bytes)],
  },
  { name: "user: a wav file", seeds: () => [WAV], parse: (bytes) => wavSeconds(bytes) },
  {
    name: "provider: a chat id",
    seeds: () => ["chatcmpl-1", "a-b_c"],
    parse: (bytes) => chatIdFrom({ get: () => text(bytes) }, { id: text(bytes) }),
  },
  {
    name: "provider: a signature document",
    seeds: async () => [JSON.stringify(await sign(Buffer.from("{}"), Buffer.from("{}")))],
    parse: async (bytes) => fetchSignature(http(bytes), service(), { id: "key-1", source: "header" }),
    share: 50,
  },
  {
    name: "provider: a signed text",
    seeds: () => [SIGNED, `${SIGNED}:${"ef".repeat(32)}`],
    parse: (bytes) => parseSignedText(text(bytes)),
  },
  {
    name: "provider: a signature",
    seeds: async () => [(await sign(Buffer.from("{}"), Buffer.from("{}"))).signature],
    parse: (bytes) => recoverTextSigner(SIGNED, text(bytes)),
    share: 50,
  },
  {
    name: "provider: its list of models",
    seeds: () => ['{"data":[{"id":"maker/small-model"}]}'],
    parse: async (bytes) => fetchModels(http(bytes), service()),
    share: 50,
  },
  {
    name: "provider: an unsettled fee",
    seeds: () => ['{"unsettledFee":"1200"}'],
    parse: async (bytes) => fetchUnsettledFee({ ...http(bytes), session: fakeSession() }, service()),
    share: 50,
  },
  {
    name: "provider: additionalInfo of its registration",
    seeds: () => [
      INFO,
      JSON.stringify({
        TargetSeparated: true,
        TargetTeeAddress: provider,
        tieredPricing: { tiers: [{ maxInputTokens: 1 }] },
      }),
    ],
    parse: (bytes) => {
      const additionalInfo = text(bytes);
      const info = parseServiceInfo(additionalInfo);
      const described = { ...service(), additionalInfo, info, teeSignerAcknowledged: true };
      return [topologyOf(described), expectedSigner(described), mintability(described)];
    },
  },
  {
    name: "attestor: its description",
    seeds: () => {
      const { address, publicKey } = attestorOf(10);
      return [
        JSON.stringify({
          ...{
            protocol: ATTESTOR_PROTOCOL,
            version: ATTESTOR_VERSION,
            address,
            publicKey,
            chainId: 16602,
            kind: "test",
          },
          limits: { maxBytes: 1000, maxDeadlineSeconds: 3600, maxPeers: 1 },
        }),
      ];
    },
    parse: async (bytes) => describeAttestor(http(bytes), "http://127.0.0.1:1"),
    share: 50,
  },
  {
    name: "storage: an indexer's lists",
    seeds: () => [
      rpc({ trusted: [{ url: NODE, config: { shardId: 0, numShard: 1 }, latency: 1, since: 1 }] }),
      rpc([{ url: NODE, config: { shardId: 0, numShard: 1 } }]),
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no","data":"more"}}',
    ],
    parse: async (bytes) => {
      const ctx = { indexers: [NODE], ...http(bytes), limits };
      return [await fileLocations(ctx, ROOT), await trustedNodes(ctx)];
    },
    share: 50,
  },
  {
    name: "storage: a node's answers",
    seeds: () =>
      [
        ...[
          FILE_INFO,
          null,
          { shardId: 0, numShard: 1 },
          { networkIdentity: { chainId: 16602, flowAddress: provider } },
        ],
        ...[SEGMENT, true],
      ].map(rpc),
    parse: async (bytes) => {
      const reach = { ...http(bytes), limits };
      const all = await Promise.allSettled([
        askIdentity(reach, NODE),
        askFile(reach, NODE, ROOT),
        askSegment(reach, NODE, { root: ROOT, txSeq: 3, index: 0 }),
        askWhetherHeld(reach, NODE, 3, 0),
      ]);
      for (const each of all) if (each.status === "rejected" && !(each.reason instanceof ZgError)) throw each.reason;
      return all;
    },
    share: 30,
  },
  {
    name: "explorer: its answers",
    seeds: () => [
      '{"status":"1","message":"OK","result":[{"SourceCode":"contract A {}"}]}',
      '{"status":"0","message":"NOTOK","result":"Pending in queue"}',
    ],
    parse: async (bytes) =>
      chainscan({ apiUrl: "http://127.0.0.1/api", chainId: 16602, apiKey: "any", ...http(bytes) }).isVerified(provider),
    share: 50,
  },
];
