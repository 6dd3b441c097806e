/** The attestors of a token's verifier: read from the chain, and changed there by the verifier's owner. */

import { isError } from "ethers";

import { latestBlock } from "../../chain/connect.ts";
import type { ReadContext } from "../../chain/context.ts";
import { chainCall, ContractRevertError, RpcUnreachableError } from "../../chain/revert.ts";
import type { TransactionDraft } from "../../chain/send.ts";
import { checksum, type Address, type Hex } from "../../hex.ts";
import { verifierContract, verifierInterface } from "../contracts.ts";
import { attestorChain } from "./chain.ts";
import { AttestorSetMissingError } from "./errors.ts";

/** An attestor as a verifier lists it. */
export interface ListedAttestor {
  readonly address: Address;
  /** Unix seconds. */
  readonly activeFrom: bigint;
  /** Unix seconds; from then on its signatures do not count. */
  readonly validUntil: bigint;
  /** Where it says it serves; empty when that is not public. */
  readonly endpoint: string;
  readonly state: "active" | "scheduled" | "expired";
}

export interface AttestorSet {
  readonly verifier: Address;
  readonly threshold: number;
  /** Between scheduling an attestor and its first signature that counts. Seconds. */
  readonly rotationDelay: bigint;
  readonly attestors: readonly ListedAttestor[];
}

/** How many attestors of a set count now. */
export function activeIn({ attestors }: AttestorSet): number {
  return attestors.filter(({ state }) => state === "active").length;
}

/**
 * The attestors of a token contract's verifier.
 * @throws {AttestorSetMissingError} when it has none, or one that keeps no such set.
 */
export async function readAttestorsOf(ctx: ReadContext, contract: Address): Promise<AttestorSet> {
  const verifier = await attestorChain(ctx).verifierOf(contract);
  const set = verifier === undefined ? undefined : await findAttestorSet(ctx, verifier);
  if (set === undefined) {
    throw new AttestorSetMissingError({ contract, ...(verifier === undefined ? {} : { verifier }) });
  }
  return set;
}

/** A verifier's set of attestors; undefined for one that keeps no such set. */
export async function findAttestorSet(ctx: ReadContext, verifier: Address): Promise<AttestorSet | undefined> {
  try {
    return await readAttestorSet(ctx, verifier);
  } catch (error) {
    if (isNoSet(error)) return undefined;
    throw error;
  }
}

/** The verifier has no such functions, or answers something else. */
function isNoSet(error: unknown): boolean {
  return (
    error instanceof ContractRevertError || (error instanceof RpcUnreachableError && isError(error.cause, "BAD_DATA"))
  );
}

/** Reads a verifier's set of attestors, and who of them counts at the latest block. */
export async function readAttestorSet(ctx: ReadContext, verifier: Address): Promise<AttestorSet> {
  const contract = verifierContract(verifier, ctx.provider);
  const [threshold, rotationDelay, addresses, { timestamp }] = await Promise.all([
    chainCall(`Reading the threshold of ${verifier}`, contract.threshold()),
    chainCall(`Reading the rotation delay of ${verifier}`, contract.ROTATION_DELAY()),
    chainCall(`Reading the attestors of ${verifier}`, contract.attestors()),
    latestBlock(ctx),
  ]);
  const now = BigInt(timestamp);
  const attestors = await Promise.all(
    addresses.map(async (listed): Promise<ListedAttestor> => {
      const address = checksum(listed);
      const read = contract.attestorOf(address);
      const [activeFrom, validUntil, endpoint] = await chainCall(`Reading attestor ${address}`, read);
      const state = now < activeFrom ? "scheduled" : now < validUntil ? "active" : "expired";
      return { address, activeFrom, validUntil, endpoint, state };
    }),
  );
  return { verifier, threshold: Number(threshold), rotationDelay, attestors };
}

/** The transaction by which a verifier's owner adds an attestor, whose signatures count after the rotation delay. */
export function scheduleAttestorDraft(
  verifier: Address,
  attestor: Address,
  { validUntil, endpoint }: { readonly validUntil: bigint; readonly endpoint: string },
): TransactionDraft {
  const data = verifierInterface().encodeFunctionData("scheduleAttestor", [attestor, validUntil, endpoint]) as Hex;
  return { what: `add attestor ${attestor}`, to: verifier, data };
}

/** The transaction that removes an attestor at once: by the verifier's owner, or by the attestor itself. */
export function removeAttestorDraft(verifier: Address, attestor: Address): TransactionDraft {
  const data = verifierInterface().encodeFunctionData("removeAttestor", [attestor]) as Hex;
  return { what: `remove attestor ${attestor}`, to: verifier, data };
}
