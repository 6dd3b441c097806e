/** Letting others use a token's data without seeing it, and taking that back. */

import type { ReadContext } from "../chain/context.ts";
import type { TransactionDraft } from "../chain/send.ts";
import type { Address, Hex } from "../hex.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { inftCall } from "./translate.ts";

/** How long and for what a user may use the data. */
export interface AuthorizationTerms {
  /** Unix seconds; 0: no end. */
  readonly expiry: bigint;
  /** 24 bits, whose meaning the service that honours them defines. */
  readonly permissions: number;
}

export interface Authorization extends AuthorizationTerms {
  readonly user: Address;
  /** Whether the user may use the data now. */
  readonly active: boolean;
}

export interface Grant extends AuthorizationTerms {
  readonly inft: Address;
  readonly tokenId: bigint;
  readonly users: readonly Address[];
}

export interface PlannedGrant {
  readonly drafts: readonly TransactionDraft[];
  /** Those the drafts are for. */
  readonly granting: readonly Address[];
  /** Those who are authorised on these very terms already. */
  readonly already: readonly Address[];
}

/** As many as fit into a block beside others: an authorisation takes 33 000 to 73 000 gas. */
const USERS_IN_A_CALL = 100;
/** Questions to a node at a time. */
const READS_AT_A_TIME = 50;

/** The terms on which each user may use the token's data, in the order given. Reads one slot each. */
export async function readAuthorizations(
  ctx: ReadContext,
  { inft, tokenId }: Pick<Grant, "inft" | "tokenId">,
  users: readonly Address[],
): Promise<Authorization[]> {
  const contract = inftContract(inft, ctx.provider);
  const read = async (user: Address): Promise<Authorization> => {
    const reading = `Reading the authorisation of ${user}`;
    const { active, expiry, permissions } = await inftCall(reading, contract.authorizationOf(tokenId, user));
    return { user, active, expiry, permissions: Number(permissions) };
  };
  const found: Authorization[] = [];
  for (const chunk of chunks(users, READS_AT_A_TIME)) found.push(...(await Promise.all(chunk.map(read))));
  return found;
}

/**
 * The transactions that authorise users on the given terms; none for those who are authorised on them already. One call
 * for many when there are no terms, else one for each. Reads each user's slot.
 */
export async function planGrant(ctx: ReadContext, grant: Grant): Promise<PlannedGrant> {
  const { expiry, permissions, tokenId, inft } = grant;
  const users = [...new Set(grant.users)];
  const present = await readAuthorizations(ctx, grant, users);
  const fits = (found: Authorization) => found.active && found.expiry === expiry && found.permissions === permissions;
  const granting = present.filter((found) => !fits(found)).map(({ user }) => user);
  const already = present.filter(fits).map(({ user }) => user);

  const call = (what: string, name: string, values: readonly unknown[]): TransactionDraft => ({
    what,
    to: inft,
    data: inftInterface().encodeFunctionData(name, values) as Hex,
  });
  const plain = expiry === 0n && permissions === 0;
  const drafts = !plain
    ? granting.map((user) => call(`authorise ${user}`, "authorizeUsageWith", [tokenId, user, expiry, permissions]))
    : granting.length === 1
      ? granting.map((user) => call(`authorise ${user}`, "authorizeUsage", [tokenId, user]))
      : [...chunks(granting, USERS_IN_A_CALL)].map((chunk, index) =>
          call(`authorise ${chunk.length} users (${index + 1})`, "batchAuthorizeUsage", [tokenId, chunk]),
        );
  return { drafts, granting, already };
}

/** The transactions that take back what users were given, one for each. */
export function revokeDrafts({ inft, tokenId, users }: Pick<Grant, "inft" | "tokenId" | "users">): TransactionDraft[] {
  return [...new Set(users)].map((user) => ({
    what: `revoke ${user}`,
    to: inft,
    data: inftInterface().encodeFunctionData("revokeAuthorization", [tokenId, user]) as Hex,
  }));
}

/** The transaction that ends all authorisations of a token. Costs the same for one user as for thousands. */
export function clearDraft({ inft, tokenId }: Pick<Grant, "inft" | "tokenId">): TransactionDraft {
  const data = inftInterface().encodeFunctionData("clearAuthorizedUsers", [tokenId]) as Hex;
  return { what: `revoke all users of token ${tokenId}`, to: inft, data };
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
