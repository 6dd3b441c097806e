/** 0G Compute behind one object, with the names users know from the official SDKs. */

import { randomBytes } from "node:crypto";

import type { Provider, Signer } from "ethers";

import { assertChain } from "../chain/connect.ts";
import type { Log, ReadContext, SignedTransaction, Spending, WriteContext } from "../chain/context.ts";
import { EXIT, ZgError } from "../errors.ts";
import { checksum, type Address } from "../hex.ts";
import { networkNamed, type NetworkName } from "../networks.ts";
import { serviceBase } from "../protocol/endpoints.ts";
import { PROXY_PATH } from "../protocol/constants.ts";
import { acknowledge, isAcknowledged, type AcknowledgeResult } from "./acknowledge.ts";
import { ask, type ServiceResult } from "./ask.ts";
import { buildChatRequest, chat, type ChatMessage, type InferenceResult } from "./inference.ts";
import * as ledger from "./ledger.ts";
import type { HttpDeps } from "./provider-http.ts";
import { listServices, readService, type Service, type ServiceFilter } from "./providers.ts";
import type { RandomSource, ServiceRequest } from "./service-request.ts";
import { SessionTokens } from "./session.ts";
import { fetchSignature, type ChatIdRef } from "./signature.ts";
import { verifyInference, type Verification } from "./verify.ts";

