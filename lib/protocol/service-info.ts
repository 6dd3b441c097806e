/** What a registered service says about itself, and what follows for verifying and minting its results. */

import { checksum, ZERO_ADDRESS, type Address } from "../hex.ts";
import type { CacheBilling, Multiplier, PriceTier } from "./fees.ts";

/** The fields of the on-chain record that these rules read. */
export interface DescribedService {
  readonly serviceType: string;
  readonly verifiability: string;
  /** A JSON text of at most 4096 bytes, written by the provider. */
  readonly additionalInfo: string;
  readonly teeSignerAddress: string;
  /** The contract owner has endorsed `teeSignerAddress`. */
  readonly teeSignerAcknowledged: boolean;
  /** `additionalInfo`, where it has been parsed before; a list of a thousand services feels each parse. */
  readonly info?: ServiceInfoResult;
}

function infoOf({ info, additionalInfo }: Pick<DescribedService, "info" | "additionalInfo">): ServiceInfoResult {
  return info ?? parseServiceInfo(additionalInfo);
}

/** The JSON of `additionalInfo`, as far as it matters here. Fields of a wrong type count as absent, as in the SDK. */
export interface ServiceInfo {
  /** The model runs in another TEE than the broker. */
  readonly targetSeparated: boolean;
  /** The signer of that other TEE. */
  readonly targetTeeAddress?: Address;
  /** `decentralized` unless it says `centralized` or `standard`. */
  readonly providerType: string;
  readonly providerIdentity?: string;
  /** `dstack` or `cryptopilot`. */
  readonly teeVerifier?: string;
  readonly verifierUrl?: string;
  readonly imageName?: string;
  readonly imageDigest?: string;
  readonly tiers?: readonly PriceTier[];
  readonly cacheBilling?: CacheBilling;
  /** Prices are stated but cannot be read; an estimate from the base prices may be off. */
  readonly pricingUnreadable: boolean;
  readonly multiModel: boolean;
  readonly priceDenomination: string;
}

export type ServiceInfoResult =
  | { readonly ok: true; readonly info: ServiceInfo }
  | { readonly ok: false; readonly reason: "empty" | "not-json" | "not-an-object" };

