import { resolveProvider } from "../../support/providers.ts";
import { parseUntil } from "../../support/until.ts";
import { createApiKey } from "../../../lib/keys/create.ts";
import { fingerprintOf } from "../../../lib/keys/list.ts";
import { reveal } from "../../../lib/secrets.ts";
import { action, type Answer } from "../../support/action.ts";
import { required } from "../../support/arguments.ts";
import { assertKeyUsable, selectedNetwork, withConnection } from "../../support/connection.ts";
import { endText, keyFolder, parseTokenId } from "../../support/keys.ts";
import { assertKeystoreName, storeInKeystore } from "../../support/keystore.ts";

interface Arguments {
  readonly provider: string;
  readonly label: string | undefined;
  readonly expires: string;
  readonly tokenId: string | undefined;
  readonly keystore: string | undefined;
  readonly as: string | undefined;
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const named = required(args.provider, "The provider", "inference key create <address or model> --expires 30d");
  const tokenId = args.tokenId === undefined ? undefined : parseTokenId(args.tokenId);
  // The provider judges by its own clock, which is no chain's.
  const now = BigInt(Math.floor(Date.now() / 1000));
  const expiresAt = args.expires === "never" ? 0 : Number(parseUntil(args.expires, "expires", now)) * 1000;
  const { keystore } = args;
  if (keystore !== undefined) assertKeystoreName(keystore);
  const network = selectedNetwork(hre);
  assertKeyUsable(network);
  const { keep, ...issued } = keyFolder(hre, network, io.signal);
  return withConnection(
    hre,
    async (open) => {
      const provider = await resolveProvider(open, named, "inference");
      const signer = await open.signer(args.as);
      const { key, record } = await createApiKey(
        {
          ...{ read: open.read, signer, ...issued },
          keep: async (made, its) => {
            if (keystore === undefined) return keep(made, its);
            await storeInKeystore(hre, keystore, made);
            return `${keystore} in Hardhat's keystore`;
          },
        },
        {
          ...{ provider, expiresAt },
          ...(args.label === undefined ? {} : { label: args.label }),
          ...(tokenId === undefined ? {} : { tokenId }),
        },
      );
      reveal(key);
      const { digest: _digest, ...shown } = record;
      return {
        data: { network: network.name, mode: network.mode, ...shown, fingerprint: fingerprintOf(record), key },
        text: [
          `key ${record.label}, token id ${record.tokenId}, for ${provider}; ends: ${endText(expiresAt)}`,
          `kept in ${record.kept}; shown only now:`,
          key,
        ],
      };
    },
    io,
  );
});
