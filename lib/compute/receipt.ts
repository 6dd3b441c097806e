/** Our portable record of one inference: made once, checked by anybody, believed in nothing. */

import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import { genesisHash } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import type { Address, Hex } from "../hex.ts";
import type { Mode, Network } from "../networks.ts";
import type { Fee, Measure, Usage } from "../protocol/fees.ts";
import { kindOfServiceType } from "../protocol/services.ts";
import { serviceFee, type ServiceResult } from "./ask.ts";
import {
  ProviderUnknownError,
  ReceiptMalformedError,
  ReceiptRejectedError,
  ReceiptVersionError,
  ResultNotMintableError,
} from "./errors.ts";
import type { InferenceResult } from "./inference.ts";
import { describeService, readService, type Service } from "./providers.ts";
import {
  CHAT_RECEIPT_VERSION,
  RECEIPT_KIND,
  RECEIPT_VERSIONS,
  receiptSchema,
  RUN_RECEIPT_VERSION,
  SERVICE_RECEIPT_VERSION,
  UNPROVED_KIND,
  unprovedSchema,
  type Receipt,
  type UnprovedAnswer,
} from "./receipt-schema.ts";
import { readAnswer } from "./service-answer.ts";
import { serviceRequest } from "./service-request.ts";
import { signedResponse, verifyInference, type Check, type Verification } from "./verify.ts";

export type { Receipt, UnprovedAnswer } from "./receipt-schema.ts";

export interface AnswerParams {
  readonly network: Network;
  readonly genesisHash: Hex;
  /** Overrides the network's own mode, for a replayed answer. */
  readonly mode?: Mode;
  /** As it was listed when it was asked. */
  readonly service: Service;
  readonly result: InferenceResult | ServiceResult;
  /** The images that the answer only named, as they were fetched. */
  readonly images?: readonly Uint8Array[];
}

export interface CreateReceiptParams extends AnswerParams {
  readonly signature: { readonly text: string; readonly signature: string };
  readonly verification: Verification;
}

/** Writes a receipt down. Takes no session token, so none can be in it. */
export function createReceipt(params: CreateReceiptParams): Receipt {
  return proved(unprovedAnswer(params), params.signature, params.verification);
}

/** The receipt of a chat in a run that keeps an audit log: it names the log up to this answer by its storage root. */
export function withAuditLog(receipt: Receipt, auditLog: Hex): Receipt {
  if (receipt.version === SERVICE_RECEIPT_VERSION) throw new RangeError("runs ask chat services only");
  return { ...receipt, version: RUN_RECEIPT_VERSION, auditLog };
}

/** Makes a receipt of an answer whose signature came later. */
export function proved(
  answer: UnprovedAnswer,
  { text, signature }: CreateReceiptParams["signature"],
  verification: Verification,
): Receipt {
  return {
    ...answer,
    kind: RECEIPT_KIND,
    signature: { text, signature },
    checks: verification.checks.map((check) => ({ ...check })),
  };
}

/** Writes an answer down that cannot be proved yet: all of a receipt but its proof. */
export function unprovedAnswer(params: AnswerParams): UnprovedAnswer {
  const { result, images } = params;
  const common = commonParts(params);
  if (!("measure" in result)) {
    const { usage } = result;
    return { version: CHAT_RECEIPT_VERSION, ...common, ...(usage === undefined ? {} : { usage: { ...usage } }) };
  }
  if (result.kind === "chat") {
    const usage = usageOf(result.measure);
    return { version: CHAT_RECEIPT_VERSION, ...common, ...(usage === undefined ? {} : { usage }) };
  }
  return {
    version: SERVICE_RECEIPT_VERSION,
    ...common,
    measure: { ...result.measure },
    ...(images === undefined ? {} : { images: images.map((image) => Buffer.from(image).toString("base64")) }),
  };
}

function commonParts({ network, genesisHash, mode, service, result }: AnswerParams) {
  const { chatId, fee } = result;
  return {
    kind: UNPROVED_KIND,
    mode: mode ?? network.mode,
    network: network.name,
    chainId: network.chainId,
    genesisHash,
    user: result.user,
    service: {
      provider: service.provider,
      serviceType: service.serviceType,
      url: service.url,
      model: service.model,
      inputPrice: service.inputPrice.toString(),
      outputPrice: service.outputPrice.toString(),
      updatedAt: service.updatedAt.toString(),
      verifiability: service.verifiability,
      additionalInfo: service.additionalInfo,
      teeSignerAddress: service.teeSignerAddress,
      endorsed: service.endorsed,
    },
    request: Buffer.from(result.requestBytes).toString("base64"),
    response: Buffer.from(result.responseBytes).toString("base64"),
    ...(chatId === undefined ? {} : { chatId: { id: chatId.id, source: chatId.source } }),
    content: result.content,
    fee: feeText(fee),
    startedAt: new Date(result.startedAt).toISOString(),
    finishedAt: new Date(result.finishedAt).toISOString(),
  } as const;
}

