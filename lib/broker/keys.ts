/** A broker's API keys. */

import { sendTransaction, type ConfirmedTransaction } from "../chain/send.ts";
import { translated } from "../compute/translate.ts";
import { UsageError } from "../errors.ts";
import { checksum } from "../hex.ts";
import { createApiKey, type CreatedKey, type NewKey } from "../keys/create.ts";
import { openKeyFolder, type KeyFolder } from "../keys/folder.ts";
import { inspectToken, readStanding, type InspectedToken, type TokenStanding } from "../keys/inspect.ts";
import { listKeys, type ListedKey } from "../keys/list.ts";
import { isRevoked } from "../compute/sub-accounts.ts";
import { requireTokenState, revokeAllDraft, revokeDraft } from "../keys/revoke.ts";
import type { BrokerParts } from "./parts.ts";

export interface KeysBroker {
  /** Makes one; sends nothing. The secret is in the answer and in a file of the key folder, 0600. */
  create(wanted: Omit<NewKey, "provider"> & { readonly provider: string }): Promise<CreatedKey>;
  /** Those made in the key folder, and whether the chain honours them. */
  list(): Promise<readonly ListedKey[]>;
  /** What a token says and what the chain says of it. */
  inspect(token: string): Promise<InspectedToken & { readonly standing: TokenStanding }>;
  /** In one transaction; none when they are revoked already. */
  revoke(provider: string, tokenIds: readonly number[]): Promise<readonly ConfirmedTransaction[]>;
  /** Session tokens, too. Live providers see it within ten minutes; `awaitGeneration` waits that out. */
  revokeAll(provider: string): Promise<readonly ConfirmedTransaction[]>;
}

export function keysPart({ ready, session, clock, random }: BrokerParts, folder: string | undefined): KeysBroker {
  let opened: KeyFolder | undefined;
  const keys = (): KeyFolder => {
    if (folder === undefined) {
      throw new UsageError({
        message: "This broker was given no folder that remembers which API keys were made",
        remedy: 'Pass keyFolder to createBroker; ".0g/<network>/keys" is the one the commands use.',
      });
    }
    return (opened ??= openKeyFolder(folder));
  };
  return {
    create: async (wanted) => {
      const { registry, exclusively, keep } = keys();
      const read = await ready();
      return createApiKey(
        { read, signer: read.signer, registry, exclusively, keep, clock, randomBytes: random },
        { ...wanted, provider: checksum(wanted.provider) },
      );
    },
    list: async () => listKeys(await ready(), await keys().registry.read(), clock()),
    inspect: async (token) => {
      const inspected = inspectToken(token, clock());
      return { ...inspected, standing: await readStanding(await ready(), inspected.token) };
    },
    revoke: async (named, tokenIds) => {
      const ctx = await ready();
      const [user, provider] = [await session.user(), checksum(named)];
      const state = await requireTokenState(ctx, user, provider);
      const due = [...new Set(tokenIds)].filter((id) => !isRevoked(state, id));
      if (due.length === 0) return [];
      const sent = sendTransaction(ctx, revokeDraft(ctx.network, provider, due));
      return [await translated({ kind: "revokeTokens", values: { user, provider } }, sent)];
    },
    revokeAll: async (named) => {
      const ctx = await ready();
      const [user, provider] = [await session.user(), checksum(named)];
      await requireTokenState(ctx, user, provider);
      const sent = sendTransaction(ctx, revokeAllDraft(ctx.network, provider));
      const done = await translated({ kind: "revokeTokens", values: { user, provider } }, sent);
      session.invalidate(provider);
      return [done];
    },
  };
}
