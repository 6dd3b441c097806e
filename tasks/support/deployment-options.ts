/** What `inft deploy` is told of the verifier, its attestors and the royalty. */

import type { ReadContext } from "../../lib/chain/context.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseAddress, type Address } from "../../lib/hex.ts";
import { assertAttestorsAllowed, tooFewAttestors, type AttestorEntry } from "../../lib/inft/attestor-entry.ts";
import {
  defaultVerifierTerms,
  type DeploymentRecords,
  type InftTerms,
  type VerifierTerms,
} from "../../lib/inft/deploy.ts";
import type { DeploymentRecord } from "../../lib/inft/records.ts";
import { codeHashAt } from "../../lib/inft/records.ts";
import { activeIn, findAttestorSet, type AttestorSet } from "../../lib/inft/attestor/set.ts";
import type { Network } from "../../lib/networks.ts";
import type { TaskIo } from "./action.ts";
import { parseCount, type SpendingArguments } from "./arguments.ts";
import { attestorsAt, defaultValidity, ownAttestorEntries } from "./attestor-entries.ts";
import type { OpenConnection } from "./connection.ts";
import { parseDuration } from "./duration.ts";

export interface DeploymentArguments extends SpendingArguments {
  readonly name: string;
  readonly symbol: string;
  readonly verifier: string | undefined;
  readonly attestor: string | undefined;
  readonly attestors: string | undefined;
  readonly threshold: string | undefined;
  readonly rotationDelay: string | undefined;
  readonly royalty: string | undefined;
  readonly royaltyReceiver: string | undefined;
  readonly allowDevelopmentAttestor: boolean;
}

/** What was said; what was not has defaults that depend on the network. */
export interface DeploymentOptions {
  readonly inft: Omit<InftTerms, "verifier">;
  /** A verifier that stands. */
  readonly verifier?: Address;
  readonly threshold?: bigint;
  /** Seconds. */
  readonly rotationDelay?: bigint;
  /** Where attestors serve. */
  readonly urls: readonly string[];
  /** Attestors whose address is all that is given. */
  readonly addresses: readonly Address[];
  readonly allowDevelopment: boolean;
}

