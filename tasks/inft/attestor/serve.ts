import { randomBytes } from "node:crypto";
import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { assertSignerAllowed } from "../../../lib/chain/development-keys.ts";
import { ROLES } from "../../../lib/chain/development-roles.ts";
import { UsageError } from "../../../lib/errors.ts";
import { parseAddress, type Hex } from "../../../lib/hex.ts";
import { attestorChain } from "../../../lib/inft/attestor/chain.ts";
import { attestorKey, type AttestorKey } from "../../../lib/inft/attestor/key.ts";
import { DEFAULT_ATTESTOR_LIMITS } from "../../../lib/inft/attestor/limits.ts";
import { describe, serveAttestor } from "../../../lib/inft/attestor/server.ts";
import { isEphemeral, type Network } from "../../../lib/networks.ts";
import { assertWritable } from "../../../lib/storage/atomic-file.ts";
import { FileObjectStore } from "../../../lib/storage/object-store.ts";
import { action, type Answer } from "../../support/action.ts";
import { parseCount, parsePort } from "../../support/arguments.ts";
import {
  configuredKey,
  PrivateKeyMissingError,
  selectedNetwork,
  withConnection,
  type OpenConnection,
} from "../../support/connection.ts";
import { runtimeFolders } from "../../support/folders.ts";
import { onNetwork } from "../../support/on-network.ts";
import { closeOnSignal } from "../../support/signals.ts";
import { pairs } from "../../support/table.ts";

interface Arguments {
  readonly port: string;
  readonly host: string;
  readonly objects: string | undefined;
  readonly maxBytes: string | undefined;
  readonly inft: string | undefined;
  readonly as: string | undefined;
}

const VARIABLE = "ATTESTOR_PRIVATE_KEY";

/** An embedded network in this process ends with the command, and it has an attestor of its own. */
function requireLasting(network: Network): void {
  if (!isEphemeral(network)) return;
  throw new UsageError({
    message: `The chain of ${network.name} ends with this command, so nobody could use an attestor of it`,
    remedy: "Run npx hardhat galileo up in another terminal, and use --network localhost. It has an attestor, too.",
    details: { network: network.name },
  });
}

/** The key of its own that an attestor on a live network has; looked at before the network is opened. */
async function liveKey(hre: HardhatRuntimeEnvironment, network: Network): Promise<AttestorKey> {
  const found = await configuredKey(hre, VARIABLE);
  if (found === undefined) throw new PrivateKeyMissingError(network, VARIABLE);
  const key = attestorKey(found.key);
  assertSignerAllowed(network, key.address);
  return key;
}

/** Elsewhere a published one, whose signatures no live verifier takes. */
async function publishedKey(open: OpenConnection, as = String(ROLES.attestor)): Promise<AttestorKey> {
  return attestorKey((await open.signer(as)).privateKey as Hex);
}

export default action<Arguments>(async (args, hre, io): Promise<Answer> => {
  const network = selectedNetwork(hre);
  requireLasting(network);
  const { host } = args;
  const port = parsePort(args.port, "port");
  const maxBytes = args.maxBytes === undefined ? undefined : parseCount(args.maxBytes, "max-bytes", 1);
  const contracts = args.inft?.split(",").map((text) => parseAddress(text.trim(), "iNFT address"));
  const key = network.developmentKeysOnly || args.as !== undefined ? undefined : await liveKey(hre, network);
  const folder = path.resolve(args.objects ?? runtimeFolders(hre, network)?.attestor ?? ".");
  await assertWritable(path.join(folder, "0x"), "private");

  // Answers when it serves; the connection stays open until a signal.
  return new Promise<Answer>((resolve, reject) => {
    const serve = async (open: OpenConnection) => {
      const attestor = {
        chainId: network.chainId,
        key: key ?? (await publishedKey(open, args.as)),
        chain: attestorChain(open.read),
        objects: new FileObjectStore(folder),
        randomBytes: (length: number) => new Uint8Array(randomBytes(length)),
        limits: { ...DEFAULT_ATTESTOR_LIMITS, ...(maxBytes === undefined ? {} : { maxBytes }) },
        ...(contracts === undefined ? {} : { contracts }),
        log: io.log,
      };
      const { url, close } = await serveAttestor({ attestor, host, port });
      const description = describe(attestor);
      const add = onNetwork(`npx hardhat inft attestor add ${description.address} --url ${url}`, network.name);
      resolve({
        data: { network: network.name, url, ...description, objects: folder, contracts: contracts ?? [] },
        text: [
          ...pairs([
            ["attestor", `${description.address} (development: it proves no hardware)`],
            ["listens at", url],
            ["public key", description.publicKey],
            ["ciphertexts", folder],
            ["serves", contracts === undefined ? "every token contract whose verifier lists it" : contracts.join(", ")],
          ]),
          "",
          "Ctrl-C stops it. To let a collection trust it:",
          `  ${add}`,
        ],
      });
      await closeOnSignal("attestor", close, io);
    };
    withConnection(hre, serve, io).catch(reject);
  });
});