export interface BrokerOptions {
  /** By name; the chain id is asserted, never used to pick. */
  readonly network: NetworkName;
  /** Default: the signer's. */
  readonly provider?: Provider;
  readonly http?: HttpDeps;
  readonly log?: Log;
  /** Caps what the wallet may spend. */
  readonly spending?: Spending;
  /** Told hash and nonce of each transaction before it is sent. */
  readonly onSigned?: (transaction: SignedTransaction) => void | Promise<void>;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  /** Must be cryptographically secure. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

/** A broker was made with a signer that is connected to no chain. */
export class SignerNotConnectedError extends ZgError {
  constructor() {
    super({
      code: "ZG_SIGNER_NOT_CONNECTED",
      exit: EXIT.usage,
      message: "The signer is not connected to a provider",
      remedy: "Connect it (signer.connect(provider)), or pass a provider to createBroker.",
    });
  }
}

/** What an answer needs to be checked: the bytes on both sides, and the id its signature is fetched by. */
export interface ResponseToProcess {
  readonly requestBytes: Uint8Array;
  readonly responseBytes: Uint8Array;
  readonly chatId: ChatIdRef | string;
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

/** The main account. Amounts in neuron; nothing moves that was not asked for. */
export interface LedgerBroker {
  /** Undefined when there is none. */
  getLedger(): Promise<ledger.Ledger | undefined>;
  /** Opens the ledger, or adds to it: exactly this much. */
  depositFund(amount: bigint): Promise<ledger.DepositResult>;
  transferFund(provider: string, amount: bigint, service?: ledger.ServiceKind): Promise<ledger.TransferResult>;
  /** Collects what has unlocked and requests the rest, at these providers or at all. */
  retrieveFund(service?: ledger.ServiceKind, providers?: readonly string[]): Promise<ledger.RetrieveResult>;
  /** To the wallet. */
  refund(amount: bigint | "all"): Promise<ledger.WithdrawResult>;
  getProvidersWithBalance(service?: ledger.ServiceKind): Promise<ledger.SubAccount[]>;
}

export interface InferenceBroker {
  /** All of them, however many. */
  listService(filter?: ServiceFilter): Promise<Service[]>;
  getService(provider: string): Promise<Service>;
  /** Where and for which model to send requests, as the SDK gives it. */
  getServiceMetadata(provider: string): Promise<{ readonly endpoint: string; readonly model: string }>;
  getAccount(provider: string): Promise<ledger.SubAccount | undefined>;
  acknowledged(provider: string): Promise<boolean>;
  acknowledgeProviderSigner(provider: string): Promise<AcknowledgeResult>;
  /** Moves no money. Reads the chain the first time only. */
  getRequestHeaders(provider: string): Promise<{ readonly Authorization: string }>;
  /** Asks, and pays from the sub-account. */
  chat(provider: string, params: BrokerChatParams): Promise<InferenceResult>;
  /** Asks for anything that is sold (images, transcripts, vectors), and pays from the sub-account. */
  ask(provider: string, params: BrokerAskParams): Promise<ServiceResult>;
  /** Fetches the signature and verifies the answer against what the chain lists now. */
  processResponse(provider: string, response: ResponseToProcess): Promise<Verification>;
}

export interface Broker {
  readonly ledger: LedgerBroker;
  readonly inference: InferenceBroker;
}

/**
 * Makes a broker for a signer on a named network. Asserts the chain id once, before the first call.
 * @throws {UsageError} for an unknown network. {@link SignerNotConnectedError}
 * @example
 * const broker = createBroker(wallet, { network: "galileo" });
 * const [service] = await broker.inference.listService({ mintable: true });
 */
export function createBroker(signer: Signer, options: BrokerOptions): Broker {
  const network = networkNamed(options.network);
  const provider = options.provider ?? signer.provider;
  if (provider === null) throw new SignerNotConnectedError();
  const { http = {}, log, spending, onSigned } = options;
  const clock = options.clock ?? http.clock;
  const random = options.randomBytes ?? randomBytes;
  const context: WriteContext = {
    network,
    provider,
    signer,
    ...(log === undefined ? {} : { log }),
    ...(spending === undefined ? {} : { spending }),
    ...(onSigned === undefined ? {} : { onSigned }),
    ...(http.signal === undefined ? {} : { signal: http.signal }),
  };
  const session = new SessionTokens({
    network,
    provider,
    signer,
    randomBytes: random,
    ...(clock === undefined ? {} : { clock }),
  });
  let checked: Promise<void> | undefined;
  const ready = async (): Promise<WriteContext> => {
    checked ??= assertChain(network, provider);
    try {
      await checked;
    } catch (error) {
      checked = undefined; // an outage now says nothing about later
      throw error;
    }
    return context;
  };
  return {
    ledger: ledgerPart(ready, session),
    inference: inferencePart(ready, session, http, random),
  };
}

function ledgerPart(ready: () => Promise<WriteContext>, session: SessionTokens): LedgerBroker {
  return {
    getLedger: async () => ledger.readLedger(await ready(), await session.user()),
    depositFund: async (amount) => ledger.deposit(await ready(), amount),
    transferFund: async (provider, amount, service = "inference") =>
      ledger.transfer(await ready(), { provider: checksum(provider), amount, service }),
    retrieveFund: async (service = "inference", providers) =>
      ledger.retrieve(await ready(), {
        service,
        ...(providers === undefined ? {} : { providers: providers.map(checksum) }),
      }),
    refund: async (amount) => ledger.withdraw(await ready(), amount),
    getProvidersWithBalance: async (service = "inference") =>
      (await ledger.listSubAccounts(await ready(), await session.user(), service)).filter(
        ({ balance }) => balance > 0n,
      ),
  };
}

function inferencePart(
  ready: () => Promise<WriteContext>,
  session: SessionTokens,
  http: HttpDeps,
  random: (size: number) => Uint8Array,
): InferenceBroker {
  const service = async (ctx: ReadContext, provider: string) => readService(ctx, checksum(provider));
  const account = (address: string): Address => checksum(address);
  return {
    listService: async (filter) => listServices(await ready(), filter),
    getService: async (provider) => service(await ready(), provider),
    getServiceMetadata: async (provider) => {
      const { url, model } = await service(await ready(), provider);
      return { endpoint: serviceBase(url) + PROXY_PATH, model };
    },
    getAccount: async (provider) => ledger.readSubAccount(await ready(), await session.user(), account(provider)),
    acknowledged: async (provider) => isAcknowledged(await ready(), await session.user(), account(provider)),
    acknowledgeProviderSigner: async (provider) => acknowledge(await ready(), account(provider)),
    getRequestHeaders: async (provider) => {
      await ready();
      return { Authorization: await session.header(account(provider)) };
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
    processResponse: async (provider, { requestBytes, responseBytes, chatId }) => {
      const listed = await service(await ready(), provider);
      const ref: ChatIdRef = typeof chatId === "string" ? { id: chatId, source: "body" } : chatId;
      const signature = await fetchSignature(http, listed, ref);
      return verifyInference({ service: listed, requestBytes, responseBytes, signature });
    },
  };
}
