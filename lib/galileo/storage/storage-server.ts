/** A server of local storage: it listens from the start, and is built when it is first asked. */

import { listen } from "../../listen.ts";
import { lateServer, letProcessEnd, type LateServer } from "../provider/late-server.ts";
import type { Method, StorageAppParts } from "./storage-app.ts";

export interface StorageServerParts {
  readonly what: string;
  readonly temper: StorageAppParts["temper"];
  /** Loads what it does. Called anew after a stop. */
  readonly methods: () => Promise<Readonly<Record<string, Method>>>;
}

export interface StorageServer {
  readonly url: () => string;
  readonly isOpen: () => boolean;
  /** What it does, without HTTP. */
  readonly methods: StorageServerParts["methods"];
  /** How often each method was asked for. */
  readonly requests: () => Readonly<Record<string, number>>;
  /** @throws {PortTakenError} */
  readonly listenAt: (port: number) => Promise<void>;
  /** Listens again where it did, after {@link stop}. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Makes the server, not listening yet. */
export function storageServer(
  { closing, keepAlive = false }: { readonly closing: AbortSignal; readonly keepAlive?: boolean },
  { what, temper, methods }: StorageServerParts,
): StorageServer {
  const counts: Record<string, number> = {};
  const note = (method: string) => (counts[method] = (counts[method] ?? 0) + 1);
  let late: LateServer | undefined;
  let loaded: ReturnType<typeof methods> | undefined;
  let port = 0;
  const load = async () => (loaded ??= methods());
  const listenAt = async (wanted: number): Promise<void> => {
    late = lateServer(async () => {
      const { storageApp } = await import("./storage-app.ts");
      return storageApp({ methods: await load(), temper, closing, note });
    });
    if (!keepAlive) letProcessEnd(late.server);
    port = await listen(late.server, { port: wanted, what });
  };
  return {
    url: () => `http://127.0.0.1:${port}`,
    isOpen: () => late !== undefined,
    methods: load,
    requests: () => ({ ...counts }),
    listenAt,
    start: async () => (late === undefined ? listenAt(port) : undefined),
    stop: async () => {
      const open = late;
      late = loaded = undefined;
      await open?.close();
    },
  };
}
