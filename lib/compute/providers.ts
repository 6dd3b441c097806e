/** The providers of a network: what they sell, at what price, and whether an answer of theirs can be minted. */

import type { IInferenceServing } from "../../types/ethers-contracts/index.ts";
import { AddressRefusedError, assertMayAsk } from "../border.ts";
import type { ReadContext } from "../chain/context.ts";
import { inferenceServing } from "../chain/contracts.ts";
import { isForkProvider } from "../chain/development-roles.ts";
import { chainCall, isRevert } from "../chain/revert.ts";
import { parseAddress, type Address } from "../hex.ts";
import { isLoopback } from "../loopback.ts";
import type { Network } from "../networks.ts";
import { serviceBase } from "../protocol/endpoints.ts";
import { ServiceUrlError } from "../protocol/errors.ts";
import type { Prices } from "../protocol/fees.ts";
import { REQUEST_KINDS, type RequestKind } from "../protocol/services.ts";
import {
  expectedSigner,
  mintability,
  parseServiceInfo,
  topologyOf,
  type Mintability,
  type ServiceInfoResult,
  type Topology,
} from "../protocol/service-info.ts";
import {
  NoSuitableProviderError,
  ProviderAmbiguousError,
  ProviderCannotSeeError,
  ProviderUnknownError,
} from "./errors.ts";
import { readAllRows } from "./paging.ts";

/** A registered service: the chain's record, and what follows from it. */
export interface Service {
  readonly provider: Address;
  readonly serviceType: string;
  /** As registered; may carry a trailing slash or `/v1/proxy`. */
  readonly url: string;
  readonly model: string;
  /** Neuron, exact; what for, `priceUnits` says: a token of a chat, a second of audio, an image. */
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  /** Unix seconds. */
  readonly updatedAt: bigint;
  readonly verifiability: string;
  /** The provider's own JSON, as on chain. */
  readonly additionalInfo: string;
  readonly info: ServiceInfoResult;
  readonly teeSignerAddress: Address;
  /** The contract's owner has endorsed the TEE signer. The chain calls this `teeSignerAcknowledged`. */
  readonly endorsed: boolean;
  readonly topology: Topology;
  /** Whose signature an answer must carry; absent when nobody signs. */
  readonly expectedSigner?: Address;
  readonly mintability: Mintability;
}

export interface ServiceFilter {
  /** Such as `chatbot`. */
  readonly type?: string;
  /** Part of the model's name, in any case. */
  readonly model?: string;
  /** Neuron per token. */
  readonly maxInputPrice?: bigint;
  readonly maxOutputPrice?: bigint;
  readonly endorsed?: boolean;
  readonly mintable?: boolean;
}

/** What the chain records about a service; the parts a receipt keeps, too. */
export type ServiceFacts = Pick<
  Service,
  | "provider"
  | "serviceType"
  | "url"
  | "model"
  | "inputPrice"
  | "outputPrice"
  | "updatedAt"
  | "verifiability"
  | "additionalInfo"
  | "teeSignerAddress"
  | "endorsed"
>;

/** Works out from a service's record who signs its answers and whether they can be minted. */
export function describeService(facts: ServiceFacts): Service {
  const info = parseServiceInfo(facts.additionalInfo);
  const described = { ...facts, info, teeSignerAcknowledged: facts.endorsed };
  const signer = expectedSigner(described);
  return {
    ...facts,
    info,
    topology: topologyOf(described),
    ...(signer === undefined ? {} : { expectedSigner: signer }),
    mintability: mintability(described),
  };
}

function fromChain(row: IInferenceServing.ServiceStructOutput): Service {
  return describeService({
    provider: row.provider as Address, // ethers decodes addresses in their checksummed form
    serviceType: row.serviceType,
    url: row.url,
    model: row.model,
    inputPrice: row.inputPrice,
    outputPrice: row.outputPrice,
    updatedAt: row.updatedAt,
    verifiability: row.verifiability,
    additionalInfo: row.additionalInfo,
    teeSignerAddress: row.teeSignerAddress as Address,
    endorsed: row.teeSignerAcknowledged,
  });
}

