/** The story of a token, as its contract's events tell it. */

import { blockTimes } from "../chain/block-times.ts";
import type { ReadContext } from "../chain/context.ts";
import { chainCall } from "../chain/revert.ts";
import { checksum, ZERO_ADDRESS, type Address, type Hex } from "../hex.ts";
import type { Mode } from "../networks.ts";
import { TokenMissingError } from "./errors.ts";
import { readTokenEvents, type TokenEvent } from "./events.ts";
import { modeOfCode } from "./mode.ts";
import { codeHashAt } from "./records.ts";
import type { TokenQuery } from "./show.ts";

/** One thing that happened to a token. Times and deadlines are Unix seconds. */
export type TokenAct =
  | {
      readonly kind: "minted";
      readonly to: Address;
      /** Who minted: as the record names it, else the sender of the transaction. */
      readonly by: Address;
      /** Whether the contract checked a TEE's signature for it. */
      readonly proven: boolean;
      /** Of a proven mint, as the minter declared it. */
      readonly mode?: Mode;
      /** The token it is a clone of. */
      readonly cloneOf?: bigint;
    }
  | {
      readonly kind: "transferred";
      readonly from: Address;
      readonly to: Address;
      /** Whether its data keys were published for the receiver. */
      readonly withKeys: boolean;
    }
  | { readonly kind: "cloned"; readonly to: Address; readonly newTokenId: bigint }
  | { readonly kind: "updated"; readonly dataHashes: readonly Hex[] }
  | { readonly kind: "keys published"; readonly to: Address; readonly keys: number }
  | { readonly kind: "authorised"; readonly user: Address; readonly expiry: bigint; readonly permissions: bigint }
  | { readonly kind: "authorisation revoked"; readonly user: Address }
  | { readonly kind: "authorisations cleared"; readonly epoch: bigint }
  | { readonly kind: "transfer staged"; readonly to: Address; readonly deadline: bigint }
  | { readonly kind: "staged transfer ended" }
  | { readonly kind: "burnt"; readonly from: Address };

export type HistoryEntry = TokenAct & {
  readonly block: number;
  /** Of the block. Unix seconds. */
  readonly time: bigint;
  readonly transaction: Hex;
};

/**
 * Reads what happened to a token, oldest first, from events alone: a burnt token has a history, too. Needs no key.
 * @throws {InftMissingError} when no contract stands at the address.
 * @throws {TokenMissingError} when the contract never had such a token.
 */
export async function readHistory(ctx: ReadContext, query: TokenQuery): Promise<readonly HistoryEntry[]> {
  await codeHashAt(ctx, query.inft);
  const events = await readTokenEvents(ctx, query);
  if (events.length === 0) throw new TokenMissingError({ tokenId: query.tokenId, inft: query.inft });
  const timeOf = await blockTimes(
    ctx,
    events.map(({ block }) => block),
  );
  const told = await Promise.all(
    events.map(async (event) => {
      const act = await actOf(ctx, query.tokenId, event, events);
      const { block, transaction } = event;
      return act === undefined ? [] : [{ ...act, block, time: timeOf(block), transaction }];
    }),
  );
  return told.flat();
}

/** What an event says; undefined when it only adds to another one. */
async function actOf(
  ctx: ReadContext,
  tokenId: bigint,
  event: TokenEvent,
  events: readonly TokenEvent[],
): Promise<TokenAct | undefined> {
  const { name, args } = event;
  /** The next event of the same transaction with this name. */
  const following = (wanted: TokenEvent["name"]) =>
    events.find((one) => one.name === wanted && one.transaction === event.transaction && one.index > event.index);
  switch (name) {
    case "Transfer": {
      const [from, to] = [checksum(args["from"] as string), checksum(args["to"] as string)];
      if (to === ZERO_ADDRESS) return { kind: "burnt", from };
      if (from !== ZERO_ADDRESS) {
        return { kind: "transferred", from, to, withKeys: following("PublishedSealedKey") !== undefined };
      }
      const record = following("InferenceMinted");
      const clone = following("Cloned");
      const by = (record?.args["minter"] as string | undefined) ?? (await senderOf(ctx, event.transaction));
      return {
        kind: "minted",
        to,
        by: checksum(by),
        proven: record !== undefined,
        ...(record === undefined ? {} : { mode: modeOfCode(record.args["mode"] as bigint) }),
        ...(clone?.args["newTokenId"] === tokenId ? { cloneOf: clone.args["tokenId"] as bigint } : {}),
      };
    }
    case "Cloned": {
      const newTokenId = args["newTokenId"] as bigint;
      return newTokenId === tokenId ? undefined : { kind: "cloned", to: checksum(args["to"] as string), newTokenId };
    }
    case "Updated": {
      const newDatas = args["newDatas"] as readonly { readonly dataHash: Hex }[];
      return { kind: "updated", dataHashes: newDatas.map(({ dataHash }) => dataHash) };
    }
    case "DataHashesUpdated":
      return { kind: "updated", dataHashes: [...(args["newDataHashes"] as readonly Hex[])] };
    case "PublishedSealedKey":
      return {
        kind: "keys published",
        to: checksum(args["to"] as string),
        keys: (args["sealedKeys"] as readonly Hex[]).length,
      };
    case "Authorization": {
      const user = checksum(args["to"] as string);
      const next = following("AuthorizationTerms");
      const terms = next !== undefined && checksum(next.args["user"] as string) === user ? next.args : undefined;
      return {
        kind: "authorised",
        user,
        expiry: (terms?.["expiry"] as bigint | undefined) ?? 0n,
        permissions: (terms?.["permissions"] as bigint | undefined) ?? 0n,
      };
    }
    case "AuthorizationRevoked":
      return { kind: "authorisation revoked", user: checksum(args["to"] as string) };
    case "AuthorizationsCleared":
      return { kind: "authorisations cleared", epoch: args["epoch"] as bigint };
    case "TransferStaged":
      return { kind: "transfer staged", to: checksum(args["to"] as string), deadline: args["deadline"] as bigint };
    case "TransferUnstaged":
      return { kind: "staged transfer ended" };
    case "InferenceMinted":
    case "AuthorizationTerms":
      return undefined;
  }
}

async function senderOf({ provider }: ReadContext, hash: Hex): Promise<string> {
  const transaction = await chainCall(`Reading transaction ${hash}`, provider.getTransaction(hash));
  if (transaction === null) throw new Error(`transaction ${hash} has events, but the node does not know it`);
  return transaction.from;
}
