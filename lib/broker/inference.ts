/** A broker's providers: what they sell, asking them, and checking what they say. */

import type { VerifyReportParams } from "../attestation/verify.ts";
import type { ReadContext } from "../chain/context.ts";
import { acknowledge, isAcknowledged, type AcknowledgeResult } from "../compute/acknowledge.ts";
import { ask, type ServiceResult } from "../compute/ask.ts";
import { downloadReports, verifyProviderReport, type AttestedReport } from "../compute/attestation.ts";
import { ChatIdMissingError } from "../compute/errors.ts";
import { buildChatRequest, chat, type ChatMessage, type InferenceResult } from "../compute/inference.ts";
import { readSubAccount, type SubAccount } from "../compute/ledger.ts";
import { answers } from "../compute/liveness.ts";
import { fetchModels } from "../compute/models.ts";
import { namedImages } from "../compute/prove.ts";
import { listServices, readService, type Service, type ServiceFilter } from "../compute/providers.ts";
import type { RandomSource, ServiceRequest } from "../compute/service-request.ts";
import { fetchSignature, type ChatIdRef } from "../compute/signature.ts";
import { verifyInference, type Verification } from "../compute/verify.ts";
import { checksum } from "../hex.ts";
import { PROXY_PATH } from "../protocol/constants.ts";
import { serviceBase } from "../protocol/endpoints.ts";
import type { BrokerParts } from "./parts.ts";

/** What an answer needs to be checked: the bytes on both sides, and the id its signature is fetched by. */
export interface ResponseToProcess extends Pick<ServiceResult, "requestBytes" | "responseBytes" | "images"> {
  readonly chatId?: ChatIdRef | string;
}

export interface BrokerChatParams {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stream?: boolean;
  readonly onDelta?: (text: string) => void;
}

export interface BrokerAskParams {
  /** Builds the request for the provider's model, e.g. with `imageRequest`. */
  readonly request: (common: { readonly model: string; readonly random: RandomSource }) => ServiceRequest;
  /** Takes the text of a stream as it comes. It is not verified yet. */
  readonly onText?: (text: string) => void;
}

export interface InferenceBroker {
  /** All of them, however many. */
  listService(filter?: ServiceFilter): Promise<Service[]>;
  getService(provider: string): Promise<Service>;
  /** Whether somebody serves at its registered address. Costs nothing. */
  isAnswering(provider: string): Promise<boolean>;
  /** The models it says that it serves. */
  getProviderModels(provider: string): Promise<readonly string[]>;
  /** Where and for which model to send requests, as the SDK gives it. */
  getServiceMetadata(provider: string): Promise<{ readonly endpoint: string; readonly model: string }>;
  getAccount(provider: string): Promise<SubAccount | undefined>;
  acknowledged(provider: string): Promise<boolean>;
  acknowledgeProviderSigner(provider: string): Promise<AcknowledgeResult>;
  /** Moves no money. Reads the chain the first time only. */
  getRequestHeaders(provider: string): Promise<{ readonly Authorization: string }>;
  /** Asks, and pays from the sub-account. */
  chat(provider: string, params: BrokerChatParams): Promise<InferenceResult>;
  /** Asks for anything that is sold (images, transcripts, vectors), and pays from the sub-account. */
  ask(provider: string, params: BrokerAskParams): Promise<ServiceResult>;
  /** Fetches the signature and verifies the answer, of any kind, against what the chain lists now. */
  processResponse(provider: string, response: ResponseToProcess): Promise<Verification>;
  /** Downloads the attestation of a provider and verifies it, each item by name. Judge it with `assertHeld`. */
  verifyService(
    provider: string,
    how?: Pick<VerifyReportParams, "collateral" | "osImages">,
  ): Promise<readonly AttestedReport[]>;
}

const ATTESTATION_NONCE_BYTES = 32;

export function inferencePart({ ready, session, http, clock, random }: BrokerParts): InferenceBroker {
  const service = async (ctx: ReadContext, provider: string) => readService(ctx, checksum(provider));
  return {
    listService: async (filter) => listServices(await ready(), filter),
    getService: async (provider) => service(await ready(), provider),
    isAnswering: async (provider) => answers(http, await service(await ready(), provider)),
    getProviderModels: async (provider) => fetchModels(http, await service(await ready(), provider)),
    getServiceMetadata: async (provider) => {
      const { url, model } = await service(await ready(), provider);
      return { endpoint: serviceBase(url) + PROXY_PATH, model };
    },
    getAccount: async (provider) => readSubAccount(await ready(), await session.user(), checksum(provider)),
    acknowledged: async (provider) => isAcknowledged(await ready(), await session.user(), checksum(provider)),
    acknowledgeProviderSigner: async (provider) => acknowledge(await ready(), checksum(provider)),
    getRequestHeaders: async (provider) => {
      await ready();
      return { Authorization: await session.header(checksum(provider)) };
    },
    chat: async (provider, params) => {
      const listed = await service(await ready(), provider);
      const { stream = false, onDelta, ...request } = params;
      const requestBytes = buildChatRequest({ model: listed.model, stream, random, ...request });
      return chat(
        { ...http, session },
        { service: listed, requestBytes, stream, ...(onDelta === undefined ? {} : { onDelta }) },
      );
    },
    ask: async (provider, { request, onText }) => {
      const listed = await service(await ready(), provider);
      const built = request({ model: listed.model, random });
      const params = { service: listed, request: built, ...(onText === undefined ? {} : { onText }) };
      return ask({ ...http, session }, params);
    },
    processResponse: async (provider, { requestBytes, responseBytes, images: entries, chatId }) => {
      const listed = await service(await ready(), provider);
      if (chatId === undefined) throw new ChatIdMissingError({ provider: listed.provider });
      const ref: ChatIdRef = typeof chatId === "string" ? { id: chatId, source: "body" } : chatId;
      const [signature, images] = await Promise.all([
        fetchSignature(http, listed, ref),
        namedImages(http, listed, entries),
      ]);
      const exchange = { requestBytes, responseBytes, ...(images === undefined ? {} : { images }) };
      return verifyInference({ service: listed, ...exchange, signature });
    },
    verifyService: async (provider, how = {}) => {
      const listed = await service(await ready(), provider);
      const reports = await downloadReports(http, listed, random(ATTESTATION_NONCE_BYTES));
      const now = new Date(clock());
      return Promise.all(reports.map(async (report) => verifyProviderReport(listed, report, { now, ...how })));
    },
  };
}
