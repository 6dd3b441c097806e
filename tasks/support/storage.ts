/** 0G Storage as tasks reach it: whose indexers are asked, and clients that read and write. */

import { setting } from "../../lib/env.ts";
import { EXIT, ZgError } from "../../lib/errors.ts";
import { storageEntry, STORAGE_METHOD, type LocalStorageEntry } from "../../lib/galileo/storage/entry.ts";
import type { WriteContext } from "../../lib/chain/context.ts";
import type { ConfirmedTransaction } from "../../lib/chain/send.ts";
import type { Hex } from "../../lib/hex.ts";
import { isEphemeral, type Network } from "../../lib/networks.ts";
import type { StorageClient, StorageContext, StorageReader } from "../../lib/storage/client.ts";
import { putMany } from "../../lib/storage/put-many.ts";
import { assertRoot } from "../../lib/storage/root.ts";
import { storageClient, storageReader } from "../../lib/storage/storage-client.ts";
import type { TaskIo } from "./action.ts";
import type { OpenConnection } from "./connection.ts";
import { runtimeFolders } from "./folders.ts";
import { askServed } from "./served.ts";

/** A root as a person gives it. @throws {StorageRootMalformedError} */
export function parseRoot(text: string): Hex {
  assertRoot(text);
  return text;
}

/** Something is to be stored or fetched, and nobody says where 0G Storage is on this network. */
export class NoIndexerError extends ZgError {
  constructor(network: Network) {
    super({
      code: "ZG_NO_INDEXER",
      exit: EXIT.precondition,
      message: `No indexer of 0G Storage is known for ${network.name}`,
      remedy:
        network.name === "localhost"
          ? "Serve the network with npx hardhat galileo up, name one with --indexer, or keep data here: --no-storage."
          : "Name one with --indexer or ZG_STORAGE_INDEXERS. Where data is minted or moved, --no-storage keeps it here.",
      details: { network: network.name },
    });
  }
}

/**
 * The storage of the network's own: of this process, or of the one that serves `localhost`. None on live networks, nor on
 * a node that is no `galileo up`.
 */
export async function ownStorage(open: OpenConnection): Promise<LocalStorageEntry | undefined> {
  const { network, connection } = open;
  if (isEphemeral(network)) return storageEntry(connection.galileo.storage);
  if (network.mode === "live") return undefined;
  return askServed<LocalStorageEntry>(connection, STORAGE_METHOD, "storage");
}

/**
 * The indexers to ask: those of `--indexer`, else of ZG_STORAGE_INDEXERS, else the network's own, which 0G runs on live
 * networks. Empty when there is none.
 */
export async function indexersOf(open: OpenConnection, given: string | undefined): Promise<readonly string[]> {
  const named = (given ?? setting("ZG_STORAGE_INDEXERS")?.value ?? "")
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "");
  if (named.length > 0) return named;
  const own = (await ownStorage(open))?.indexer ?? open.network.storageIndexer;
  return own === undefined ? [] : [own];
}

/** How 0G Storage is reached. @throws {NoIndexerError} */
export async function storageContext(
  open: OpenConnection,
  given: string | undefined,
  io: TaskIo,
): Promise<StorageContext> {
  const indexers = await indexersOf(open, given);
  if (indexers.length === 0) throw new NoIndexerError(open.network);
  return { ...open.read, indexers, log: io.log, signal: io.signal };
}

/** A client that reads. @throws {NoIndexerError} */
export async function openStorage(open: OpenConnection, given: string | undefined, io: TaskIo): Promise<StorageReader> {
  return storageReader(await storageContext(open, given, io));
}

/** Stores many objects with what a command may spend. @throws {NoIndexerError} */
export async function storageOfMany(
  open: OpenConnection,
  given: string | undefined,
  io: TaskIo,
): Promise<(write: WriteContext, objects: readonly Uint8Array[]) => Promise<readonly ConfirmedTransaction[]>> {
  const context = await storageContext(open, given, io);
  const uploads = runtimeFolders(open.hre, open.network)?.uploads;
  return async (write, objects) =>
    putMany({ ...context, ...write, ...(uploads === undefined ? {} : { uploads }) }, objects);
}

/** Makes a client that writes with what a step or a command may spend. @throws {NoIndexerError} */
export async function storageWriter(
  open: OpenConnection,
  given: string | undefined,
  io: TaskIo,
): Promise<(write: WriteContext) => StorageClient> {
  const context = await storageContext(open, given, io);
  const uploads = runtimeFolders(open.hre, open.network)?.uploads;
  return (write) => storageClient({ ...context, ...write, ...(uploads === undefined ? {} : { uploads }) });
}