/** What this service charges, for `feeFor`. */
export function pricesOf({
  inputPrice,
  outputPrice,
  info,
}: Pick<Service, "inputPrice" | "outputPrice" | "info">): Prices {
  if (!info.ok) return { inputPrice, outputPrice };
  const { tiers, cacheBilling } = info.info;
  return {
    inputPrice,
    outputPrice,
    ...(tiers === undefined ? {} : { tiers }),
    ...(cacheBilling === undefined ? {} : { cacheBilling }),
  };
}

function matches(service: Service, filter: ServiceFilter): boolean {
  const { type, model, maxInputPrice, maxOutputPrice, endorsed, mintable } = filter;
  return (
    (type === undefined || service.serviceType === type) &&
    (model === undefined || service.model.toLowerCase().includes(model.toLowerCase())) &&
    (maxInputPrice === undefined || service.inputPrice <= maxInputPrice) &&
    (maxOutputPrice === undefined || service.outputPrice <= maxOutputPrice) &&
    (endorsed === undefined || service.endorsed === endorsed) &&
    (mintable === undefined || service.mintability.mintable === mintable)
  );
}

/** Lists the registered services that meet `filter`, in the contract's order. Reads every page. */
export async function listServices(ctx: ReadContext, filter: ServiceFilter = {}): Promise<Service[]> {
  const contract = inferenceServing(ctx.network, ctx.provider);
  const rows = await readAllRows(ctx, "services", async (offset, limit, blockTag) => {
    const { services, total } = await contract.getAllServices(offset, limit, { blockTag });
    return { rows: services, total };
  });
  return rows.map(fromChain).filter((service) => matches(service, filter));
}

/**
 * Reads one provider's service.
 * @throws {ProviderUnknownError} when the contract says that there is none.
 */
export async function readService(ctx: ReadContext, provider: Address): Promise<Service> {
  try {
    const row = await chainCall(
      `Reading the service of ${provider}`,
      inferenceServing(ctx.network, ctx.provider).getService(provider),
    );
    return fromChain(row);
  } catch (error) {
    if (isRevert(error, "ServiceNotExist")) throw new ProviderUnknownError({ provider }, error);
    throw error;
  }
}

/** The names a service answers to beside its address: its model, and the model without the maker's prefix. */
export function namesOf({ model }: Pick<Service, "model">): readonly string[] {
  const short = model.slice(model.lastIndexOf("/") + 1);
  return short === model || short === "" ? [model] : [model, short];
}

/**
 * Finds the service a person means: by address, by an alias of the network, or by a model name that only one provider
 * has.
 * @throws {ProviderUnknownError} {@link ProviderAmbiguousError} naming the candidates.
 */
export async function resolveService(ctx: ReadContext, text: string): Promise<Service> {
  const wanted = text.trim();
  if (/^0x/i.test(wanted)) return readService(ctx, parseAddress(wanted, "provider"));
  const aliases = ctx.network.aliases ?? {};
  const alias = Object.hasOwn(aliases, wanted) ? aliases[wanted] : undefined;
  if (alias !== undefined) return readService(ctx, alias);
  const services = await listServices(ctx);
  const named = services.filter((service) =>
    namesOf(service).some((name) => name.toLowerCase() === wanted.toLowerCase()),
  );
  const [only, ...others] = named;
  if (only === undefined) throw new ProviderUnknownError({ provider: wanted, known: services.map(candidate) });
  if (others.length > 0) throw new ProviderAmbiguousError({ provider: wanted, candidates: named.map(candidate) });
  return only;
}

function candidate({ provider, model }: Service) {
  return { provider, model };
}

