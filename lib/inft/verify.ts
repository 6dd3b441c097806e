/** Checks a token again from chain data alone, and its content where ciphertext and key are given. */

import { keccak256 } from "ethers";

import { inferenceServing } from "../chain/contracts.ts";
import type { ReadContext } from "../chain/context.ts";
import { chainCall, isRevert, RpcUnreachableError } from "../chain/revert.ts";
import { checksum, toHex, type Address, type Hex } from "../hex.ts";
import { SignatureMalformedError } from "../protocol/errors.ts";
import { recoverTextSigner, sha256Hex, signedText } from "../protocol/signed-text.ts";
import { ZgError } from "../errors.ts";
import { storageRoot } from "../storage/merkle.ts";
import type { TrustedCode } from "./code.ts";
import { decodeContent, openDatum, type InferenceContent } from "./content.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { traceData } from "./data-trail.ts";
import { keyThatOpens, type DecryptionKey } from "./decryption-key.ts";
import { SealedToAnotherKeyError, TokenNotProvenError } from "./errors.ts";
import { readTokenEvents, type TokenEvent } from "./events.ts";
import { readLogs } from "../chain/logs.ts";
import { codeAt, whyNotGenuine } from "./genuine.ts";
import { inferenceTokenId } from "./mint.ts";
import { readToken, type InferenceRecord, type TokenQuery, type TokenView } from "./show.ts";
import { inftCall } from "./translate.ts";

export type TokenCheckName =
  /** The contract and its modules are of known code, and the mint ran that code. */
  | "code"
  /** The contract takes its signers from 0G's InferenceServing, not from somebody else's. */
  | "serving"
  /** The mint published a record; the token lists the data of it, or what the contract's events say became of them. */
  | "record"
  /** The token id is the hash of that record. */
  | "token-id"
  /** The signature is the recorded signer's, over the recorded hashes. */
  | "signature"
  /** The contract itself says so. */
  | "contract"
  /** InferenceServing listed and endorsed that signer for that provider when the contract read it for the mint. */
  | "signer-at-mint"
  /** It lists and endorses that signer now. */
  | "signer-now"
  /** 0G Storage holds the ciphertext. */
  | "stored"
  /** The ciphertext has the root the token lists. */
  | "ciphertext"
  /** It opens with the key given, and is an inference. */
  | "content"
  /** The decrypted request and response have the recorded hashes. */
  | "request"
  | "response";

export interface TokenCheck {
  readonly name: TokenCheckName;
  readonly status: "passed" | "failed" | "not checked";
  /** What was compared, with the values; or why nothing was. */
  readonly detail: string;
}

export interface TokenVerification {
  readonly token: TokenView;
  /**
   * `proven`: no check failed, the contract's code is known, and InferenceServing is known to have listed the signer, at
   * the mint or now. A signer that is no longer listed does not change it, since keys rotate; `signer-now` says so.
   * `incomplete`: nothing else failed, but the contract's word is all there is for something. Either its code is not known
   * (`code`): a contract of other code can name any owner and data beside a record that is somebody else's. It may also be
   * another version of ours, so it is not rejected. Or the signer is not listed now, and the node does not know the state
   * of the mint's block. `unproven`: an ordinary token, which claims nothing. `rejected`: a check failed.
   */
  readonly status: "proven" | "incomplete" | "unproven" | "rejected";
  readonly checks: readonly TokenCheck[];
  /** The decrypted bytes, when they could be opened. */
  readonly content?: InferenceContent;
}

export interface VerifyTokenParams extends TokenQuery {
  /** Finds the ciphertext of datum 0 by its hash; undefined when it is not here. */
  readonly ciphertext?: (dataHash: Hex) => Promise<Uint8Array | undefined>;
  /** Asks 0G Storage for datum 0. */
  readonly stored?: (dataHash: Hex) => Promise<Pick<TokenCheck, "status" | "detail">>;
  /** To open the content: the owner's, or one apart from it that it had the data sealed to. */
  readonly keys?: readonly DecryptionKey[];
  /** Code that is trusted to mint, see `codePattern`. Without any, no token comes out as `proven`. */
  readonly trustedCode?: readonly TrustedCode[];
}

const CHAIN_CHECKS = [
  "code",
  "serving",
  "record",
  "token-id",
  "signature",
  "contract",
  "signer-at-mint",
  "signer-now",
] as const;

function check(name: TokenCheckName, passed: boolean, detail: string): TokenCheck {
  return { name, status: passed ? "passed" : "failed", detail };
}
function notChecked(name: TokenCheckName, detail: string): TokenCheck {
  return { name, status: "not checked", detail };
}