function feeText({ inputFee, outputFee, fee }: Fee): Receipt["fee"] {
  return { inputFee: inputFee.toString(), outputFee: outputFee.toString(), fee: fee.toString() };
}

/** A JSON text of one kind and a known version. @throws {ReceiptMalformedError} {@link ReceiptVersionError} */
function documentOf(text: string, wanted: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ReceiptMalformedError("it is not JSON", error);
  }
  const { kind, version } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  if (kind !== wanted) throw new ReceiptMalformedError(`its kind is not ${wanted}`);
  if (!RECEIPT_VERSIONS.some((known) => known === version)) throw new ReceiptVersionError(version, RECEIPT_VERSIONS);
  return json;
}

/**
 * Parses a receipt from its JSON text.
 * @throws {ReceiptMalformedError} {@link ReceiptVersionError}
 */
export function parseReceipt(text: string): Receipt {
  const parsed = receiptSchema.safeParse(documentOf(text, RECEIPT_KIND));
  if (!parsed.success) throw new ReceiptMalformedError(z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

/**
 * Parses an answer that was kept until it can be proved.
 * @throws {ReceiptMalformedError} {@link ReceiptVersionError}
 */
export function parseUnproved(text: string): UnprovedAnswer {
  const parsed = unprovedSchema.safeParse(documentOf(text, UNPROVED_KIND));
  if (!parsed.success) throw new ReceiptMalformedError(z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** The exact bytes of a receipt's request and response, and of the images that the response only names. */
export function receiptBytes(receipt: Receipt | UnprovedAnswer) {
  const images = receipt.version === SERVICE_RECEIPT_VERSION ? receipt.images : undefined;
  return {
    requestBytes: bytesOf(receipt.request),
    responseBytes: bytesOf(receipt.response),
    ...(images === undefined ? {} : { images: images.map(bytesOf) }),
  };
}

/**
 * The request and the response that the signed text names, which is what a token can be minted of: the body of the
 * answer, or the decoded image of an image service.
 * @throws {ResultNotMintableError} when the text is over several images.
 */
export function mintableBytes(receipt: Receipt): { readonly request: Uint8Array; readonly response: Uint8Array } {
  const { requestBytes, ...answer } = receiptBytes(receipt);
  const { text } = receipt.signature;
  const response = signedResponse({ ...answer, text });
  if (response === undefined) {
    throw new ResultNotMintableError({ provider: receipt.service.provider, text });
  }
  return { request: requestBytes, response };
}

/** The service as the receipt records it. */
export function recordedService({ service }: Pick<Receipt | UnprovedAnswer, "service">): Service {
  return describeService({
    ...service,
    inputPrice: BigInt(service.inputPrice),
    outputPrice: BigInt(service.outputPrice),
    updatedAt: BigInt(service.updatedAt),
  });
}

interface ReceiptVerdict {
  readonly checks: readonly Check[];
  /** What could not be checked, and why. */
  readonly notChecked: readonly { readonly name: string; readonly why: string }[];
  /** Who signed, when the signature could be read. */
  readonly signer?: Address;
  /** Found out from the network it was checked against; absent without one. */
  readonly mode?: Mode;
  /** What the receipt says of itself. */
  readonly claimedMode: Mode;
}

export type ReceiptVerification =
  | (ReceiptVerdict & { readonly status: "verified"; readonly signer: Address; readonly mode: Mode })
  /** Nothing is wrong, but the chain was not asked who may sign. */
  | (ReceiptVerdict & { readonly status: "incomplete"; readonly reason: string })
  | (ReceiptVerdict & { readonly status: "rejected"; readonly failed: readonly string[]; readonly reason: string });

/**
 * Checks a receipt again from its bytes alone, and with a context also against the chain: is it the chain the receipt
 * names, who may sign for the provider now, is that signer endorsed. Needs no key. What the receipt says of itself
 * (mode, checks, text, usage, fee) is worked out anew and compared, never believed.
 * @throws {RpcUnreachableError} when the chain does not answer: an outage is no verdict.
 */
export async function verifyReceipt(ctx: ReadContext | undefined, receipt: Receipt): Promise<ReceiptVerification> {
  const recorded = recordedService(receipt);
  const listed = ctx === undefined ? undefined : await readListed(ctx, recorded.provider);
  const verification = verifyInference({
    service: listed ?? recorded,
    ...receiptBytes(receipt),
    signature: receipt.signature,
  });
  const own = checkContents(receipt, recorded);
  const chain = ctx === undefined ? undefined : await checkChain(ctx, receipt, recorded, listed);
  // Of a provider that is gone, the chain lists no signer; what the receipt recorded proves nothing.
  const proofs =
    listed === undefined ? verification.checks.filter(({ name }) => name !== "signer") : verification.checks;
  const { checks, notChecked } =
    chain === undefined ? withoutChain(verification) : { checks: [...proofs, ...chain], notChecked: [] };
  return conclude(receipt, ctx, verification, [...checks, ...own], notChecked);
}

/** A provider that is gone is a finding, not a failure to look. */
async function readListed(ctx: ReadContext, provider: Address): Promise<Service | undefined> {
  try {
    return await readService(ctx, provider);
  } catch (error) {
    if (error instanceof ProviderUnknownError) return undefined;
    throw error;
  }
}

function withoutChain(verification: Verification) {
  const why = "no network was given, so the chain was not asked";
  const signer = verification.checks.find(({ name }) => name === "signer");
  // A signer that differs even from the one the receipt itself names is wrong on any network.
  const passed = signer?.passed === true;
  return {
    checks: passed ? verification.checks.filter(({ name }) => name !== "signer") : verification.checks,
    notChecked: [{ name: "network", why }, ...(passed ? [{ name: "signer", why }] : []), { name: "endorsement", why }],
  };
}

async function checkChain(
  ctx: ReadContext,
  receipt: Receipt,
  recorded: Service,
  listed: Service | undefined,
): Promise<Check[]> {
  const { network } = ctx;
  const genesis = await genesisHash(ctx.provider);
  const sameChain = receipt.chainId === network.chainId && receipt.genesisHash === genesis;
  return [
    {
      name: "network",
      passed: sameChain,
      detail: sameChain
        ? `made on this chain: ${network.chainId}, block 0 is ${genesis}`
        : `made on chain ${receipt.chainId} with block 0 ${receipt.genesisHash}; ${network.name} is ${network.chainId} with ${genesis}`,
    },
    {
      name: "endorsement",
      passed: listed?.endorsed === true,
      detail:
        listed === undefined
          ? `no service is registered at ${recorded.provider}`
          : listed.endorsed
            ? `the contract's owner endorses ${listed.teeSignerAddress}`
            : `the contract's owner does not endorse ${listed.teeSignerAddress}`,
    },
    ...(listed === undefined
      ? [{ name: "signer", passed: false, detail: `the chain lists no service at ${recorded.provider}` }]
      : []),
  ];
}

/** What the receipt tells about its own bytes. */
function checkContents(receipt: Receipt, recorded: Service): Check[] {
  const { requestBytes, responseBytes } = receiptBytes(receipt);
  const ofService = receipt.version === SERVICE_RECEIPT_VERSION;
  const kind = ofService ? kindOfServiceType(recorded.serviceType) : "chat";
  if (kind === undefined) {
    const detail = `nobody here can read the answers of a ${recorded.serviceType} service`;
    return [{ name: "content", passed: false, detail }];
  }
  const request = serviceRequest(kind, requestBytes);
  const { answer } = readAnswer(request, responseBytes);
  return [
    claim("model", request.facts.model, recorded.model, "the request asks for"),
    claim("content", answer.content, receipt.content, "the response says"),
    receipt.version === SERVICE_RECEIPT_VERSION
      ? claim("measure", answer.measure, receipt.measure, "request and response come to")
      : claim("usage", usageOf(answer.measure), receipt.usage, "the response reports"),
    claim(
      "fee",
      feeText(serviceFee(recorded, kind, answer.measure)),
      receipt.fee,
      `${ofService ? "measure" : "usage"} and recorded prices come to`,
    ),
  ];
}

function usageOf(measure: Measure): Usage | undefined {
  if (measure.unit !== "tokens") return undefined;
  const { unit: _unit, ...usage } = measure;
  return usage;
}

function claim(name: string, found: unknown, claimed: unknown, what: string): Check {
  const passed = isDeepStrictEqual(found, claimed);
  const shown = (value: unknown) => {
    const text = value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  };
  return {
    name,
    passed,
    detail: passed ? `${what} ${shown(found)}` : `${what} ${shown(found)}; the receipt says ${shown(claimed)}`,
  };
}

function conclude(
  receipt: Receipt,
  ctx: ReadContext | undefined,
  { signer }: Verification,
  checks: readonly Check[],
  notChecked: ReceiptVerdict["notChecked"],
): ReceiptVerification {
  const verdict: ReceiptVerdict = {
    checks,
    notChecked,
    claimedMode: receipt.mode,
    ...(signer === undefined ? {} : { signer }),
    ...(ctx === undefined ? {} : { mode: ctx.network.mode }),
  };
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length > 0) {
    const reason = failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
    return { ...verdict, status: "rejected", failed: [...new Set(failed.map(({ name }) => name))], reason };
  }
  if (ctx === undefined || signer === undefined) {
    const reason = notChecked.map(({ name }) => name).join(", ");
    return { ...verdict, status: "incomplete", reason: `not checked without a network: ${reason}` };
  }
  return { ...verdict, status: "verified", signer, mode: ctx.network.mode };
}

/**
 * Asserts that a receipt is proved as far as it was checked.
 * @throws {ReceiptRejectedError} naming the checks that failed.
 */
export function assertReceipt(verification: ReceiptVerification): void {
  if (verification.status !== "rejected") return;
  throw new ReceiptRejectedError({ reason: verification.reason, failed: verification.failed });
}
