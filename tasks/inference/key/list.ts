import { readTokenState } from "../../../lib/compute/sub-accounts.ts";
import { isRevoked } from "../../../lib/keys/revoke.ts";
import type { KeyRecord } from "../../../lib/keys/registry.ts";
import type { ReadContext } from "../../../lib/chain/context.ts";
import { action, type Answer } from "../../support/action.ts";
import { selectedNetwork, withConnection } from "../../support/connection.ts";
import { endText, keyFolder } from "../../support/keys.ts";
import { table } from "../../support/table.ts";

type State = "good" | "expired" | "revoked" | "revoked with all" | "no sub-account";

async function stateOf(read: ReadContext, key: KeyRecord, now: number): Promise<State> {
  const state = await readTokenState(read, key.user, key.provider);
  if (state === undefined) return "no sub-account";
  if (state.generation !== key.generation) return "revoked with all";
  if (isRevoked(state, key.tokenId)) return "revoked";
  return key.expiresAt !== 0 && key.expiresAt <= now ? "expired" : "good";
}

export default action<object>(async (_args, hre, io): Promise<Answer> => {
  const network = selectedNetwork(hre);
  const { registry } = keyFolder(hre, network, io.signal);
  return withConnection(
    hre,
    async ({ read }) => {
      const now = Date.now();
      const records = await registry.read();
      const keys = await Promise.all(
        records.map(async ({ digest, ...key }) => ({
          ...key,
          fingerprint: digest.slice(0, 16),
          state: await stateOf(read, { digest, ...key }, now),
        })),
      );
      const rows = keys.map((key) => [
        key.label,
        String(key.tokenId),
        key.provider,
        key.user,
        endText(key.expiresAt),
        key.state,
        key.kept,
      ]);
      return {
        data: { network: network.name, mode: network.mode, keys },
        text:
          keys.length === 0
            ? ["no key was made here; those made elsewhere are on no record anywhere"]
            : table(
                [["label", "id", "provider", "user", "ends", "state", "kept in"], ...rows],
                ["left", "right", "left", "left", "left", "left", "left"],
              ),
      };
    },
    io,
  );
});
