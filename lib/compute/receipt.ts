/** Our portable record of one inference: made once, checked by anybody, believed in nothing. */

import { z } from "zod";

import type { Hex } from "../hex.ts";
import type { Mode, Network } from "../networks.ts";
import type { Fee, Measure, Usage } from "../protocol/fees.ts";
import type { ServiceResult } from "./ask.ts";
import { ReceiptMalformedError, ReceiptVersionError, ResultNotMintableError } from "./errors.ts";
import type { InferenceResult } from "./inference.ts";
import { describeService, type Service } from "./providers.ts";
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
import { signedResponse, type Verification } from "./verify.ts";

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

/** A fee as decimal strings. */
export function feeText({ inputFee, outputFee, fee }: Fee): Receipt["fee"] {
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

/** A chat receipt's form of what the answer is charged by; absent when no tokens were reported. */
export function usageOf(measure: Measure): Usage | undefined {
  if (measure.unit !== "tokens") return undefined;
  const { unit: _unit, ...usage } = measure;
  return usage;
}
