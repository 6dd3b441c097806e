import { listKeys } from "../../../lib/keys/list.ts";
import { action, type Answer } from "../../support/action.ts";
import { selectedNetwork, withConnection } from "../../support/connection.ts";
import { endText, keyFolder } from "../../support/keys.ts";
import { table } from "../../support/table.ts";

export default action<object>(async (_args, hre, io): Promise<Answer> => {
  const network = selectedNetwork(hre);
  const { registry } = keyFolder(hre, network, io.signal);
  return withConnection(
    hre,
    async ({ read }) => {
      const keys = await listKeys(read, await registry.read(), Date.now());
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