type Members = Readonly<Record<string, unknown>>;

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(members: Members, key: string): string | undefined {
  const value = members[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function address(members: Members, key: string): Address | undefined {
  const value = text(members, key);
  return value !== undefined && /^0x[0-9a-fA-F]{40}$/.test(value) ? checksum(value.toLowerCase()) : undefined;
}

/** A JSON integer, or a decimal string of one, as bigint. */
function integer(value: unknown): bigint | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return typeof value === "string" && /^\d{1,78}$/.test(value) ? BigInt(value) : undefined;
}

function multiplier(members: Members, name: string): Multiplier | undefined {
  const numerator = integer(members[name]);
  const denominator = members[`${name}Denominator`] === undefined ? 1n : integer(members[`${name}Denominator`]);
  return numerator === undefined || denominator === undefined || denominator === 0n
    ? undefined
    : { numerator, denominator };
}

/** Absent is `[]`; present but unreadable is undefined. */
function tiersOf(info: Members): readonly PriceTier[] | undefined {
  const pricing = info["tieredPricing"];
  if (pricing === undefined || pricing === null) return [];
  const rows = isMembers(pricing) ? pricing["tiers"] : undefined;
  if (!Array.isArray(rows)) return undefined;
  const tiers: PriceTier[] = [];
  for (const row of rows as unknown[]) {
    if (!isMembers(row)) return undefined;
    const maxInputTokens = integer(row["maxInputTokens"] ?? 0);
    const input = multiplier(row, "inputMultiplier");
    const output = multiplier(row, "outputMultiplier");
    if (maxInputTokens === undefined || input === undefined || output === undefined) return undefined;
    tiers.push({ maxInputTokens: Number(maxInputTokens), input, output });
  }
  return tiers;
}

function cacheBillingOf(info: Members): CacheBilling | "absent" | undefined {
  const billing = info["cacheTokenBilling"];
  if (billing === undefined || billing === null) return "absent";
  if (!isMembers(billing)) return undefined;
  if (billing["enabled"] === false) return "absent";
  const divisor = integer(billing["divisor"]);
  const write = writeMultiplier(billing, "writeMultiplier");
  const writeOneHour = writeMultiplier(billing, "write1hMultiplier");
  if (divisor === undefined || divisor === 0n || write === "unreadable" || writeOneHour === "unreadable") {
    return undefined;
  }
  return {
    divisor,
    ...(write === undefined ? {} : { write }),
    ...(writeOneHour === undefined ? {} : { writeOneHour }),
  };
}

/** A fraction in two members; undefined where neither is stated, or either is 0, which says "no extra price". */
function writeMultiplier(billing: Members, name: string): Multiplier | "unreadable" | undefined {
  const [first, second] = [billing[`${name}Numerator`], billing[`${name}Denominator`]];
  const numerator = integer(first ?? 0);
  const denominator = integer(second ?? 0);
  if (numerator === undefined || denominator === undefined) return "unreadable";
  return numerator === 0n || denominator === 0n ? undefined : { numerator, denominator };
}

/** Reads a service's `additionalInfo`. */
export function parseServiceInfo(additionalInfo: string): ServiceInfoResult {
  if (additionalInfo.trim() === "") return { ok: false, reason: "empty" };
  let value: unknown;
  try {
    value = JSON.parse(additionalInfo);
  } catch {
    return { ok: false, reason: "not-json" }; // JSON.parse throws for nothing else
  }
  if (!isMembers(value)) return { ok: false, reason: "not-an-object" };

  const tiers = tiersOf(value);
  const cacheBilling = cacheBillingOf(value);
  const optional = {
    targetTeeAddress: address(value, "TargetTeeAddress"),
    providerIdentity: text(value, "ProviderIdentity"),
    teeVerifier: text(value, "TEEVerifier"),
    verifierUrl: text(value, "VerifierURL"),
    imageName: text(value, "ImageName"),
    imageDigest: text(value, "ImageDigest"),
    tiers: tiers?.length === 0 ? undefined : tiers,
    cacheBilling: cacheBilling === "absent" ? undefined : cacheBilling,
  };
  const present = Object.fromEntries(Object.entries(optional).filter(([, member]) => member !== undefined));
  return {
    ok: true,
    info: {
      targetSeparated: value["TargetSeparated"] === true,
      providerType: text(value, "ProviderType") ?? "decentralized",
      pricingUnreadable: tiers === undefined || cacheBilling === undefined,
      multiModel: value["MultiModel"] === true,
      priceDenomination: text(value, "priceDenomination") ?? "NATIVE",
      ...(present as Partial<typeof optional> as object),
    },
  };
}

/**
 * Who signs a service's answers:
 * `broker` the broker's TEE, over two hashes; `separated` the TEE of the node behind the broker; `centralized` the
 * broker's TEE, over a routing proof; `standard` nobody; `unknown` its description cannot be read.
 */
export type Topology = "broker" | "separated" | "centralized" | "standard" | "unknown";

export function topologyOf(service: Pick<DescribedService, "verifiability" | "additionalInfo" | "info">): Topology {
  if (service.verifiability.toLowerCase() === "standard") return "standard";
  const parsed = infoOf(service);
  if (!parsed.ok) return "unknown";
  const { providerType, targetSeparated } = parsed.info;
  if (providerType === "standard" || providerType === "centralized") return providerType;
  return targetSeparated ? "separated" : "broker";
}

/** The address whose signature an answer must carry, by the rule of the official SDK; undefined when nobody signs. */
export function expectedSigner(service: DescribedService): Address | undefined {
  const topology = topologyOf(service);
  if (topology === "standard" || topology === "unknown") return undefined;
  if (topology === "separated") {
    const parsed = infoOf(service);
    if (parsed.ok && parsed.info.targetTeeAddress !== undefined) return parsed.info.targetTeeAddress;
  }
  return service.teeSignerAddress === ZERO_ADDRESS ? undefined : checksum(service.teeSignerAddress);
}

export type UnmintableReason =
  "info-unreadable" | "not-verifiable" | "standard" | "separated" | "centralized" | "no-signer" | "not-endorsed";

export type Mintability =
  | { readonly mintable: true }
  | { readonly mintable: false; readonly reason: UnmintableReason; readonly explanation: string };

const EXPLANATIONS: Readonly<Record<UnmintableReason, string>> = {
  "info-unreadable": "its additionalInfo on chain cannot be read, so nobody can say who signs its answers",
  "not-verifiable": "its verifiability on chain names no proof (TeeML, OpML, ZKML)",
  standard: "it is a standard forwarder: nobody signs its answers",
  separated: "the node behind its broker signs, not the teeSignerAddress that the contract can read",
  centralized: "it forwards to a central provider and signs a routing proof of five fields, not the two hashes",
  "no-signer": "it has registered no TEE signer",
  "not-endorsed": "the owner of InferenceServing has not endorsed its TEE signer",
};

/** The verifiability values the official SDK verifies answers for. */
const VERIFIABLE: ReadonlySet<string> = new Set(["TeeML", "OpML", "ZKML"]);
const IMAGE_SERVICES: ReadonlySet<string> = new Set(["text-to-image", "image-editing"]);

/** Whether a service answers with images, and so signs hashes of images. */
export function isImageService({ serviceType }: Pick<DescribedService, "serviceType">): boolean {
  return IMAGE_SERVICES.has(serviceType);
}

function unmintableReason(service: DescribedService): UnmintableReason | undefined {
  const topology = topologyOf(service);
  if (topology === "standard") return "standard";
  if (!VERIFIABLE.has(service.verifiability)) return "not-verifiable";
  if (topology === "unknown") return "info-unreadable";
  if (topology !== "broker") return topology;
  if (service.teeSignerAddress === ZERO_ADDRESS) return "no-signer";
  return service.teeSignerAcknowledged ? undefined : "not-endorsed";
}

/**
 * Whether results of this service can be minted: two-field texts, signed by an endorsed `teeSignerAddress`. Of an image
 * service that is so for one image at a time: the text over several has a hash for each.
 */
export function mintability(service: DescribedService): Mintability {
  const reason = unmintableReason(service);
  return reason === undefined ? { mintable: true } : { mintable: false, reason, explanation: EXPLANATIONS[reason] };
}