/**
 * Verifies a token. Reads the token, its events, the contract's code, and the provider's service now and in the block of
 * the mint. Believes neither the contract nor the minter: the signature is recovered here, the contract's own answer is
 * one check, and for what only the contract can say (owner, data) its code must be one of `trustedCode`.
 * @throws {TokenMissingError} {@link InftMissingError} {@link RpcUnreachableError} an outage is no verdict.
 */
export async function verifyToken(ctx: ReadContext, params: VerifyTokenParams): Promise<TokenVerification> {
  const token = await readToken(ctx, params);
  const { record } = token;
  if (!token.proven || record === undefined) return withoutRecord(token);

  const checks = [
    await checkCode(ctx, token.inft, record, params.trustedCode ?? []),
    await checkServing(ctx, token.inft),
    checkRecord(token, record, await readTokenEvents(ctx, params)),
    checkTokenId(ctx, token, record),
    checkSignature(record),
    await checkContract(ctx, token, record),
    await checkSignerAtMint(ctx, params, record),
    await checkSignerNow(ctx, record),
  ];
  const dataHash = token.datas[0]?.dataHash;
  if (dataHash !== undefined && params.stored !== undefined) {
    checks.push({ name: "stored", ...(await params.stored(dataHash)) });
  }
  const { checks: contentChecks, content } = await checkContent(ctx, token, record, params);
  checks.push(...contentChecks);
  return { token, status: conclude(checks), checks, ...(content === undefined ? {} : { content }) };
}

function conclude(checks: readonly TokenCheck[]): TokenVerification["status"] {
  if (checks.some(({ name, status }) => status === "failed" && !NOT_DECISIVE.has(name))) return "rejected";
  return missingProofs(checks).length === 0 ? "proven" : "incomplete";
}

/** Keys rotate, there are other versions of the contract, and a proof outlives the bytes it is of. */
const NOT_DECISIVE: ReadonlySet<TokenCheckName> = new Set(["code", "signer-now", "stored"]);

/** What a token that no check refutes still lacks to be proven. */
function missingProofs(checks: readonly TokenCheck[]): readonly TokenCheck[] {
  const code = checks.filter(({ name, status }) => name === "code" && status !== "passed");
  const signer = checks.filter(({ name }) => name.startsWith("signer-"));
  return signer.some(({ status }) => status === "passed") ? code : [...code, ...signer];
}

function withoutRecord(token: TokenView): TokenVerification {
  const why = token.proven ? "there is no record to check" : "the token is unproven: nobody proved its content";
  const checks = CHAIN_CHECKS.map((name) =>
    name === "record" && token.proven
      ? check(name, false, "the contract calls the token proven, but published no record of it")
      : notChecked(name, why),
  );
  return { token, status: token.proven ? "rejected" : "unproven", checks };
}

/**
 * Compares the code at the address, and makes sure that the record was published by it: a constructor can publish any
 * record and fill any storage before it leaves genuine code behind.
 */
async function checkCode(
  ctx: ReadContext,
  inft: Address,
  record: InferenceRecord,
  trusted: readonly TrustedCode[],
): Promise<TokenCheck> {
  const name = "code";
  if (trusted.length === 0) return notChecked(name, "no code was given to compare the contract's with");
  const code = await codeAt(ctx, inft);
  const codeHash = keccak256(code) as Hex;
  const problems: string[] = [];
  let known: TrustedCode | undefined;
  for (const candidate of trusted) {
    const problem = await whyNotGenuine(ctx, inft, code, candidate);
    if (problem === undefined) known = candidate;
    else problems.push(`${candidate.origin}: ${problem}`);
    if (known !== undefined) break;
  }
  if (known === undefined) {
    const why = problems.join("; ");
    return check(name, false, `not this project's contract, or another version of it: has ${codeHash}; ${why}`);
  }
  const ran = await wasCodeAtMint(ctx, inft, record);
  if (ran === undefined) {
    return notChecked(
      name,
      `whether it stood there before block ${record.block}: the node does not know that any more`,
    );
  }
  return check(
    name,
    ran,
    ran
      ? `${known.origin}: ${codeHash}`
      : "the record was published while the contract was being made, not by its code",
  );
}

/**
 * Whether the code at `inft` ran when the record was published; undefined when the node cannot tell. Code that stands
 * somewhere when a transaction begins stays (EIP-6780), so what was called by the mint's transaction is what stands now.
 */
async function wasCodeAtMint(ctx: ReadContext, inft: Address, record: InferenceRecord): Promise<boolean | undefined> {
  const { provider } = ctx;
  const reading = `Reading transaction ${record.transaction}`;
  const transaction = await chainCall(reading, provider.getTransaction(record.transaction));
  if (transaction?.to != null && checksum(transaction.to) === inft) return true;
  // Minted through another contract, such as a smart account, or in the transaction that made the contract.
  try {
    const before = provider.getCode(inft, record.block - 1);
    return (await chainCall(`Reading the code at ${inft}`, before)) !== "0x";
  } catch (error) {
    if (!(error instanceof RpcUnreachableError)) throw error;
    return undefined;
  }
}