/** What a chosen service must meet, beside being one that can be minted. */
export interface Choice {
  /** What it is to answer. Default: chats. */
  readonly kind?: RequestKind;
  /** The provider must be able to see this network. */
  readonly network?: Network;
  readonly model?: string;
  /** Providers known not to answer. */
  readonly silent?: ReadonlySet<Address>;
  /** Why else a service is not to be chosen. */
  readonly refuse?: (service: Service) => string | undefined;
}

/**
 * Chooses the cheapest provider of a kind that is endorsed and whose results can be minted: by the sum of its prices per
 * token, then by address, so that the choice does not depend on the order of the list.
 * @throws {NoSuitableProviderError} saying why each of the others was passed over.
 */
export function chooseService(services: readonly Service[], criteria: Choice = {}): Service {
  const { model } = criteria;
  const refused: string[] = [];
  const suitable = services.filter((service) => {
    const reason = unsuitable(service, criteria);
    if (reason !== undefined) refused.push(`${service.provider}: ${reason}`);
    return reason === undefined;
  });
  const [cheapest] = [...suitable].sort(byPrice);
  if (cheapest === undefined) {
    const { serviceType } = REQUEST_KINDS[criteria.kind ?? "chat"];
    const wanted = `an endorsed ${serviceType} provider whose results can be minted${model === undefined ? "" : ` and that serves ${model}`}`;
    throw new NoSuitableProviderError({ wanted, registered: services.length, refused });
  }
  return cheapest;
}

/** Whether {@link chooseService} could choose a service. */
export function isSuitable(service: Service, criteria: Choice = {}): boolean {
  return unsuitable(service, criteria) === undefined;
}

function unsuitable(service: Service, { kind = "chat", network, model, silent, refuse }: Choice): string | undefined {
  if (service.serviceType !== REQUEST_KINDS[kind].serviceType) return `sells ${service.serviceType}`;
  if (model !== undefined && !namesOf(service).includes(model)) return `serves ${service.model}`;
  if (!service.mintability.mintable) return service.mintability.explanation;
  if (silent?.has(service.provider) === true) return "does not answer";
  const why = refuse?.(service);
  if (why !== undefined) return why;
  return network === undefined ? undefined : unreachable(service, network);
}

function unreachable(service: Service, network: Network): string | undefined {
  try {
    assertProviderSees(network, service);
    return undefined;
  } catch (error) {
    if (error instanceof ProviderCannotSeeError) return "serves another chain than this one";
    if (error instanceof AddressRefusedError) return "registered an address that is not public, or not https";
    if (error instanceof ServiceUrlError) return "registered a URL that is none";
    throw error;
  }
}

function byPrice(a: Service, b: Service): number {
  const difference = a.inputPrice + a.outputPrice - (b.inputPrice + b.outputPrice);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return a.provider < b.provider ? -1 : 1;
}

/**
 * A provider elsewhere watches the live chain: only one on this machine can know of an embedded chain. A fork may be one
 * of an embedded chain, whose providers are on this machine too; only those it brought along know of the fork.
 */
function canSee(network: Network, { provider, url }: Pick<Service, "provider" | "url">): boolean {
  if (network.mode === "live") return true;
  if (!isLoopback(new URL(serviceBase(url)).hostname)) return false;
  return network.mode !== "fork" || isForkProvider(provider);
}

/**
 * Asserts that a provider can see what happens on this network, before anything is asked of it or paid to it.
 * @throws {ProviderCannotSeeError} for a fork's upstream provider. {@link ServiceUrlError} for a URL that is none.
 * @throws {AddressRefusedError} on a live network, for an address that is not public or not https.
 */
export function assertProviderSees(network: Network, service: Pick<Service, "provider" | "url">): void {
  const { provider, url } = service;
  if (network.mode === "live") assertMayAsk("live", new URL(serviceBase(url)));
  if (canSee(network, service)) return;
  throw new ProviderCannotSeeError({ provider, url, network: network.name });
}
