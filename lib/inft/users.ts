/** Who may use a token's data now, on which terms, and who no longer may because time ran out. */

import type { Log as ChainLog } from "ethers";

import { latestBlock } from "../chain/connect.ts";
import type { ReadContext } from "../chain/context.ts";
import { checksum, type Address } from "../hex.ts";
import { readAuthorizations, type AuthorizationTerms } from "./authorize.ts";
import { tokenBytes } from "./content.ts";
import { inftContract, inftInterface } from "./contracts.ts";
import { readLogs } from "../chain/logs.ts";
import type { TokenQuery } from "./show.ts";
import { inftCall } from "./translate.ts";

export interface TokenUser extends AuthorizationTerms {
  readonly user: Address;
}

export interface TokenUsers {
  /** As the contract lists them. */
  readonly active: readonly TokenUser[];
  /** Authorised in this epoch, never revoked, and over since `expiry`. From the events. */
  readonly expired: readonly TokenUser[];
}

/**
 * Lists a token's users. Who counts is the contract's word; the terms come from the events, so that thousands of users
 * take a handful of questions, and from the contract for whoever the events do not show.
 * @throws {TokenMissingError} when there is no such token.
 */
export async function readUsers(ctx: ReadContext, query: TokenQuery): Promise<TokenUsers> {
  const { inft, tokenId } = query;
  const contract = inftContract(inft, ctx.provider);
  const [listed, granted, { timestamp }] = await Promise.all([
    inftCall(`Reading the users of token ${tokenId}`, contract.authorizedUsersOf(tokenId)),
    readGranted(ctx, query),
    latestBlock(ctx),
  ]);
  const users = listed.map(checksum);
  const unknown = await readAuthorizations(
    ctx,
    query,
    users.filter((user) => !granted.has(user)),
  );
  const terms = new Map([...granted, ...unknown.map((found) => [found.user, found] as const)]);
  const now = BigInt(timestamp);
  const active = new Set(users);
  return {
    active: users.map((user) => ({ user, ...termsOf(terms.get(user)) })),
    expired: [...granted]
      .filter(([user, { expiry }]) => !active.has(user) && expiry !== 0n && expiry <= now)
      .map(([user, found]) => ({ user, ...termsOf(found) })),
  };
}

function termsOf(found: AuthorizationTerms | undefined): AuthorizationTerms {
  return { expiry: found?.expiry ?? 0n, permissions: found?.permissions ?? 0 };
}

/** Replays the events of the present epoch: who was authorised and not revoked, and on which terms. */
async function readGranted(ctx: ReadContext, { inft, tokenId, fromBlock }: TokenQuery) {
  const abi = inftInterface();
  const topic = (event: string) => {
    const fragment = abi.getEvent(event);
    if (fragment === null) throw new Error(`the ABI has no event ${event}`);
    return fragment.topicHash;
  };
  const token = tokenBytes(tokenId);
  const reading = `Reading the authorisations of token ${tokenId}`;
  const [named, terms] = await Promise.all([
    // Final's events carry the token last, ours first.
    readLogs(
      ctx,
      reading,
      { address: inft, topics: [[topic("Authorization"), topic("AuthorizationRevoked")], null, null, token] },
      fromBlock,
    ),
    readLogs(
      ctx,
      reading,
      { address: inft, topics: [[topic("AuthorizationTerms"), topic("AuthorizationsCleared")], token] },
      fromBlock,
    ),
  ]);
  const granted = new Map<Address, AuthorizationTerms>();
  for (const log of [...named, ...terms].sort(byPosition)) {
    const event = abi.parseLog(log);
    if (event === null) throw new Error(`log ${log.index} of ${log.transactionHash} is not an event of the iNFT`);
    const { name, args } = event;
    if (name === "AuthorizationsCleared") granted.clear();
    else if (name === "AuthorizationRevoked") granted.delete(checksum(args["to"] as string));
    else if (name === "Authorization") granted.set(checksum(args["to"] as string), termsOf(undefined));
    else {
      const { user, expiry, permissions } = args as unknown as { user: string; expiry: bigint; permissions: bigint };
      granted.set(checksum(user), { expiry, permissions: Number(permissions) });
    }
  }
  return granted;
}

function byPosition(a: ChainLog, b: ChainLog): number {
  return a.blockNumber - b.blockNumber || a.index - b.index;
}