/** The data the token lists are those of the mint, or every change of them since is one the contract announced. */
function checkRecord(token: TokenView, record: InferenceRecord, events: readonly TokenEvent[]): TokenCheck {
  const name = "record";
  const listed = token.datas[0]?.dataHash;
  const minted = `minted by ${record.minter} in ${record.transaction}`;
  const trail = traceData(events, record.storageRoot, listed);
  if (trail.status === "unchanged") return check(name, true, minted);
  if (trail.status === "broken") {
    return check(
      name,
      false,
      `the contract's events lead from ${record.storageRoot} to ${trail.expected}; the token lists ${listed ?? "none"}`,
    );
  }
  const { changes, last, transaction } = trail;
  const times = changes === 1 ? "once" : `${changes} times`;
  return check(name, true, `${minted}; its data changed ${times} since, last by ${last} in ${transaction}`);
}

async function checkServing(ctx: ReadContext, inft: Address): Promise<TokenCheck> {
  const expected = ctx.network.contracts.inferenceServing;
  const contract = inftContract(inft, ctx.provider);
  const actual = checksum(await inftCall("Reading which InferenceServing it trusts", contract.inferenceServing()));
  const same = actual === expected;
  return check(
    "serving",
    same,
    same ? `trusts 0G's InferenceServing ${actual}` : `trusts ${actual}; 0G's is ${expected}`,
  );
}

function checkTokenId(ctx: ReadContext, { tokenId }: TokenView, record: InferenceRecord): TokenCheck {
  const computed = inferenceTokenId(ctx.network, record);
  const same = computed === tokenId;
  return check("token-id", same, same ? "is the hash of the record" : `the record hashes to ${computed}`);
}

function checkSignature(record: InferenceRecord): TokenCheck {
  const text = signedText(record.requestHash.slice(2), record.responseHash.slice(2));
  try {
    const recovered = recoverTextSigner(text, record.signature);
    const same = recovered === record.teeSigner;
    return check("signature", same, same ? `by ${recovered}` : `by ${recovered}; recorded is ${record.teeSigner}`);
  } catch (error) {
    if (!(error instanceof SignatureMalformedError)) throw error;
    return check("signature", false, error.message);
  }
}

async function checkContract(ctx: ReadContext, token: TokenView, record: InferenceRecord): Promise<TokenCheck> {
  const { provider, teeSigner, requestHash, responseHash, signature } = record;
  const contract = inftContract(token.inft, ctx.provider);
  const provenance = { provider, teeSigner, requestHash, responseHash, signature };
  const said = await inftCall("Asking the contract", contract.verifyProvenance(token.tokenId, provenance));
  return check("contract", said, `verifyProvenance answers ${said}`);
}

interface Listing {
  readonly signer: Address;
  readonly endorsed: boolean;
}

/** What InferenceServing lists for a provider; undefined when it has no service. */
async function listingOf(
  ctx: ReadContext,
  provider: Address,
  blockTag: number | "latest",
): Promise<Listing | undefined> {
  const serving = inferenceServing(ctx.network, ctx.provider);
  try {
    const service = await chainCall(`Reading the service of ${provider}`, serving.getService(provider, { blockTag }));
    return { signer: checksum(service.teeSignerAddress), endorsed: service.teeSignerAcknowledged };
  } catch (error) {
    if (isRevert(error, "ServiceNotExist")) return undefined;
    throw error;
  }
}

function compareListing(name: "signer-at-mint" | "signer-now", record: InferenceRecord, listing: Listing | undefined) {
  if (listing === undefined) return check(name, false, `${record.provider} has no service`);
  const { signer, endorsed } = listing;
  const listed = `${signer} is listed${endorsed ? " and endorsed" : ", not endorsed"}`;
  return check(name, endorsed && signer === record.teeSigner, listed);
}

/**
 * A mint may use a signer that the contract had read a while before. Which block that was, the contract's event of that
 * reading says; what was listed then, InferenceServing.
 */
async function checkSignerAtMint(ctx: ReadContext, query: TokenQuery, record: InferenceRecord): Promise<TokenCheck> {
  const name = "signer-at-mint";
  try {
    const block = await blockOfReading(ctx, query, record);
    if (block === undefined) {
      return check(name, false, `the contract says it read the signer at ${record.signerReadAt}, and never did`);
    }
    return compareListing(name, record, await listingOf(ctx, record.provider, block));
  } catch (error) {
    // Most public nodes forget old states. That is no verdict, and `signer-now` is asked of the same node next.
    if (!(error instanceof RpcUnreachableError)) throw error;
    return notChecked(name, `the node does not know the state of block ${record.block} any more`);
  }
}

