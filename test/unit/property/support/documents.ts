/** Documents and files that others wrote, or that lie where others may have been: all but what is asked for over HTTP. */

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { toBeHex } from "ethers";

import { parseCollateral, collateralText } from "../../../../lib/attestation/collateral.ts";
import { composeImages, dstackComposeHash, tappComposeHash } from "../../../../lib/attestation/compose.ts";
import { EvidenceMalformedError } from "../../../../lib/attestation/errors.ts";
import { parseDstackLog, parseTcgLog } from "../../../../lib/attestation/measured-log.ts";
import { splitPem } from "../../../../lib/attestation/pem.ts";
import { parseQuote } from "../../../../lib/attestation/quote.ts";
import { verifyReport } from "../../../../lib/attestation/verify.ts";
import { parseItems } from "../../../../lib/batch/items.ts";
import { nonceFile } from "../../../../lib/chain/nonce-file.ts";
import { decodeRevert } from "../../../../lib/chain/revert.ts";
import { parseReceipt, parseUnproved } from "../../../../lib/compute/receipt.ts";
import { FileJournal } from "../../../../lib/flow/journal-file.ts";
import { ClientsFile } from "../../../../lib/gateway/clients.ts";
import { readRequest } from "../../../../lib/gateway/request.ts";
import { readSpending } from "../../../../lib/gateway/spending-log.ts";
import { FileBook } from "../../../../lib/guards/book.ts";
import { fromHex, toHex, type Hex } from "../../../../lib/hex.ts";
import { decodeAgent, decodeAgentPart, encodeAgentPart } from "../../../../lib/inft/agent.ts";
import { readAgentFiles } from "../../../../lib/inft/agent-files.ts";
import { openForAttestor } from "../../../../lib/inft/attestor/box.ts";
import { parseRequest, serializeRequest } from "../../../../lib/inft/attestor/protocol.ts";
import { readAuditLog, writeAuditLog } from "../../../../lib/inft/audit-log.ts";
import { decodeContent, encodeContent } from "../../../../lib/inft/content.ts";
import { parsePublicKey } from "../../../../lib/inft/owner-key.ts";
import { parseAccessProof, serializeAccessProof } from "../../../../lib/inft/proof-access.ts";
import { decodeProofNonce } from "../../../../lib/inft/proof.ts";
import { parseSignature } from "../../../../lib/inft/proof-signatures.ts";
import { parseRecord } from "../../../../lib/inft/records.ts";
import { requestOfTask } from "../../../../lib/jobs/inputs.ts";
import { parseTask } from "../../../../lib/jobs/task.ts";
import { resultOf } from "../../../../lib/jobs/wire.ts";
import { KeyRegistry } from "../../../../lib/keys/registry.ts";
import { parsedJson } from "../../../../lib/protocol/members.ts";
import { readForm, writeForm } from "../../../../lib/protocol/multipart.ts";
import { encodeSessionMessage, formatSessionToken, parseSessionToken } from "../../../../lib/protocol/session-token.ts";
import { decryptFromGoAgent, encryptForGoAgent } from "../../../../lib/sealing/go-agent-envelope.ts";
import { decryptData, encryptData, openKey, publicKeyOf, sealKey } from "../../../../lib/sealing/index.ts";
import { decryptStorageFile, encryptStorageFile } from "../../../../lib/sealing/storage-file.ts";
import { decodeDirectory, encodeDirectory } from "../../../../lib/storage/directory.ts";
import { storageTree } from "../../../../lib/storage/merkle.ts";
import { UploadNote } from "../../../../lib/storage/upload-note.ts";
import { makeCollateral } from "../../attestation/support/collateral.ts";
import { makeMachine, makeQuote, type TestMachine } from "../../attestation/support/machine.ts";
import {
  agentEvent,
  APP_COMPOSE,
  brokerReport,
  COMPOSE_FILE,
  dstackLog,
  nodeReport,
  tappReport,
  tcgLog,
  trusting,
} from "../../attestation/support/reports.ts";
import { provider } from "../../compute/support/fixtures.ts";
import { attestorOf, CONTRACT, openAttestation, wallet } from "../../inft/attestor/support/attestation.ts";
import type { Parser } from "./fuzz.ts";
import { receipts } from "./receipts.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const json = (bytes: Uint8Array) => parsedJson(text(bytes));
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const draw = (length: number) => new Uint8Array(randomBytes(length));
const KEY = fromHex(hash("7"));
const PLACE = { chainId: 16602, contract: CONTRACT, index: 0, token: hash("5") };
const GO_KEY = { key: KEY, id: "default" };

