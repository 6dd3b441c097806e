/** A provider's own service: what registering, changing and removing it sends, and what that does. */

import type { TransactionReceipt } from "ethers";

import type { IInferenceServing } from "../../types/ethers-contracts/index.ts";
import type { ReadContext } from "../chain/context.ts";
import { INTERFACES, inferenceServing } from "../chain/contracts.ts";
import { chainCall } from "../chain/revert.ts";
import type { TransactionDraft } from "../chain/send.ts";
import { ProviderUnknownError } from "../compute/errors.ts";
import { readService, type Service } from "../compute/providers.ts";
import { ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import type { Network } from "../networks.ts";
import { parseServiceInfo } from "../protocol/service-info.ts";
import { ServiceOfferError, ServiceRegisteredError } from "./errors.ts";
import { servingEvents } from "./events.ts";

/** What a provider sells. Prices in neuron per unit: a token, an image, a second, as `serviceType` has it. */
export interface ServiceOffer {
  readonly serviceType: string;
  readonly url: string;
  readonly model: string;
  readonly verifiability: string;
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  /** JSON of at most {@link MAX_INFO_BYTES} bytes, or nothing. */
  readonly additionalInfo: string;
  readonly teeSignerAddress: Address;
}

/** InferenceServing takes no more (`AdditionalInfoTooLong`). */
export const MAX_INFO_BYTES = 4096;

/** Changing one of these takes the endorsement back (InferenceServing, `addOrUpdateService`). */
const ENDORSED_FIELDS = ["serviceType", "model", "verifiability", "additionalInfo", "teeSignerAddress"] as const;
const FIELDS = [...ENDORSED_FIELDS, "url", "inputPrice", "outputPrice"] as const;

/** What a command is about to do to a service. */
export interface ServicePlan {
  readonly offer: ServiceOffer;
  /** Neuron taken at the first registration and returned by {@link removalDraft}; 0 for a change. */
  readonly stake: bigint;
  /** Which fields differ from what is registered now. Empty: there is nothing to send. */
  readonly changed: readonly (keyof ServiceOffer)[];
  /** The contract's owner has endorsed the signer, and has to again. */
  readonly losesEndorsement: boolean;
  readonly draft: TransactionDraft;
}

/** The call that registers or changes the service of whoever sends it. */
export function serviceDraft(
  network: Network,
  provider: Address,
  offer: IInferenceServing.ServiceParamsStruct,
  stake: bigint,
): TransactionDraft {
  return {
    what: `${stake > 0n ? "register" : "update"} the service of ${provider}`,
    to: network.contracts.inferenceServing,
    data: INTERFACES.inferenceServing().encodeFunctionData("addOrUpdateService", [offer]) as Hex,
    value: stake,
  };
}

/** The call that removes the service of whoever sends it. The whole stake comes back with it. */
export function removalDraft(network: Network, provider: Address): TransactionDraft {
  return {
    what: `remove the service of ${provider}`,
    to: network.contracts.inferenceServing,
    data: INTERFACES.inferenceServing().encodeFunctionData("removeService") as Hex,
  };
}

/** Neuron of stake that a removal gave back, from its events. */
export function stakeReturned(network: Network, receipt: TransactionReceipt): bigint {
  let returned = 0n;
  for (const { name, args } of servingEvents(network, receipt)) {
    if (name === "ProviderStakeReturned") returned += args["amount"] as bigint;
  }
  return returned;
}

/** Neuron the contract asks for with a first registration, now. */
export async function readStake(ctx: ReadContext): Promise<bigint> {
  return chainCall("Reading the stake of a provider", inferenceServing(ctx.network, ctx.provider).MIN_PROVIDER_STAKE());
}

/**
 * Plans a first registration.
 * @throws {ServiceRegisteredError} {@link ServiceOfferError}
 */
export async function planRegistration(ctx: ReadContext, provider: Address, offer: ServiceOffer): Promise<ServicePlan> {
  assertOffer(offer);
  await assertUnregistered(ctx, provider);
  const stake = await readStake(ctx);
  const draft = serviceDraft(ctx.network, provider, offer, stake);
  return { offer, stake, changed: FIELDS, losesEndorsement: false, draft };
}

async function assertUnregistered(ctx: ReadContext, provider: Address): Promise<void> {
  try {
    const { model } = await readService(ctx, provider);
    throw new ServiceRegisteredError({ provider, model });
  } catch (error) {
    if (!(error instanceof ProviderUnknownError)) throw error;
  }
}

/**
 * Plans a change of `service`; what is not in `change` stays.
 * @throws {ServiceOfferError}
 */
export function planUpdate(network: Network, service: Service, change: Partial<ServiceOffer>): ServicePlan {
  const offer = { ...offerOf(service), ...change };
  assertOffer(offer);
  const before = offerOf(service);
  const changed = FIELDS.filter((field) => before[field] !== offer[field]);
  const losesEndorsement = service.endorsed && ENDORSED_FIELDS.some((field) => changed.includes(field));
  return { offer, stake: 0n, changed, losesEndorsement, draft: serviceDraft(network, service.provider, offer, 0n) };
}

function offerOf(service: Service): ServiceOffer {
  const { serviceType, url, model, verifiability, inputPrice, outputPrice, additionalInfo, teeSignerAddress } = service;
  return { serviceType, url, model, verifiability, inputPrice, outputPrice, additionalInfo, teeSignerAddress };
}

/**
 * Asserts what users of the service rely on and the contract does not check.
 * @throws {ServiceOfferError}
 */
export function assertOffer(offer: ServiceOffer): void {
  const refuse = (field: string, reason: string): never => {
    throw new ServiceOfferError({ field, reason });
  };
  if (offer.serviceType === "") refuse("type", "is empty");
  if (offer.model === "") refuse("model", "is empty");
  const url = URL.parse(offer.url);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    refuse("URL", `is ${JSON.stringify(offer.url)}, which is no http or https address`);
  }
  if (url !== null && (url.username !== "" || url.password !== "")) refuse("URL", "carries a password for all to read");
  const bytes = Buffer.byteLength(offer.additionalInfo);
  if (bytes > MAX_INFO_BYTES) refuse("additional info", `has ${bytes} bytes; the contract takes ${MAX_INFO_BYTES}`);
  const info = parseServiceInfo(offer.additionalInfo);
  if (!info.ok && info.reason !== "empty") refuse("additional info", `is ${info.reason.replaceAll("-", " ")}`);
  if (offer.verifiability !== "" && offer.teeSignerAddress === ZERO_ADDRESS) {
    refuse("signer", `is missing, but ${offer.verifiability} says that a TEE signs`);
  }
}