/** The block in which the contract read the signer of a mint; undefined when there is none of that time. */
async function blockOfReading(
  ctx: ReadContext,
  { inft, fromBlock }: TokenQuery,
  record: InferenceRecord,
): Promise<number | undefined> {
  const readAt = Number(record.signerReadAt);
  const timeOf = async (block: number) =>
    (await chainCall(`Reading block ${block}`, ctx.provider.getBlock(block)))?.timestamp;
  if ((await timeOf(record.block)) === readAt) return record.block;
  const topics = inftInterface().encodeFilterTopics("SignerSynced", [record.provider, record.teeSigner]);
  const readings = await readLogs(ctx, "Reading when the signer was read", { address: inft, topics }, fromBlock);
  for (const { blockNumber } of readings.reverse()) {
    if (blockNumber <= record.block && (await timeOf(blockNumber)) === readAt) return blockNumber;
  }
  return undefined;
}

async function checkSignerNow(ctx: ReadContext, record: InferenceRecord): Promise<TokenCheck> {
  return compareListing("signer-now", record, await listingOf(ctx, record.provider, "latest"));
}

interface ContentChecks {
  readonly checks: readonly TokenCheck[];
  readonly content?: InferenceContent;
}

async function checkContent(
  ctx: ReadContext,
  token: TokenView,
  record: InferenceRecord,
  { ciphertext: find, keys = [] }: VerifyTokenParams,
): Promise<ContentChecks> {
  const dataHash = token.datas[0]?.dataHash;
  const ciphertext = dataHash === undefined ? undefined : await find?.(dataHash);
  const root = checkCiphertext(dataHash, ciphertext);
  const unopened = (why: string) => ({
    checks: [root, ...(["content", "request", "response"] as const).map((name) => notChecked(name, why))],
  });
  const sealedKey = token.sealedKeys?.[0];
  if (ciphertext === undefined) return unopened("the ciphertext is not here");
  if (keys.length === 0) return unopened("needs the owner's key");
  if (dataHash === undefined || sealedKey === undefined) return unopened("no sealed key was published");
  if (root.status === "failed") return unopened("the ciphertext is not the token's");
  try {
    const { tokenId, inft: contract } = token;
    const { chainId } = ctx.network;
    const place = { chainId, contract, index: 0, tokenId };
    const { privateKey } = keyThatOpens(token, { index: 0, sealedKey }, keys);
    const content = decodeContent(openDatum({ ciphertext, dataHash, sealedKey, privateKey, ...place }));
    const opened = check(
      "content",
      true,
      `opened: request ${content.request.length} B, response ${content.response.length} B`,
    );
    const hashes = [
      compareHash("request", content.request, record.requestHash),
      compareHash("response", content.response, record.responseHash),
    ];
    return { checks: [root, opened, ...hashes], content };
  } catch (error) {
    // An owner may have named another key than its own; so a key that does not fit accuses nobody.
    if (error instanceof SealedToAnotherKeyError) return unopened(error.message);
    if (!(error instanceof ZgError)) throw error; // an altered box, another place, another document: each says which
    const unread = (["request", "response"] as const).map((name) => notChecked(name, "the content did not open"));
    return { checks: [root, check("content", false, error.message), ...unread] };
  }
}

function checkCiphertext(dataHash: Hex | undefined, ciphertext: Uint8Array | undefined): TokenCheck {
  const name = "ciphertext";
  if (ciphertext === undefined) return notChecked(name, `the ciphertext ${dataHash ?? ""} is not here`);
  const root = ciphertext.length === 0 ? toHex(ciphertext) : storageRoot(ciphertext);
  return check(
    name,
    root === dataHash,
    root === dataHash ? `has the root ${root}` : `has the root ${root}, not ${dataHash ?? ""}`,
  );
}

function compareHash(name: "request" | "response", bytes: Uint8Array, recorded: Hex): TokenCheck {
  const actual = `0x${sha256Hex(bytes)}`;
  return check(
    name,
    actual === recorded,
    actual === recorded ? `SHA-256 ${actual}` : `SHA-256 ${actual}; signed ${recorded}`,
  );
}

/**
 * Asserts that a token is a proven inference.
 * @throws {TokenNotProvenError} saying which check failed or is missing.
 */
export function assertProven({ status, checks, token: { tokenId } }: TokenVerification): void {
  if (status === "proven") return;
  const wanted = status === "rejected" ? "failed" : "not checked";
  const found = status === "incomplete" ? missingProofs(checks) : checks.filter((one) => one.status === wanted);
  const reason = found.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
  throw new TokenNotProvenError({ tokenId, status, reason });
}