/** The words between commas. */
function listOf(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** Hundredths of a percent. @throws {UsageError} */
function parsePercent(text: string): bigint {
  const [, whole = "", fraction = ""] = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  const basisPoints = whole === "" ? -1n : BigInt(whole + fraction.padEnd(2, "0"));
  if (basisPoints < 0n || basisPoints > 10_000n) {
    throw new UsageError({
      message: `--royalty ${JSON.stringify(text)} is not a percentage between 0 and 100`,
      remedy: "Give a number such as 2.5.",
      details: { royalty: text },
    });
  }
  return basisPoints;
}

function parseRoyalty({ royalty, royaltyReceiver }: DeploymentArguments): InftTerms["royalty"] {
  const basisPoints = royalty === undefined ? 0n : parsePercent(royalty);
  if (basisPoints === 0n && royaltyReceiver === undefined) return undefined;
  if (basisPoints === 0n || royaltyReceiver === undefined) {
    throw new UsageError({
      message: "--royalty and --royalty-receiver belong together",
      remedy: "Give both, or neither.",
      details: { royalty, royaltyReceiver },
    });
  }
  return { receiver: parseAddress(royaltyReceiver, "royalty receiver"), basisPoints };
}

/**
 * Parses what can be parsed before the network is opened, and refuses what contradicts itself.
 * @throws {UsageError} {@link WellKnownAttestorError}
 */
export function parseDeploymentOptions(args: DeploymentArguments, network: Network): DeploymentOptions {
  const { name, symbol, threshold, rotationDelay } = args;
  const urls = listOf(args.attestor);
  const addresses = listOf(args.attestors).map((text) => parseAddress(text, "attestor"));
  const ofNewOne = { attestor: args.attestor, attestors: args.attestors, threshold, "rotation-delay": rotationDelay };
  const given = Object.entries(ofNewOne).flatMap(([option, value]) => (value === undefined ? [] : [`--${option}`]));
  if (args.verifier !== undefined && given.length > 0) {
    throw new UsageError({
      message: `--verifier names one that stands, and ${given.join(", ")} ${given.length > 1 ? "are" : "is"} for a new one`,
      remedy: "Leave out either.",
      details: { verifier: args.verifier, given },
    });
  }
  const entries = addresses.map((address) => ({ address, validUntil: 0n }));
  assertAttestorsAllowed(network, entries);
  const royalty = parseRoyalty(args);
  return {
    inft: { name, symbol, ...(royalty === undefined ? {} : { royalty }) },
    ...(args.verifier === undefined ? {} : { verifier: parseAddress(args.verifier, "verifier") }),
    ...(threshold === undefined ? {} : { threshold: BigInt(parseCount(threshold, "threshold", 1)) }),
    ...(rotationDelay === undefined ? {} : { rotationDelay: parseDuration(rotationDelay, "rotation-delay") }),
    urls,
    addresses,
    allowDevelopment: args.allowDevelopmentAttestor,
  };
}

/** A verifier to deploy, or one that stands; with its record when it is from here. */
export type ChosenVerifier =
  | { readonly kind: "new"; readonly terms: VerifierTerms }
  | { readonly kind: "standing"; readonly address: Address; readonly record?: DeploymentRecord };

/** Everybody who is to vouch in a new verifier. */
async function entriesOf(open: OpenConnection, options: DeploymentOptions, io: TaskIo): Promise<AttestorEntry[]> {
  const { urls, addresses } = options;
  if (urls.length === 0 && addresses.length === 0) return [...(await ownAttestorEntries(open))];
  const validUntil = await defaultValidity(open);
  const found = await attestorsAt(urls, open, io);
  // What cannot be asked is not taken for better than it may be.
  return [...found, ...addresses.map((address) => ({ address, validUntil, development: true }))];
}

/**
 * The verifier that `--verifier` names, else the recorded one, else a new one as the options and the network say.
 * @throws {UsageError} when the recorded one is not what the options ask for.
 * @throws {InftMissingError} when nothing stands at `--verifier`.
 * @throws {WellKnownAttestorError} {@link DevelopmentAttestorError}
 */
export async function chooseVerifier(
  open: OpenConnection,
  records: DeploymentRecords,
  options: DeploymentOptions & { readonly owner: Address; readonly force: boolean },
  io: TaskIo,
): Promise<ChosenVerifier> {
  const { network, read } = open;
  const { verifier, owner, allowDevelopment } = options;
  if (verifier !== undefined) {
    await codeHashAt(read, verifier);
    await assertSetAllowed(read, verifier);
    return { kind: "standing", address: verifier };
  }
  const recorded = options.force ? undefined : await records.verifier.load();
  if (recorded !== undefined) {
    assertAsRecorded(recorded, options);
    await assertSetAllowed(read, recorded.address);
    return { kind: "standing", address: recorded.address, record: recorded };
  }
  const attestors = await entriesOf(open, options, io);
  assertAttestorsAllowed(network, attestors, { allowDevelopment });
  const defaults = defaultVerifierTerms(network);
  const { threshold = defaults.threshold, rotationDelay = defaults.rotationDelay } = options;
  return { kind: "new", terms: { owner, threshold, rotationDelay, attestors } };
}

/** A published key must not vouch on a live network, whoever put it into the set. */
async function assertSetAllowed(read: ReadContext, verifier: Address): Promise<void> {
  const set = await findAttestorSet(read, verifier);
  assertAttestorsAllowed(read.network, set?.attestors ?? []);
}

/** Options that the recorded verifier does not fit would be passed over in silence. */
function assertAsRecorded({ address, args }: DeploymentRecord, options: DeploymentOptions): void {
  const [, threshold, rotationDelay] = args.map(String);
  const asked = { threshold: options.threshold, "rotation-delay": options.rotationDelay };
  const recorded = { threshold, "rotation-delay": rotationDelay };
  for (const option of ["threshold", "rotation-delay"] as const) {
    if (asked[option] !== undefined && asked[option].toString() !== recorded[option]) throw differs(option);
  }
  if (options.urls.length > 0 || options.addresses.length > 0) throw differs("attestor");

  function differs(option: string) {
    return new UsageError({
      message: `--${option} is for a new verifier, and ${address} is recorded`,
      remedy:
        "Add --force to deploy another, or leave the option out: attestors of a verifier that stands are added with npx hardhat inft attestor add <address>.",
      details: { option, verifier: address },
    });
  }
}

/** A verifier's attestors, in words. */
export function attestorLine(set: AttestorSet): string {
  const active = activeIn(set);
  return tooFewAttestors(active, BigInt(set.threshold)) ?? `${set.threshold} of ${active} attestors must sign`;
}
