/** Where a network's storage is. */

import { storageEntry, STORAGE_METHOD, type LocalStorageEntry } from "../../lib/galileo/storage/entry.ts";
import { isEphemeral } from "../../lib/networks.ts";
import type { OpenConnection } from "./connection.ts";
import { askServed } from "./served.ts";

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

/** The indexer to ask on a network: its own, or the one 0G runs for it. Undefined when there is neither. */
export async function indexerOf(open: OpenConnection): Promise<string | undefined> {
  return (await ownStorage(open))?.indexer ?? open.network.storageIndexer;
}