/** What one parser reads from a file: the file is of its own, and gone afterwards. */
const inFile =
  (name: string, read: (file: string) => unknown) =>
  async (bytes: Uint8Array): Promise<unknown> => {
    const folder = mkdtempSync(path.join(tmpdir(), "0g-fuzz-"));
    try {
      const file = path.join(folder, name);
      writeFileSync(file, bytes);
      return await read(file);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

let machine: TestMachine | undefined;
const testMachine = (): TestMachine => (machine ??= makeMachine());
/** Parts of a report have an error of their own, which the report's items tell. */
const evidence = (error: unknown) => error instanceof EvidenceMalformedError;

const ATTESTATION: readonly Parser[] = [
  {
    name: "attestation: a TDX quote",
    seeds: () => [makeQuote(testMachine())],
    parse: parseQuote,
    documented: evidence,
  },
  {
    name: "attestation: a report, verified",
    seeds: () => [brokerReport(testMachine()), nodeReport(testMachine()), tappReport(testMachine())],
    parse: async (bytes) => verifyReport(trusting(testMachine(), bytes)),
    share: 20,
  },
  {
    name: "attestation: a chain of certificates",
    seeds: () => [makeCollateral(testMachine()).pck_crl_issuer_chain],
    parse: splitPem,
    documented: evidence,
  },
  {
    name: "attestation: collateral",
    seeds: () => [collateralText(makeCollateral(testMachine()))],
    parse: parseCollateral,
    share: 50,
  },
  {
    name: "attestation: measured logs",
    seeds: () => [JSON.stringify(dstackLog(APP_COMPOSE)), tcgLog([agentEvent("StartApp x")])],
    parse: (bytes) => (bytes[0] === 0x5b ? parseDstackLog(json(bytes)) : parseTcgLog(bytes)),
    documented: evidence,
  },
  {
    name: "attestation: compose files",
    seeds: () => [COMPOSE_FILE, APP_COMPOSE],
    parse: (bytes) => [dstackComposeHash(text(bytes)), tappComposeHash(text(bytes)), composeImages(text(bytes))],
    documented: evidence,
  },
];

const TIME = "2026-01-02T03:04:05.000Z";
const AUDIT = () =>
  writeAuditLog({ chainId: 16602, genesisHash: hash("1"), owner: provider }, [
    { event: "submitted", time: TIME, provider, requestHash: hash("2") },
    {
      ...{ event: "completed", time: TIME, provider, responseHash: hash("3") },
      ...{ signer: provider, signatureHash: hash("4") },
    },
    { event: "stored", root: hash("5"), size: 300, txSeq: 0, transaction: hash("6") },
  ]);

const PRIVATE: readonly Parser[] = [
  { name: "token: an audit log", seeds: () => [AUDIT()], parse: readAuditLog },
  {
    name: "token: its content",
    seeds: async () => [
      encodeContent({ request: Buffer.from("{}"), response: Buffer.from("{}") }),
      ...(await receipts()).map((receipt) => JSON.stringify({ kind: "0g-inference-result", version: 2, receipt })),
    ],
    parse: decodeContent,
  },
  {
    name: "token: a part of an agent",
    seeds: () => [encodeAgentPart({ part: "file", name: "prompt.md", bytes: Buffer.from("Be exact.") })],
    parse: (bytes) => [decodeAgentPart(bytes), decodeAgent([bytes])],
  },
  {
    name: "token: an envelope",
    seeds: () => [encryptData(Buffer.from("secret"), PLACE, (length) => (length === 32 ? KEY : draw(length))).envelope],
    parse: (bytes) => decryptData(bytes, KEY, PLACE),
  },
  {
    name: "token: a sealed key",
    seeds: () => [sealKey(KEY, publicKeyOf(KEY), draw)],
    parse: (bytes) => openKey(bytes, KEY),
    share: 50,
  },
  {
    name: "token: an envelope of the Go agent",
    seeds: () => [encryptForGoAgent(Buffer.from("secret"), GO_KEY, draw)],
    parse: (bytes) => decryptFromGoAgent(bytes, GO_KEY),
  },
  {
    name: "storage: an encrypted file",
    seeds: async () => [
      await encryptStorageFile(Buffer.from("secret"), { format: "aes256", key: KEY }, draw),
      await encryptStorageFile(Buffer.from("secret"), { format: "ecies", publicKey: publicKeyOf(KEY) }, draw),
    ],
    parse: (bytes) => decryptStorageFile(bytes, { key: KEY, privateKey: KEY }),
    share: 50,
  },
  {
    name: "storage: the list of a folder",
    seeds: () => [
      encodeDirectory({
        files: [
          { name: "a/b.txt", size: 3, roots: [hash("1")] },
          { name: "c", size: 0, roots: [] },
        ],
        emptyFolders: ["d"],
      }),
    ],
    parse: decodeDirectory,
  },
  {
    name: "user: an agent's manifest",
    seeds: () => [
      JSON.stringify({
        kind: "0g-agent",
        version: 1,
        model: [],
        weights: [],
        config: [],
        capabilities: [],
        files: ["agent.json"],
      }),
      "{}",
    ],
    parse: inFile("agent.json", async (file) => readAgentFiles(file, { maxBytes: 100_000 })),
    share: 20,
  },
  {
    name: "buyer: an access proof",
    seeds: async () => [serializeAccessProof(await openAttestation().accept())],
    parse: (bytes) => parseAccessProof(text(bytes)),
  },
  {
    name: "buyer: a public key",
    seeds: () => [toHex(publicKeyOf(KEY)), wallet(1).signingKey.compressedPublicKey],
    parse: (bytes) => parsePublicKey(text(bytes)),
  },
  {
    name: "chain: a proof's nonce and signature",
    seeds: () => [`0x01${"00".repeat(61)}`, `0x${"11".repeat(64)}1b`],
    parse: (bytes) => {
      const hex = toHex(bytes.subarray(0, 200));
      return [decodeProofNonce(hex), parseSignature(hex), decodeProofNonce(text(bytes) as Hex)];
    },
  },
  {
    name: "owner: a request to an attestor",
    seeds: async () => [serializeRequest(await openAttestation().request())],
    parse: (bytes) => parseRequest(json(bytes)),
  },
  {
    name: "owner: a box for an attestor",
    seeds: () => [sealKey(KEY, fromHex(attestorOf(10).publicKey), draw)],
    parse: (bytes) => openForAttestor(toHex(bytes), attestorOf(10).privateKey, hash("3"), 0),
    share: 30,
  },
];

const RECORD = () =>
  JSON.stringify({
    ...{ version: 1, contractName: "INFT", address: provider, network: "localhost", chainId: 16602 },
    ...{ genesisHash: hash("1"), transaction: hash("2"), block: 1, deployer: provider, args: [], abi: [] },
    codeHash: hash("3"),
  });
const TASK = {
  task_type: "inference",
  model: "m",
  inputs: { prompt: "What is 2+2?", max_tokens: "10" },
  verification: "tee-ml",
};
const RESULT = {
  ...{ job_id: "a", status: "completed", output: '{"content":"4"}', completed_at: "1" },
  attestation: { tee_report: "{}", quote: "00", evidence: { a: "1" } },
  metadata: {
    ...{ docker_digest: "", enclave_pubkey: "", execution_hash: "", signed_result: "" },
    extra: {
      state: "completed",
      spent: "1",
      spent_assumed: "false",
      "error.code": "ZG_X",
      "error.exit": "4",
      fee: "1",
    },
  },
};
const CLIENT = { name: "alice", digest: "ab".repeat(32), budget: "5", createdAt: 1 };
const SPENT = [
  { event: "asked", at: 1, id: "a", client: "alice", provider, worst: "10" },
  { event: "answered", id: "a", fee: "3", assumed: false },
];
const lines = (entries: readonly object[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
const TREE = storageTree(new Uint8Array(300));

const KEPT: readonly Parser[] = [
  {
    name: "user: a receipt",
    seeds: async () => (await receipts()).map((receipt) => JSON.stringify(receipt)),
    parse: (bytes) => parseReceipt(text(bytes)),
  },
  { name: "user: an unproved answer", seeds: async () => unproved(), parse: (bytes) => parseUnproved(text(bytes)) },
  {
    name: "user: a record of a deployment",
    seeds: () => [RECORD()],
    parse: (bytes) => parseRecord("localhost/INFT.json", text(bytes)),
  },
  {
    name: "user: lines of a batch",
    seeds: () => ['{"prompt":"What is 2+2?"}\n{"id":"b","messages":[{"role":"user","content":"hi"}],"maxTokens":9}\n'],
    parse: (bytes) => parseItems(text(bytes), "batch.jsonl", { maxTokens: 100 }),
  },
  {
    name: "user: a task of a job",
    seeds: () => [JSON.stringify(TASK)],
    parse: (bytes) => {
      const task = parseTask(json(bytes));
      return requestOfTask(task, "m", draw);
    },
  },
  {
    name: "job server: a result",
    seeds: () => [JSON.stringify(RESULT)],
    // The protocol's own decoder has checked the types of the fields: any texts may stand in them.
    parse: (bytes) =>
      resultOf({ ...RESULT, output: text(bytes), metadata: { ...RESULT.metadata, extra: textsOf(bytes) } }),
  },
  {
    name: "client: a request to the gateway",
    seeds: () => ['{"model":"m","messages":[{"role":"user","content":"hi"}],"n":2}', '{"prompt":"a cat","n":1}'],
    parse: (bytes) => readRequest("chat", bytes, "application/json"),
  },
  {
    name: "client: a form",
    seeds: () => [
      writeForm(
        [
          { name: "model", value: "m" },
          { name: "file", fileName: "a.wav", contentType: "audio/wav", bytes: Buffer.from("RIFF") },
        ],
        "b0undary",
      ).body,
    ],
    parse: (bytes) => [readForm(bytes), readRequest("transcription", bytes, "multipart/form-data; boundary=b0undary")],
  },
  {
    name: "client: a session token",
    seeds: () => [formatSessionToken(encodeSessionMessage(SESSION), `0x${"11".repeat(64)}1b`)],
    parse: (bytes) => parseSessionToken(text(bytes)),
  },
  {
    name: "contract: revert data",
    seeds: () => [
      fromHex(`0x08c379a0${toBeHex(32, 32).slice(2)}${toBeHex(3, 32).slice(2)}${"6f6b21".padEnd(64, "0")}`),
      fromHex(`0x4e487b71${toBeHex(0x11, 32).slice(2)}`),
    ],
    parse: (bytes) => decodeRevert(toHex(bytes)),
  },
  {
    name: "kept: a journal",
    seeds: () => [
      lines([
        { type: "provider", provider },
        { type: "signed", step: "mint", what: "a mint", hash: hash("1"), nonce: 3 },
        { type: "abandoned", time: TIME },
      ]),
    ],
    parse: inFile("run.jsonl", (file) => new FileJournal(path.dirname(file), "run").facts),
    share: 30,
  },
  {
    name: "kept: API keys that were made",
    seeds: () => [
      JSON.stringify({
        version: 1,
        keys: [
          {
            ...{ user: provider, provider, tokenId: 3, generation: "0", label: "a", createdAt: 1, expiresAt: 0 },
            ...{ digest: "ab".repeat(32), kept: "a file" },
          },
        ],
      }),
    ],
    parse: inFile("registry.json", async (file) => new KeyRegistry(file).read()),
    share: 20,
  },
  {
    name: "kept: clients of the gateway",
    seeds: () => [JSON.stringify({ version: 1, clients: [CLIENT] })],
    parse: inFile("clients.json", (file) => new ClientsFile(file).read()),
    share: 20,
  },
  {
    name: "kept: what the gateway spent",
    seeds: () => [lines(SPENT)],
    parse: inFile("spending.jsonl", async (file) => readSpending(file)),
    share: 20,
  },
  {
    name: "kept: the book of budgets",
    seeds: () => [
      lines([
        { event: "reserved", id: "a", at: TIME, run: "r", what: "gas", worst: "5" },
        { event: "settled", id: "a", actual: "3" },
      ]),
    ],
    parse: inFile("book.jsonl", (file) => new FileBook(file).read()),
    share: 20,
  },
  {
    name: "kept: the last nonce of a key",
    seeds: () => [JSON.stringify({ chain: "a", nonce: 3, hash: hash("1") })],
    parse: inFile(`${provider}.json`, (file) => nonceFile(path.dirname(file), provider).read()),
    share: 20,
  },
  {
    name: "kept: the note of an upload",
    seeds: () => [JSON.stringify({ hash: hash("1"), nonce: 1, from: provider })],
    parse: inFile(`${TREE.root}-300.json`, async (file) =>
      new UploadNote({ uploads: path.dirname(file) }, TREE).read(),
    ),
    share: 20,
  },
];

const SESSION = {
  ...{ address: provider, provider, timestamp: 1, expiresAt: 2, nonce: "ab", generation: 0n },
  tokenId: 255,
};

/** A map of texts, as the protocol's decoder makes one. */
function textsOf(bytes: Uint8Array): Record<string, string> {
  const value = json(bytes);
  if (typeof value !== "object" || value === null) return { state: text(bytes) };
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, JSON.stringify(entry)]));
}

async function unproved(): Promise<string[]> {
  return (await receipts()).map(({ kind: _kind, signature: _signature, checks: _checks, ...rest }) =>
    JSON.stringify({ ...rest, kind: "0g-unproved-answer" }),
  );
}

export const DOCUMENTS: readonly Parser[] = [...ATTESTATION, ...PRIVATE, ...KEPT];
